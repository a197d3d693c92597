"""What schemathesis loads: texts, names and uploads that a server can use, beside those that it makes up itself.

Runs in the environment of `requirements.txt`, which has no tain. What is chosen depends on what was made up alone, so a
seed gives the same requests again.
"""

import os
from pathlib import Path
from typing import Any
from zlib import crc32

import schemathesis
from schemathesis.transport.requests import REQUESTS_TRANSPORT

UPLOADS = [(path.name, path.read_bytes()) for path in sorted(Path(os.environ["FUZZ_UPLOADS"]).iterdir())]
ODD_NAMES = ["../../etc/passwd", "a.exe", "\u202egpj.docx", "x" * 300 + ".jsonl", ".csv", "=1+1.csv"]
NAMES = [name for name, _ in UPLOADS] + ODD_NAMES
TEXT = "The committee met on Tuesday to hear what the wardens had found along the northern path. " * 6
GATES = [{"label": "human", "target_fpr": 0.05}, {"label": "ai", "min_probability": 0.5, "too_short": "pass"}]
PAGE_FILES = ["page.css", "check.js", "jobs.html", "icon.svg"]
LEFT_OUT = object()
SOUND: dict[str, list[Any]] = {
    "text": [TEXT, [TEXT, "short"], TEXT * 30, "short", ["\u202e" + TEXT, "\x00" + TEXT]],
    "inputs": [TEXT, [TEXT], [[TEXT], [TEXT]], [TEXT, TEXT], "short"],
    "input": [TEXT, [TEXT, TEXT], TEXT * 30, "short"],
    "candidates": [[TEXT, "short", ""], [TEXT] * 4, [TEXT * 5]],
    "gates": [GATES, GATES[:1], GATES[1:], GATES * 4],
    "prompt": [LEFT_OUT, "Tell me of the wardens."],
    "model": [LEFT_OUT, LEFT_OUT, "tain-minilm", "nobody"],
    "target_fpr": [LEFT_OUT, 0.05, 0.01, 0.3, 1e-9],
    "prior": [LEFT_OUT, 0.1, 5e-324, 0.9999999999999999],
    "parameters": [LEFT_OUT, {"top_k": 1}, {"function_to_apply": "none"}, {"truncate": True}],
    "text_column": [LEFT_OUT, LEFT_OUT, "text", "nothing"],
    "id_column": [LEFT_OUT, LEFT_OUT, "id", "nothing"],
}


@schemathesis.hook
def map_body(context: object, body: object) -> object:
    """Two bodies of three get values that the server can use; what they do not name stays as it was made up."""
    number = _number(body)
    if not isinstance(body, dict) or number % 3 == 0:
        return body
    picked = {name: _pick(name, value, number) for name, value in body.items()}
    return {name: value for name, value in picked.items() if value is not LEFT_OUT}


@schemathesis.hook
def map_path_parameters(context: object, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Every other name of a file of the pages is one."""
    number = _number(path_parameters)
    if not path_parameters or "name" not in path_parameters or number % 2:
        return path_parameters
    return path_parameters | {"name": PAGE_FILES[number // 2 % len(PAGE_FILES)]}


@REQUESTS_TRANSPORT.serializer("multipart/form-data")  # the public decorator takes bytes alone, and no boundary
def form(context: object, value: object) -> dict[str, Any]:
    """Three uploads of five are files of the server's kinds, one stands under another name, one was made up."""
    if not isinstance(value, dict):
        return {"data": _bytes(value)}
    return {"files": [_part(name, each) for name, each in value.items() if each is not None]}


def _pick(name: str, value: object, number: int) -> object:
    choices = SOUND.get(name)
    return choices[(number // 3 + crc32(name.encode())) % len(choices)] if choices else value


def _part(name: str, value: object) -> tuple[str, tuple[str | None, bytes]]:
    content = _bytes(value)
    if name != "file":
        return name, (None, content)
    number = crc32(content)
    way, rest = number % 5, number // 5
    file_name, found = UPLOADS[rest % len(UPLOADS)]
    if way < 3:
        return name, (file_name, found)
    return name, (NAMES[rest % len(NAMES)], found if way == 3 else content)


def _number(value: object) -> int:
    return crc32(repr(value).encode("utf-8", "replace"))


def _bytes(value: object) -> bytes:
    inner = getattr(value, "data", value)
    return inner if isinstance(inner, bytes) else str(inner).encode("utf-8", "replace")
