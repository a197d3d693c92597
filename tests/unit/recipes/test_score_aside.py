import json
from pathlib import Path

import pytest

from tain.core.errors import ConfigError, DataError
from tain.corpora.faults import Fault
from tain.recipes.score_aside import SetAside
from tain.recipes.score_units import Unit


def units(tmp_path: Path, n: int = 3) -> list[Unit]:
    return [Unit(f"u{i}", (), str(tmp_path / f"u{i}.scores.parquet")) for i in range(n)]


def add(aside: SetAside, unit: Unit) -> None:
    with aside.log(unit) as log:
        log.add(Fault(unit.name, 1, None, "is bad"), None)
        log.stop_if_any()


def fail(aside: SetAside, unit: Unit) -> None:
    with aside.log(unit) as log:
        log.add(Fault(unit.name, 1, None, "is bad"), None)
        raise DataError("nothing left")


def names_in(path: Path) -> list[str]:
    return [json.loads(line)["file"] for line in path.read_text().splitlines()]


def test_one_file_takes_the_bad_rows_of_every_unit(tmp_path):
    file = tmp_path / "bad.jsonl"
    aside = SetAside(True, file)
    aside.check(units(tmp_path), can_exist=False)
    for unit in units(tmp_path):
        add(aside, unit)
    assert names_in(file) == ["u0", "u1", "u2"]
    assert (aside.n_rows, aside.files) == (3, [str(file)])


@pytest.mark.parametrize(("is_kept", "expected"), [(True, ["old", "u0", "u1"]), (False, ["u0", "u1"])])
def test_a_resumed_run_keeps_what_was_set_aside_before(tmp_path, is_kept, expected):
    file = tmp_path / "bad.jsonl"
    file.write_text('{"file": "old"}\n')
    aside = SetAside(True, file, is_kept)
    aside.check(units(tmp_path), can_exist=True)
    for unit in units(tmp_path, 2):
        add(aside, unit)
    assert names_in(file) == expected


def test_an_existing_file_is_refused_before_the_first_unit(tmp_path):
    (tmp_path / "bad.jsonl").write_text("precious")
    (tmp_path / "u2.scores.parquet.set_aside.jsonl").write_text("precious")
    for aside in (SetAside(True, tmp_path / "bad.jsonl"), SetAside(True)):
        with pytest.raises(ConfigError, match="exists already"):
            aside.check(units(tmp_path), can_exist=False)


def test_without_one_file_each_unit_has_its_own(tmp_path):
    aside = SetAside(True)
    first, second, _ = units(tmp_path)
    add(aside, first)
    with aside.log(second):
        pass
    assert aside.files == [f"{first.output}.set_aside.jsonl"]
    assert [path.name for path in tmp_path.iterdir()] == ["u0.scores.parquet.set_aside.jsonl"]


def test_a_unit_that_fails_sets_nothing_aside(tmp_path):
    aside = SetAside(True, tmp_path / "bad.jsonl")
    with pytest.raises(DataError, match="nothing left"):
        fail(aside, units(tmp_path)[0])
    assert (aside.n_rows, list(tmp_path.iterdir())) == (0, [])


def test_bad_rows_stop_where_they_are_not_wanted(tmp_path):
    with pytest.raises(DataError, match="1 row cannot be used"):
        add(SetAside(False), units(tmp_path)[0])


def test_scores_on_stdout_have_no_place_beside_them():
    with pytest.raises(ConfigError, match="--set-aside FILE"):
        SetAside(True).check([Unit("u", (), "-")], can_exist=False)
