"""From the folder of one model to what a server reads with: over the shared network where it fits, merged where not."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakValueDictionary

from tain.core.errors import TainError
from tain.detector import Detector
from tain.detector.encoder import FILE as TOKENIZER
from tain.detector.encoder import Encoder
from tain.detector.folder import DETECTOR
from tain.detector.light_bert import LightBert
from tain.serving.adapters.folder import AdapterFolder
from tain.serving.logs import note
from tain.serving.served import Served, Share
from tain.serving.served_detector import ServedDetector, open_detector

if TYPE_CHECKING:
    from tain.methods.mixed.network import MixedNetwork
    from tain.serving.adapters.classifier import AdapterClassifier

_Base = tuple[str, str]


class Opener:
    """Opens models; the network that most adapters of the folder were trained beside is in memory once."""

    def __init__(self, folder: AdapterFolder, *, engine: Literal["auto", "torch"]) -> None:
        """Nothing is read yet.

        Args:
            folder: Says which network most share.
            engine: For models that read alone.
        """
        self._folder, self._engine = folder, engine
        self._base: _Base | None = None
        self._network: MixedNetwork | None = None
        self._encoders: WeakValueDictionary[str, Encoder] = WeakValueDictionary()

    def open(self, name: str, place: Path) -> tuple[Served, int]:
        """The model, checked, and the bytes that it takes beside the shared network. One thread at a time.

        Args:
            name: What requests name it by.
            place: Where its files lie.

        Raises:
            TainError: If it is damaged, or was changed since it was saved.
        """
        if (place / DETECTOR).is_file():
            return self._detector(name, place)
        return self._classifier(name, place)

    def _detector(self, name: str, place: Path) -> tuple[Served, int]:
        detector = Detector.load(place)
        if (shared := self._shared(name, place)) is None:
            alone = open_detector(place, engine=self._engine)
            return replace(alone, name=name), _n_bytes(alone.engine) + _n_file_bytes(place)
        # The tables of a tokenizer are larger than an adapter, and most have the same.
        sha256 = detector.settings.files[TOKENIZER]
        detector.reader.encoder = self._encoders.setdefault(sha256, detector.reader.encoder)
        share = Share(shared.network, shared.adapter)
        return ServedDetector(detector, shared, name, share), shared.adapter.size_bytes + _n_file_bytes(place)

    def _classifier(self, name: str, place: Path) -> tuple[Served, int]:
        from tain.core.files import sha256_of
        from tain.core.version import VERSION
        from tain.detector.verdict import ModelId
        from tain.serving.served_classifier import ServedClassifier, open_classifier
        from tain.training.classifier import FILE

        if (shared := self._shared(name, place)) is None:
            alone = open_classifier(place)
            return replace(alone, id=replace(alone.id, name=name)), _n_bytes(alone.classifier) + _n_file_bytes(place)
        share = Share(shared.network, shared.adapter)
        own = ServedClassifier(shared, ModelId(name, VERSION, sha256_of(place / FILE)), share)
        return own, shared.adapter.size_bytes + _n_file_bytes(place)

    def _shared(self, name: str, place: Path) -> AdapterClassifier | None:
        """The model over the shared network, or None where it has to read alone, which then says what is wrong."""
        from safetensors import SafetensorError

        from tain.serving.adapters.classifier import read_classifier
        from tain.training.classifier import read_description

        description = read_description(place)
        if (network := self._network_of(description)) is None:
            return None
        try:
            return read_classifier(place, description, network)
        except (TainError, SafetensorError, OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
            note("adapter_alone", {"model": name}, level=logging.INFO, exc_info=error)
            return None

    def _network_of(self, description: Mapping[str, Any]) -> MixedNetwork | None:
        if (base := _base_of(description)) is None:
            return None
        if self._base is None:
            self._base = _most_common(self._bases()) or base
        if base != self._base:
            return None
        if self._network is None:
            self._network = _load_network(description)
        return self._network

    def _bases(self) -> Iterable[_Base]:
        from tain.training.classifier import read_description

        for name in self._folder.names():
            with suppress(TainError, KeyError, TypeError):
                place = self._folder.place(name)
                if place and (base := _base_of(read_description(place))):
                    yield base


def _base_of(description: Mapping[str, Any]) -> _Base | None:
    """What an adapter shares with those it can be mixed with; None where it is none."""
    from tain.methods import build_method

    if not build_method(description["method"]).can_mix:
        return None
    return str(description["base"]), str(description["pooling"])


def _most_common(bases: Iterable[_Base]) -> _Base | None:
    counts = Counter(bases)
    return min(counts, key=lambda base: (-counts[base], base), default=None)


def _load_network(description: Mapping[str, Any]) -> MixedNetwork:
    import torch
    from torch import nn

    from tain.core.example import LabelSet
    from tain.methods.mixed.network import MixedNetwork
    from tain.models import load_backbone

    labels = LabelSet(tuple(description["labels"]))
    backbone = load_backbone(description["base"], labels, pooling=description["pooling"])
    model: nn.Module = backbone.model
    if torch.cuda.is_available():
        model.to("cuda")
    return MixedNetwork(backbone)


def _n_bytes(engine: Any) -> int:  # noqa: ANN401 (either engine)
    if isinstance(engine, LightBert):
        return sum(weight.nbytes for weight in engine.weights.values())
    return sum(parameter.nbytes for parameter in engine.model.parameters())


def _n_file_bytes(place: Path) -> int:
    """A measure of what a model holds besides weights and tokenizer, such as a Report."""
    files = (file for file in place.iterdir() if file.is_file() and file.name != TOKENIZER)
    return sum(file.stat().st_size for file in files if not file.name.startswith(("adapter_model", "model.")))
