"""`tain adapt`: from the description of a task to an adapter folder, in one forward pass."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from tain.core.errors import ConfigError, DetectorError
from tain.core.files import refuse_overwrite
from tain.methods.lora import Lora, LoraSettings
from tain.methods.peft_adapter import ADAPTER, lora_layers
from tain.methods.text_to_lora import Factors
from tain.models import Backbone
from tain.recipes.mine.embedding import BackboneEmbedder
from tain.recipes.suite.folder import Writer, load_writer
from tain.recipes.suite.measuring import written
from tain.recipes.suite.subject import embed, load_suite_backbone
from tain.training.classifier import Classifier, save_classifier

MOST_CHARACTERS = 2000


@dataclass(frozen=True)
class Adapted:
    """An adapter that was written.

    Attributes:
        folder: Where it lies.
        description: What was asked for.
        base: The network it changes.
        n_parameters: Of A and B in all layers.
        nearest: The training task with the most similar description.
        similarity: Cosine of the two, at most 1. A low one says that the network is asked for something far from all
            that it has seen.
    """

    folder: Path
    description: str
    base: str
    n_parameters: int
    nearest: str
    similarity: float


def adapt(description: str, model: Path, output: Path, *, force: bool = False) -> Adapted:
    """Write the adapter that a description asks for, as a folder that peft and `load_classifier` load.

    Args:
        description: One or a few sentences; yes and no are the answers of the classifier.
        model: Folder that `tain suite` wrote, or its `model` folder.
        output: Folder to write.
        force: Replace it if it exists.

    Raises:
        ConfigError: If the description is empty or very long, or the output exists.
        DetectorError: If there is no such network, it was changed, or its encoder or base cannot be loaded.
        TrainingError: If what was written does not answer as the network in memory.
    """
    text = " ".join(description.split())
    if not text or len(text) > MOST_CHARACTERS:
        raise ConfigError(
            f"The description has {len(text):,} characters; expected 1 to {MOST_CHARACTERS:,}. Say in a sentence which "
            'texts are meant, such as "Is this message a complaint?".'
        )
    if text.encode("utf-8", "replace").decode() != text:
        raise ConfigError(
            "The description holds bytes that are no UTF-8. Type it again, or pass it in a file by stdin."
        )
    refuse_overwrite(output, force=force)
    writer = load_writer(model / "model" if (model / "model").is_dir() else model)
    vectors, nearest, similarity = _read(writer, text)
    classifier = as_classifier(writer, written(writer.hypernetwork, vectors))
    save_classifier(classifier, output, probe_rows=classifier.token_ids([text]))
    n = sum(place.n_parameters(writer.suite.hypernetwork.rank) for place in writer.places)
    return Adapted(output, text, writer.suite.base, n, nearest, similarity)


def as_classifier(writer: Writer, factors: Factors) -> Classifier:
    """The base with an adapter beside its layers and the head that all adapters of a network share.

    Args:
        writer: Has the head and the base's name.
        factors: Of one task.
    """
    backbone = load_suite_backbone(writer.suite)
    _put_head(backbone, writer)
    settings = writer.suite.hypernetwork
    method = Lora(
        LoraSettings(rank=settings.rank, alpha=settings.alpha, targets=tuple(place.name for place in writer.places))
    )
    model = method.prepare(backbone, seed=writer.suite.seed)
    put_factors(model, factors)
    return Classifier(backbone, method, model.requires_grad_(False).eval(), writer.suite.texts.max_tokens)


def put_factors(model: nn.Module, factors: Factors) -> None:
    """Copy the A and B of one task into the layers that peft has made.

    Args:
        model: A peft model with LoRA at exactly the named layers.
        factors: Of one task.
    """
    with torch.no_grad():
        for name, layer in lora_layers(model):
            a, b = factors[name.removeprefix("base_model.model.")]
            layer.lora_A[ADAPTER].weight.copy_(a[0])
            layer.lora_B[ADAPTER].weight.copy_(b[0])


def _put_head(backbone: Backbone, writer: Writer) -> None:
    head: nn.Module = getattr(backbone.model, backbone.head_name)
    try:
        head.load_state_dict(writer.head)
    except RuntimeError as error:
        raise DetectorError(
            f"The head in the folder does not fit the base {writer.suite.base} ({error}). Was the base replaced?"
        ) from error


def _read(writer: Writer, description: str) -> tuple[torch.Tensor, str, float]:
    """The vector of a description, the training task nearest to it, and the cosine of the two."""
    encoder = BackboneEmbedder(writer.suite.encoder)
    known = [(task.name, each) for task in writer.suite.tasks if not task.held_out for each in task.descriptions]
    vectors = embed(encoder, [description, *(each for _, each in known)])
    cosines = nn.functional.cosine_similarity(vectors[:1], vectors[1:])
    best = int(cosines.argmax())
    return vectors[0], known[best][0], float(cosines[best])
