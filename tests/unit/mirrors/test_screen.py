"""Whole answers through the screen."""

from dataclasses import dataclass, replace

import pytest

from tain.core.errors import ConfigError
from tain.core.example import Example
from tain.mirrors.python_docs import human_docs, recorded_mirrors
from tain.mirrors.screen import MEANINGS, Rules, SeenMirrors, reasons, screen, screen_topic, trim

PARENT = Example(
    "p1",
    "The ferry leaves the old harbour at seven in the morning and takes about two hours to reach the island. On most "
    "days you can buy coffee on the lower deck, though the machine was broken when we went. Seats are hard, the "
    "windows are small, and the crew is friendly enough. I would take it again, but only when the sea is calm.",
    "human",
    domain="review",
    language="en",
)
GOOD = (
    "We caught the early boat to the island, which sets off around seven and needs roughly two hours for the crossing. "
    "Downstairs there is a small kiosk with hot drinks, closed on the day of our trip. The benches could be softer and "
    "one sees little from inside, yet the staff were kind to everybody. With quiet water I would happily do it once "
    "more."
)


@dataclass(frozen=True)
class Ended:
    finish_reason: str | None = "stop"


def found(text, parent=PARENT, **kwargs):
    return {rejection.reason for rejection in screen(parent, text, **kwargs)}


def test_a_good_mirror_passes():
    assert screen(PARENT, GOOD, Ended()) == ()
    assert screen(PARENT, GOOD) == ()


