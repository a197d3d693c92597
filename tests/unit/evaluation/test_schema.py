import pytest

from tain.core.errors import DataError
from tain.core.files import read_json, write_json
from tain.evaluation.schema import Report

from .made_reports import full_report


def test_a_report_survives_its_file(tmp_path):
    report = full_report()
    report.save(tmp_path / "report.json")
    assert Report.load(tmp_path / "report.json") == report


@pytest.mark.parametrize("values", [{"format_version": 2}, {}, ["no report"]])
def test_another_format_is_named(tmp_path, values):
    write_json(tmp_path / "report.json", values)
    with pytest.raises(DataError, match=r"report\.json: format_version is (2|None); this version of tain reads 1"):
        Report.load(tmp_path / "report.json")


def test_a_damaged_report_says_where(tmp_path):
    full_report().save(tmp_path / "report.json")
    values = read_json(tmp_path / "report.json")
    values["ranking"]["auroc"]["value"] = "high"
    write_json(tmp_path / "report.json", values)
    with pytest.raises(DataError, match=r"ranking\.auroc\.value: .*evaluate again"):
        Report.load(tmp_path / "report.json")
