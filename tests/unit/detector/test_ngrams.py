"""N-grams beside a network: the sum is the score, at the precision the file keeps."""

import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from tests.detector_fixtures import N_HUMAN, made_up_texts

from tain.core.errors import DetectorError
from tain.detector import Detector
from tain.detector.ngrams import NGRAMS, NgramModel, read_ngrams, write_ngrams
from tain.detector.reader import Reader
from tain.evaluation.baselines import build_baseline
from tain.recipes.export import export


@pytest.fixture(scope="module")
def texts():
    return [*made_up_texts(60, seed=5), *made_up_texts(60, seed=6, ai=True)]


@pytest.fixture(scope="module")
def model(texts):
    return NgramModel.fit(texts, [False] * 60 + [True] * 60)


def test_it_answers_as_the_baseline_it_is_made_from(model, texts):
    baseline = build_baseline("ngrams-logistic").fit(texts, [0] * 60 + [1] * 60).score(texts)
    np.testing.assert_allclose(model.scores(texts), baseline, atol=0.03)


def test_what_is_written_answers_the_same(model, tmp_path, texts):
    write_ngrams(tmp_path / NGRAMS, model)
    found = read_ngrams(tmp_path)
    np.testing.assert_array_equal(found.scores(texts), model.scores(texts))
    assert (tmp_path / NGRAMS).stat().st_size < 8 * len(model.weights) + 1000


def test_a_file_of_the_first_detectors_has_no_skeletons(model, tmp_path, texts):
    write_ngrams(tmp_path / NGRAMS, model)
    arrays = load_file(tmp_path / NGRAMS)
    n_skeletons = len(arrays.pop("skeleton_columns"))
    del arrays["skeleton_idf"]
    arrays["weights"] = arrays["weights"][:-n_skeletons]
    save_file(arrays, tmp_path / NGRAMS)
    found = read_ngrams(tmp_path)
    assert list(found.blocks) == ["char", "word"] and list(model.blocks) == ["char", "word", "skeleton"]
    skeletons = model.blocks["skeleton"].weigh(texts)
    own = np.bincount(skeletons.rows, skeletons.counts * model.weights[-n_skeletons:][skeletons.buckets])
    np.testing.assert_allclose(found.scores(texts) + own, model.scores(texts), atol=1e-4)


def test_a_network_may_stand_alone(tmp_path):
    assert read_ngrams(tmp_path) is None


def test_a_file_that_is_none_is_an_error(tmp_path):
    (tmp_path / NGRAMS).write_bytes(b"x")
    with pytest.raises(DetectorError, match=r"ngrams\.safetensors: .*Copy the folder again"):
        read_ngrams(tmp_path)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("char_columns", lambda value: value[::-1]),
        ("word_columns", lambda value: value + 2**20),
        ("word_columns", lambda value: value.astype(np.int64)),
        ("weights", lambda value: value[1:]),
        ("intercept", lambda value: value[:0]),
        ("share", None),
    ],
)
def test_a_file_with_other_arrays_is_an_error(tmp_path, model, name, change):
    write_ngrams(tmp_path / NGRAMS, model)
    arrays = load_file(tmp_path / NGRAMS)
    value = arrays.pop(name)
    if change:
        arrays[name] = np.ascontiguousarray(change(value))
    save_file(arrays, tmp_path / NGRAMS)
    with pytest.raises(DetectorError, match=r"expected the n-grams of a detector. Copy the folder again"):
        read_ngrams(tmp_path)


FEW = NgramModel.fit(["one two three", "one two four", "six seven", "six seven ten"], [0, 0, 1, 1])


@given(st.lists(st.text(max_size=40), max_size=5))
@settings(deadline=None)
def test_any_text_has_a_finite_score_of_its_own(texts):
    scores = FEW.scores(texts)
    assert np.isfinite(scores).all()
    # A text's score does not hang on its neighbours.
    np.testing.assert_allclose(scores, [FEW.scores([text])[0] for text in texts], atol=1e-6)


@pytest.fixture
def with_ngrams(detector_folder, model, tmp_path):
    classifier = shutil.copytree(detector_folder.parent / "classifier", tmp_path / "classifier")
    write_ngrams(classifier / NGRAMS, model)
    human, ai = made_up_texts(N_HUMAN, seed=1), made_up_texts(100, seed=2, ai=True)
    return Detector.build(classifier, human=human, ai=ai).save(tmp_path / "detector")


@pytest.fixture
def alone(with_ngrams, tmp_path):
    reader = Reader(tmp_path / "detector", normaliser=1, window_tokens=with_ngrams.settings.window_tokens)
    reader.ngrams = None
    return reader


def test_a_text_has_the_sum_of_both_and_so_has_each_window(with_ngrams, alone, model):
    text = " ".join(made_up_texts(6, seed=9))
    both, network = (next(iter(reader.read([text]))) for reader in (with_ngrams.reader, alone))
    assert len(network.windows) > 1
    own = model.scores([network.normalised.text[window.start : window.end] for window in network.windows])
    np.testing.assert_allclose(both.scores, network.scores + own, atol=1e-4)
    assert both.score == pytest.approx(network.score + model.scores([network.normalised.text])[0], abs=1e-4)


def test_ngrams_read_all_of_a_long_text(with_ngrams, alone, model):
    human, ai = (" ".join(made_up_texts(90, seed=9, ai=is_ai)) for is_ai in (False, True))
    texts = [f"{human} {human}", f"{human} {ai}"]
    assert len(human) > 20_000
    both, network = ([r.score for r in reader.read(texts)] for reader in (with_ngrams.reader, alone))
    added = np.subtract(both, network)
    # The second half is beyond what n-grams read at once, and moves the score all the same.
    assert added[1] - added[0] > 0.3 * abs(model.scores([ai])[0] - model.scores([human])[0])


def test_a_short_text_has_no_score(with_ngrams):
    assert next(iter(with_ngrams.reader.read(["Too short."]))).score is None


def test_a_detector_vouches_for_its_ngrams(with_ngrams, tmp_path):
    assert NGRAMS in with_ngrams.settings.classifier
    file = tmp_path / "detector" / NGRAMS
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    with pytest.raises(DetectorError, match="was changed"):
        Detector.load(tmp_path / "detector")


def test_one_text_or_many_score_alike(with_ngrams):
    texts = made_up_texts(20, seed=11, low=50, high=300)
    together = [verdict.score for verdict in with_ngrams.score(texts)]
    apart = [with_ngrams.check(text).score for text in texts]
    np.testing.assert_allclose(together, apart, atol=1e-5)


def test_the_card_tells_of_them(with_ngrams, tmp_path):
    card = (tmp_path / "detector" / "README.md").read_text()
    assert "plus that of a linear model of n-grams" in card
    assert 'library_name: "tain"' in card


def test_an_export_says_that_they_stay_behind(with_ngrams, tmp_path):
    exported = export(tmp_path / "detector", format="adapter", output=tmp_path / "out")
    assert any("lacks" in note for note in exported.notes)
    assert not (tmp_path / "out" / NGRAMS).exists()
    assert "lacks" in (tmp_path / "out" / "README.md").read_text()
