import json
import subprocess
import sys
from pathlib import Path

import pytest

from tain.core.errors import DataError
from tain.core.files import read_json, write_json
from tain.evaluation.schema import ClassReport, Report

from .made_reports import class_report, full_report

ROOT = Path(__file__).parents[3]


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


def test_the_published_schema_is_what_the_code_says():
    script = ROOT / "scripts" / "make_report_schema.py"
    answer = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


def test_the_schema_knows_every_field_of_both_kinds_of_report(tmp_path):
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text())
    for report in (full_report(), class_report()):
        report.save(tmp_path / "report.json")
        described = schema["$defs"][type(report).__name__]
        assert set(read_json(tmp_path / "report.json")) == set(described["properties"])
        assert described["properties"]["format_version"]["const"] == 2


def test_a_report_of_classes_survives_its_file(tmp_path):
    class_report().save(tmp_path / "report.json")
    assert ClassReport.load(tmp_path / "report.json") == class_report()
