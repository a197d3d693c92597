import gzip
import io
import json
import sys
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import zstandard
from tests.unit.evaluation.attacks.fake_endpoint import fake_endpoint

from tain.core.errors import ConfigError, DataError, EndpointError
from tain.corpora.reading import read_corpus
from tain.evaluation.attacks.suite import attack_all
from tain.recipes import attack as recipe
from tain.recipes.attack import attack
from tain.recipes.attack_output import COLUMNS
from tain.recipes.attack_parts import AttackSettings

TEXT = "In 19{0:02} the color of the large car was decided. They kept it, because it was odd; {0} people minded."


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    content = [
        {"id": f"n{i}", "text": TEXT.format(i), "label": ("human", "ai")[i % 2], "pair_id": f"p{i // 2}", "lang": "en"}
        for i in range(10)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in content))
    return path


@pytest.fixture
def environment(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def made(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_one_row_for_each_text_and_attack_with_what_was_known_of_the_text(rows, tmp_path):
    output = tmp_path / "out.jsonl"
    summary = attack(str(rows), output=str(output), settings=AttackSettings(["number", "homoglyph"], has_clean=True))
    answers = made(output)
    assert [row["attack"] for row in answers[:6]] == ["none", "number", "homoglyph"] * 2
    assert [row["id"] for row in answers[:3]] == ["n0", "n0/number", "n0/homoglyph"]
    assert {(row["source_id"], row["group"], row["label"], row["language"]) for row in answers[3:6]} == {
        ("n1", "p0", "ai", "en")
    }
    assert tuple(answers[0]) == COLUMNS
    assert (answers[0]["text"], answers[0]["n_edits"], answers[0]["strength"]) == (TEXT.format(0), 0, 0.0)
    number = answers[1]
    assert (number["strength"], number["n_edits"], len(number["spans"])) == (0.5, 1, 1)
    assert summary.n_texts == 10
    assert summary.n_rows == {"number": 10, "homoglyph": 10, "none": 10}
    assert summary.n_edits["number"] == 10


def test_rows_are_those_of_attack_all_whatever_the_size_of_a_block(rows, tmp_path, monkeypatch):
    texts = [json.loads(line)["text"] for line in rows.read_text().splitlines()]
    expected = attack_all(texts, ["misspelling", "number"], seed=3)
    monkeypatch.setattr(recipe, "BLOCK_TEXTS", 3)
    output = tmp_path / "out.jsonl"
    attack(str(rows), output=str(output), settings=AttackSettings(["number", "misspelling"], seed=3))
    for name, attacked in expected.items():
        assert [row["text"] for row in made(output) if row["attack"] == name] == [each.text for each in attacked]


def test_the_output_is_a_corpus_that_tain_reads(rows, tmp_path):
    output = tmp_path / "out.parquet"
    attack(str(rows), output=str(output), settings=AttackSettings(["local"], has_clean=True))
    corpus = read_corpus([output])
    assert len(corpus) == 10 * 14
    assert {example.group for example in corpus} == {f"p{i}" for i in range(5)}
    frame = pl.read_parquet(output)
    spans = frame.filter(pl.col("attack") == "number")["spans"].to_list()
    assert np.array(spans).shape == (10, 1, 2)
    assert dict(zip(frame.columns, frame.dtypes, strict=True))["n_edits"] == pl.Int64


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".jsonl.zst"])
def test_output_is_compressed_by_its_suffix(rows, tmp_path, suffix):
    output = tmp_path / f"out{suffix}"
    attack(str(rows), output=str(output), settings=AttackSettings(["number"]))
    with {".jsonl.gz": gzip, ".jsonl.zst": zstandard}[suffix].open(output, "rt") as stream:
        assert len(stream.readlines()) == 10


def test_rows_come_from_stdin_and_go_to_stdout(rows, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(rows.read_bytes())))
    attack("-", output="-", settings=AttackSettings(["number"]))
    assert [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()[:2]] == ["n0/number", "n1/number"]


