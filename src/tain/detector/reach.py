"""How far a network's score can go, whatever it reads: what its head and its last normalisation let through."""

from __future__ import annotations

from math import sqrt

import numpy as np

from tain.detector.light_bert import LightBert


def highest_score(network: LightBert) -> float:
    """What the second logit can exceed the first by at most.

    The head sees either tanh values, each between -1 and 1, or the output g z + b of a normalisation, whose z has
    mean 0 and length sqrt(width) at most; a mean over tokens stays within the same bounds, and so does a mean over
    windows.

    Args:
        network: With two labels.
    """
    weight, bias = (network.weights[f"classifier.{part}"].astype(np.float64) for part in ("weight", "bias"))
    towards, shift = weight[1] - weight[0], float(bias[1] - bias[0])
    if network.pooling == "native":
        return shift + float(np.abs(towards).sum())
    last = f"encoder.layer.{network.n_layers - 1}.output.LayerNorm"
    scaled = towards * network.weights[f"{last}.weight"]
    shift += float(towards @ network.weights[f"{last}.bias"])
    return shift + float(np.linalg.norm(scaled - scaled.mean()) * sqrt(len(scaled)))
