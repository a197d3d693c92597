import os
from pathlib import Path

import pytest

from tain.core.errors import ConfigError
from tain.corpora.columns import ColumnMap
from tain.corpora.places import Place
from tain.detector.verdict import Verdict
from tain.recipes.score_finished import input_mark, is_finished
from tain.recipes.score_output import made_by_of, open_output

MADE_BY = {"model": "abc", "target_fpr": 0.01, "prior": None, "input": "x"}
NAMES = ("out.parquet", "out.jsonl", "out.jsonl.gz", "out.jsonl.zst")


def finished(path: Path, made_by: dict[str, object] = MADE_BY, *, force: bool = False) -> bool:
    return is_finished(str(path), made_by, is_resumed=True, force=force)


@pytest.fixture(params=NAMES)
def output(request, tmp_path) -> Path:
    """A finished file of scores."""
    path = tmp_path / request.param
    with open_output(path, made_by=MADE_BY) as writer:
        writer.write([], list[Verdict]())
    return path


def test_scores_say_what_made_them(output):
    assert made_by_of(output) == MADE_BY
    assert finished(output)
    assert not is_finished(str(output), MADE_BY, is_resumed=False, force=True)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model": "abd"}, "another detector, operating point or prior"),
        ({"target_fpr": 0.05}, "another detector, operating point or prior"),
        ({"prior": 0.1, "input": "y"}, "another detector, operating point or prior"),
        ({"input": "y"}, "another input, or the input has changed since"),
    ],
)
def test_scores_made_otherwise_are_not_finished(output, change, reason):
    with pytest.raises(ConfigError, match=f"was made .*{reason}. Pass --force to replace it"):
        finished(output, MADE_BY | change)
    assert not finished(output, MADE_BY | change, force=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_does_not_say_what_made_it_is_not_finished(tmp_path, name):
    (tmp_path / name).write_text("precious")
    with pytest.raises(ConfigError, match="does not say what made it.* Pass --force to replace it"):
        finished(tmp_path / name)
    assert not finished(tmp_path / name, force=True)


@pytest.mark.parametrize("note", ["[]", "{}", '{"made_by": 1, "sha256": 1}', "no json"])
def test_a_note_that_is_none_says_nothing(tmp_path, note):
    (tmp_path / "out.jsonl").write_text("precious")
    (tmp_path / ".out.jsonl.made_by.json").write_text(note)
    assert made_by_of(tmp_path / "out.jsonl") is None


def test_a_note_does_not_speak_for_a_file_put_in_its_place(tmp_path):
    path = tmp_path / "out.jsonl"
    with open_output(path, made_by=MADE_BY):
        pass
    path.write_text("other")
    assert made_by_of(path) is None


def test_what_was_cut_short_leaves_neither_scores_nor_note(tmp_path):
    with pytest.raises(KeyboardInterrupt), open_output(tmp_path / "out.jsonl", made_by=MADE_BY):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_the_mark_of_an_input_changes_with_its_texts_and_columns(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("one")
    place = Place("a.jsonl", path, "a.jsonl")

    def mark(*, is_stream: bool = False, columns: ColumnMap | None = None) -> str:
        return input_mark([place], columns or ColumnMap(), is_stream=is_stream)

    marks, streams = [mark()], [mark(is_stream=True)]
    assert (marks, streams) == ([mark()], [mark(is_stream=True)])
    marks.append(mark(columns=ColumnMap(text="body")))
    os.utime(path, ns=(1, 1))
    marks.append(mark())
    assert mark(is_stream=True) == streams[0]
    path.write_text("two")
    assert mark(is_stream=True) != streams[0]
    assert len(set(marks)) == 3
