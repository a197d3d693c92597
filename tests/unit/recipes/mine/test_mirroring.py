"""What stands beside mined texts, of whatever kind, and what is left out."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from tain.core.errors import ConfigError, DataError
from tain.core.example import Corpus, Example
from tain.recipes.mine.configuration import read_settings
from tain.recipes.mine.example_file import load_examples
from tain.recipes.mine.folder import MiningFolder
from tain.recipes.mine.mirroring import NearestTexts, RecordedMirrors, WithoutMirrors, WrittenMirrors, mirror_id
from tain.recipes.mine.mirrors import build_mirroring
from tain.recipes.mine.stage import add, mirrors_in

HUMANS = [Example(f"h{i}", f"Human text {i} of five words.", "human", group=f"g{i}", domain="news") for i in range(3)]
VECTORS = {"Human text 0 of five words.": [1, 0], "Human text 1 of five words.": [0.9, 0.1],
           "Human text 2 of five words.": [0, 1], "near": [1, 0.01], "other": [0.1, 1]}  # fmt: skip


def embed(texts):
    return np.array([VECTORS[text] for text in texts], dtype=np.float32)


def nearest(**settings):
    bank = [Example("b0", "near", "ai", generator="gpt"), Example("b1", "other", "ai", domain="web")]
    return NearestTexts(bank, embed, lambda: embed([example.text for example in bank]), **settings)


def test_the_hardest_text_chooses_first_and_texts_left_without_are_left_out():
    found = nearest().mirror(HUMANS, taken=())
    assert [human.id for human in found.humans] == ["h0", "h1"]
    assert [(m.id, m.group, m.domain, m.label, m.generator) for m in found.mirrors] == [
        ("mirror:b0", "g0", "news", "ai", "gpt"), ("mirror:b1", "g1", "news", "ai", None),
    ]  # fmt: skip
    assert found.n_without == 1
    assert found.details["mean_similarity"] == pytest.approx(0.59, abs=0.1)


def test_a_stand_in_that_is_taken_or_too_far_is_none():
    assert [m.id for m in nearest().mirror(HUMANS[:2], taken=["mirror:b0"]).mirrors] == ["mirror:b1"]
    found = nearest(min_similarity=0.9).mirror(HUMANS, taken=())
    assert [human.id for human in found.humans] == ["h0", "h2"]
    assert nearest().mirror([], taken=()).humans == []


def test_without_mirrors_every_text_stays():
    found = WithoutMirrors().mirror(HUMANS)
    assert (found.humans, found.mirrors, found.n_without) == (HUMANS, [], 0)


def test_written_mirrors_are_matched_by_text_even_where_groups_hold_many():
    asked = []

    def write(humans):
        asked.extend(humans)
        return [Example(f"mirror:{h.id}", f"of {h.id}", "ai", group=h.group) for h in humans if h.id != "h1"]

    book = [Example(h.id, h.text, "human", group="book") for h in HUMANS]
    found = WrittenMirrors(write).mirror(book)
    assert len({human.group for human in asked}) == 3
    assert [(m.id, m.text, m.group) for m in found.mirrors] == [
        ("mirror:h0", "of h0", "book"), ("mirror:h2", "of h2", "book"),
    ]  # fmt: skip
    assert found.n_without == 1


def recorded(tmp_path, *rows):
    file = tmp_path / "mirrors.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    flags = {"mining.mirrors": "recorded", "mining.mirror_files": [str(file)]}
    return build_mirroring(read_settings(None, flags=flags), MiningFolder(tmp_path), SimpleNamespace())


def test_recorded_mirrors_belong_to_the_text_they_were_written_for(tmp_path):
    found = recorded(
        tmp_path,
        {"parent": "h0", "opening": "Human text 0 of five", "text": "The mirror.", "generator": "gpt", "date": "2026"},
        {"parent": "h1", "opening": "Another text that was changed", "text": "Of an older text."},
    )
    assert [found.is_eligible(human) for human in HUMANS] == [True, False, False]
    mirrored = found.mirror(HUMANS)
    assert [(m.id, m.text, m.group, m.generator, m.date) for m in mirrored.mirrors] == [
        ("mirror:h0", "The mirror.", "g0", "gpt", "2026")
    ]


def test_recorded_mirrors_have_to_be_named_and_to_name_their_parents(tmp_path):
    with pytest.raises(ConfigError, match="no file of them is named"):
        build_mirroring(
            read_settings(None, flags={"mining.mirrors": "recorded"}), MiningFolder(tmp_path), SimpleNamespace()
        )
    with pytest.raises(DataError, match="expected a row with parent and text"):
        recorded(tmp_path, {"text": "no parent"})


def test_a_written_mirror_is_asked_for_as_tain_mirror_would(tmp_path):
    file = tmp_path / "mirrors.jsonl"
    row = {"parent": "h0", "opening": "Human text 0 of five", "text": "Mirror of six words, at last."}
    file.write_text(json.dumps(row) + "\n")
    flags = {"mining.mirrors": "generator", "mining.writer": {"generator": "recorded", "recorded": str(file)}}
    settings = read_settings(None, flags=flags)
    mirroring = build_mirroring(settings, MiningFolder(tmp_path), SimpleNamespace(), is_quiet=True)
    found = mirroring.mirror(HUMANS, taken=())
    assert len(found.mirrors) + found.n_without == 3
    assert [m.group for m in found.mirrors] in ([], ["g0"])
    bad = read_settings(None, flags={**flags, "mining.writer": {"models": 3}})
    with pytest.raises(ConfigError, match="models is"):
        build_mirroring(bad, MiningFolder(tmp_path), SimpleNamespace())


def test_a_round_adds_texts_under_names_of_its_own_and_is_not_made_twice(tmp_path):
    loose = [*HUMANS[:1], Example("7", VECTORS and "Human text 1 of five words.", "human", group="7")]
    reviewed = [Example("r", "Said to be AI.", "ai", group="gr")]
    added = add(tmp_path, loose, reviewed, nearest(), taken=())
    rows = load_examples(added.file)
    assert [(e.id, e.group, e.label) for e in rows] == [
        ("mined:h0", "g0", "human"),
        ("mined:7", "pool:7", "human"),
        ("mirror:b0", "g0", "ai"),
        ("mirror:b1", "pool:7", "ai"),
        ("reviewed:r", "gr", "ai"),
    ]
    assert mirrors_in([added.file]) == ["mirror:b0", "mirror:b1"]
    assert added.n_humans == 2
    assert added.counts["sha256"] == Corpus(tuple(rows)).sha256
    assert add(tmp_path, [], [], WithoutMirrors(), taken=()).counts == added.counts


def test_a_mirror_keeps_its_name():
    assert mirror_id(Example("mirror:x", "t")) == "mirror:x" == mirror_id(Example("x", "t"))


def test_recorded_mirrors_of_nobody():
    assert RecordedMirrors(lambda human: None).mirror(HUMANS).n_without == 3


def test_the_ledger_is_told_when_something_trivial_tells_mirrors_apart(tmp_path):
    humans = [Example(f"h{i}", f"Plain text {i} of some seven words.", "human", group=f"g{i}") for i in range(40)]

    def write(parents):
        return [
            Example(f"m{p.id}", p.text.replace("text", "text, well,"), "ai", group=p.group, domain=p.domain)
            for p in parents
        ]

    added = add(tmp_path, humans, [], WrittenMirrors(write), taken=())
    assert added.counts["matching"]["trivial_auroc"] == pytest.approx(1.0)
    assert added.counts["matching"]["length_ratio"] == pytest.approx(8 / 7, abs=0.01)
    assert any("trivial features tell mirrors from human texts" in warning for warning in added.warnings)
    assert add(tmp_path / "alone", humans, [], WithoutMirrors(), taken=()).warnings == ()
