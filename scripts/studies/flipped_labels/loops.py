"""The plain loops that batched gradients and vectorised estimators are held against.

As the code that came with DataInf goes about it: every text by itself through the network, forward and backward, its
gradients copied into a dictionary by text and by layer; then two nested loops over those dictionaries, once for the
products with the inverse curvature and once for the influence.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr
from texts import CellTexts

from tain.analysis.gradients.store import GradientStore
from tain.analysis.gradients.taking import GradientTaker
from tain.analysis.influence.blocks import Vector
from tain.analysis.influence.estimator import influence
from tain.analysis.influence.lissa import MARGIN, POWER_ITERATIONS, LissaSettings
from tain.analysis.influence.registry import build_estimator
from tain.recipes.explain.gradients import blocks_of, loss_sum
from tain.recipes.explain.subject import Subject
from tain.recipes.explain.texts import Texts

N_TIMED, N_ROUNDS = 32, 3
Gradients = dict[int, dict[str, torch.Tensor]]


def compare(subject: Subject, texts: CellTexts, last: tuple[GradientStore, list[Vector]]) -> dict[str, Any]:
    """Processor seconds of the loops and of what replaces them, taking turns on the same texts.

    Args:
        subject: Trained; its network holds the last weights.
        texts: Of the cell.
        last: The gradients at these weights.
    """
    names = [name for block in last[0].blocks for name in _parameters(subject, block.name)]
    few = np.random.default_rng(0).choice(len(texts.train), min(N_TIMED, len(texts.train)), replace=False)
    own = Texts([texts.train.rows[i] for i in few], texts.train.targets[few], np.full(len(few), 1 / len(few)))
    batched, loop = _in_turn(lambda: by_batches(subject, own, names), lambda: by_loop(subject, own, names))
    n = len(texts.train) + len(texts.valid)
    return {
        "n_timed": len(few),
        "tokens_per_text": float(np.mean([len(row) for row in own.rows])),
        "gradients_batched_s_per_text": batched / len(few),
        "gradients_loop_s_per_text": loop / len(few),
        "n_texts": n,
        "influence": _influence_speeds(last),
    }


def by_batches(subject: Subject, texts: Texts, names: list[str]) -> list[torch.Tensor]:
    """Gradients read off the layers, batch by batch."""
    taker = GradientTaker(subject.classifier.model, names, loss_sum(subject.classifier.method))
    taker.way = "layers"
    batches = texts.batches(subject, n_parameters=taker.n_parameters)
    return [block for _, inputs, targets in batches for block in taker.take(inputs, targets)]


def by_loop(subject: Subject, texts: Texts, names: list[str]) -> Gradients:
    """One forward and one backward pass for each text, its gradients copied out of the parameters."""
    model, found = subject.classifier.model, {}
    parameters = {name: parameter for name, parameter in model.named_parameters() if name in set(names)}
    for parameter in parameters.values():
        parameter.requires_grad_(True)
    for place in range(len(texts)):
        inputs, target = texts.batch(np.array([place]), subject)
        model.zero_grad()
        torch.nn.functional.cross_entropy(model(**inputs).logits, target).backward()
        found[place] = {name: parameter.grad.clone() for name, parameter in parameters.items()}
    for parameter in parameters.values():
        parameter.requires_grad_(False)
        parameter.grad = None
    return found


def influence_loop(kind: str, gradients: Gradients, valid: dict[str, torch.Tensor]) -> list[float]:
    """An estimator by nested loops over texts and layers; the same numbers as the vectorised one.

    Args:
        kind: Of `DIRECTIONS`.
        gradients: By text and layer.
        valid: Mean gradient of the validation texts, by layer.
    """
    products = {}
    for layer, v in valid.items():
        own = [each[layer] for each in gradients.values()]
        damping = 0.1 * sum(float((g**2).mean()) for g in own) / len(own)
        products[layer] = DIRECTIONS[kind](own, v, damping)
    return [-sum(float((products[layer] * own[layer]).sum()) for layer in valid) for own in gradients.values()]


def datainf(own: list[torch.Tensor], v: torch.Tensor, damping: float) -> torch.Tensor:
    """The mean of inverses, a text at a time."""
    product = torch.zeros_like(v)
    for g in own:
        product += (v - (v * g).sum() / (damping + (g**2).sum()) * g) / (len(own) * damping)
    return product


def lissa(own: list[torch.Tensor], v: torch.Tensor, damping: float) -> torch.Tensor:
    """Ten terms of the series, its scale by ten steps of power iteration."""
    vector = torch.from_numpy(np.random.default_rng(0).normal(size=len(v))).float()
    for _ in range(POWER_ITERATIONS):
        vector = _curvature_times(own, vector / vector.norm())
    scale = damping + min(float(MARGIN * vector.norm()), sum(float((g**2).sum()) for g in own) / len(own))
    found = v
    for _ in range(LissaSettings().n_iterations):
        found = v + found - (_curvature_times(own, found) + damping * found) / scale
    return found / scale


def _curvature_times(own: list[torch.Tensor], vector: torch.Tensor) -> torch.Tensor:
    total = torch.zeros_like(vector)
    for g in own:
        total += (g * vector).sum() * g / len(own)
    return total


DIRECTIONS: dict[str, Callable[[list[torch.Tensor], torch.Tensor, float], torch.Tensor]] = {
    "hessian_free": lambda own, v, damping: v,
    "scaled_hessian_free": lambda own, v, damping: v / damping,
    "datainf": datainf,
    "lissa": lissa,
}


def _influence_speeds(last: tuple[GradientStore, list[Vector]]) -> dict[str, dict[str, float]]:
    """Processor seconds of each estimator both ways, gradients at hand, and how alike their rankings are."""
    store, valid = last
    means = {block.name: torch.from_numpy(v).float() for block, v in zip(store.blocks, valid, strict=True)}
    rows = {block.name: torch.from_numpy(np.array(store.rows(i))) for i, block in enumerate(store.blocks)}
    gradients = {text: {layer: own[text] for layer, own in rows.items()} for text in range(store.n_texts)}
    found = {}
    for kind in DIRECTIONS:
        ours = partial(influence, build_estimator(kind))
        vectorised_s, loop_s = _in_turn(
            lambda ours=ours: ours(blocks_of(store, valid, is_quiet=True)),
            lambda kind=kind: influence_loop(kind, gradients, means),
        )
        alike = spearmanr(ours(blocks_of(store, valid, is_quiet=True)), influence_loop(kind, gradients, means))
        found[kind] = {"loop_s": loop_s, "vectorised_s": vectorised_s, "spearman": float(alike.statistic)}
    return found


def _in_turn(*ways: Callable[[], object]) -> list[float]:
    times: list[list[float]] = [[] for _ in ways]
    for _ in range(N_ROUNDS):
        for way, own in zip(ways, times, strict=True):
            started = time.process_time()
            way()
            own.append(time.process_time() - started)
    return [min(own) for own in times]


def _parameters(subject: Subject, block: str) -> list[str]:
    known = dict(subject.classifier.model.named_parameters())
    return [name for name in (block, f"{block}.weight", f"{block}.bias") if name in known]
