"""The plain loops that batched gradients and vectorised estimators are held against.

As the code that came with DataInf goes about it: every text by itself through the network, forward and backward, its
gradients copied into a dictionary by text and by layer; then two nested loops over those dictionaries, once for the
products with the inverse curvature and once for the influence.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from texts import CellTexts

from tain.analysis.gradients.store import GradientStore
from tain.analysis.gradients.taking import GradientTaker
from tain.analysis.influence.blocks import Vector
from tain.recipes.explain.gradients import loss_sum
from tain.recipes.explain.subject import Subject
from tain.recipes.explain.texts import Texts

N_TIMED, N_ROUNDS = 32, 2
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
        **_datainf_loop(last),
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


def datainf_loop(gradients: Gradients, valid: dict[str, torch.Tensor]) -> list[float]:
    """DataInf by nested loops over texts and layers."""
    n, products = len(gradients), {}
    for layer, v in valid.items():
        damping = 0.1 * sum(float((own[layer] ** 2).mean()) for own in gradients.values()) / n
        product = torch.zeros_like(v)
        for own in gradients.values():
            g = own[layer]
            product += (v - (v * g).sum() / (damping + (g**2).sum()) * g) / (n * damping)
        products[layer] = product
    return [-sum(float((products[layer] * own[layer]).sum()) for layer in valid) for own in gradients.values()]


def _datainf_loop(last: tuple[GradientStore, list[Vector]]) -> dict[str, float]:
    store, valid = last
    means = {block.name: torch.from_numpy(v).float() for block, v in zip(store.blocks, valid, strict=True)}
    rows = {block.name: torch.from_numpy(np.array(store.rows(i))) for i, block in enumerate(store.blocks)}
    gradients = {text: {layer: own[text] for layer, own in rows.items()} for text in range(store.n_texts)}
    started = time.process_time()
    datainf_loop(gradients, means)
    return {"datainf_loop_s": time.process_time() - started}


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
