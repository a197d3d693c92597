"""Which texts a detector was made from, as far as its folder says."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from tests.detector_fixtures import N_HUMAN, made_up_texts

from tain.core.errors import DetectorError
from tain.detector import Detector
from tain.detector.folder import classifier_files
from tain.detector.seen import SEEN, UNKNOWN, Seen, read_seen, seen_hashes, write_seen
from tain.evaluation.overlap import text_hashes


def numbers(*values):
    return np.array(values, dtype=np.uint64)


def test_what_is_written_is_read_and_what_is_not_known_stays_so(tmp_path):
    write_seen(tmp_path / SEEN, Seen(training=numbers(3, 2**64 - 1, 3)))
    found = read_seen(tmp_path)
    assert found.training.tolist() == [3, 2**64 - 1]
    assert found.calibration is None
    (tmp_path / SEEN).unlink()
    write_seen(tmp_path / SEEN, UNKNOWN)
    assert not (tmp_path / SEEN).exists()
    assert not read_seen(tmp_path).is_known


@pytest.mark.parametrize("content", [b"x", None])
def test_a_damaged_file_is_an_error(tmp_path, content):
    if content is None:
        from safetensors.numpy import save_file

        save_file({"training": np.zeros(2, dtype=np.float32)}, tmp_path / SEEN)
    else:
        (tmp_path / SEEN).write_bytes(content)
    with pytest.raises(DetectorError, match=r"seen\.safetensors: .*Copy the folder again"):
        read_seen(tmp_path)


def test_a_copy_with_other_quotes_and_look_alikes_is_known_again(detector):
    text = 'She said "no" to all\u2014of it, and went home.'
    copy = "She said \u201cno\u201d to \u0430ll -- of it,\nand  went\u200b home."
    assert len(set(seen_hashes([text, copy], detector.reader.normaliser).tolist())) == 1


def test_a_detector_knows_its_calibration_texts_but_not_those_of_an_old_training(detector):
    texts = [*made_up_texts(N_HUMAN, seed=1), *made_up_texts(100, seed=2, ai=True)]
    assert detector.seen.training is None
    assert detector.seen.calibration.tolist() == text_hashes(texts).tolist()


def test_training_texts_go_with_the_classifier_and_decide_no_verdict(detector, detector_folder, tmp_path):
    classifier = shutil.copytree(detector_folder.parent / "classifier", tmp_path / "classifier")
    names = classifier_files(classifier)
    write_seen(classifier / SEEN, Seen(training=numbers(1, 2)))
    assert classifier_files(classifier) == names
    texts = {"human": made_up_texts(N_HUMAN, seed=1), "ai": made_up_texts(100, seed=2, ai=True)}
    made = Detector.build(classifier, **texts, window_tokens=32).save(tmp_path / "made")
    assert made.seen.training.tolist() == [1, 2]
    assert made.model.sha256 == detector.model.sha256
    assert SEEN in made.settings.files


def test_a_new_calibration_forgets_the_earlier_texts_only_where_nothing_of_them_is_left(detector):
    human, ai = made_up_texts(310, seed=5), made_up_texts(60, seed=6, ai=True)
    earlier = set(detector.seen.calibration.tolist())
    fresh = set(text_hashes([*human, *ai]).tolist())
    assert set(detector.calibrate(human, ai=ai).seen.calibration.tolist()) == fresh
    # The probabilities are still those of the earlier AI texts.
    assert set(detector.calibrate(human).seen.calibration.tolist()) == earlier | set(text_hashes(human).tolist())


def test_texts_added_to_nobody_knows_what_are_nobody_knows_what():
    assert UNKNOWN.calibrated(numbers(1), is_added=True).calibration is None
    assert UNKNOWN.calibrated(numbers(1)).calibration.tolist() == [1]


def test_a_folder_without_hashes_loads_and_hashes_cannot_be_slipped_in(detector_folder, tmp_path):
    copy = shutil.copytree(detector_folder, tmp_path / "copy")
    write_seen(copy / SEEN, Seen(training=numbers(1)))
    with pytest.raises(DetectorError, match=r"not as it was saved: seen\.safetensors was changed"):
        Detector.load(copy)
    replace(Detector.load(detector_folder), seen=UNKNOWN).save(tmp_path / "old")
    assert not Detector.load(tmp_path / "old").seen.is_known
