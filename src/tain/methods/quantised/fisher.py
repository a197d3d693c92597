"""How much each weight matters: the empirical Fisher information, a sum of squared gradients of single texts.

    F = sum_n sum_y p(y | x_n) (d log p(y | x_n) / dW)^2

Source: Guo et al. 2023, LQ-LoRA, arXiv:2311.12023, where the gradients are those of the pretraining loss on 10,000
texts. Differs: the loss is that of the classifier. Where the true label of a text is given, p(y | x) is 1 for it, which
is the empirical Fisher: at the start of a training, when the head is fresh and answers every class about alike, it
weighs the directions in which that training will go. Where it is not, the classes are weighed by what the classifier
itself thinks of them, which is the true Fisher and the curvature of how far its answers move: a trained classifier is
sure of most labels, and gradients of the true ones would all but vanish. Both are sums over classes, not samples of
them, so nothing is drawn at random.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from tain.core.progress import progress
from tain.models import Backbone, TokenIds, collate, logits_of


def fisher(
    backbone: Backbone,
    layers: Mapping[str, nn.Linear],
    rows: Sequence[TokenIds],
    targets: Sequence[int] | None = None,
) -> dict[str, torch.Tensor]:
    """The Fisher information of the weights of some layers.

    Args:
        backbone: Left as it is.
        layers: Linear layers of it, by name.
        rows: Texts as token ids.
        targets: True class of each text; None weighs the classes by the classifier's own probabilities.

    Returns:
        By name, of the shape of each weight, float32, in squared nats per squared unit of weight.

    Cost:
        A forward and, for each class that counts, a backward pass per text.
    """
    weights: list[torch.Tensor] = [layer.weight for layer in layers.values()]
    had_gradients = [weight.requires_grad for weight in weights]
    sums = [torch.zeros_like(weight, dtype=torch.float32) for weight in weights]
    try:
        for weight in weights:
            weight.requires_grad_(True)
        with progress("weighing weights", len(rows)) as advance:
            for index, row in enumerate(rows):
                _add(sums, weights, backbone, row, None if targets is None else targets[index])
                advance(1)
    finally:
        for weight, had in zip(weights, had_gradients, strict=True):
            weight.requires_grad_(had)
    return dict(zip(layers, sums, strict=True))


def _add(
    sums: list[torch.Tensor], weights: list[torch.Tensor], backbone: Backbone, row: TokenIds, target: int | None
) -> None:
    batch = collate([row], pad_id=backbone.tokenizer.pad_token_id)
    device = weights[0].device
    with torch.enable_grad():
        chances = logits_of(backbone.model, {key: value.to(device) for key, value in batch.items()})[0].log_softmax(0)
    classes = range(len(chances)) if target is None else (target,)
    shares = chances.detach().exp()
    for label in classes:
        grads = torch.autograd.grad(chances[label], weights, retain_graph=True, materialize_grads=True)
        share = float(shares[label]) if target is None else 1.0
        for total, grad in zip(sums, grads, strict=True):
            total.addcmul_(grad.float(), grad.float(), value=share)
