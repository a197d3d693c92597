"""What is asked about a text that wants a label, and which answers are one."""

import pytest

from tain.core.errors import ConfigError
from tain.core.example import Example
from tain.mirrors.labelling import LabelPlanner
from tain.mirrors.request import Answer, Message, Sampling, Usage

PROMPT = "Is this review positive or negative? Answer with that one word."
REVIEW = Example("r1", "I liked {labels} and {text}.", group="g1", language="en")


def planner(prompt=PROMPT, labels=("positive", "negative")):
    return LabelPlanner(prompt, labels, model="large", params=Sampling(16, 0.0))


def judged(text, *, finish="stop", labels=("positive", "negative")):
    asker = planner("One of {labels}.", labels)
    request = asker.request(REVIEW, attempt=0, topic=None)
    found = asker.judge(REVIEW, request, Answer(text, finish, Usage(1, 1), "large-1"))
    return found.rejections[0].reason if found.rejections else found.text


def test_the_question_is_the_systems_and_the_text_the_users():
    request = planner().request(REVIEW, attempt=0, topic=None)
    assert request.prompt == (Message("system", PROMPT), Message("user", REVIEW.text))
    assert (request.model, request.params, request.parent_id) == ("large", Sampling(16, 0.0, None, 0), "r1")


def test_the_text_goes_where_the_prompt_says_and_nothing_is_put_into_it():
    (message,) = planner("{labels}?\n\n{text}\n\nAnswer:").request(REVIEW, attempt=0, topic=None).prompt
    assert message == Message("user", f"positive, negative?\n\n{REVIEW.text}\n\nAnswer:")


@pytest.mark.parametrize(
    "text",
    ["positive", "Positive", " POSITIVE.\n", '"positive"', "**Positive**!", "_positive_", "`positive`", "(Positive)"],
)
def test_case_and_marks_around_a_label_are_nothing(text):
    assert judged(text) == "positive"


def test_labels_may_have_several_words_and_are_written_as_they_were_given():
    labels = ("Not sure", "Très bien", "AI")
    assert judged("not  sure.", labels=labels) == "Not sure"
    assert judged("TRÈS BIEN", labels=labels) == "Très bien"
    assert judged("ai", labels=labels) == "AI"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" ... ", "empty"),
        ("positive or negative", "ambiguous"),
        ("Positive. It is not negative.", "ambiguous"),
        ("not positive", "no_label"),
        ("The review is positive.", "no_label"),
        ("neutral", "no_label"),
        ("positively", "no_label"),
        ("I'm sorry, but I can't help with that.", "no_label"),
    ],
)
def test_every_other_answer_is_none(text, reason):
    assert judged(text) == reason


def test_an_answer_that_was_cut_off_or_filtered_is_none():
    assert judged("positive", finish="length") == "truncated"
    assert judged("positive", finish="content_filter") == "refusal"
    assert judged("positive", finish=None) == "positive"


@pytest.mark.parametrize("labels", [("positive",), ("positive", "Positive!"), ("positive", "--")])
def test_labels_that_no_answer_tells_apart_are_refused(labels):
    with pytest.raises(ConfigError, match="--labels .* expected two or more"):
        planner("{labels}", labels)


def test_a_prompt_that_does_not_name_every_label_is_refused():
    with pytest.raises(ConfigError, match="names the label 'negative'"):
        planner("Is this positive?")


def test_another_question_or_other_labels_are_another_version():
    versions = {planner().version, planner(PROMPT + " ").version, planner(PROMPT, ("negative", "positive")).version}
    assert len(versions) == 3 and planner().version in versions
