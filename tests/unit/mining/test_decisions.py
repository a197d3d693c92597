"""Decisions are never rewritten, survive a kill, and can be taken back one by one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tain.core.errors import DataError
from tain.core.example import Example
from tain.mining.decisions import Decided, append, decisions_of, journal_of, last_step, read_journal, standing
from tain.mining.quarantine import Suspect, read_review, write_review


def decided(name="t", decision="ai", **more):
    return Decided(name, decision, "human", "mara", "2026-11-21T10:00:00+00:00", "0" * 64, **more)


def test_every_line_stays_and_the_last_one_of_a_text_counts(tmp_path):
    path = journal_of(tmp_path / "suspects.jsonl.gz")
    assert path.name == "suspects.decisions.jsonl" and read_journal(path) == []
    for line in (decided(), decided("u", "drop"), decided(decision="human"), decided("u", "")):
        append(path, line)
    assert len(read_journal(path)) == 4
    assert {name: each.decision for name, each in standing(read_journal(path)).items()} == {"t": "human"}


def test_a_line_that_a_kill_cut_short_never_happened(tmp_path):
    path = tmp_path / "a.decisions.jsonl"
    append(path, decided())
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"format": 1, "id": "half')
    assert [each.id for each in read_journal(path)] == ["t"]
    append(path, decided("u"))
    assert [each.id for each in read_journal(path)] == ["t", "u"]
    assert path.read_bytes().startswith(whole)


@pytest.mark.parametrize("line", ["{", "[]", '{"format": 2}', '{"format": 1, "id": "t"}', '{"format": 1, "id": 3}'])
def test_a_line_of_somebody_else_is_refused_with_its_number(tmp_path, line):
    path = tmp_path / "a.decisions.jsonl"
    append(path, decided())
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(DataError, match="decisions.jsonl:2: is no decision"):
        read_journal(path)


@given(steps=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["human", "ai", "drop", ""])), max_size=12))
def test_undoing_everything_ends_where_it_began_and_each_undo_restores_what_was_before(steps):
    journal, states = [], [{}]
    for name, decision in steps:
        journal.append(decided(name, decision))
        states.append({key: each.decision for key, each in standing(journal).items()})
    for before in reversed(states[:-1]):
        name, earlier = last_step(journal)
        journal.append(decided(name, earlier.decision if earlier else "", is_undo=True))
        assert {key: each.decision for key, each in standing(journal).items()} == before
    assert last_step(journal) is None


def test_the_column_and_the_journal_must_agree(tmp_path):
    sheet = tmp_path / "review.csv"
    append(journal_of(sheet), decided("t", "ai"))
    assert decisions_of(sheet, {"t": "ai", "u": "drop"}) == {"t": "ai", "u": "drop"}
    with pytest.raises(DataError, match="says human of 't', and review.decisions.jsonl says ai|says human of t"):
        decisions_of(sheet, {"t": "human"})
    with pytest.raises(DataError, match="not one of the texts"):
        decisions_of(sheet, {}, known=frozenset({"u"}))


def test_mining_reads_what_was_decided_on_the_page(tmp_path):
    sheet = tmp_path / "review.csv"
    write_review(sheet, [Suspect(Example(f"t{i}", "A text."), 1.0, ("is dated 2024",)) for i in range(3)])
    about = json.loads((tmp_path / "review.about.json").read_text())
    assert about["labels"] == ["human", "ai"] and about["label"] == "human" and about["corpus"] == []
    append(journal_of(sheet), decided("t1", "ai"))
    sheet.write_text(sheet.read_text().replace("\n,t0", "\ndrop,t0"))
    assert read_review(sheet, known=["t0", "t1", "t2"]) == {"t0": "drop", "t1": "ai"}
    append(journal_of(sheet), decided("t2", "poem"))
    with pytest.raises(DataError, match="'poem' was decided"):
        read_review(sheet)
