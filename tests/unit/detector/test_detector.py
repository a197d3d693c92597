import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest
from tests.detector_fixtures import N_HUMAN, made_up_texts
from tokenizers import Tokenizer

from tain.core.errors import ConfigError, DataError, DetectorError
from tain.detector import Detector, reader


@pytest.fixture(scope="module")
def texts():
    return made_up_texts(12, seed=21, low=50, high=400) + made_up_texts(4, seed=22, ai=True)


def scores(verdicts):
    return np.array([verdict.score for verdict in verdicts])


def test_check_and_score_agree(detector, texts):
    checked = [detector.check(text) for text in texts]
    np.testing.assert_allclose(scores(checked), scores(detector.score(texts)), atol=1e-5, rtol=0)
    assert [verdict.label for verdict in checked] == [verdict.label for verdict in detector.score(texts)]


def test_torch_and_numpy_agree(detector_folder, texts):
    light, full = Detector.load(detector_folder), Detector.load(detector_folder)
    full.reader.engines.full()
    assert light.reader.engines.light() is not None
    np.testing.assert_allclose(scores(light.score(texts[:3])), scores(full.score(texts[:3])), atol=1e-5, rtol=0)


@pytest.mark.parametrize("batch_tokens", [1, 100, 100_000])
def test_neither_batch_size_nor_order_moves_a_score(detector_folder, texts, batch_tokens):
    detector = Detector.load(detector_folder)
    detector.reader.engines.full()
    expected = scores(detector.score(texts))
    order = np.random.default_rng(0).permutation(len(texts))
    found = scores(detector.score([texts[i] for i in order], batch_tokens=batch_tokens))
    np.testing.assert_allclose(found, expected[order], atol=1e-5, rtol=0)


def test_texts_cut_ahead_of_the_network_stay_in_order(detector, texts, monkeypatch):
    whole = scores(detector.score(texts))
    monkeypatch.setattr(reader, "_BLOCK_TEXTS", 2)
    np.testing.assert_allclose(scores(detector.score(texts)), whole, atol=1e-5, rtol=0)


@pytest.mark.parametrize("n_texts", [1, 5])
def test_progress_adds_up_to_the_number_of_texts(detector, texts, n_texts):
    told = []
    detector.score([*texts[:n_texts], "too short"], advance=told.append)
    assert sum(told) == n_texts + 1


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_padding_side_moves_no_score(detector_folder, tmp_path, texts, side):
    detector = Detector.load(detector_folder)
    tokenizer = Tokenizer.from_file(str(detector_folder / "tokenizer.json"))
    tokenizer.enable_padding(direction=side, length=80, pad_id=0)
    tokenizer.enable_truncation(10)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    reader = Detector.load(detector_folder).reader
    reader.encoder = type(reader.encoder).load(tmp_path)
    other = dataclasses.replace(detector, reader=reader)
    np.testing.assert_allclose(scores(other.score(texts)), scores(detector.score(texts)), atol=1e-5, rtol=0)


def test_windows_lie_where_they_say_in_the_original(detector):
    body = made_up_texts(1, seed=5, low=120, high=120)[0]
    text = "# Title\n\n“Sure — here”   " + body.replace(". ", ".\n\n**w1** ") + "\n"
    verdict = detector.check(text)
    assert verdict.n_windows == len(verdict.windows) > 1
    for window in verdict.windows:
        assert text[window.start_index : window.end_index] == window.text
    ends = [window.end_index for window in verdict.windows]
    assert ends == sorted(ends)
    assert all(window.start_index >= end for window, end in zip(verdict.windows[1:], ends, strict=False))


def test_fewer_than_50_words_get_no_answer(detector):
    verdict = detector.check(" ".join(["w1"] * 49))
    assert (verdict.label, verdict.score, verdict.probability, verdict.evidence) == ("too_short", None, None, None)
    assert verdict.probability_reason == "Not enough text: 49 words; 50 or more are needed."
    assert detector.check(" ".join(["w1"] * 50)).score is not None
    assert detector.check("").label == "too_short"


