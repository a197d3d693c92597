import pytest

from tain.core.errors import DataError
from tain.core.files import read_json, write_json
from tain.evaluation.schema import ClassReport, Report

from .made_reports import full_report


def test_a_report_survives_its_file(tmp_path):
    report = full_report()
    report.save(tmp_path / "report.json")
    assert Report.load(tmp_path / "report.json") == report


@pytest.mark.parametrize(
    ("values", "what_to_do"),
    [
        ({"format_version": 1}, "is 1; this version of tain reads 2. Evaluate again"),
        ({"format_version": 3}, "is 3; this version of tain reads 2. Update tain"),
        ({}, "is None; this version of tain reads 2. Evaluate again"),
        (["no report"], "is None"),
    ],
)
def test_another_format_is_named_with_what_to_do(tmp_path, values, what_to_do):
    write_json(tmp_path / "report.json", values)
    with pytest.raises(DataError, match=rf"report\.json: format_version {what_to_do}"):
        Report.load(tmp_path / "report.json")


def test_a_report_of_classes_is_no_report_of_detection(tmp_path):
    full_report().save(tmp_path / "report.json")
    with pytest.raises(DataError, match="It is no whole Report"):
        ClassReport.load(tmp_path / "report.json")


def test_a_damaged_report_says_where(tmp_path):
    full_report().save(tmp_path / "report.json")
    values = read_json(tmp_path / "report.json")
    values["ranking"]["auroc"]["value"] = "high"
    write_json(tmp_path / "report.json", values)
    with pytest.raises(DataError, match=r"ranking\.auroc\.value: .*evaluate again"):
        Report.load(tmp_path / "report.json")
