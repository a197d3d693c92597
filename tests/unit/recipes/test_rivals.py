"""Files of another detector's scores, joined to the texts of a test."""

import json

import numpy as np
import polars as pl
import pytest

from tain.core.errors import DataError
from tain.core.example import Corpus, Example
from tain.recipes.rivals import POINTS, named_apart, read_against

CORPUS = Corpus(tuple(Example(id=f"t{i}", text="x", label="ai" if i % 2 else "human") for i in range(6)))
ROWS = [{"id": f"t{i}", "score": float(i), "label": "ai" if i >= 3 else "human"} for i in range(6)]


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read(path):
    return read_against(path, CORPUS, score=lambda detector, texts: pytest.fail("scored anew"))


def test_scores_are_joined_by_id_whatever_their_order(tmp_path):
    found = read(lines(tmp_path / "other.jsonl", ROWS[::-1]))
    assert found.rival.name == "other"
    assert found.rival.scores.tolist() == [0, 1, 2, 3, 4, 5]
    assert (found.n_missing, found.missing) == (0, ())
    assert len(found.source["sha256"]) == 64


def test_missing_texts_and_abstentions_are_counted_apart(tmp_path):
    rows = [{"id": "t5", "score": None}, *ROWS[:2], {"id": "elsewhere", "score": 1.0}]
    found = read(lines(tmp_path / "other.jsonl", rows))
    assert found.n_missing == 3
    assert found.missing == ("t2", "t3", "t4")
    assert found.source["such as"] == ["t2", "t3", "t4"]
    assert np.isnan(found.rival.scores[2:]).all()


def test_the_points_of_a_report_are_read_from_its_scores(tmp_path):
    frame = pl.DataFrame(ROWS)
    frame.write_parquet(tmp_path / "scores.parquet", metadata={POINTS: json.dumps({0.01: 2.5, 0.05: 1.0})})
    assert read(tmp_path / "scores.parquet").rival.thresholds == {0.01: 2.5, 0.05: 1.0}
    frame.write_parquet(tmp_path / "damaged.parquet", metadata={POINTS: "{"})
    assert read(tmp_path / "damaged.parquet").rival.thresholds == {}


@pytest.mark.parametrize(
    ("calls", "expected"),
    [("hhhaaa", {0.01: 2.0}), ("hhhhhh", {0.01: 5.0}), ("aaaaaa", {}), ("hahaha", {})],
)
def test_the_point_of_scored_texts_is_found_from_their_labels(tmp_path, monkeypatch, calls, expected):
    monkeypatch.setattr("tain.recipes.rivals.made_by_of", lambda path: {"target_fpr": 0.01})
    words = {"h": "human", "a": "ai"}
    rows = [{**row, "label": words[call]} for row, call in zip(ROWS, calls, strict=True)]
    assert read(lines(tmp_path / "other.jsonl", rows)).rival.thresholds == expected


def test_a_verdict_goes_before_a_label_which_may_be_the_truth(tmp_path, monkeypatch):
    monkeypatch.setattr("tain.recipes.rivals.made_by_of", lambda path: {"target_fpr": 0.01})
    rows = [{**row, "verdict": "ai" if row["score"] > 4 else "human"} for row in ROWS]
    assert read(lines(tmp_path / "other.jsonl", rows)).rival.thresholds == {0.01: 4.0}


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([{"id": "t0", "logit": 1.0}], "line 1 has the columns id, logit; expected id and score"),
        ([ROWS[0], ROWS[0]], "line 2: the id is 't0'; expected one, and on no earlier line"),
        ([{"id": None, "score": 1.0}], "line 1: the id is None"),
        ([{"id": "t0", "score": "high"}], "line 1: the score is 'high'"),
        ([{"id": "t0", "score": 1e999}], "expected a finite number"),
        ([{"id": "0", "score": 1.0}], "none of its 1 ids is an id of the test. It has 0, the test has t0"),
    ],
)
def test_files_that_cannot_be_joined_say_why(tmp_path, rows, match):
    with pytest.raises(DataError, match=match):
        read(lines(tmp_path / "other.jsonl", rows))


def test_detectors_of_one_name_are_numbered(tmp_path):
    found = read(lines(tmp_path / "other.jsonl", ROWS))
    names = [against.rival.name for against in named_apart([found, found, found])]
    assert names == ["other", "other (2)", "other (3)"]
    assert named_apart([found, found])[1].source["name"] == "other (2)"
