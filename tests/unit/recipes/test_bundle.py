import json

import pytest

from tain.core.errors import ConfigError, DataError
from tain.corpora.columns import ColumnMap
from tain.evaluation.openings import open_bundle
from tain.evaluation.protocol import Protocol
from tain.recipes.bundle import make_bundle

LONG = "These are more than five words for sure."


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    content = [
        {"id": f"r{i}", "text": "Too short." if i == 3 else f"{LONG} {i}", "label": i % 2, "pair_id": f"p{i // 2}",
         "attack": ("none", "homoglyph")[i // 4], "topic": "cats"}
        for i in range(8)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in content))
    return str(path)


def freeze(rows, tmp_path, **more):
    protocol = more.pop("protocol", Protocol(name="cats", min_words=5))
    return make_bundle([rows], output=tmp_path / "set", protocol=protocol, is_quiet=True, **more)


def test_short_texts_are_left_out_and_counted(rows, tmp_path):
    made = freeze(rows, tmp_path)
    assert made.counts == {"human": 4, "ai": 3, "left out": 1}
    corpus = made.corpus()
    assert [example.id for example in corpus] == ["r0", "r1", "r2", "r4", "r5", "r6", "r7"]
    assert corpus.examples[1].group == "p0"
    assert corpus.examples[0].text == f"{LONG} 0"


def test_further_columns_are_kept_for_slices(rows, tmp_path):
    made = freeze(rows, tmp_path, slices=["topic"])
    found = made.more_slices()
    assert found["topic"] == ["cats"] * 7
    assert [value is None or value != "homoglyph" for value in found["attack"]] == [True] * 3 + [False] * 4


def test_texts_are_normalised_only_where_the_protocol_says_so(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"id": "a", "text": "“Quoted”  words,\n\nwide apart.", "label": "human"}) + "\n")
    raw = freeze(str(path), tmp_path, protocol=Protocol(name="x", min_words=2))
    assert "“Quoted”  words" in raw.corpus().texts[0]
    shaped = freeze(str(path), tmp_path, protocol=Protocol(name="x", min_words=2, normaliser=1), force=True)
    assert shaped.corpus().texts[0].startswith('"Quoted" words,')
    with pytest.raises(ConfigError, match="99"):
        freeze(str(path), tmp_path, protocol=Protocol(name="x", normaliser=99), force=True)


def test_nothing_long_enough_is_no_bundle(rows, tmp_path):
    with pytest.raises(DataError, match="There is no text to freeze"):
        freeze(rows, tmp_path, protocol=Protocol(name="x", min_words=500))


def test_a_bundle_is_replaced_by_force_until_it_was_opened(rows, tmp_path):
    freeze(rows, tmp_path)
    with pytest.raises(ConfigError, match="exists already"):
        freeze(rows, tmp_path)
    made = freeze(rows, tmp_path, force=True)
    open_bundle(made, detector_sha256="d", run_name="lora")
    with pytest.raises(DataError, match="was opened already, and its ledger must not be lost"):
        freeze(rows, tmp_path, force=True)


def test_columns_can_be_named(rows, tmp_path):
    made = freeze(rows, tmp_path, columns=ColumnMap(domain="topic"))
    assert {example.domain for example in made.corpus()} == {"cats"}
