"""What an audit says in plain words, worst first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tain.corpora.audit.report import Overlap, SplitAudit

MIN_WORDS = 50
_LEAK = 0.75
_SOME_LEAK = 0.65
_LENGTH_RATIO = 1.3
_BALANCE_RATIO = 10
_SHARE = 0.01
_RESIDUE_SHARE = 0.02
_LANGUAGE_GAP = 0.1
_N_NAMED = 3
# How a person writes rather than how a file was made: no normaliser can or should take it away.
_STYLE = frozenset({"word_length", "sentence_length", "commas"})
_SPOKEN = {
    "n_words": "lengths in words",
    "ends_in_mark": "last characters",
    "non_ascii": "non-ASCII characters",
    "word_length": "word length",
    "sentence_length": "sentence length",
    "markdown": "Markdown marks",
}


def find_warnings(splits: Sequence[SplitAudit], overlaps: Sequence[Overlap]) -> tuple[str, ...]:
    """Everything to mend before training or before believing a number.

    Args:
        splits: What was found in each.
        overlaps: What they share.
    """
    found = [*_overlap(overlaps)]
    for check in (_classes, _leakage, _lengths, _duplicates, _dates, _residue, _domains, _languages, _groups):
        for split in splits:
            found += [f"{split.name}: {warning}" for warning in check(split)]
    return tuple(found)


def _overlap(overlaps: Sequence[Overlap]) -> Iterator[str]:
    for each in overlaps:
        if each.n_exact or each.n_near:
            yield (
                f"{each.second} repeats {each.n_exact + each.n_near:,} texts of {each.first}, {each.n_exact:,} of them "
                "exactly. Numbers measured on one after training on the other are too good. Remove them from one side."
            )
        if each.n_groups:
            yield f"{each.first} and {each.second} share {each.n_groups:,} groups: texts and their mirrors stand apart."


def _classes(split: SplitAudit) -> Iterator[str]:
    if len(split.labels) == 1:
        yield f"all {split.n:,} texts are labelled {next(iter(split.labels))}; learning takes both labels."
        return
    ordered = sorted(split.labels.items(), key=lambda item: item[1])
    (small, n_small), (large, n_large) = ordered[0], ordered[-1]
    if n_large > _BALANCE_RATIO * n_small:
        yield f"{n_large / n_small:.0f} times as many {large} as {small} texts. Sample fewer, or weight the classes."


def _leakage(split: SplitAudit) -> Iterator[str]:
    raw, normalised, matched = split.leakage.raw, split.leakage.normalised, split.leakage.matched
    if raw is None or normalised is None or matched is None:
        return
    strength = {name: _either_way(value) for name, value in raw.per_feature.items() if name not in _STYLE}
    for name in sorted(strength, key=lambda name: -strength[name])[:_N_NAMED]:
        before, after = strength[name], _either_way(matched.per_feature[name])
        if before < _LEAK:
            break
        yield (
            f"{_spoken(name)} alone separate the labels: AUROC {before:.2f}, and {after:.2f} "
            "after normalising and matching lengths."
        )
    if matched.combined >= _SOME_LEAK:
        worst = max(matched.per_feature.items(), key=lambda item: _either_way(item[1]))
        yield (
            f"surface features together reach AUROC {raw.combined:.2f} raw, {normalised.combined:.2f} "
            f"normalised and {matched.combined:.2f} with lengths matched; most of it by {_spoken(worst[0])} "
            f"({_either_way(worst[1]):.2f}). A detector has to do better than that to have learned more."
        )


def _either_way(auroc: float) -> float:
    return max(auroc, 1 - auroc)


def _spoken(name: str) -> str:
    return _SPOKEN.get(name, name.replace("_", " "))


def _lengths(split: SplitAudit) -> Iterator[str]:
    by_median = sorted(split.lengths.items(), key=lambda item: item[1].p50)
    if len(by_median) > 1:
        (short, short_words), (long, long_words) = by_median[0], by_median[-1]
        if long_words.p50 > _LENGTH_RATIO * max(1, short_words.p50):
            yield (
                f"{long} texts are longer: a median of {long_words.p50} words against {short_words.p50} for {short}. "
                "Match lengths between the labels."
            )
    for label, words in split.lengths.items():
        if words.p25 < MIN_WORDS:
            yield f"a quarter of the {label} texts have fewer than {MIN_WORDS} words, too few for a verdict."


def _duplicates(split: SplitAudit) -> Iterator[str]:
    if split.n_conflicting:
        yield f"{split.n_conflicting:,} texts stand twice under different labels. One label of each is wrong."
    if split.n_exact + split.n_near > _SHARE * split.n:
        yield f"{split.n_exact:,} texts repeat another one exactly and {split.n_near:,} nearly. Deduplicate."


def _dates(split: SplitAudit) -> Iterator[str]:
    if split.n_late_human:
        yield f"{split.n_late_human:,} human texts date from after November 2022 and may not be human."


def _residue(split: SplitAudit) -> Iterator[str]:
    for label, kinds in split.residue.items():
        n_texts = split.labels[label]
        heavy = {kind: n for kind, n in kinds.items() if n > _RESIDUE_SHARE * n_texts}
        if heavy:
            shown = ", ".join(f"{kind} in {n / n_texts:.0%}" for kind, n in heavy.items())
            yield f"{label} texts show what a chat leaves behind: {shown}."


def _domains(split: SplitAudit) -> Iterator[str]:
    lone = split.one_class_domains
    if lone:
        shown = ", ".join(f"{name} ({next(iter(split.domains[name]))})" for name in lone[:_N_NAMED])
        more = ", …" if len(lone) > _N_NAMED else ""
        hold = "1 domain holds" if len(lone) == 1 else f"{len(lone)} domains hold"
        yield f"{hold} one label only: {shown}{more}. There the topic gives the label away."


def _languages(split: SplitAudit) -> Iterator[str]:
    shares = {
        label: {language: n / sum(counts.values()) for language, n in counts.items()}
        for label, counts in split.languages.items()
    }
    languages = sorted({language for counts in shares.values() for language in counts})
    for language in languages:
        own = [(counts.get(language, 0.0), label) for label, counts in shares.items()]
        (low, rare), (high, common) = min(own), max(own)
        if high - low > _LANGUAGE_GAP:
            yield f"language {language} makes up {high:.0%} of the {common} texts and {low:.0%} of the {rare} texts."


def _groups(split: SplitAudit) -> Iterator[str]:
    if len(split.labels) > 1 and split.n_groups == split.n:
        yield "no column joins texts to their mirrors, so a split may part them. Name one with --group-column."
