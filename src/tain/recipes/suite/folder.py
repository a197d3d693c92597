"""The folder of a trained network that writes adapters: everything but the base and the encoder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from tain.core.errors import DetectorError
from tain.core.files import read_json, sha256_of, whole_folder, write_json
from tain.methods.text_to_lora import Hypernetwork, Place
from tain.recipes.suite.configuration import Suite, suite_of

FORMAT = 1
FILE, WEIGHTS = "hypernetwork.json", "hypernetwork.safetensors"
HEAD, NETWORK = "head.", "network."


@dataclass(frozen=True)
class Writer:
    """A trained network that writes adapters.

    Attributes:
        suite: The settings it was trained with.
        hypernetwork: In eval mode, on the processor.
        places: The layers it writes for.
        head: Weights of the head that all its adapters share.
        outcome: What was measured when it was trained.
    """

    suite: Suite
    hypernetwork: Hypernetwork
    places: tuple[Place, ...]
    head: dict[str, torch.Tensor]
    outcome: dict[str, Any]


def save_writer(writer: Writer, folder: Path) -> None:
    """Write the folder, whole or not at all. What it holds of the suite are settings and descriptions, no texts.

    Args:
        writer: To save.
        folder: Replaced if it exists.
    """
    tensors = {f"{HEAD}{name}": value for name, value in writer.head.items()}
    state = writer.hypernetwork.state_dict()
    tensors |= {f"{NETWORK}{name}": value.detach().cpu().contiguous() for name, value in state.items()}
    with whole_folder(folder) as part:
        save_file(tensors, part / WEIGHTS)
        value = {
            "format": FORMAT,
            "sha256": sha256_of(part / WEIGHTS),
            "d_task": writer.hypernetwork.d_task,
            "places": [[place.kind, place.depth, place.name, place.d_in, place.d_out] for place in writer.places],
            "suite": writer.suite.model_dump(mode="json"),
            "outcome": writer.outcome,
        }
        write_json(part / FILE, value)


def load_writer(folder: Path) -> Writer:
    """The network of a folder that `save_writer` wrote.

    Args:
        folder: Where it lies.

    Raises:
        DetectorError: If the folder is none, or was changed since it was saved.
    """
    if not (folder / FILE).is_file():
        raise DetectorError(
            f"--from {folder}: there is no {FILE} in it, so it is no network that writes adapters. Give a folder that "
            "`tain suite` wrote."
        )
    value = read_json(folder / FILE)
    found = value.get("format") if isinstance(value, dict) else None
    if found != FORMAT:
        raise DetectorError(f"{folder / FILE} has format {found!r}, expected {FORMAT}. Update tain.")
    if not (folder / WEIGHTS).is_file() or sha256_of(folder / WEIGHTS) != value.get("sha256"):
        raise DetectorError(
            f"{folder / WEIGHTS} is missing or not what was saved. Copy the folder again from where it came from."
        )
    try:
        return _writer(value, folder)
    except (SafetensorError, RuntimeError, KeyError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DetectorError(f"{folder}: its weights and {FILE} do not fit ({reason}). Train again.") from error


def _writer(value: dict[str, Any], folder: Path) -> Writer:
    suite = suite_of(value["suite"], where=str(folder / FILE))
    places = tuple(Place(*each) for each in value["places"])
    network = Hypernetwork(suite.hypernetwork, places, d_task=value["d_task"], seed=suite.seed)
    tensors = load_file(folder / WEIGHTS)
    network.load_state_dict(_part(tensors, NETWORK))
    return Writer(suite, network.eval().requires_grad_(False), places, _part(tensors, HEAD), value["outcome"])


def _part(tensors: dict[str, torch.Tensor], start: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}
