from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from tests.detector_fixtures import made_up_texts

from tain.core.errors import ConfigError, DetectorError
from tain.detector import Detector
from tain.detector.cascade import SETTLED, Cascade, FirstModel, measured_threshold, n_lost_allowed, proven_threshold
from tain.detector.cascade_folder import CascadeRecord, read_cascade, write_cascade
from tain.detector.light_bert import LightBert
from tain.detector.ngrams import NgramModel
from tain.detector.reach import highest_score


@pytest.fixture(scope="module")
def ngrams():
    texts = [*made_up_texts(40, seed=5), *made_up_texts(40, seed=6, ai=True)]
    return NgramModel.fit(texts, [False] * 40 + [True] * 40, share=3.0)


@pytest.fixture
def both(detector_folder, ngrams):
    """The detector with n-grams beside its network, as the shipped one has."""
    detector = Detector.load(detector_folder)
    detector.reader.ngrams = ngrams
    return detector


def record(detector, above, **values):
    target = detector.settings.default_fpr
    return CascadeRecord(
        detector=detector.model.sha256,
        target_fpr=target,
        basis="proven",
        forward_above=above,
        **{"first": "own"} | values,
    )


def mixed(n=30):
    return [*made_up_texts(n, seed=7), *made_up_texts(n, seed=8, ai=True), "too short"]


def test_the_proven_threshold_loses_no_flag_and_moves_no_score(both):
    above = proven_threshold(both)
    whole = both.score(mixed())
    found = Cascade(both, record(both, above)).score(mixed())
    assert [verdict.label for verdict in found] == [verdict.label for verdict in whole]
    for own, other in zip(found, whole, strict=True):
        if own.probability_reason != SETTLED:
            assert own == other or own.score == pytest.approx(other.score, abs=1e-5)


def test_what_is_settled_is_human_without_a_number(both):
    verdicts = Cascade(both, record(both, 1e9)).score(mixed(3))
    assert {verdict.label for verdict in verdicts[:-1]} == {"human"}
    assert {(verdict.score, verdict.probability, verdict.n_windows) for verdict in verdicts} == {(None, None, 0)}
    assert verdicts[-1].label == "too_short"


@pytest.mark.parametrize("repeats", [1, 60])
def test_own_n_grams_say_what_they_add_to_the_network(both, repeats):
    # 60 together are longer than the n-grams read at once
    text = " ".join(made_up_texts(repeats, seed=2, low=80))
    first, n_words = FirstModel(both.reader)([text])
    (reading,) = both.reader.read([text])
    network = both.reader.engines.scores([window.token_ids for window in reading.windows])
    n_tokens = [window.n_tokens for window in reading.windows]
    assert first[0] == pytest.approx(reading.score - np.average(network, weights=n_tokens), abs=1e-4)
    assert n_words[0] == reading.n_words


@pytest.mark.parametrize("pooling", ["native", "mean", "first", "last"])
def test_no_input_exceeds_the_highest_score(pooling):
    rng = np.random.default_rng(0)
    name = "encoder.layer.0.output.LayerNorm"
    weights = {
        "classifier.weight": rng.normal(size=(2, 16)).astype(np.float32),
        "classifier.bias": rng.normal(size=2).astype(np.float32),
        f"{name}.weight": rng.normal(size=16).astype(np.float32),
        f"{name}.bias": rng.normal(size=16).astype(np.float32),
    }
    network = LightBert(weights, n_layers=1, n_heads=1, epsilon=1e-12, pooling=pooling)
    towards = weights["classifier.weight"][1] - weights["classifier.weight"][0]
    x = rng.normal(size=(4000, 16)).astype(np.float32) * 3
    x[0] = towards * weights[f"{name}.weight"]  # the worst there is, up to its length
    states = np.tanh(x * 9) if pooling == "native" else network._normalise(name, x)
    logits = states @ weights["classifier.weight"].T + weights["classifier.bias"]
    highest = (logits[:, 1] - logits[:, 0]).max()
    assert highest <= highest_score(network) + 1e-4
    if pooling != "native":
        assert highest == pytest.approx(highest_score(network), abs=1e-3)


@given(n=st.integers(1, 3000), max_loss=st.sampled_from([0.01, 0.05, 0.2]))
def test_so_many_may_be_lost_that_a_larger_loss_would_rarely_look_so_good(n, max_loss):
    k = n_lost_allowed(n, max_loss=max_loss)
    if k is None:
        assert binom.cdf(0, n, max_loss) > 0.05
    else:
        assert binom.cdf(k, n, max_loss) <= 0.05 < binom.cdf(k + 1, n, max_loss)


def test_1_percent_takes_299_flagged_texts():
    assert measured_threshold(np.arange(298.0), max_loss=0.01) is None
    assert measured_threshold(np.arange(299.0), max_loss=0.01) == 0.0


def test_the_measured_threshold_holds_its_bound_as_often_as_it_says():
    rng = np.random.default_rng(1)
    # Of evenly spread first scores the share lost is the threshold itself.
    lost = [measured_threshold(rng.random(500), max_loss=0.02) for _ in range(400)]
    assert np.mean(np.array(lost) <= 0.02) >= 0.93


def test_a_distilled_model_follows_the_scores(ngrams):
    texts = [*made_up_texts(60, seed=11), *made_up_texts(60, seed=12, ai=True)]
    scores = ngrams.scores(texts)
    assert np.corrcoef(NgramModel.distil(texts, scores).scores(texts), scores)[0, 1] > 0.9


def test_a_folder_is_read_as_it_was_written(both, ngrams, tmp_path):
    written = write_cascade(tmp_path / "c", record(both, -1.5, first="distilled"), ngrams)
    found, model = read_cascade(tmp_path / "c")
    assert found == written
    np.testing.assert_array_equal(model.scores(mixed(2)), ngrams.scores(mixed(2)))


def test_a_folder_that_lost_its_model_is_refused(both, ngrams, tmp_path):
    write_cascade(tmp_path / "c", record(both, -1.5, first="distilled"), ngrams)
    (tmp_path / "c" / "ngrams.safetensors").unlink()
    with pytest.raises(DetectorError, match="not the one it was made with"):
        read_cascade(tmp_path / "c")
    with pytest.raises(DetectorError, match=r"cascade\.json is missing"):
        read_cascade(tmp_path)


def test_another_detector_or_operating_point_is_refused(both):
    with pytest.raises(DetectorError, match="Make it again"):
        Cascade(SimpleNamespace(model=SimpleNamespace(sha256="0" * 64)), record(both, 0.0))
    with pytest.raises(ConfigError, match="was made for a false positive rate"):
        Cascade(both, record(both, 0.0)).score(mixed(1), target_fpr=0.2)
