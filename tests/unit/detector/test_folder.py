import json
import shutil

import pytest

from tain.core.errors import DetectorError
from tain.detector import Detector


@pytest.fixture
def copy(detector_folder, tmp_path):
    return shutil.copytree(detector_folder, tmp_path / "copy")


def test_the_folder_holds_what_it_says(detector_folder):
    files = {path.name for path in detector_folder.iterdir()}
    assert {"detector.json", "calibration.safetensors", "README.md", "adapter_config.json", "classifier.json"} <= files
    assert set(json.loads((detector_folder / "detector.json").read_text())["files"]) == files - {"detector.json"}


@pytest.mark.parametrize(
    "name", ["adapter_model.safetensors", "tokenizer.json", "calibration.safetensors", "README.md"]
)
def test_a_changed_file_is_named(copy, name):
    with (copy / name).open("r+b") as file:
        file.seek(-1, 2)
        byte = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(DetectorError, match=f"not as it was saved: {name} was changed"):
        Detector.load(copy)


def test_all_missing_files_are_named_at_once(copy):
    (copy / "tokenizer.json").unlink()
    (copy / "classifier.json").unlink()
    with pytest.raises(DetectorError, match=r"classifier.json is missing; tokenizer.json is missing"):
        Detector.load(copy)


@pytest.mark.parametrize("name", ["model.py", "pytorch_model.bin", "model.safetensors", "config.json"])
def test_a_file_that_something_could_load_does_not_belong_there(copy, name):
    (copy / name).write_bytes(b"x")
    with pytest.raises(DetectorError, match=f"{name} does not belong there"):
        Detector.load(copy)


def test_results_may_lie_beside_a_model(copy):
    (copy / "report.html").write_text("x")
    (copy / ".gitattributes").write_text("x")
    assert Detector.load(copy).settings.format == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99}, "has format 99, expected 1"),
        ({"normaliser": 0}, "normaliser is not sound"),
        ({"odd": 1}, "odd is not sound"),
        ({"files": {}}, "classifier.json is not vouched for"),
    ],
)
def test_unsound_settings_are_one_error(copy, change, message):
    file = copy / "detector.json"
    value = {**json.loads(file.read_text()), **change}
    if "files" in change:
        for name in ("adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "tokenizer_config.json"):
            (copy / name).unlink()
    file.write_text(json.dumps(value))
    with pytest.raises(DetectorError, match=message):
        Detector.load(copy)


def test_an_impossible_operating_point_is_an_error(copy):
    file = copy / "detector.json"
    value = json.loads(file.read_text())
    value["calibration"]["points"][0]["n_above"] = 10**6
    file.write_text(json.dumps(value))
    with pytest.raises(DetectorError, match=r"calibration\.points\.0 is not sound .*impossible"):
        Detector.load(copy)


def test_settings_that_are_no_json_are_an_error(copy):
    (copy / "detector.json").write_bytes(b"\xff\x00")
    with pytest.raises(DetectorError, match="cannot be read as JSON"):
        Detector.load(copy)


def test_what_is_no_detector_is_told_apart(copy, tmp_path, detector_folder):
    with pytest.raises(DetectorError, match="there is no such folder"):
        Detector.load(tmp_path / "nothing")
    with pytest.raises(DetectorError, match="is a file, not a folder"):
        Detector.load(copy / "detector.json")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DetectorError, match=r"is no detector: detector.json is missing"):
        Detector.load(tmp_path / "empty")
    with pytest.raises(DetectorError, match=r"has no operating points yet.*tain calibrate --model"):
        Detector.load(detector_folder.parent / "classifier")


def test_a_run_is_known_by_the_detector_in_it(detector_folder):
    assert Detector.load(detector_folder.parent).model == Detector.load(detector_folder).model


def test_pickles_are_not_copied_into_a_detector(detector, tmp_path, detector_folder):
    odd = shutil.copytree(detector_folder.parent / "classifier", tmp_path / "odd")
    (odd / "optimizer.pt").write_bytes(b"x")
    with pytest.raises(DetectorError, match=r"optimizer.pt cannot be part of a detector"):
        Detector.build(odd, human=[" ".join(["w1"] * 50)] * 60, window_tokens=32)


def test_a_detector_can_be_saved_where_it_was_loaded(copy):
    detector = Detector.load(copy)
    assert detector.save(copy).model == detector.model
