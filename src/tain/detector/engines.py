"""What turns token ids into logits: numpy for a few texts, torch for many, on as many cores as there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from tain.core.errors import ConfigError, DataError, DetectorError
from tain.core.files import read_json
from tain.core.progress import Advance
from tain.core.threads import granted_threads, idle_threads
from tain.detector.light_bert import LightBert, load_light_bert
from tain.models.presets import find_base

if TYPE_CHECKING:
    from tain.training.classifier import Classifier

Precision = Literal["float32", "bfloat16"]
CLASSIFIER = "classifier.json"
N_LIGHT = 64  # windows up to which numpy is done before torch has been imported
TOLERANCE = 1e-4
HALF_TOLERANCE = 0.02


class Engine(Protocol):
    """Token ids in, logits out."""

    def logits(
        self,
        rows: Sequence[Sequence[int]],
        *,
        batch_tokens: int = ...,
        advance: Advance | None = ...,
    ) -> NDArray[np.float32]:
        """The logits of tokenised texts, shape (n_rows, n_labels), in the order given."""


class Engines:
    """The network of a Classifier folder, loaded when it is first needed and in the way that suits the work."""

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        """Read what kind of network it is; no weights yet.

        Args:
            folder: Of the Classifier.
            threads: Of the processor; None takes what this process may use.

        Raises:
            DetectorError: If the folder is no Classifier for detection.
        """
        self.folder = folder
        self.threads = threads
        self.classifier = _read(folder)
        self._light: LightBert | None = None
        self._is_light_tried = False
        self._full: Engine | None = None

    def read_in_bfloat16(self) -> None:
        """Read everything in bfloat16 from now on.

        On a processor that has it, plain BERT networks are 1.7 times as fast, and scores move by .007 on average.

        Raises:
            ConfigError: If this machine gains nothing by it, or the answers of this network move by more.
        """
        import torch

        from tain.training.hardware import has_native_bf16

        has_cuda = torch.cuda.is_available()
        if has_cuda and not torch.cuda.is_bf16_supported(including_emulation=False):
            raise ConfigError("This accelerator multiplies no bfloat16. Leave --precision out.")
        if not has_cuda and not has_native_bf16():
            raise ConfigError(
                "This processor multiplies no bfloat16 (AVX512-BF16 or AMX), which would be slower. Score in float32."
            )
        half = self._half(has_cuda=has_cuda)
        if not (gap := self._gap(half)) <= HALF_TOLERANCE:  # NaN is none either
            raise ConfigError(
                f"In bfloat16 the logits of this detector move by {gap:.3f} on its own test texts; the limit is "
                f"{HALF_TOLERANCE}. Score in float32."
            )
        self._full = half

    @property
    def max_tokens(self) -> int:
        """The longest input that the network is meant to read."""
        return int(self.classifier["max_tokens"])

    def engine(self, n_rows: int) -> Engine:
        """The engine for so many windows."""
        if self._full is None and n_rows <= N_LIGHT and (light := self.light()) is not None:
            return light
        return self.full()

    def scores(
        self,
        rows: Sequence[Sequence[int]],
        *,
        batch_tokens: int = 8192,
        advance: Advance | None = None,
    ) -> NDArray[np.float32]:
        """The logit of ai minus the logit of human for each row, shape (n_rows,)."""
        if not rows:
            return np.empty(0, dtype=np.float32)
        logits = self.engine(len(rows)).logits(rows, batch_tokens=batch_tokens, advance=advance)
        return logits[:, 1] - logits[:, 0]

    def light(self) -> LightBert | None:
        """The network in numpy, or None where numpy will not do."""
        if not self._is_light_tried:
            self._is_light_tried = True
            self._light = self._try_light()
        return self._light

    def full(self) -> Engine:
        """The network in torch, its adapter folded in, on the accelerator if there is one."""
        if self._full is None:
            import torch

            has_cuda = torch.cuda.is_available()
            self._full = (None if has_cuda else self._try_packed()) or self._padded(has_cuda=has_cuda)
        return self._full

    def _try_packed(self) -> Engine | None:
        from tain.detector.packed_bert import PackedBert

        light = self.light()
        packed = PackedBert(light, n_workers=granted_threads(self.threads)) if light else None
        return packed if packed and self._answers_alike(packed) else None

    def _half(self, *, has_cuda: bool) -> Engine:
        from tain.detector.half_network import HalfNetwork
        from tain.detector.packed_bert import PackedBert

        if not has_cuda and (light := self.light()) is not None:
            return PackedBert(light, n_workers=granted_threads(self.threads), precision="bfloat16")
        return HalfNetwork(self._padded(has_cuda=has_cuda))

    def _padded(self, *, has_cuda: bool) -> Classifier:
        import torch

        from tain.training.classifier import load_classifier

        merged = load_classifier(self.folder).merge()
        if has_cuda:
            merged.model.to("cuda")
        else:
            torch.set_num_threads(idle_threads(self.threads))
        return merged

    def _try_light(self) -> LightBert | None:
        try:
            base = Path(find_base(str(self.classifier["base"])))
        except ConfigError as error:
            raise DetectorError(f"{self.folder / CLASSIFIER}: its base cannot be found. {error}") from error
        if not (base / "config.json").is_file():
            return None  # a Hub id, which transformers knows how to find
        try:
            light = load_light_bert(self.folder, self.classifier, base)
        except (SafetensorError, ValueError, KeyError, OSError):
            return None  # a damaged file: transformers reads it next, and what it says is told
        if light is None or not self._answers_alike(light):
            return None
        return replace(light, n_workers=granted_threads(self.threads))

    def _answers_alike(self, engine: Engine) -> bool:
        # Whatever was answered when the folder was saved has to be answered now; otherwise transformers has to judge.
        return self._gap(engine) <= TOLERANCE

    def _gap(self, engine: Engine) -> float:
        probe = self.classifier["probe"]
        if not probe["token_ids"]:
            return np.inf
        return float(np.abs(engine.logits(probe["token_ids"]) - np.asarray(probe["logits"], dtype=np.float32)).max())


def _read(folder: Path) -> dict[str, Any]:
    file = folder / CLASSIFIER
    if not file.is_file():
        raise DetectorError(f"{folder} is no classifier of tain: {CLASSIFIER} is missing.")
    try:
        value: dict[str, Any] = read_json(file)
    except DataError as error:
        raise DetectorError(str(error)) from error
    missing = {"base", "labels", "pooling", "max_tokens", "method", "probe"} - set(value)
    if missing:
        raise DetectorError(f"{file}: lacks {', '.join(sorted(missing))}. Save the classifier again.")
    if value["labels"] != ["human", "ai"]:
        raise DetectorError(f"{folder}: its labels are {value['labels']}; a detector needs exactly ['human', 'ai'].")
    return value
