"""Every metric under one name; each family lives in a file of its own."""

from __future__ import annotations

from tain.evaluation.bootstrap import Bootstrap
from tain.evaluation.decisions import Confusion, Rates, balanced_accuracy, confusion_at, f1, rates_at, rates_of
from tain.evaluation.intervals import Estimate, Rate, clopper_pearson, rate, upper_bound, wilson
from tain.evaluation.probabilities import ReliabilityBin, brier, ece, reliability
from tain.evaluation.ranking import RocCurve, TprAtFpr, auprc, auroc, pauroc, roc_curve, tpr_at_fpr

__all__ = [
    "Bootstrap",
    "Confusion",
    "Estimate",
    "Rate",
    "Rates",
    "ReliabilityBin",
    "RocCurve",
    "TprAtFpr",
    "auprc",
    "auroc",
    "balanced_accuracy",
    "brier",
    "clopper_pearson",
    "confusion_at",
    "ece",
    "f1",
    "pauroc",
    "rate",
    "rates_at",
    "rates_of",
    "reliability",
    "roc_curve",
    "tpr_at_fpr",
    "upper_bound",
    "wilson",
]
