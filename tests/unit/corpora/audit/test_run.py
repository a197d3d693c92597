import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tain.core.errors import MetricError
from tain.core.example import Corpus, Example, LabelSet
from tain.corpora.audit import audit
from tain.corpora.reading import read_corpus

NOUNS = "river stone bridge letter garden window morning paper winter road table music bread glass summer night"
WORDS = NOUNS.split()


def text(i: int, n_words: int = 60) -> str:
    return " ".join(WORDS[(i * 7 + j * (i + 1)) % len(WORDS)] + str((i * j) % 11) for j in range(n_words)) + "."


def example(i: int, label: str, **fields: str) -> Example:
    return Example(f"{label}{i}", fields.pop("text", text(i + 100 * (label == "ai"))), label, f"g{i}", **fields)


def corpus(n: int = 20) -> list[Example]:
    return [example(i, label, domain="news") for i in range(n) for label in ("human", "ai")]


@dataclass
class Newlines:
    """Stands in for the measure of surface features: how well line breaks alone tell the labels apart."""

    combined: float
    per_feature: dict[str, float] = field(default_factory=dict)


def measure(texts: Sequence[str], is_second: Sequence[bool], groups: Sequence[str]) -> Newlines:
    pairs = [(a.count("\n"), b.count("\n")) for a, x in zip(texts, is_second, strict=True) if x
             for b, y in zip(texts, is_second, strict=True) if not y]  # fmt: skip
    value = sum((a > b) + 0.5 * (a == b) for a, b in pairs) / len(pairs)
    return Newlines(value, {"newlines": value, "word_length": 0.5})


def one(examples: list[Example], **arguments):
    report = audit({"mine": Corpus(tuple(examples))}, **arguments)
    return report.splits[0], report.warnings


def test_a_sound_corpus_has_no_warnings() -> None:
    split, warnings = one(corpus(), measure=measure)
    assert warnings == ()
    assert split.labels == {"human": 20, "ai": 20}
    assert (split.n, split.n_groups, split.n_exact, split.n_near) == (40, 20, 0, 0)
    assert split.lengths["human"].p50 == 60
    assert split.domains == {"news": {"human": 20, "ai": 20}}
    assert split.leakage.raw.combined == 0.5


def test_line_breaks_that_tell_the_labels_apart_are_named_with_both_numbers() -> None:
    examples = [
        e if e.label == "human" else example(i, "ai", text=e.text.replace(" ", "\n", 3)) for i, e in enumerate(corpus())
    ]
    split, warnings = one(examples, measure=measure)
    assert split.leakage.raw.combined == 1
    assert split.leakage.normalised.combined == 0.5
    assert "mine: newlines alone separate the labels: AUROC 1.00, and 0.50 after normalising" in warnings[0]


def test_what_still_leaks_after_matching_is_told() -> None:
    def stubborn(texts: Sequence[str], is_second: Sequence[bool], groups: Sequence[str]) -> Newlines:
        return Newlines(0.9, {"capitals": 0.1})

    _, warnings = one(corpus(), measure=stubborn)
    assert "capitals alone separate the labels: AUROC 0.90, and 0.90 after" in warnings[0]
    assert "AUROC 0.90 raw, 0.90 normalised and 0.90 with lengths matched; most of it by capitals (0.90)" in warnings[1]


def test_a_measure_that_cannot_be_taken_gives_its_reason() -> None:
    def refuses(texts: Sequence[str], is_second: Sequence[bool], groups: Sequence[str]) -> Newlines:
        raise MetricError("too few groups")

    assert one(corpus(), measure=refuses)[0].leakage.reason == "too few groups"
    assert one(corpus())[0].leakage.reason == "not measured"
    topics = audit({"a": Corpus((Example("1", "T", "x"),), LabelSet(("x", "y")))}, measure=measure)
    assert topics.splits[0].leakage.reason == "needs two labels; found x"


def test_one_class_and_imbalance_are_warned_of() -> None:
    assert "all 20 texts are labelled human" in one([e for e in corpus() if e.label == "human"])[1][0]
    many = [example(i, "human") for i in range(30)] + [example(0, "ai")]
    assert "30 times as many human as ai texts" in one(many)[1][0]


def test_lengths_that_differ_and_short_texts_are_warned_of() -> None:
    examples = [example(i, "human", text=text(i, 40)) for i in range(10)] + [example(i, "ai") for i in range(10)]
    _, warnings = one(examples)
    assert "ai texts are longer: a median of 60 words against 40 for human" in warnings[0]
    assert "a quarter of the human texts have fewer than 50 words" in warnings[1]


