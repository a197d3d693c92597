"""The measured part of a model card, from a Report."""

from __future__ import annotations

from tain.detector.settings import CorpusResult, PoolRate, Summary
from tain.evaluation.parts import FixedFpr, Ranking
from tain.evaluation.schema import Report
from tain.evaluation.wording import warnings

WHOLE = "all texts of the test"
_AT = 0.01


def measured_summary(report: Report) -> Summary:
    """What a card says of a test: the whole of it, its sources, and false positives by kind of human text.

    Args:
        report: Of any test.
    """
    texts = report.provenance.get("texts sha256", "")
    note = f"Measured by tain {report.tain_version} on {report.counts.n:,} texts (sha256 {str(texts)[:16]}…)."
    return Summary(
        corpora=tuple([*_whole(report), *_sources(report)]),
        pools=tuple(_pools(report)),
        baseline=report.comparisons[0].name if report.comparisons else "",
        notes=(note, *warnings(report)),
    )


def _whole(report: Report) -> list[CorpusResult]:
    auroc = report.ranking.auroc.value
    if auroc is None:
        return []
    result = report.default_point
    other = report.comparisons[0].ranking if report.comparisons else None
    return [
        CorpusResult(
            name=WHOLE,
            n_human=report.counts.n_human,
            n_ai=report.counts.n_ai,
            auroc=auroc,
            tpr=result.rates.recall.value if result else None,
            fpr=result.rates.fpr.value if result else None,
            tpr_at_1=_tpr_at(report.ranking),
            baseline_auroc=other.auroc.value if other else None,
            baseline_tpr_at_1=_tpr_at(other) if other else None,
        )
    ]


def _sources(report: Report) -> list[CorpusResult]:
    rows = next((table.rows for table in report.slices if table.name == "source"), ())
    return [
        CorpusResult(
            name=row.value,
            n_human=row.n_human,
            n_ai=row.n_ai,
            auroc=row.auroc.value,
            tpr=row.tpr.value,
            fpr=row.fpr.value,
        )
        for row in rows
        if row.auroc.value is not None and row.auroc_against == "own"
    ]


def _pools(report: Report) -> list[PoolRate]:
    at = next((i for i, result in enumerate(report.operating_points) if result.is_default), None)
    if at is None:
        return []
    target = report.operating_points[at].point.target_fpr
    rates = [(row.pool, row.fprs[at]) for row in report.human_pools]
    return [
        PoolRate(name=name, n=rate.n, n_flagged=rate.k, low=rate.low, high=rate.high, target_fpr=target)
        for name, rate in rates
        if rate.low is not None and rate.high is not None
    ]


def _tpr_at(ranking: Ranking) -> float | None:
    found: FixedFpr | None = next((at for at in ranking.tpr_at_fpr if at.target_fpr == _AT), None)
    return found.tpr.value if found else None
