"""Every method by name: ours, and those that other packages offer under the entry point `tain.methods`."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.metadata import entry_points
from typing import Any

from pydantic import ValidationError

from tain.core.errors import ConfigError
from tain.methods.adalora import AdaLora
from tain.methods.alora import ALora
from tain.methods.authorship import Authorship
from tain.methods.full import Full
from tain.methods.galore import Galore
from tain.methods.grad_norm_lorp import GradNormLorp
from tain.methods.head_only import HeadOnly
from tain.methods.kd_lora import KdLora
from tain.methods.label_words import LabelWords
from tain.methods.lora import Lora
from tain.methods.lora_fa import LoraFa
from tain.methods.loreft import Loreft
from tain.methods.lq_lora import LqLora
from tain.methods.method import Method
from tain.methods.prompt_tuning import PromptTuning

_OURS: tuple[type[Method[Any]], ...] = (
    Lora,
    LoraFa,
    AdaLora,
    ALora,
    Full,
    HeadOnly,
    PromptTuning,
    Loreft,
    Galore,
    GradNormLorp,
    KdLora,
    LqLora,
    Authorship,
    LabelWords,
)
METHODS: dict[str, type[Method[Any]]] = {method.kind: method for method in _OURS}


def build_method(settings: dict[str, Any]) -> Method[Any]:
    """The method that settings describe.

    Args:
        settings: `kind` and the method's own settings.

    Raises:
        ConfigError: If the kind or a setting is unknown or impossible; all problems are named at once.
    """
    options = dict(settings)
    kind = options.pop("kind", "lora")
    method = METHODS.get(kind) or _from_entry_point(kind) if isinstance(kind, str) else None
    if method is None:
        near = get_close_matches(str(kind), METHODS, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ConfigError(f"method.kind is {kind!r}. Expected one of {', '.join(METHODS)}.{hint}")
    try:
        return method(method.config_type.model_validate(options))
    except ValidationError as error:
        raise ConfigError(_explain(kind, method, error)) from error


def _from_entry_point(kind: str) -> type[Method[Any]] | None:
    for entry in entry_points(group="tain.methods"):
        if entry.name == kind:
            found: type[Method[Any]] = entry.load()
            return found
    return None


def _explain(kind: str, method: type[Method[Any]], error: ValidationError) -> str:
    known = list(method.config_type.model_fields)
    lines = []
    for problem in error.errors():
        name = ".".join(map(str, problem["loc"]))
        if problem["type"] == "extra_forbidden":
            near = get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            lines.append(f"method.{name} is not a setting of {kind}. Expected {', '.join(known)}.{hint}")
        else:
            lines.append(f"method.{name} is {problem['input']!r}: {problem['msg']}.")
    return "\n".join(lines)
