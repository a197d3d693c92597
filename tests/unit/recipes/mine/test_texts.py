"""What is trained on from the start, what judges, and that the two never meet."""

import json
from dataclasses import replace

import pytest
from tests.mining_fixtures import words, write_rows

from tain.core.errors import ConfigError, DataError
from tain.mining.active import LABEL
from tain.recipes.mine.configuration import read_settings
from tain.recipes.mine.example_file import load_examples, write_examples
from tain.recipes.mine.pool import Pool
from tain.recipes.mine.texts import prepare

N = 60


@pytest.fixture
def files(tmp_path):
    rows = []
    for i, (one, other) in enumerate(zip(words(N, seed=1, tilt=1), words(N, seed=2, tilt=3), strict=True)):
        rows.append({"id": f"h{i}", "text": one, "label": "human", "group": f"g{i}", "domain": "plain"})
        rows.append({"id": f"a{i}", "text": other, "label": "ai", "group": f"g{i}", "domain": "plain"})
    pool = [{"id": f"p{i}", "text": text, "domain": "plain"} for i, text in enumerate(words(400, seed=3, tilt=1))]
    pool += [
        {"id": "short", "text": "too few words"},
        {"id": "machine", "text": words(1, seed=9, tilt=3)[0], "label": "ai"},
    ]
    for row in pool:
        row.setdefault("label", "human")
    return write_rows(tmp_path / "train.jsonl", rows), write_rows(tmp_path / "pool.jsonl", pool)


def prepared(files, tmp_path, *settings, name="texts", **flags):
    given = {"corpus.train": [str(files[0])], "mining.pool": [str(files[1])], "mining.target_fpr": 0.1, **flags}
    return prepare(read_settings(None, settings=settings, flags=given), tmp_path / name, is_quiet=True)


def bank(tmp_path, n=20):
    rows = [{"id": f"b{i}", "text": text} for i, text in enumerate(words(n, seed=5, tilt=3))]
    return {"mining.mirror_files": [str(write_rows(tmp_path / "bank.jsonl", rows))]}


def test_the_parts_that_judge_are_apart_and_pairs_stay_together(files, tmp_path):
    texts = prepared(files, tmp_path, **bank(tmp_path))
    parts = {name: {example.id for example in examples} for name, examples in texts.held.items()}
    assert sum(map(len, parts.values())) == len(set().union(*parts.values())) > 100
    assert "short" not in set().union(*parts.values())
    assert texts.counts["pool: not labelled human"] == 1
    train, valid = load_examples(texts.file("train")), load_examples(texts.file("valid"))
    assert {example.group for example in train}.isdisjoint(example.group for example in valid)
    assert len(train) + len(valid) == 2 * N
    assert {example.id for example in texts.valid_ai} == {e.id for e in valid if e.label == "ai"}
    assert len(texts.bank) == 20


def test_what_is_there_is_not_prepared_again(files, tmp_path):
    first = prepared(files, tmp_path, **bank(tmp_path))
    files[0].write_text("no rows any more")
    assert prepared(files, tmp_path, **bank(tmp_path)).counts == first.counts


def test_training_texts_that_repeat_a_text_that_judges_are_left_out(files, tmp_path):
    control = prepared(files, tmp_path, **bank(tmp_path)).held["control"]
    copies = [{"id": f"c{i}", "text": e.text + " again.", "label": "ai"} for i, e in enumerate(control[:5])]
    with files[0].open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in copies)
    again = prepared(files, tmp_path, name="again", **bank(tmp_path))
    assert not {example.id for example in load_examples(again.file("train"))} & {f"c{i}" for i in range(5)}
    assert again.counts["train: repeats a text that judges"] >= 4  # one may have fallen to validation


def test_ai_texts_over_the_cap_become_the_bank(files, tmp_path):
    texts = prepared(files, tmp_path, "corpus.max_per_domain=20")
    trained = {example.id for example in load_examples(texts.file("train"))}
    assert len(trained) == 40
    assert texts.bank and not trained & {example.id for example in texts.bank}
    assert all(example.label == "ai" for example in texts.bank)
    assert not {example.text for example in texts.bank} & {example.text for example in texts.valid_ai}


def test_texts_that_are_trained_on_are_no_stand_ins(files, tmp_path):
    rows = [json.loads(line) for line in files[0].read_text().splitlines()]
    named = bank(tmp_path)
    with (tmp_path / "bank.jsonl").open("a") as file:
        file.writelines(
            json.dumps({"id": row["id"], "text": row["text"]}) + "\n" for row in rows if row["label"] == "ai"
        )
    texts = prepared(files, tmp_path, **named)
    trained = {example.text for example in load_examples(texts.file("train"))}
    assert not trained & {example.text for example in texts.bank}
    with pytest.raises(ConfigError, match="no AI text to stand in for a mirror"):
        prepared(files, tmp_path, name="none")
    assert prepared(files, tmp_path, name="alone", **{"mining.mirrors": "none"}).bank == []


