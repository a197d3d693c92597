"""Learning from a teacher's scores as well as from labels.

    L = (1 - w) CE(y, z) + w T^2 KL(softmax(t / T) || softmax(z / T)),   the mean over the texts of a batch

z are the logits of the network, t those of the teacher, T the temperature. The factor T^2 keeps gradients of one size
whatever the temperature. A text without a label has only the second term, so that however many of them there are, each
text with a label counts as it would alone. Source: Hinton et al. 2015, arXiv:1503.02531, equations 1 to 4; the loss of
KD-LoRA (arXiv:2410.20777) is the same. Teacher and text belong together by row, whatever the order of the batches.
"""

from __future__ import annotations

import torch
from torch.nn import functional


def distillation_loss(
    logits: torch.Tensor, teacher: torch.Tensor, weights: torch.Tensor, *, temperature: float
) -> torch.Tensor:
    """The mean weighted distance from the teacher, in nats, times the temperature squared.

    Args:
        logits: Shape (n_texts, n_labels), float32.
        teacher: Logits of the teacher for the same texts, same shape.
        weights: Weight of each text, shape (n_texts,), mean 1 over the training texts; 1 for those without a label.
        temperature: Above 1 softens both.

    Returns:
        A scalar; 0 where both say the same.
    """
    own = functional.log_softmax(logits / temperature, dim=-1)
    wanted = functional.log_softmax(teacher.to(logits.dtype) / temperature, dim=-1)
    distances = functional.kl_div(own, wanted, reduction="none", log_target=True).sum(-1)
    return (distances * weights).mean() * temperature**2