def test_repeats_within_a_split_are_counted_by_kind() -> None:
    examples = corpus()
    near = "Changed " + text(3).split(" ", 1)[1]
    examples += [example(90, "human", text=text(1)), example(91, "ai", text=text(2)), example(92, "human", text=near)]
    split, warnings = one(examples)
    assert (split.n_exact, split.n_conflicting) == (2, 1)
    assert (split.n_near, split.n_rewrites) == (1, 0)
    assert any("1 texts stand twice under different labels" in warning for warning in warnings)
    assert any("repeat another one exactly" in warning for warning in warnings)


def test_overlap_between_splits_comes_first() -> None:
    train, test = corpus(), [example(0, "human"), example(90, "human", text=text(90))]
    report = audit({"train": Corpus(tuple(train)), "test": Corpus(tuple(test))})
    (overlap,) = report.overlaps
    assert (overlap.first, overlap.second, overlap.n_exact, overlap.n_near, overlap.n_groups) == (
        "train",
        "test",
        1,
        0,
        1,
    )
    assert report.warnings[0].startswith("test repeats 1 texts of train, 1 of them exactly")
    assert "share 1 groups" in report.warnings[1]


def test_late_human_texts_are_warned_of() -> None:
    examples = [*corpus(), example(90, "human", date="2022-11-30"), example(91, "human", date="2023")]
    examples += [example(92, "ai", date="2024-01-01", text=text(292)), example(93, "human", date="unknown")]
    split, warnings = one(examples)
    assert (split.n_late_human, split.n_dated) == (1, 3)
    assert "mine: 1 human texts date from after November 2022 and may not be human." in warnings


def test_chat_residue_is_counted_by_label() -> None:
    leftovers = [
        "Sure, here is the essay:\n\n",
        "**Title**\n",
        "As an AI language model, I see. ",
        "I'm sorry, but I can't assist. ",
    ]
    examples = corpus() + [example(90 + i, "ai", text=start + text(290 + i)) for i, start in enumerate(leftovers)]
    examples.append(example(99, "ai", text=text(299) + " I hope this helps!"))
    split, warnings = one(examples)
    assert split.residue == {"human": {}, "ai": {"opener": 1, "Markdown": 1, "as an AI": 1, "refusal": 1, "closer": 1}}
    assert any("ai texts show what a chat leaves behind: " in warning for warning in warnings)


def test_domains_with_one_label_are_named() -> None:
    split, warnings = one([*corpus(), example(90, "human", domain="letters")])
    assert split.one_class_domains == ["letters"]
    assert any("1 domain holds one label only: letters (human)" in warning for warning in warnings)


def test_languages_that_differ_between_labels_are_warned_of() -> None:
    german = (
        "Der Fluss floss langsam durch das Tal, und niemand wusste, wann die Brücke endlich gebaut werden würde, weil "
    )
    english = (
        "The river flowed slowly through the valley, and nobody knew when the bridge would at last be built, because "
    )
    examples = [example(i, "human", text=english + text(i)) for i in range(9)]
    examples += [example(i, "ai", text=german + text(i + 100)) for i in range(9)]
    split, warnings = one(examples)
    assert split.languages["human"] == {"en": 9}
    assert split.languages["ai"] == {"de": 9}
    assert any("language de makes up 100% of the ai texts and 0% of the human texts" in warning for warning in warnings)


def test_missing_groups_are_warned_of() -> None:
    alone = [Example(e.id, e.text, e.label, e.id) for e in corpus()]
    assert any("no column joins texts to their mirrors" in warning for warning in one(alone)[1])


def test_a_report_is_json() -> None:
    report = audit({"mine": Corpus(tuple(corpus()))}, measure=measure)
    assert json.loads(json.dumps(report.as_dict(), allow_nan=False))["splits"][0]["n"] == 40


def test_real_corpora_show_what_is_known_of_them(shared_data: Path) -> None:
    mixed = read_corpus([shared_data / "train/gptid_reddit_davinci.parquet"]).examples[::5]
    split, warnings = one(list(mixed))
    assert split.lengths["ai"].p50 > 2 * split.lengths["human"].p50
    assert any("ai texts are longer" in warning for warning in warnings)


@pytest.mark.parametrize("label", ["human", None])
def test_unlabelled_texts_can_be_audited(label: str | None) -> None:
    split, _ = one([Example(str(i), text(i), label) for i in range(5)])
    assert split.labels == {label or "no label": 5}
    assert split.domains == {}


def test_large_splits_are_sampled_for_what_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tain.corpora.audit.run.N_LANGUAGE_TEXTS", 10)
    monkeypatch.setattr("tain.corpora.audit.run.N_LEAKAGE_TEXTS", 30)
    split, _ = one(corpus(), measure=measure)
    assert sum(sum(counts.values()) for counts in split.languages.values()) == 10
    assert split.leakage.n_texts == 30