def test_texts_of_a_group_that_judges_are_no_stand_ins(files, tmp_path):
    judging = prepared(files, tmp_path, **bank(tmp_path)).valid_ai[0].group
    rows = [
        {"id": f"n{i}", "text": text, "group": group}
        for i, (text, group) in enumerate(zip(words(2, seed=6, tilt=3), (judging, "another"), strict=True))
    ]
    named = {"mining.mirror_files": [str(write_rows(tmp_path / "grouped.jsonl", rows))]}
    texts = prepared(files, tmp_path, name="again", **named)
    assert [example.group for example in texts.bank] == ["another"]
    assert texts.counts["mirror files: group of a text that judges"] == 1


def test_too_small_a_pool_is_told_before_anything_is_trained(files, tmp_path):
    with pytest.raises(
        ConfigError, match=r"Of the pool's 40\d texts \d+ are left to calibrate on.*needs 299 human texts"
    ):
        prepared(files, tmp_path, **{"mining.target_fpr": 0.01, **bank(tmp_path)})
    assert not (tmp_path / "texts").exists()


def test_the_texts_that_judge_are_a_sample_of_each_domain(files, tmp_path):
    texts = prepared(files, tmp_path, "mining.max_held_per_domain=30", **bank(tmp_path))
    assert {name: len(examples) for name, examples in texts.held.items()} == dict.fromkeys(texts.held, 30)
    assert sum(n for name, n in texts.counts.items() if name.startswith("pool: m")) > 100


def test_labelled_texts_are_trained_on_and_known_by_their_id(files, tmp_path):
    path = tmp_path / "to_label.jsonl"
    new = words(3, seed=8, tilt=2)
    answers = ("human", "drop", "ai")
    path.write_text(
        "".join(
            json.dumps({LABEL: answer, "id": f"p{i}", "text": text}) + "\n"
            for i, (answer, text) in enumerate(zip(answers, new, strict=True))
        )
    )
    texts = prepared(files, tmp_path, **{"mining.labelled": [str(path)], **bank(tmp_path)})
    assert texts.labelled_ids() == {"p0", "p1", "p2"}
    train = {example.id: example for example in load_examples(texts.file("train"))}
    assert (train["labelled:p0"].label, train["labelled:p2"].label) == ("human", "ai")
    assert "labelled:p1" not in train


def test_examples_come_back_as_they_were_written(files, tmp_path):
    texts = prepared(files, tmp_path, **bank(tmp_path))
    odd = [replace(texts.bank[0], text='a\u2028line\nand "quotes", número', group="", date=None)]
    assert write_examples(tmp_path / "odd.parquet", odd) == 1
    assert load_examples(tmp_path / "odd.parquet") == odd
    assert write_examples(tmp_path / "none.parquet", []) == 0
    assert load_examples(tmp_path / "none.parquet") == []


def test_guard_texts_judge_and_teach_nothing(files, tmp_path):
    own = words(30, seed=7, tilt=2)
    taught = json.loads(files[0].read_text().splitlines()[0])
    held = prepared(files, tmp_path, name="before", **bank(tmp_path)).held["control"][0]
    rows = [{"id": f"e{i}", "text": text, "domain": "essay"} for i, text in enumerate(own)]
    rows += [{"id": "taught", "text": taught["text"]}, {"id": "held", "text": held.text}]
    rows += [
        {"id": "short", "text": "too few words"},
        {"id": "machine", "text": words(1, seed=8, tilt=2)[0], "label": "ai"},
    ]
    file = write_rows(tmp_path / "guard.jsonl", [{"label": "human", **row} for row in rows])
    texts = prepared(files, tmp_path, **bank(tmp_path), **{"mining.guard": [str(file)]})
    assert {example.id for example in texts.guard} == {*(f"e{i}" for i in range(30)), "taught"}
    left_out = {reason: n for reason, n in texts.counts.items() if reason.startswith("guard: ")}
    assert left_out == {
        "guard: repeats of texts that judge": 1, "guard: too short": 1, "guard: not labelled human": 1,
    }  # fmt: skip
    assert taught["id"] not in {example.id for example in load_examples(texts.file("train"))}
    assert texts.judges.are_near([own[0]]) == [True]


def test_files_without_a_guard_text_are_refused(files, tmp_path):
    file = write_rows(tmp_path / "guard.jsonl", [{"id": "short", "text": "too few words", "label": "human"}])
    with pytest.raises(ConfigError, match=r"guard.jsonl can guard: expected human texts of 50 words or more"):
        prepared(files, tmp_path, **bank(tmp_path), **{"mining.guard": [str(file)]})


