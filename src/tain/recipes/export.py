"""A detector's network for other tools: merged for transformers, as an adapter for peft, or as ONNX."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import ConfigError, DetectorError, MissingExtraError
from tain.core.files import refuse_overwrite, whole_folder
from tain.detector import Detector
from tain.detector.card import render_card

if TYPE_CHECKING:
    from tain.training.classifier import Classifier

Format = Literal["transformers", "adapter", "onnx"]
FORMATS: tuple[Format, ...] = ("transformers", "adapter", "onnx")
TOLERANCE = {"transformers": 1e-5, "adapter": 1e-5, "onnx": 1e-4}
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")
NO_NGRAMS = (
    "The detector adds the score of an n-gram model, which the exported network lacks: it ranks texts worse, and no "
    "operating point of the detector holds for it."
)
ONNX_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
RAW_TEXT = (
    "Other tools read a text as it is, in one piece. tain takes formatting off first and cuts long texts into windows, "
    "so scores are equal only for plain texts of one window, and the operating points hold only for tain's reading."
)


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        folder: Where.
        format: transformers, adapter or onnx.
        gap: Largest difference of a logit from the detector's own, on its probe texts.
        notes: What a user of the folder should know.
    """

    folder: Path
    format: Format
    gap: float
    notes: tuple[str, ...] = field(default=(RAW_TEXT,))


def export(model: Path | None, *, format: Format, output: Path, force: bool = False) -> Exported:
    """Write the network of a detector for other tools, and compare what they answer with what it answers.

    N-grams beside the network stay behind.

    Args:
        model: Detector folder; None means the one that ships.
        format: transformers (merged; `pipeline("text-classification", model=DIR)`), adapter (peft) or onnx.
        output: Folder to write.
        force: Replace it if it exists.

    Raises:
        ConfigError: If the output exists, or the format cannot hold this detector.
        DetectorError: If there is no such detector, or what was written answers otherwise.
        MissingExtraError: If the format needs packages that are not installed.
    """
    refuse_overwrite(output, force=force)
    if format == "onnx" and any(importlib.util.find_spec(name) is None for name in ONNX_PACKAGES):
        raise MissingExtraError("Export to ONNX", "onnx")
    detector = Detector.load(model)
    from tain.training.classifier import load_classifier

    classifier = load_classifier(detector.reader.folder)
    _require(format, classifier)
    rows = detector.reader.engines.classifier["probe"]["token_ids"]
    expected = classifier.logits(rows)
    notes = (RAW_TEXT, NO_NGRAMS) if detector.reader.ngrams else (RAW_TEXT,)
    with whole_folder(output) as part:
        found = _WRITERS[format](classifier, detector, part, rows)
        gap = float(np.abs(found - expected).max(initial=0.0))
        if not gap <= TOLERANCE[format]:
            raise DetectorError(
                f"{output}: the exported network answers {gap:.2g} apart from the detector, expected at most "
                f"{TOLERANCE[format]}. Nothing was written. Please report this with the base and method."
            )
        card = render_card(
            detector.settings,
            classifier=detector.reader.engines.classifier,
            library=_LIBRARIES[format],
            note=" ".join(notes),
        )
        (part / "README.md").write_text(card, encoding="utf-8")
    return Exported(output, format, gap, notes)


def _require(format: Format, classifier: Classifier) -> None:
    method, pooling = classifier.method, classifier.backbone.pooling
    if not method.can_merge and not method.saves_peft:
        raise ConfigError(
            f"The method {method.kind} is neither an adapter of peft nor can it be merged into its base, so no other "
            "tool can hold this detector. Score with tain itself, or train with method lora."
        )
    if format == "adapter" and not method.saves_peft:
        raise ConfigError(f"The method {method.kind} is no adapter. Use --format transformers or onnx.")
    if format != "adapter" and not method.can_merge:
        raise ConfigError(f"The method {method.kind} cannot be merged into its base. Use --format adapter.")
    if format == "transformers" and not method.merges_to_stock:
        raise ConfigError(f"Stock transformers has no class for what {method.kind} trains. Use --format onnx.")
    if format != "onnx" and pooling != "native":
        raise ConfigError(
            f"The detector pools by {pooling}, which stock transformers and peft would not do: their scores would be "
            "wrong without notice. Use --format onnx, or train with --pooling native."
        )


def _write_transformers(
    classifier: Classifier, detector: Detector, folder: Path, rows: Sequence[Sequence[int]]
) -> NDArray[np.float32]:
    from transformers import AutoModelForSequenceClassification

    merged = classifier.merge()
    merged.model.save_pretrained(str(folder))  # type: ignore[operator]
    _write_tokenizer(classifier, folder)
    reloaded = AutoModelForSequenceClassification.from_pretrained(str(folder)).eval()
    return _logits_of(classifier, reloaded, rows)


def _write_adapter(
    classifier: Classifier, detector: Detector, folder: Path, rows: Sequence[Sequence[int]]
) -> NDArray[np.float32]:
    from peft import PeftModel

    from tain.models import load_backbone

    for name in ADAPTER_FILES:
        shutil.copyfile(detector.reader.folder / name, folder / name)
    _write_tokenizer(classifier, folder)
    fresh = load_backbone(classifier.backbone.name, classifier.labels)
    return _logits_of(classifier, PeftModel.from_pretrained(fresh.model, str(folder)).eval(), rows)


def _write_onnx(
    classifier: Classifier, detector: Detector, folder: Path, rows: Sequence[Sequence[int]]
) -> NDArray[np.float32]:
    from tain.recipes.export_onnx import run_onnx, write_onnx

    write_onnx(classifier.merge(), folder / "model.onnx")
    _write_tokenizer(classifier, folder)
    return run_onnx(folder / "model.onnx", rows)


def _write_tokenizer(classifier: Classifier, folder: Path) -> None:
    tokenizer = classifier.backbone.tokenizer
    # Some bases come with a length limit for another purpose, which would cut texts without notice.
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.save_pretrained(str(folder))


def _logits_of(classifier: Classifier, model: object, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    from dataclasses import replace

    return replace(classifier, model=model).logits(rows)  # type: ignore[arg-type]


_Writer = Callable[["Classifier", Detector, Path, Sequence[Sequence[int]]], NDArray[np.float32]]
_WRITERS: dict[Format, _Writer] = {"transformers": _write_transformers, "adapter": _write_adapter, "onnx": _write_onnx}
_LIBRARIES: dict[Format, str] = {"transformers": "transformers", "adapter": "peft", "onnx": "onnx"}
