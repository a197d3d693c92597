"""A real server on this machine: `transformers serve` with a real language model of 260 thousand parameters."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from transformers import PreTrainedTokenizerFast

from tests.faulty_endpoint import Faults, make_parents
from tests.mirror_kills import Ordeal

START_S = 240.0  # loading takes seconds, on a busy machine minutes
CONTEXT_BLOCKS = "256"  # of 32 tokens: 16 stories at a time; by default the cache takes most of the memory
# The model was taught nothing but stories: it goes on with whatever stands there, so it gets a first sentence only.
TEMPLATE = """
version = 1
kinds = ["a story"]
advice = [""]
domains = ["story"]

[system]
phrasings = [""]

[rules]
phrasings = [""]

[from_opening]  # shows one sentence of two
phrasings = ["{{ first_sentence }}", "Once upon a time. {{ first_sentence }}"]
"""


@contextmanager
def story_server(model: Path, log: Path) -> Iterator[str]:
    """Its address up to `/v1`, while the block lasts.

    Args:
        model: Folder of the model.
        log: Gets what the server says.
    """
    port = _free_port()
    words = ("serve", str(model), "--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32")
    batching = ("--continuous-batching", "--cb-block-size", "32", "--cb-num-blocks", CONTEXT_BLOCKS)
    with log.open("wb") as said:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("transformers")), *words, *batching],
            env=os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}/health", log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def end_at_paragraphs(model: Path) -> Path:
    """Make the model stop where a line does, so that an answer takes some fifty tokens in place of three hundred."""
    path = model / "generation_config.json"
    settings = json.loads(path.read_text())
    (newline,) = PreTrainedTokenizerFast.from_pretrained(model)("\n", add_special_tokens=False)["input_ids"][-1:]
    settings["eos_token_id"] = sorted({*settings["eos_token_id"], newline})
    path.write_text(json.dumps(settings))
    return model


def story_parents(n: int, *, seed: int = 0) -> list[dict]:
    """Rows of human texts about as long as the model's paragraphs mostly are: two sentences."""
    rows = make_parents(n, n_words=8, seed=seed)
    return [
        row | {"text": f"One day, Tom saw number {row['id'][1:]} of the street. {row['text']}", "domain": "story"}
        for row in rows
    ]


def template_flags(folder: Path) -> tuple[str, ...]:
    """Flags of `tain mirror` that ask such a model for what it can do."""
    templates = folder / "templates"
    templates.mkdir()
    (templates / "story.toml").write_text(TEMPLATE)
    return ("--variants", "from_opening", "--templates", str(templates))


def story_ordeal(address: str, model: Path, folder: Path, *, timeout_s: float, slow: float, slow_s: float) -> Ordeal:
    """Faults before that server, and what is asked of it."""
    flags = ("--model", str(model), *template_flags(folder))
    faults = Faults(too_many=0.06, retry_after_s=0.3, broken=0.06, slow=slow, slow_s=slow_s, cut=0.03, malformed=0.03)
    return Ordeal(faults, timeout_s, address, flags, story_parents)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(process: subprocess.Popen, address: str, log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            if httpx.get(address, timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"No server after {START_S:g} s: {log.read_text()[-2000:]}")
