import json
from dataclasses import replace

import pytest

from tain.core.errors import DataError
from tain.evaluation.raid_rows import RaidRow
from tain.evaluation.submissions import raid
from tain.evaluation.submissions.raid_metadata import RaidMetadata

METADATA = RaidMetadata("Looking glass", "Email Address: me@example.org", "2025-11-21", website="https://example.org")
SCORES = [("a", -3.25), ("b", 0.5), ("c", 11.0)]


def written(tmp_path, content, name="predictions.json"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def reasons(path, **more):
    return [(problem.line, problem.reason) for problem in raid.check(path, **more)]


def test_what_is_written_is_accepted_and_read_again(tmp_path):
    raid.write(tmp_path / "glass", SCORES, metadata=METADATA)
    assert raid.check(tmp_path / "glass", against=["a", "b", "c"]) == []
    assert raid.read(tmp_path / "glass") == raid.read(tmp_path / "glass" / "predictions.json") == dict(SCORES)
    assert json.loads((tmp_path / "glass" / "predictions.json").read_text())[1] == {"id": "b", "score": 0.5}


def test_the_metadata_has_exactly_the_fields_of_raids_template(tmp_path):
    raid.write(tmp_path / "glass", SCORES, metadata=METADATA)
    found = json.loads((tmp_path / "glass" / "metadata.json").read_text())
    assert list(found) == [
        "date_released", "detector_name", "website", "paper_link", "huggingface_link", "github_link", "contact_info"
    ]  # fmt: skip
    assert found["detector_name"] == "Looking glass"


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ('{"id": "x", "score": NaN}', "the score is nan; expected a finite number"),
        ('{"id": "x", "score": 1e999}', "the score is inf; expected a finite number"),
        ('{"id": "x", "score": null}', "the score is null; expected a number"),
        ('{"id": "x", "score": "0.5"}', "the score is '0.5'; expected a number"),
        ('{"id": "x", "score": false}', "the score is False; expected a number"),
        ('{"id": "x"}', "there is no score"),
        ('{"score": 1}', "there is no id"),
        ('{"id": "a", "score": 1}', "the id 'a' stands on line 2 too; ids must differ"),
        ("0.5", "the item is 0.5; expected an object"),
        (
            '{"id": "x", "score": 1, "domain": "news"}',
            "has the field 'domain' too; expected id and score only, as others may clash with RAID's columns",
        ),
    ],
)
def test_a_bad_item_is_named_by_its_line(tmp_path, item, reason):
    path = written(tmp_path, '[\n{"id": "a", "score": 1},\n' + item + "\n]\n")
    assert reasons(path) == [(3, reason)]


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ('{"a": [1]}', 1, "begins with '{\"a\": [1]}'; expected one array"),
        (b'\xef\xbb\xbf[{"id": "a", "score": 1}]', 1, "begins with a byte order mark; expected one array"),
        ('[{"id": "a", "score": 1}\n{"id": "b", "score": 1}]', 2, "is no JSON: Expecting ',' delimiter"),
        ('[{"id": "a", "score": 1},\n]', 2, "is no JSON: Expecting value"),
        ('[\n{"id": "a", "score": 1}', 2, "is no JSON: Expecting ',' delimiter"),
        ('[{"id": "a", "score": 1}]\n[]', 2, "there is more after the array"),
        (b'[\n{"id": "caf\xe9", "score": 1}]', 2, "byte 0xE9 is not UTF-8"),
        ("", 1, "begins with ''; expected one array"),
        ("[]", None, "holds no row; expected one for each text"),
    ],
)
def test_a_file_that_is_no_array_is_told_apart(tmp_path, content, line, reason):
    found = reasons(written(tmp_path, content))
    assert found[-1][0] == line
    assert found[-1][1].startswith(reason)


def test_items_on_one_line_are_told_apart_by_their_ids(tmp_path):
    path = written(tmp_path, '[{"id": "a", "score": 1}, {"id": "b", "score": null}, {"id": "b", "score": 2}]')
    assert [line for line, _ in reasons(path)] == [1, 1]


