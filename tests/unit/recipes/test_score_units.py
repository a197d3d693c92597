from pathlib import Path

import pytest

from tain.core.errors import ConfigError, DataError
from tain.recipes.score_units import Unit, plan_units

ROW = '{"text": "One."}\n'


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder of rows among everything that tain itself may have written there."""
    folder = tmp_path / "in"
    names = ("a.jsonl", "more/b.jsonl", "a.jsonl.scores.parquet", "old.scores.jsonl", "old.scores.jsonl.gz")
    for name in (*names, "a.jsonl.scores.parquet.set_aside.jsonl", ".out.jsonl.made_by.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(ROW)
    return folder


def read_by(units: list[Unit], folder: Path) -> list[str]:
    paths = (place.path for unit in units for place in unit.places)
    return [path.resolve().relative_to(folder).as_posix() for path in paths if path]


@pytest.mark.parametrize(
    ("source", "place", "outputs"),
    [
        (".", "in", ["in.scores/a.jsonl", "in.scores/more/b.jsonl"]),
        ("..", "in/more", ["in.scores/a.jsonl", "in.scores/more/b.jsonl"]),
        ("more/..", "in", ["in.scores/a.jsonl", "in.scores/more/b.jsonl"]),
    ],
)
def test_a_folder_without_a_name_of_its_own_has_scores_beside_it(folder, monkeypatch, source, place, outputs):
    monkeypatch.chdir(folder.parent / place)
    units = plan_units(source, None)
    assert [unit.output for unit in units] == [str(folder.parent / f"{name}.scores.parquet") for name in outputs]
    assert [unit.name for unit in plan_units(source, "-")] == ["in"]


def test_nothing_lies_beside_the_root_of_a_disk(monkeypatch):
    monkeypatch.setattr("tain.recipes.score_units.find_places", lambda *_, **__: [])
    with pytest.raises(ConfigError, match=r"no place beside / for its scores.*--output DIR"):
        plan_units("/", None)


def test_what_tain_has_written_is_not_read_back(folder):
    assert read_by(plan_units(str(folder), None), folder) == ["a.jsonl", "more/b.jsonl"]


@pytest.mark.parametrize("output", ["out.jsonl", "more/all.parquet", "out", "more/b.jsonl"])
def test_the_target_and_the_rows_set_aside_are_not_read_back(folder, output):
    target = folder / output
    for written in (target if target.suffix else target / "a.jsonl", folder / "bad.jsonl"):
        written.parent.mkdir(exist_ok=True)
        written.write_text(ROW)
    units = plan_units(str(folder), str(target), set_aside=folder / "bad.jsonl")
    assert read_by(units, folder) == [name for name in ("a.jsonl", "more/b.jsonl") if name != output]


@pytest.mark.parametrize("output", ["", ".."])
def test_scores_may_go_into_the_source_or_above_it(folder, output):
    assert read_by(plan_units(str(folder), str(folder / output)), folder) == ["a.jsonl", "more/b.jsonl"]


def test_a_folder_of_our_own_files_has_nothing_to_score(folder):
    (folder / "a.jsonl").unlink()
    (folder / "more/b.jsonl").unlink()
    with pytest.raises(DataError, match="holds only scores and rows that were set aside"):
        plan_units(str(folder), None)


def test_a_file_is_not_replaced_by_its_own_scores(folder):
    with pytest.raises(ConfigError, match="is the input itself"):
        plan_units(str(folder / "a.jsonl"), str(folder / "more" / ".." / "a.jsonl"))