def test_the_label_is_the_side_of_the_threshold(detector, texts):
    for verdict in detector.score(texts):
        assert (verdict.label == "ai") == (verdict.score > verdict.threshold)
    strict, loose = detector.check(texts[0], target_fpr=0.01), detector.check(texts[0], target_fpr=0.05)
    assert strict.threshold > loose.threshold


def test_evidence_counts_human_texts(detector, texts):
    verdict = detector.check(texts[0])
    n_higher = int((detector.calibration.human_scores > verdict.score).sum())
    assert verdict.evidence.n_higher == n_higher
    assert f" of {N_HUMAN} human calibration texts scored higher." in verdict.evidence.sentence


def test_a_prior_moves_the_probability_and_nothing_else(detector, texts):
    even, rare = detector.check(texts[0]), detector.check(texts[0], prior=0.01)
    assert rare.probability < even.probability
    assert (rare.score, rare.label, rare.prior) == (even.score, even.label, 0.01)
    with pytest.raises(ConfigError, match="expected the share"):
        detector.check(texts[0], prior=2)


def test_warnings_name_unusual_lengths_and_letters(detector):
    assert detector.check(made_up_texts(1, seed=1, low=70, high=70)[0]).warnings == ()
    [warning] = detector.check(made_up_texts(1, seed=1, low=500, high=500)[0]).warnings
    assert "500 words; 98% of the human calibration texts have 50 to 90" in warning
    [warning] = detector.check(" ".join(["слово"] * 60)).warnings
    assert "not Latin" in warning


def test_a_text_too_long_to_be_one_is_refused(detector, monkeypatch):
    monkeypatch.setattr("tain.detector.reader.MAX_CHARS", 100)
    with pytest.raises(DataError, match="Split it into parts"):
        detector.check("w" * 101)


def test_saved_and_loaded_answers_are_equal(detector_folder, tmp_path, texts):
    original = Detector.load(detector_folder)
    copy = original.save(tmp_path / "copy")
    assert copy.check(texts[0]) == original.check(texts[0])
    assert copy.model == original.model


def test_own_texts_give_an_own_threshold_without_training(detector, texts):
    own = detector.calibrate(made_up_texts(300, seed=31, ai=True), target_fpr=0.01)
    assert own.point().threshold > detector.point().threshold
    assert own.calibration.record.probability == detector.calibration.record.probability
    assert own.check(texts[0]).score == detector.check(texts[0]).score
    assert own.model.sha256 != detector.model.sha256


def test_too_few_own_texts_are_refused_with_the_number_needed(detector):
    with pytest.raises(ConfigError, match=r"0\.01 needs 299 human texts or more; there are 100"):
        detector.calibrate(made_up_texts(100, seed=31), target_fpr=0.01)


def test_without_ai_texts_there_is_no_probability(detector, detector_folder, texts):
    bare = Detector.build(detector_folder.parent / "classifier", human=made_up_texts(60, seed=1), window_tokens=32)
    verdict = bare.check(texts[0])
    assert verdict.probability is None
    assert "human texts only" in verdict.probability_reason
    assert verdict.target_fpr == 0.05


def test_windows_longer_than_the_network_are_refused(detector_folder):
    with pytest.raises(ConfigError, match=r"window_tokens is 65, but the network .* reads 64"):
        Detector.build(detector_folder.parent / "classifier", human=[], window_tokens=65)


def test_a_verdict_is_json(detector, texts):
    value = json.loads(json.dumps(detector.check(texts[0]).to_dict(), allow_nan=False))
    assert value["windows"][0]["start_index"] == 0
    assert "never a verdict on a person" in value["caveat"]


def test_one_text_needs_no_torch(detector_folder):
    code = (
        "import sys; from tain import Detector; d = Detector.load(sys.argv[1]); v = d.check('w1 w2 w3. ' * 30);"
        "assert v.score is not None; print(sorted({'torch', 'scipy', 'transformers', 'peft'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(detector_folder)], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


def test_an_installation_without_a_detector_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr("tain.detector.folder.SHIPPED", tmp_path)
    with pytest.raises(DetectorError, match=r"carries no detector.*--model DIR"):
        Detector.load()
