"""A suite of five tasks over one small file, for a tiny network: does a text hold a certain word?"""

import json
import random
from pathlib import Path

from tests.tiny import save_tiny

KINDS = {"news": "w1", "sport": "w2", "money": "w3", "plants": "w4", "music": "w5"}
HELD = "music"


def write_texts(file: Path, *, n: int = 200) -> Path:
    draw = random.Random(0)
    rows = []
    for index in range(n):
        label, word = list(KINDS.items())[index % len(KINDS)]
        words = [f"w{draw.randint(10, 39)}" for _ in range(6)]
        rows.append({"text": " ".join([word, *words]), "label": label})
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def suite_values(folder: Path, *, family: str = "bert", **changes) -> dict:
    base = folder / family
    if not base.is_dir():
        save_tiny(family, base)
    file = write_texts(folder / "texts.jsonl")
    tasks = [
        {
            "name": name,
            "file": str(file),
            "yes": [name],
            "held_out": name == HELD,
            "descriptions": [f"{word} {word} w{6 + i}" for i in range(3)],
        }
        for name, word in KINDS.items()
    ]
    steps = {"n_steps": 6, "checkpoint_every": 2, "lr": 1e-2}
    return {
        "base": str(base),
        "encoder": str(base),
        "n_held_descriptions": 1,
        "random_descriptions": ["w30 w31 w32"],
        "texts": {"n_train": 20, "n_test": 10, "max_tokens": 12},
        "hypernetwork": {"rank": 2, "alpha": 4.0, "hidden_width": 16, "head_width": 8, "dropout": 0.1},
        "supervised": {**steps, "tasks_per_step": 2},
        "oracles": {**steps, "tasks_per_step": None},
        "reconstruction": steps,
        "tasks": tasks,
        **changes,
    }


def toml(values: dict) -> str:
    """A suite as TOML."""
    flat = {k: v for k, v in values.items() if not isinstance(v, dict) and k != "tasks"}
    lines = [f"{k} = {json.dumps(v)}" for k, v in flat.items()]
    for name, table in ((k, v) for k, v in values.items() if isinstance(v, dict)):
        lines += [f"[{name}]", *(f"{k} = {json.dumps(v)}" for k, v in table.items() if v is not None)]
    for task in values["tasks"]:
        lines += ["[[tasks]]", *(f"{k} = {json.dumps(v)}" for k, v in task.items())]
    return "\n".join(lines) + "\n"


def write_suite(folder: Path, **changes) -> Path:
    file = folder / "suite.toml"
    file.write_text(toml(suite_values(folder, **changes)))
    return file
