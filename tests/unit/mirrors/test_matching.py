"""How well mirrors match their parents."""

import numpy as np
import pytest

from tain.core.errors import DataError
from tain.core.example import Example
from tain.mirrors.matching import Pair, match_forms, match_lengths, match_topics, measure_matching


def pair(i, human, ai, domain=None, language="en"):
    return Pair(
        Example(f"h{i}", human, "human", group=f"g{i}", domain=domain, language=language),
        Example(f"m{i}", ai, "ai", group=f"g{i}", domain=domain, language=language),
    )


def by_number(texts):
    """A vector that points where the text's number says."""
    return np.array([[np.cos(float(text.split()[0])), np.sin(float(text.split()[0]))] for text in texts])


def test_length_ratios_are_of_mirror_over_parent():
    lengths = match_lengths([pair(i, "word " * 100, "word " * n) for i, n in enumerate((50, 90, 100, 110, 150))])
    assert lengths.median == 1.0
    assert (lengths.p25, lengths.p75) == (0.9, 1.1)
    assert lengths.share_within == 0.6


def test_form_features_are_compared_pair_by_pair():
    one = pair(0, "I went home.\n\nIt was late.", "I walked home.\n\nNight fell. It was late.")
    other = pair(1, "- a\n- b\n- c", "He goes")
    form = {each.name: each for each in match_forms([one, other])}
    assert (form["has a list"].human, form["has a list"].mirror, form["has a list"].agreement) == (0.5, 0.0, 0.5)
    assert form["first person"].agreement == 1.0
    assert form["ends a sentence"].agreement == 1.0
    assert form["paragraphs"].human == 1.5


def test_person_and_tense_are_left_to_english():
    german = pair(0, "Ich ging heim.", "Ich lief heim.", language="de")
    assert "first person" not in {each.name for each in match_forms([german])}
    mixed = match_forms([german, pair(1, "I went.", "He went.")])
    assert next(each for each in mixed if each.name == "first person").agreement == 0.0


def test_topics_of_own_mirrors_are_nearer_than_those_of_others():
    pairs = [pair(i, f"{i} human", f"{i + 0.01} mirror") for i in range(6)]
    topic = match_topics(pairs, by_number, seed=0)
    assert topic is not None
    assert topic.paired == pytest.approx(np.cos(0.01))
    assert topic.shuffled < 0.9
    assert (topic.n_pairs, topic.share_nearer) == (6, 1.0)


def test_mirrors_of_the_wrong_topic_are_no_nearer():
    pairs = [pair(i, f"{i} human", "1 mirror") for i in range(8)]
    topic = match_topics(pairs, by_number, seed=0)
    assert topic is not None
    assert topic.share_nearer == 0.5


def test_other_mirrors_are_of_the_same_domain_where_there_is_one():
    pairs = [pair(i, f"{3 * (i % 2)} human", f"{3 * (i % 2)} mirror", domain=f"d{i % 2}") for i in range(10)]
    topic = match_topics(pairs, by_number, seed=3)
    assert topic is not None
    assert topic.shuffled == pytest.approx(1.0)


def test_one_text_alone_has_no_other_to_be_compared_with():
    assert match_topics([pair(0, "1 a", "1 b")], by_number, seed=0) is None


def test_the_whole_measure_needs_pairs_with_words():
    matching = measure_matching([pair(i, f"{i} human text.", f"{i} mirror text.") for i in range(3)], embed=by_number)
    assert matching.n_pairs == 3
    assert matching.topic is not None
    assert measure_matching([pair(0, "1 a", "1 b")]).topic is None
    with pytest.raises(DataError, match="There is no pair"):
        measure_matching([])
    with pytest.raises(DataError, match="'h0' has no words"):
        measure_matching([pair(0, " ", "words")])
