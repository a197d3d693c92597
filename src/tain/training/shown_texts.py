"""What a method may look at before it trains."""

from __future__ import annotations

from typing import Any

import numpy as np

from tain.methods import Method
from tain.models import Backbone
from tain.training.store import TokenStore

N_LOOKED_AT = 256


def show_texts(method: Method[Any], backbone: Backbone, train: TokenStore, *, seed: int) -> None:
    """Let a method look at some of the training texts, the same ones for the same seed."""
    labelled = np.flatnonzero(train.is_labelled)
    n = min(N_LOOKED_AT, len(labelled))
    rows = labelled[np.random.default_rng(seed).choice(len(labelled), n, replace=False)]
    method.look_at(backbone, [train[index] for index in rows], train.labels[rows].astype(int).tolist())