def test_a_text_is_a_copy_of_itself():
    assert found(PARENT.text) == {"copy"}


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("empty", "  \n"),
        ("refusal", "I'm sorry, but I can't write a review of a place that I have not been to."),
        ("truncated", GOOD.removesuffix(" it once more.")),
        ("prompt_leak", GOOD + " This follows the original text closely."),
        ("chat", "Sure! Here is the review:\n\n" + GOOD),
        ("chat", GOOD + "\n\nLet me know if you'd like me to make it longer!"),
        ("placeholder", GOOD.replace("the island", "[Name of Island]")),
        ("markup", GOOD.replace("early boat", "**early boat**")),
        ("copy", PARENT.text[: len(PARENT.text) // 2] + GOOD[len(GOOD) // 2 :]),
        ("length", GOOD[: len(GOOD) // 2] + "."),
        ("length", GOOD + " " + GOOD.replace("boat", "ship").replace("kiosk", "stall")),
        ("repetition", "We took the boat again and again. " * 9),
    ],
)
def test_each_fault_is_seen(reason, text):
    assert reason in found(text)


def test_another_language_is_seen():
    german = (
        "Die Fähre legt morgens um sieben am alten Hafen ab und braucht etwa zwei Stunden bis zur Insel. Unten gibt es "
        "meist Kaffee, aber die Maschine war an unserem Tag leider kaputt. Die Sitze sind hart, die Fenster klein, die "
        "Leute an Bord jedoch freundlich. Ich würde wieder fahren, wenn das Meer ruhig ist und kein Wind weht."
    )
    assert found(german) == {"language"}
    assert found(german, replace(PARENT, text=german.replace("sieben", "acht"), language="de")) == {"copy"}


def test_finish_reasons_count():
    assert found(GOOD, answer=Ended("length")) == {"truncated"}
    assert found("", answer=Ended("content_filter")) == {"refusal"}
    assert found(GOOD, answer=Ended(None)) == set()


def test_a_parent_that_was_cut_off_asks_for_no_end():
    cut = replace(PARENT, text=PARENT.text.removesuffix(" the sea is calm."))
    assert found(GOOD.removesuffix(" it once more."), cut) == set()


def test_what_the_parent_does_is_not_held_against_its_mirror():
    closing = replace(PARENT, text=PARENT.text + " Hope this helps!")
    assert found(GOOD + " I hope this helps someone.") == {"chat"}
    assert found(GOOD + " I hope this helps someone.", closing) == set()
    bold = replace(PARENT, text=PARENT.text.replace("two hours", "**two hours**"))
    assert found(GOOD.replace("early boat", "**early boat**"), bold) == set()


def test_mail_may_end_politely():
    mail = replace(PARENT, domain="email")
    assert found(GOOD + " Let me know if you have any questions.") == {"chat"}
    assert found(GOOD + " Let me know if you have any questions.", mail) == set()
    assert found(GOOD + " Would you like me to change the tone?", mail) == {"chat"}


def test_instructions_that_come_back_are_seen():
    told = "Write as people do on a phone after the event, direct and personal, a little untidy, no advertising at all."
    assert found(GOOD + " " + told, instructions=told) == {"prompt_leak"}
    assert found(GOOD, instructions=told) == set()


def test_rewriting_may_keep_more():
    opening = PARENT.text[:90]
    mirror = f"{opening} of ours. " + GOOD.split(". ", 1)[1]
    assert found(mirror, variant="from_title") == {"copy"}
    assert found(mirror, variant="rewrite") == set()


def test_one_allowed_run_is_no_share_of_a_short_text():
    parent = replace(PARENT, text=PARENT.text[:205] + ".")
    words = " ".join(PARENT.text.split()[:11])
    mirror = (
        f"{words} to the coast, more or less. Coffee is sold below, but not when we were there, which was a great pity."
    )
    assert found(mirror, parent) == set()


def test_two_parents_may_not_have_one_mirror():
    seen = SeenMirrors([("p0", GOOD.upper())])
    assert found(GOOD, seen=seen) == {"duplicate"}
    assert found(GOOD, replace(PARENT, id="p0"), seen=seen) == set()
    assert len(seen) == 1


def test_code_ends_no_sentence_and_has_hashes():
    code = Example("c", "def add(a, b):\n    # sums\n    return a + b", domain="code", language="python")
    mirror = "# adds two numbers\ndef plus(x, y):\n    return f'{value}' if x else x + y"
    assert found(mirror, code, rules=Rules(length_ratio=(0.1, 9))) == set()
    assert found("```python\n" + mirror + "\n```", code, rules=Rules(length_ratio=(0.1, 9))) == {"markup"}


def test_lengths_in_scripts_without_spaces():
    chinese = Example(
        "z", "渡轮早上七点离开旧港口，大约两小时后到达岛上。座位很硬，窗户很小，但船员很友好。", language="zh"
    )
    good = "清晨的船从老码头出发，要开差不多两个钟头才到那座岛。椅子不舒服，看不到风景，工作人员倒不错。"
    assert found(good, chinese) == set()
    assert found(good[:14] + "。", chinese) == {"length"}


def test_rules_can_be_left_out_and_widened():
    short = GOOD[: len(GOOD) // 2] + "."
    assert found(short, rules=Rules(left_out=frozenset({"length"}))) == set()
    assert found(short, rules=Rules(length_ratio=(0.4, 2))) == set()


def test_impossible_rules_are_refused():
    with pytest.raises(ConfigError, match=r"length_ratio is \(1.2, 1.4\)"):
        Rules(length_ratio=(1.2, 1.4))
    with pytest.raises(ConfigError, match=r"\['ugly'\] are no reasons of the screen"):
        Rules(left_out=frozenset({"ugly"}))


def test_rejections_come_in_the_order_of_the_rules():
    names = list(reasons())
    given = [names.index(each.reason) for each in screen(PARENT, "Sure! Here is the review:\n\n" + PARENT.text[:80])]
    assert given == sorted(given) and len(set(given)) == 4


def test_every_reason_has_a_meaning():
    assert tuple(MEANINGS) == reasons()


def test_topics_are_screened():
    assert screen_topic(PARENT, "Topic: a ferry to an island\nForm: a customer's review") == ()
    assert [each.reason for each in screen_topic(PARENT, " ")] == ["empty"]
    assert [each.reason for each in screen_topic(PARENT, "I cannot help with that request.")] == ["refusal"]
    assert [each.reason for each in screen_topic(PARENT, PARENT.text[:120])] == ["copy"]
    assert [each.reason for each in screen_topic(PARENT, "Topic: " + "ferries and islands " * 60)] == ["length"]


def test_all_recorded_mirrors_pass():
    humans = human_docs()
    parents = {human.id: human for human in humans}
    mirrors = recorded_mirrors(humans)
    trimmed = [trim(mirror.text, parent=parents[mirror.group].text) for mirror in mirrors]
    rejected = [
        (mirror.id, rejection)
        for mirror, each in zip(mirrors, trimmed, strict=True)
        for rejection in screen(parents[mirror.group], each.text)
    ]
    assert len(mirrors) >= 200
    assert rejected == []
    assert all(not each.removed for each in trimmed)
