import json

import polars as pl
import pytest

from tain.core.errors import ConfigError, DataError
from tain.evaluation.submissions.raid_metadata import RaidMetadata
from tain.recipes.submission import check_submission, write_submission

METADATA = RaidMetadata("Looking glass", "Email Address: me@example.org", "2025-11-21")
ROWS = [
    {"id": "0", "score": 4.5, "probability": 0.99, "label": "ai", "n_words": 80, "n_windows": 1},
    {"id": "1", "score": -6.25, "probability": 0.02, "label": "human", "n_words": 90, "n_windows": 1},
    {"id": "2", "score": None, "probability": None, "label": "too_short", "n_words": 9, "n_windows": 0},
    {"id": "3", "score": 1.0, "probability": 0.6, "label": "human", "n_words": 70, "n_windows": 1},
]


@pytest.fixture
def scores(tmp_path):
    pl.DataFrame(ROWS).write_parquet(tmp_path / "scores.parquet")
    return tmp_path / "scores.parquet"


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "input.jsonl"
    path.write_text("".join(json.dumps({"id": i, "text": f"Text {i}."}) + "\n" for i in range(4)))
    return str(path)


def jsonl(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_pan_gets_probabilities_and_one_half_for_short_texts(scores, tmp_path):
    written = write_submission("pan", scores, output=tmp_path / "pan")
    assert (written.n_texts, written.n_too_short) == (4, 1)
    assert jsonl(written.files[0]) == [
        {"id": "0", "label": 0.99},
        {"id": "1", "label": 0.02},
        {"id": "2", "label": 0.5},
        {"id": "3", "label": 0.6},
    ]


def test_raid_gets_scores_and_the_lowest_for_short_texts(scores, tmp_path):
    written = write_submission("raid", scores, output=tmp_path / "glass", metadata=METADATA)
    rows = json.loads((tmp_path / "glass" / "predictions.json").read_text())
    assert [row["score"] for row in rows] == [4.5, -6.25, -6.25, 1.0]
    assert [path.name for path in written.files] == ["predictions.json", "metadata.json"]
    assert check_submission("raid", tmp_path / "glass") == []


def test_semeval_gets_labels_at_the_operating_point_and_human_for_short_texts(scores, tmp_path):
    (file,) = write_submission("semeval-a", scores, output=tmp_path / "out").files
    assert jsonl(file) == [{"id": i, "label": label} for i, label in enumerate([1, 0, 0, 0])]


def test_subtask_b_asks_for_its_own_classes(scores, tmp_path):
    with pytest.raises(DataError, match=r"scores\.parquet:1: label: is 'ai'; subtask B asks for one of human, chatGPT"):
        write_submission("semeval-b", scores, output=tmp_path / "out")
    rows = [row | {"label": "dolly" if row["label"] == "ai" else row["label"]} for row in ROWS]
    pl.DataFrame(rows).write_ndjson(tmp_path / "classes.jsonl")
    (file,) = write_submission("semeval-b", tmp_path / "classes.jsonl", output=tmp_path / "out").files
    assert [row["label"] for row in jsonl(file)] == [5, 0, 0, 0]


def test_ids_are_written_as_the_input_has_them(scores, texts, tmp_path):
    (file,) = write_submission("pan", scores, output=tmp_path / "pan", against=texts).files
    assert [row["id"] for row in jsonl(file)] == [0, 1, 2, 3]
    assert check_submission("pan", file, against=texts) == []
    assert check_submission("pan", tmp_path / "pan", against=texts) == []


def test_scores_of_other_texts_are_not_written(scores, texts, tmp_path):
    pl.DataFrame(ROWS[:3]).write_parquet(scores)
    with pytest.raises(DataError, match="nothing was written:\n  1 of 4 ids of the input have no row: 3"):
        write_submission("pan", scores, output=tmp_path / "pan", against=texts)
    assert not (tmp_path / "pan").exists()


def test_raid_is_told_who_submits(scores, tmp_path):
    with pytest.raises(ConfigError, match="Give --name and --contact"):
        write_submission("raid", scores, output=tmp_path / "glass")


def test_a_submission_is_not_overwritten_unless_asked_for(scores, tmp_path):
    write_submission("pan", scores, output=tmp_path / "pan")
    with pytest.raises(ConfigError, match="exists already"):
        write_submission("pan", scores, output=tmp_path / "pan")
    write_submission("pan", scores, output=tmp_path / "pan", force=True)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"score": None}, "score: is null, but the label is 'ai'; expected a score, or too_short"),
        ({"probability": None}, "probability: is null, and PAN asks for one"),
        ({"id": None}, "id: is empty"),
    ],
)
def test_a_row_of_scores_that_will_not_do_is_named(tmp_path, change, reason):
    pl.DataFrame([ROWS[1], ROWS[0] | change]).write_parquet(tmp_path / "scores.parquet")
    with pytest.raises(DataError, match=rf"scores\.parquet:2: {reason}"):
        write_submission("pan", tmp_path / "scores.parquet", output=tmp_path / "pan")


def test_a_file_that_is_no_scores_names_its_columns(tmp_path, texts):
    with pytest.raises(DataError, match="there is no column score. Columns found: id, text"):
        write_submission("pan", tmp_path / "input.jsonl", output=tmp_path / "pan")


def test_texts_that_are_all_too_short_make_no_submission_to_raid(tmp_path):
    pl.DataFrame([ROWS[2]], schema_overrides={"score": pl.Float64, "probability": pl.Float64}).write_parquet(
        tmp_path / "scores.parquet"
    )
    with pytest.raises(DataError, match="all were too short"):
        write_submission("raid", tmp_path / "scores.parquet", output=tmp_path / "glass", metadata=METADATA)


def test_an_input_without_ids_cannot_be_compared_with(scores, tmp_path):
    (tmp_path / "input.jsonl").write_text('{"text": "No id."}\n')
    with pytest.raises(DataError, match=r"input\.jsonl:1: there is no id"):
        write_submission("pan", scores, output=tmp_path / "pan", against=str(tmp_path / "input.jsonl"))


def test_labelled_raid_data_shows_whether_the_search_arrives(tmp_path):
    rows = [
        {"id": f"r{i}", "model": "human" if i % 2 else "gpt4", "domain": "news", "attack": "none", "generation": "x"}
        for i in range(200)
    ]
    pl.DataFrame(rows).write_csv(tmp_path / "train.csv")
    scored = [{"id": row["id"], "score": 1.0, "label": "ai"} for row in rows]
    pl.DataFrame(scored).write_parquet(tmp_path / "scores.parquet")
    write_submission(
        "raid",
        tmp_path / "scores.parquet",
        output=tmp_path / "glass",
        metadata=METADATA,
        against=str(tmp_path / "train.csv"),
    )
    found = check_submission("raid", tmp_path / "glass", against=str(tmp_path / "train.csv"))
    assert [each.reason.partition(":")[0] for each in found] == ["news", "news"]
    assert "100 of 100 human texts share the highest score" in found[0].reason
