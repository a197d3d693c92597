import json

import pytest

from tain.core.errors import ConfigError
from tain.corpora.columns import ColumnMap
from tain.corpora.reading import read_corpus
from tain.recipes.slice_columns import extra_slices

COLUMNS = ColumnMap()


def write(path, rows):
    path.write_text("".join(json.dumps({"text": f"text {i}", **row}) + "\n" for i, row in enumerate(rows)))
    return [str(path)]


def slices(paths, *names):
    return extra_slices(paths, read_corpus(paths), columns=COLUMNS, names=names)


def test_a_named_column_gives_one_value_per_text_in_order(tmp_path):
    paths = write(tmp_path / "a.jsonl", [{"label": "ai", "temp": 1.0}, {"label": "human", "temp": None}])
    assert slices(paths, "temp") == {"temp": ["1", None]}


def test_attacks_are_found_by_name_and_nothing_means_none(tmp_path):
    rows = [{"id": str(i), "label": "ai", "attack": attack} for i, attack in enumerate(["none", None, "homoglyph", ""])]
    assert slices(write(tmp_path / "a.jsonl", rows)) == {"attack": ["none", "none", "homoglyph", "none"]}


@pytest.mark.parametrize(("column", "value"), [("native", "no"), ("l1", "Korean"), ("L1", "zh")])
def test_native_writers_are_told_from_others(tmp_path, column, value):
    rows = [{"label": "human", column: value}, {"label": "human", column: "yes" if column == "native" else "English"}]
    assert slices(write(tmp_path / "a.jsonl", rows)) == {"native writers": ["non-native", "native"]}


def test_a_column_that_tells_nothing_apart_is_left_out_unless_asked_for(tmp_path):
    paths = write(tmp_path / "a.jsonl", [{"label": "ai", "attack": "none"}] * 2)
    assert slices(paths) == {}
    assert slices(paths, "attack") == {"attack": ["none", "none"]}


def test_that_all_texts_are_under_one_attack_is_worth_a_slice(tmp_path):
    paths = write(tmp_path / "a.jsonl", [{"label": "ai", "attack": "Paraphrase"}] * 2)
    assert slices(paths) == {"attack": ["paraphrase", "paraphrase"]}


def test_rows_are_matched_over_files_and_rows_left_out(tmp_path):
    first = write(tmp_path / "a.jsonl", [{"label": "ai", "kind": "x"}, {"label": "human", "kind": "y"}])
    second = write(tmp_path / "b.jsonl", [{"id": "b9", "label": "ai", "kind": "z"}])
    assert slices([*first, *second], "kind") == {"kind": ["x", "y", "z"]}


def test_an_unknown_column_is_named_with_the_nearest(tmp_path):
    paths = write(tmp_path / "a.jsonl", [{"label": "ai", "kind": "x"}])
    with pytest.raises(ConfigError, match=r"--slice 'kinds' is no column.*Columns: kind, label\. Did you mean kind\?"):
        slices(paths, "kinds")