def test_without_guard_there_are_none(files, tmp_path):
    assert prepared(files, tmp_path, **bank(tmp_path)).guard == []


@pytest.fixture
def spoilt(files, tmp_path):
    """Every file of a mining with a row that cannot be used, and the settings that name them."""
    for file in files:
        _spoil(file)
    named = {"mining.mirror_files": "bank", "mining.valid_ai": "valid", "mining.guard": "guard"}
    given = {}
    for seed, (key, name) in enumerate(named.items()):
        rows = [{"id": f"{name}{i}", "text": text} for i, text in enumerate(words(20, seed=20 + seed, tilt=3))]
        given[key] = [str(_spoil(write_rows(tmp_path / f"{name}.jsonl", rows)))]
    return given


def _spoil(file):
    with file.open("a") as rows:
        rows.write(json.dumps({"id": "spoilt", "text": "with a NUL \0 in it", "label": "human"}) + "\n")
    return file


def test_bad_rows_of_every_file_are_set_aside_where_that_is_asked_for(files, spoilt, tmp_path):
    texts = prepared(files, tmp_path, "corpus.on_bad=set_aside", **spoilt)
    names = ("bank", "guard", "pool", "train", "valid_ai")
    assert texts.set_aside() == {texts.folder / f"set_aside-{name}.jsonl": 1 for name in names}
    assert len(texts.guard) == len(texts.valid_ai) == len(texts.bank) == 20


def test_the_pool_is_read_as_often_as_it_is_needed_without_its_bad_rows(files, spoilt, tmp_path):
    texts = prepared(files, tmp_path, "corpus.on_bad=set_aside", **spoilt)
    given = {"corpus.train": [str(files[0])], "mining.pool": [str(files[1])], "mining.target_fpr": 0.1, **spoilt}
    settings = read_settings(None, settings=["corpus.on_bad=set_aside"], flags=given)
    found = [example.id for example in Pool(settings, texts.folder, is_quiet=True).mined()]
    assert len(found) == texts.counts["pool: mined"] and "spoilt" not in found
    assert texts.set_aside()[texts.folder / "set_aside-pool.jsonl"] == 1


@pytest.mark.parametrize("name", ["pool", "mirror_files", "valid_ai", "guard"])
def test_a_bad_row_stops_a_mining_that_was_not_told_to_go_on_without_it(name, files, tmp_path):
    given = bank(tmp_path)
    if name == "pool":
        file = _spoil(files[1])
    else:
        file = _spoil(write_rows(tmp_path / "own.jsonl", [{"text": text} for text in words(20, seed=30, tilt=3)]))
        given[f"mining.{name}"] = [str(file)]
    with pytest.raises(DataError, match=rf"{file.name}:\d+: text: holds a NUL byte[\s\S]*--on-bad set_aside .*mine"):
        prepared(files, tmp_path, **given)


@pytest.mark.parametrize("part", ["ngram_train", "unlabelled"])
def test_further_texts_of_the_corpus_are_read_by_its_columns_and_keep_apart_from_what_judges(part, files, tmp_path):
    control = prepared(files, tmp_path, name="before", **bank(tmp_path)).held["control"][0]
    own = words(10, seed=40, tilt=1)
    rows = [{"id": f"n{i}", "body": text, "label": "written"} for i, text in enumerate([*own, control.text])]
    renamed = [{**row, "body": row.pop("text")} for row in map(json.loads, files[0].read_text().splitlines())]
    given = {f"corpus.{part}": [str(write_rows(tmp_path / "further.jsonl", rows))], "corpus.text_column": "body"}
    write_rows(files[0], [{**row, "label": {"human": "written"}.get(row["label"], "ai")} for row in renamed])
    texts = prepared(files, tmp_path, 'corpus.label_map=["written=human", "ai=ai"]', **bank(tmp_path), **given)
    found = load_examples(texts.file(part))
    assert [example.text for example in found] == own
    assert {example.label for example in found} == {"human" if part == "ngram_train" else None}


def test_bad_rows_of_further_texts_are_set_aside(files, tmp_path):
    file = _spoil(
        write_rows(tmp_path / "further.jsonl", [{"id": "n", "text": words(1, seed=41, tilt=1)[0], "label": "human"}])
    )
    given = {"corpus.ngram_train": [str(file)], "corpus.on_bad": "set_aside"}
    texts = prepared(files, tmp_path, **bank(tmp_path), **given)
    assert texts.counts["ngram_train"] == 1
    assert texts.set_aside() == {texts.folder / "set_aside-ngram_train.jsonl": 1}