def test_ids_are_compared_with_the_test_set(tmp_path):
    raid.write(tmp_path / "glass", SCORES, metadata=METADATA)
    found = reasons(tmp_path / "glass", against=["a", "b", "d", "e"])
    assert found == [(4, "the id 'c' is not in the input"), (None, "2 of 4 ids of the input have no row: 'd', 'e'")]


def test_labelled_rows_show_whether_raids_search_will_arrive(tmp_path):
    """Scores of two values: everything is well formed, and the leaderboard would still print null."""
    rows = [RaidRow(f"h{i}", "human", ("news", "wiki")[i % 2]) for i in range(200)]
    scores = [(row.id, i / 200 if row.domain == "news" else float(i % 10 == 1)) for i, row in enumerate(rows)]
    raid.write(tmp_path / "glass", scores, metadata=METADATA)
    assert reasons(tmp_path / "glass") == []
    found = reasons(tmp_path / "glass", rows=rows)
    assert [reason.partition(":")[0] for _, reason in found] == ["wiki", "wiki"]
    assert "20 of 100 human texts share the highest score, 1" in found[0][1]


def test_other_files_do_not_belong_into_a_submission(tmp_path):
    raid.write(tmp_path / "glass", SCORES, metadata=METADATA)
    (tmp_path / "glass" / "results.json").write_text("{}")
    (found,) = raid.check(tmp_path / "glass")
    assert found.file.endswith("results.json")
    assert found.reason.startswith("does not belong there")


def test_a_folder_without_metadata_or_predictions_says_so(tmp_path):
    found = [str(problem) for problem in raid.check(tmp_path)]
    assert found[0] == f"{tmp_path}/predictions.json: there is no such file"
    assert found[1].startswith(f"{tmp_path}/metadata.json: cannot be read as JSON")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("contact_info", "", "is ''; expected a text"),
        ("contact_info", "Email Address: example@me.com", "as in the template; expected your own"),
        ("detector_name", "Template", "as in the template; expected your own"),
        ("website", "Link to Homepage (Optional) e.g. https://example.com/", "as in the template"),
        ("website", 3, "is 3; expected a link, or an empty string"),
        ("date_released", "25.05.2024", "is '25.05.2024'; expected a date such as 2024-05-25"),
        ("licence", "MIT", "is no field of the metadata; expected date_released,"),
    ],
)
def test_metadata_that_would_be_refused_is_named(tmp_path, name, value, reason):
    raid.write(tmp_path / "glass", SCORES, metadata=METADATA)
    file = tmp_path / "glass" / "metadata.json"
    file.write_text(json.dumps(METADATA.to_dict() | {name: value}))
    (found,) = raid.check(tmp_path / "glass")
    assert found.reason.startswith(f"{name}: ")
    assert reason in found.reason


def test_metadata_without_a_field_or_without_any(tmp_path):
    raid.write(tmp_path / "glass", SCORES, metadata=METADATA)
    file = tmp_path / "glass" / "metadata.json"
    file.write_text(json.dumps({name: value for name, value in METADATA.to_dict().items() if name != "contact_info"}))
    assert [each.reason for each in raid.check(tmp_path / "glass")] == ["there is no contact_info"]
    file.write_text("[]")
    assert raid.check(tmp_path / "glass")[0].reason.startswith("is []; expected an object with date_released")
    file.write_text(json.dumps(METADATA.to_dict() | {"website": None, "additional_metadata": {"size": 3}}))
    assert raid.check(tmp_path / "glass") == []


def test_nothing_is_written_that_would_be_refused(tmp_path):
    with pytest.raises(DataError, match=r"predictions\.json:2: the score is nan"):
        raid.write(tmp_path / "glass", [("a", 1.0), ("b", float("nan"))], metadata=METADATA)
    with pytest.raises(DataError, match=r"metadata\.json: contact_info: is ''"):
        raid.write(tmp_path / "glass", SCORES, metadata=replace(METADATA, contact_info=""))
    assert list(tmp_path.iterdir()) == []


def test_predictions_with_a_problem_are_not_read(tmp_path):
    with pytest.raises(DataError, match="expected one array.* See all of them: tain submission check raid"):
        raid.read(written(tmp_path, "{}"))
