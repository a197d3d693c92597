"""An audit from examples to report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from tain.core.example import Corpus, Example
from tain.core.progress import progress
from tain.corpora.audit.counts import (
    count_dates,
    count_domains,
    count_generators,
    count_labels,
    count_languages,
    count_residue,
    length_quantiles,
)
from tain.corpora.audit.leakage import Measure, measure_leakage
from tain.corpora.audit.report import AuditReport, Leakage, Overlap, SplitAudit
from tain.corpora.audit.warnings import find_warnings
from tain.corpora.deduplicate import Duplicate, find_duplicates, normalised_splits
from tain.corpora.normalise import LATEST

N_LANGUAGE_TEXTS = 2000
N_LEAKAGE_TEXTS = 4000


def audit(
    splits: Mapping[str, Corpus],
    *,
    measure: Measure | None = None,
    seed: int = 0,
    normaliser_version: int = LATEST,
) -> AuditReport:
    """What a corpus is made of, and what in it would mislead a detector.

    Args:
        splits: Corpora by name. Overlap is looked for between each two.
        measure: Scores texts by their surface features; None leaves that part out.
        seed: Of the samples that languages (2,000 texts) and surface features (4,000) are measured on.
        normaliser_version: Which normaliser texts are compared and measured after.
    """
    examples = {name: corpus.examples for name, corpus in splits.items()}
    plain = normalised_splits(examples, normaliser_version=normaliser_version)
    duplicates = find_duplicates(plain)
    audits = []
    with progress("Auditing", len(splits), unit="files") as advance:
        for name, corpus in splits.items():
            own = [each for each in duplicates if each.split == each.of_split == name]
            audits.append(_audit_split(name, corpus, plain[name], own, measure, seed))
            advance(1)
    overlaps = _overlaps(examples, duplicates)
    return AuditReport(tuple(audits), overlaps, find_warnings(audits, overlaps), normaliser_version, seed)


def _audit_split(
    name: str,
    corpus: Corpus,
    plain: Sequence[Example],
    duplicates: Sequence[Duplicate],
    measure: Measure | None,
    seed: int,
) -> SplitAudit:
    n_late_human, n_dated = count_dates(corpus)
    for_languages = _sample(len(corpus), N_LANGUAGE_TEXTS, seed)
    return SplitAudit(
        name=name,
        sha256=corpus.sha256,
        n=len(corpus),
        n_groups=len({example.group or example.id for example in corpus}),
        labels=count_labels(corpus),
        lengths=length_quantiles(corpus.examples),
        domains=count_domains(corpus),
        generators=count_generators(corpus),
        languages=count_languages([plain[i] for i in for_languages]),
        n_exact=sum(each.kind == "exact" for each in duplicates),
        n_near=sum(each.kind == "near" and each.is_label_same for each in duplicates),
        n_rewrites=sum(each.kind == "near" and not each.is_label_same for each in duplicates),
        n_conflicting=sum(each.kind == "exact" and not each.is_label_same for each in duplicates),
        n_late_human=n_late_human,
        n_dated=n_dated,
        residue=count_residue(corpus),
        leakage=_leakage(corpus, plain, measure, seed),
    )


def _leakage(corpus: Corpus, plain: Sequence[Example], measure: Measure | None, seed: int) -> Leakage:
    if measure is None:
        return Leakage(reason="not measured")
    places = _sample(len(corpus), N_LEAKAGE_TEXTS, seed)
    return measure_leakage([corpus.examples[i] for i in places], [plain[i] for i in places], measure)


def _sample(n: int, n_wanted: int, seed: int) -> list[int]:
    if n <= n_wanted:
        return list(range(n))
    return sorted(int(i) for i in np.random.default_rng(seed).choice(n, n_wanted, replace=False))


def _overlaps(splits: Mapping[str, Sequence[Example]], duplicates: Sequence[Duplicate]) -> tuple[Overlap, ...]:
    counts = Counter((each.of_split, each.split, each.kind) for each in duplicates)
    groups = {name: {example.group or example.id for example in examples} for name, examples in splits.items()}
    overlaps = (
        Overlap(
            first,
            second,
            counts[first, second, "exact"],
            counts[first, second, "near"],
            len(groups[first] & groups[second]),
        )
        for first, second in combinations(splits, 2)
    )
    return tuple(each for each in overlaps if each.n_exact or each.n_near or each.n_groups)