def test_texts_need_no_label(tmp_path):
    path, output = tmp_path / "rows.csv", tmp_path / "out.jsonl"
    path.write_text("text\nIn 1999\n")
    attack(str(path), output=str(output), settings=AttackSettings(["number"], strength=1.0))
    (row,) = made(output)
    assert (row["label"], row["group"]) == (None, row["source_id"])


def test_folders_named_after_labels_give_the_label(tmp_path):
    for name in ("human", "ai"):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "a.txt").write_text("In 1999")
    attack(str(tmp_path / "in"), output=str(tmp_path / "out.jsonl"), settings=AttackSettings(["number"]))
    assert [row["label"] for row in made(tmp_path / "out.jsonl")] == ["ai", "human"]


def test_bad_rows_stop_or_are_set_aside(rows, tmp_path):
    rows.write_text('{"id": "bad", "text": null, "label": "ai"}\n' + rows.read_text())
    output, aside = tmp_path / "out.jsonl", tmp_path / "aside.jsonl"
    with pytest.raises(DataError, match="the text is null"):
        attack(str(rows), output=str(output), settings=AttackSettings(["number"]))
    assert not output.exists()
    summary = attack(str(rows), output=str(output), settings=AttackSettings(["number"]), set_aside=aside)
    assert (summary.n_texts, len(made(output)), len(made(aside))) == (10, 10, 1)


def test_nothing_is_overwritten_unless_asked(rows, tmp_path):
    output = tmp_path / "out.jsonl"
    output.write_text("mine")
    with pytest.raises(ConfigError, match="exists already"):
        attack(str(rows), output=str(output), settings=AttackSettings(["number"]))
    assert output.read_text() == "mine"
    attack(str(rows), output=str(output), settings=AttackSettings(["number"]), force=True)
    assert len(made(output)) == 10


def test_an_output_of_an_unknown_kind_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(ConfigError, match=r"out.csv: cannot be written by its suffix. Expected .parquet"):
        attack("nowhere", output=str(tmp_path / "out.csv"), settings=AttackSettings(["number"]))


def test_sentences_are_spliced_from_the_donors_named(rows, tmp_path):
    donors, output = tmp_path / "donors.txt", tmp_path / "out.jsonl"
    donors.write_text("A fox ran.\n")
    settings = AttackSettings(["sentence_splice"], strength=0.5, donors=str(donors))
    attack(str(rows), output=str(output), settings=settings)
    assert all(row["text"].count("A fox ran.") == 1 for row in made(output))


def test_a_group_does_without_an_endpoint_and_says_so_but_a_name_does_not(rows, tmp_path, environment):
    output = tmp_path / "out.jsonl"
    summary = attack(str(rows), output=str(output), settings=AttackSettings(["raid"]))
    assert summary.left_out == ["paraphrase"]
    assert len({row["attack"] for row in made(output)}) == 10
    with pytest.raises(ConfigError, match="OPENAI_BASE_URL is ''"):
        attack(str(rows), output=str(output), settings=AttackSettings(["raid", "paraphrase"]), force=True)


def test_human_texts_are_not_given_to_a_language_model(rows, tmp_path, environment):
    output = tmp_path / "out.jsonl"
    with fake_endpoint() as fake:
        environment.setenv("OPENAI_BASE_URL", fake.url)
        summary = attack(str(rows), output=str(output), settings=AttackSettings(["paraphrase"], model="mine"))
    assert summary.n_human_left_out == 5
    assert {question["model"] for question in fake.asked} == {"mine"}
    answers = made(output)
    assert [row["source_id"] for row in answers] == [f"n{i}" for i in range(1, 10, 2)]
    assert answers[0]["text"] == TEXT.format(1).upper()
    assert {row["label"] for row in answers} == {"ai"}


def test_where_the_endpoint_fails_no_file_is_left(rows, tmp_path, environment):
    output = tmp_path / "out.jsonl"
    with fake_endpoint(answer=lambda task, text: (404, {}, "no such model")) as fake:
        environment.setenv("OPENAI_BASE_URL", fake.url)
        with pytest.raises(EndpointError, match="status 404: no such model"):
            attack(str(rows), output=str(output), settings=AttackSettings(["paraphrase"], model="mine"))
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]
