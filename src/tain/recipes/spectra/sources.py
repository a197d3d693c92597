"""What a user may name, as weights: a classifier or detector of tain, an adapter of peft, or a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import safe_open

from tain.analysis.spectra.change import Factors
from tain.core.errors import ConfigError, DetectorError, MethodError
from tain.core.files import read_json
from tain.detector.folder import DETECTOR, RUN_DETECTOR, find_classifier, find_detector
from tain.methods.kd_lora import KdLora
from tain.methods.method import is_head
from tain.methods.peft_adapter import known_warnings
from tain.methods.truncation import truncate
from tain.models import load_backbone
from tain.models.backbone import quiet_loading
from tain.models.presets import find_base
from tain.recipes.spectra.factors import thin_factors
from tain.recipes.spectra.weights import Weights, base_named, needs_weights, weights_of_checkpoint, weights_of_model
from tain.training.classifier import Classifier, load_classifier

ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


@dataclass(frozen=True)
class Pair:
    """Weights before and after.

    Attributes:
        tuned: After.
        base: Before.
        factors: Of those changes that are a product of thin factors, by tuned name.
    """

    tuned: Weights
    base: Weights
    factors: dict[str, Factors] = field(default_factory=dict)


def load_pair(tuned: str, base: str | None = None) -> Pair:
    """What is to be compared.

    Args:
        tuned: Run, classifier, detector, peft's adapter folder; with a base also any checkpoint.
        base: Any of them; None takes what `tuned` was trained from.

    Raises:
        ConfigError: If there is nothing to compare with.
        DetectorError: If weights cannot be loaded.
        MethodError: If the method changes no weight matrix of its base.
    """
    pair = _with_own_base(tuned)
    if base is not None:
        other = _with_own_base(base)
        pair = Pair(
            weights_of_checkpoint(tuned) if pair is None else pair.tuned,
            weights_of_checkpoint(base) if other is None else other.tuned,
        )
    if pair is None:
        raise ConfigError(
            f"{tuned} is no Run, classifier, detector or adapter, so it does not say what it was trained from. Give "
            "--base, a preset, folder or Hub id, to compare it as a checkpoint."
        )
    needs_weights(pair.tuned)
    return pair


def _with_own_base(name: str) -> Pair | None:
    folder = Path(name).expanduser()
    if (classifier := _classifier_folder(folder)) is not None:
        return _classifier_pair(load_classifier(classifier), name)
    return _adapter_pair(folder) if (folder / ADAPTER_CONFIG).is_file() else None


def _classifier_folder(folder: Path) -> Path | None:
    if (found := find_classifier(folder)) is not None:
        return found
    is_detector = any((place / DETECTOR).is_file() for place in (folder, folder / RUN_DETECTOR))
    return find_detector(folder) if is_detector else None


def _classifier_pair(classifier: Classifier, name: str) -> Pair:
    method, own = classifier.method, classifier.backbone
    if not method.can_merge:
        raise MethodError(
            f"{name}: its method {method.kind} changes no weight matrix of its base, so there is nothing to compare. "
            "Give a classifier of another method, such as lora or full."
        )
    fresh = load_backbone(own.name, own.labels, pooling=own.pooling)
    if isinstance(method, KdLora) and method.config.layers is not None:
        truncate(fresh, method.config.layers)
    return Pair(
        weights_of_model(classifier.merge().model, name),
        weights_of_model(fresh.model, own.name, has_head=False),
        thin_factors(classifier.model),
    )


def _adapter_pair(folder: Path) -> Pair:
    """An adapter as peft's own tools save it, over the base that it names."""
    from peft import PeftModel

    config = read_json(folder / ADAPTER_CONFIG)
    if not (folder / ADAPTER_WEIGHTS).is_file():
        raise DetectorError(f"{folder}: {ADAPTER_WEIGHTS} is missing. Pickled weights are not read; save it again.")
    base = base_named(str(config.get("base_model_name_or_path") or ""))
    location = find_base(base)
    try:
        with known_warnings(), quiet_loading():
            fresh, bare = (_bare_model(location, config.get("task_type"), folder) for _ in range(2))
            model: Any = PeftModel.from_pretrained(bare, str(folder))
            factors = thin_factors(model)
            merged = model.merge_and_unload(safe_merge=True)
    except (OSError, ValueError, KeyError, RuntimeError, AttributeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DetectorError(
            f"{folder}: the adapter cannot be put on {base} and merged ({reason}). Expected one whose change peft can "
            "merge into the weights, and the base that it was trained on."
        ) from error
    return Pair(
        weights_of_model(merged, str(folder)), weights_of_model(fresh, base, has_head=_is_causal(config)), factors
    )


def _is_causal(config: dict[str, Any]) -> bool:
    # A language model's head comes with the checkpoint; a classifier's is drawn.
    return str(config.get("task_type")).endswith("_LM")


def _bare_model(location: str, task: str | None, folder: Path) -> Any:  # noqa: ANN401 (transformers' loaders share no type)
    import transformers

    loaders = {
        "SEQ_CLS": "AutoModelForSequenceClassification",
        "CAUSAL_LM": "AutoModelForCausalLM",
        "SEQ_2_SEQ_LM": "AutoModelForSeq2SeqLM",
        "TOKEN_CLS": "AutoModelForTokenClassification",
    }
    more = {"num_labels": _n_labels(folder)} if str(task).endswith("_CLS") else {}
    loader = getattr(transformers, loaders.get(str(task), "AutoModel"))
    return loader.from_pretrained(location, trust_remote_code=False, **more)


def _n_labels(folder: Path) -> int:
    with safe_open(folder / ADAPTER_WEIGHTS, framework="pt") as weights:
        heads = [name for name in weights.keys() if is_head(name) and name.endswith("weight")]  # noqa: SIM118
        # Of a head of several layers the last one answers, and it is the narrowest.
        return min((weights.get_slice(name).get_shape()[0] for name in heads), default=2)
