"""What a person decides is kept at once, can be taken back, and is there after a restart."""

import json
import sys

import pytest
from tests.review_fixtures import TEXTS, make_corpus, make_sheet

from tain.core.errors import ConfigError, DataError
from tain.mining.decisions import journal_of, read_journal
from tain.recipes.review.alone import alone
from tain.recipes.review.items import text_sha256, to_json
from tain.recipes.review.review import Review


@pytest.fixture
def sheet(tmp_path):
    return make_sheet(tmp_path, corpus=make_corpus(tmp_path))


def opened(sheet, by="mara"):
    return Review(sheet, by=by, now=lambda: "2026-11-21T10:00:00+00:00")


def test_a_decision_says_who_decided_what_when_and_on_which_evidence(sheet):
    review = opened(sheet)
    assert review.choices == ("human", "ai", "drop") and review.n_decided == 0
    review.decide(0, "human")
    (line,) = read_journal(journal_of(sheet))
    assert (line.id, line.decision, line.was, line.by) == ("t0", "human", "ai", "mara")
    assert line.at == "2026-11-21T10:00:00+00:00" and line.text_sha256 == text_sha256(TEXTS["t0"][0])
    assert line.evidence == {"suspicion": 0.9, "influence": 1.5, "neighbours": 0.8} and "highest 5%" in line.reasons
    assert TEXTS["t0"][0] not in journal_of(sheet).read_text()


def test_work_goes_on_after_a_restart_undo_included(sheet):
    first = opened(sheet)
    for place, decision in enumerate(("human", "ai", "drop")):
        first.decide(place, decision)
    first.decide(0, "drop")
    again = opened(sheet, by="ola")
    assert [again.decision(place) for place in range(3)] == ["drop", "ai", "drop"]
    assert again.undo() == 0 and again.decision(0) == "human"
    assert again.undo() == 2 and again.decision(2) is None and again.n_decided == 2
    third = opened(sheet)
    assert [third.decision(place) for place in range(3)] == ["human", "ai", None]
    assert third.undo() == 1 and third.undo() == 0 and third.undo() is None


def test_a_decision_can_be_withdrawn_and_nonsense_cannot_be_made(sheet):
    review = opened(sheet)
    review.decide(1, "ai")
    review.decide(1, None)
    assert review.decision(1) is None and review.n_decided == 0
    with pytest.raises(ConfigError, match="'robot' cannot be decided. Expected one of human, ai, drop"):
        review.decide(1, "robot")
    with pytest.raises(ConfigError, match="--by is empty"):
        opened(sheet, by="  ")


def test_what_is_shown_holds_the_reasons_and_the_texts_most_like_it(sheet):
    review = opened(sheet)
    shown = to_json(review.items[0])
    assert len(shown["reasons"]) == 2 and shown["text"] == TEXTS["t0"][0]
    assert shown["neighbours"][0]["id"] == "t3" and shown["neighbours"][0]["influence"] == -0.2
    assert to_json(review.items[1])["neighbours"] == []


def test_a_csv_that_was_partly_filled_in_by_hand_shows_its_decisions(tmp_path):
    sheet = make_sheet(tmp_path, name="suspects.csv")
    sheet.write_text(sheet.read_text(encoding="utf-8-sig").replace("\n,t1", "\nAI,t1"))
    review = opened(sheet)
    assert review.decision(1) == "ai" and review.n_decided == 1
    with pytest.raises(DataError, match="suspects.csv itself says ai of this text"):
        review.decide(1, "drop")
    review.decide(1, "ai")
    assert review.undo() == 1 and opened(sheet).decision(1) == "ai" == review.decision(1)


@pytest.mark.skipif(sys.platform == "win32", reason="locks of files are those of POSIX")
def test_a_sheet_is_open_on_one_page_at_a_time(sheet):
    with alone(sheet), pytest.raises(ConfigError, match="open on another page"), alone(sheet):
        pass
    with alone(sheet):
        pass


def test_a_sheet_that_lacks_something_is_refused(sheet, tmp_path):
    rows = [json.loads(line) for line in sheet.read_text().splitlines()]
    for broken, reason in (
        ([{**rows[0], "id": ""}], "has no id"),
        ([{**rows[0], "text": ""}], "has no text"),
        ([rows[0], rows[0]], "stands on"),
        ([], "is empty; expected at least one row"),
    ):
        sheet.write_text("".join(json.dumps(row) + "\n" for row in broken))
        with pytest.raises(DataError, match=reason):
            opened(sheet)
    (tmp_path / "suspects.about.json").write_text('{"format": 1}')
    with pytest.raises(DataError, match="is not what `tain suspects` wrote"):
        opened(sheet)
    (tmp_path / "suspects.about.json").unlink()
    with pytest.raises(DataError, match=r"suspects.about.json is missing"):
        opened(sheet)
