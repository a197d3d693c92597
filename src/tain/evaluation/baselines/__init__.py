"""Classical detectors to beat: no network, minutes on one core."""

from __future__ import annotations

from tain.evaluation.baselines.baseline import Baseline, Classical
from tain.evaluation.baselines.registry import BASELINES, SETS, baseline_names, build_baseline

__all__ = ["BASELINES", "SETS", "Baseline", "Classical", "baseline_names", "build_baseline"]
