"""Decisions become labels of a new file; the old one is never touched, and one that changed is refused."""

import json

import polars as pl
import pytest
from tests.review_fixtures import TEXTS, make_corpus, make_sheet

from tain.core.errors import ConfigError, DataError
from tain.core.files import sha256_of
from tain.corpora.reading import read_corpus
from tain.recipes.review.apply import apply_decisions
from tain.recipes.review.review import Review


def reviewed(folder, raw=None, decisions=("human", "human", "drop")):
    corpus = make_corpus(folder, raw=raw)
    sheet = make_sheet(folder, corpus=corpus)
    review = Review(sheet, by="mara", now=lambda: "2026-11-21T10:00:00+00:00")
    for place, decision in enumerate(decisions):
        review.decide(place, decision)
    return corpus, sheet


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_labels_are_put_right_and_all_else_stays(tmp_path, suffix):
    corpus, sheet = reviewed(tmp_path)
    before = sha256_of(corpus)
    found = apply_decisions(sheet, tmp_path / f"clean.{suffix}")
    read = read_corpus([str(found.output)])
    assert [(each.id, each.label) for each in read] == [("t0", "human"), ("t1", "human"), ("t3", "human")]
    assert read.texts == [TEXTS[name][0] for name in ("t0", "t1", "t3")]
    rows = pl.read_parquet(found.output) if suffix == "parquet" else pl.read_ndjson(found.output)
    assert rows.columns == ["id", "text", "label", "page"] and rows["page"].to_list() == [0, 1, 3]
    assert found.counts == {"kept": 1, "relabelled": 1, "dropped": 1, "untouched": 1, "undecided": 0}
    assert sha256_of(corpus) == before


def test_the_file_beside_it_says_who_decided_what_when_and_why(tmp_path):
    corpus, sheet = reviewed(tmp_path)
    found = apply_decisions(sheet, tmp_path / "clean.jsonl")
    told = json.loads(found.provenance.read_text())
    assert told["corpus"] == [{"path": str(corpus), "sha256": sha256_of(corpus)}]
    assert told["output"]["sha256"] == sha256_of(found.output) and told["sheet"]["sha256"] == sha256_of(sheet)
    by_id = {each["id"]: each for each in told["decisions"]}
    assert [by_id[name]["outcome"] for name in ("t0", "t1", "t2")] == ["relabelled", "kept", "dropped"]
    assert by_id["t0"]["was"] == "ai" and by_id["t0"]["decision"] == "human" and by_id["t0"]["by"] == "mara"
    assert by_id["t0"]["evidence"]["influence"] == 1.5 and by_id["t0"]["at"].startswith("2026-11-21")
    assert TEXTS["t0"][0] not in found.provenance.read_text()


@pytest.mark.parametrize(("raw", "expected"), [({"human": 0, "ai": 1}, 0), ({"human": "0", "ai": "1"}, "0")])
def test_a_file_with_numbers_for_labels_keeps_numbers(tmp_path, raw, expected):
    _, sheet = reviewed(tmp_path, raw=raw)
    apply_decisions(sheet, tmp_path / "clean.jsonl")
    first = json.loads((tmp_path / "clean.jsonl").read_text().splitlines()[0])
    assert first["id"] == "t0" and first["label"] == expected and type(first["label"]) is type(expected)


def test_a_corpus_that_changed_is_refused(tmp_path):
    corpus, sheet = reviewed(tmp_path)
    corpus.write_text(corpus.read_text().replace("noon", "dusk"))
    with pytest.raises(DataError, match=r"not what suspects.jsonl was made from:\n  .*corpus.jsonl has sha256"):
        apply_decisions(sheet, tmp_path / "clean.jsonl")
    corpus.unlink()
    with pytest.raises(DataError, match="is not there"):
        apply_decisions(sheet, tmp_path / "clean.jsonl")
    assert not (tmp_path / "clean.jsonl").exists()


def test_a_text_that_is_not_the_one_decided_on_is_refused(tmp_path):
    _, sheet = reviewed(tmp_path)
    journal = tmp_path / "suspects.decisions.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    lines[0]["text_sha256"] = "0" * 64
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(DataError, match="is not the one|another one"):
        apply_decisions(sheet, tmp_path / "clean.jsonl")


def test_what_cannot_be_applied_says_why(tmp_path):
    _, sheet = reviewed(tmp_path, decisions=())
    with pytest.raises(DataError, match="nothing is decided yet"):
        apply_decisions(sheet, tmp_path / "clean.jsonl")
    with pytest.raises(ConfigError, match="cannot be written by its suffix"):
        apply_decisions(sheet, tmp_path / "clean.xlsx")
    (tmp_path / "there.jsonl").write_text("")
    with pytest.raises(ConfigError, match="exists already"):
        apply_decisions(sheet, tmp_path / "there.jsonl")
    alone = make_sheet(tmp_path, name="pool.csv")
    with pytest.raises(ConfigError, match="names no files"):
        apply_decisions(alone, tmp_path / "clean.jsonl")
