"""What a training cannot begin without."""

from __future__ import annotations

from tain.core.errors import ConfigError
from tain.training.config import TrainingConfig
from tain.training.hardware import pick_device, pick_dtype
from tain.training.store import TokenStore


def require_enough_batches(n_batches: int, config: TrainingConfig) -> None:
    """Return only if there is at least one step.

    Args:
        n_batches: Of the whole training.
        config: How many make a step.

    Raises:
        ConfigError: If there is none.
    """
    if n_batches < config.accumulate:
        raise ConfigError(
            f"training.accumulate is {config.accumulate}, but there are {n_batches} batches in all. Lower it, lower "
            "training.batch_tokens or raise training.n_epochs."
        )


def require_attention(config: TrainingConfig) -> None:
    """Return only if attention can be taken as asked for; that an architecture can is asked of the network.

    Args:
        config: How attention reads a batch, whether some of it is dropped, and in which precision.

    Raises:
        ConfigError: If there is no CUDA or no bfloat16 for it, or weights are to be dropped that are never made.
    """
    if config.attention != "varlen":
        return
    device = pick_device()
    dtype = pick_dtype(config, device)
    if device.type != "cuda" or dtype != "bfloat16":
        raise ConfigError(
            f"training.attention is 'varlen', which needs CUDA and bfloat16; this training is on {device.type} in "
            f"{dtype}. Use 'padded'."
        )
    if config.attention_dropout:
        raise ConfigError(
            f"training.attention_dropout is {config.attention_dropout}, and training.attention = 'varlen' makes no "
            "weights to drop. Set one of them back."
        )


def require_teacher(train: TokenStore, config: TrainingConfig) -> None:
    """Return only if the texts come with what the loss follows.

    Args:
        train: Of texts.
        config: Whether it follows a teacher, labels or both.

    Raises:
        ConfigError: If it is to follow a teacher that is not there, or nothing follows texts without a label.
    """
    if config.distil_weight and not train.teacher.shape[1]:
        raise ConfigError(
            f"training.distil_weight is {config.distil_weight}, but the texts have no teacher. "
            "Set corpus.teacher, such as tfidf-logistic."
        )
    if not (config.distil_weight or train.is_labelled.all()):
        n = int((~train.is_labelled).sum())
        raise ConfigError(
            f"training.distil_weight is 0, so nothing is learned from {n:,} texts without a label. Raise it, or leave "
            "corpus.unlabelled out."
        )
