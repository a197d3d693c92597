"""What is held, why, and what a person may decide."""

import math

import pytest

from tain.core.errors import DataError
from tain.core.example import Example
from tain.mining.quarantine import Quarantine, Suspect, read_review, write_review

PROSE = (
    "The harbour was quiet that morning, and nobody had mended the nets since the storm took the boats in March. "
    "We sat on the wall and counted gulls until the church bell rang twice for the end of the early service."
)


def reasons(text=PROSE, rules=None, columns=None, **fields):
    return (rules or Quarantine()).reasons([Example("t", text, "human", **fields)], columns)[0]


def test_plain_prose_passes():
    assert reasons() == ()
    assert reasons(date="2022-11-30") == reasons(date="1998") == reasons(date="unknown") == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"Sure, here is an essay about the sea:\n\n{PROSE}", "shows opener"),
        (f"{PROSE} As an AI language model, I have no opinion of gulls.", "shows as an AI"),
        (f"{PROSE} I hope this helps!", "shows closer"),
        ("I'm sorry, but I cannot assist with that request. " + PROSE, "shows refusal"),
    ],
)
def test_traces_of_a_chat_are_held(text, reason):
    assert reason in reasons(text)


def test_markdown_alone_is_no_trace():
    assert reasons(f"# The harbour\n\n{PROSE}\n\n- one\n- two") == ()


@pytest.mark.parametrize("date", ["2022-12-01", "2023", "2024-05-06T07:08"])
def test_texts_from_after_november_2022_are_held_unless_told_otherwise(date):
    assert reasons(date=date) == (f"is dated {date}",)
    assert reasons(rules=Quarantine(last_month=None), date=date) == ()


def test_near_repeats_of_ai_texts_are_held_whatever_their_formatting():
    rules = Quarantine()
    rules.know([PROSE.replace(" ", "  ") + " Amen."])
    assert reasons(rules=rules) == ("nearly repeats a known AI text",)
    assert reasons("Something else was said by someone else at another time and place.", rules) == ()


def test_values_above_their_limit_are_held():
    rules = Quarantine(limits={"score": 2.0, "influence": 0.5})
    examples = [Example(f"t{i}", PROSE) for i in range(3)]
    found = rules.reasons(
        examples, {"score": [1.0, 2.5, math.nan], "influence": [0.6, 0.0, math.nan], "other": [9] * 3}
    )
    assert found == [("influence 0.6 is above 0.5",), ("score 2.5 is above 2",), ()]
    with pytest.raises(DataError, match="column score has 1 values for 3 texts"):
        rules.reasons(examples, {"score": [1.0]})


def test_a_review_keeps_what_a_person_wrote(tmp_path):
    path = tmp_path / "review.csv"
    suspects = [Suspect(Example(f"t{i}", PROSE, domain="news"), 3.0 - i, ("is dated 2024",)) for i in range(3)]
    write_review(path, suspects)
    assert read_review(path) == {}
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "decision,id,reasons,score,domain,date,text"
    path.write_text("\n".join([lines[0], f"ai{lines[1]}", f"human{lines[2]}", lines[3]]))
    before = path.read_bytes()
    write_review(path, suspects[:1])
    assert path.read_bytes() == before
    assert read_review(path, known=["t0", "t1", "t2"]) == {"t0": "ai", "t1": "human"}
