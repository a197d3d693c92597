"""The guide for institutions, run from top to bottom: each command in it works on what the one before has left."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from tests.mining_fixtures import words, write_rows
from tests.tiny import save_tiny_encoder

from tain.cli import DONE
from tain.cli.app import run

GUIDE = Path(__file__).parents[2] / "docs" / "guide-institution.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SMALL = """[training]
threads = 1
batch_tokens = 4096
lr = 0.01
guard_factor = 1e9
n_evaluations = 1
checkpoint_every = 20
dtype = "float32"
"""


def blocks(kind: str) -> list[str]:
    return [text for found, text in BLOCK.findall(GUIDE.read_text()) if found == kind]


def commands() -> list[str]:
    return [line for block in blocks("sh") for line in block.replace("\\\n", " ").splitlines() if line.strip()]


@pytest.fixture(scope="module")
def institution(tmp_path_factory) -> Path:
    """What the guide asks for, of made-up words and with a tiny base."""
    folder = tmp_path_factory.mktemp("institution")
    base = save_tiny_encoder(folder / "base")
    (toml,) = blocks("toml")
    small = toml.replace('base = "minilm"', f'base = "{base}"').replace("[training]\n", SMALL)
    (folder / "mine.toml").write_text(small.replace("n_epochs = 2", "n_epochs = 4"))
    human, ai = words(60, seed=1, tilt=1.0), words(60, seed=2, tilt=3.5)
    pairs = [(text, label, i) for texts, label in ((human, "human"), (ai, "ai")) for i, text in enumerate(texts)]
    rows = [{"id": f"{label}{i}", "text": text, "label": label, "group": f"g{i}"} for text, label, i in pairs]
    write_rows(folder / "train.jsonl", rows)
    write_rows(folder / "test.jsonl", [{**row, "text": f"{row['text']} w1 w2."} for row in rows[30:90]])
    write_rows(folder / "ai.jsonl", [{"text": text} for text in words(60, seed=3, tilt=3.5)])
    write_rows(folder / "other-department.jsonl", [{"text": text} for text in words(310, seed=4, tilt=1.2)])
    for name, texts in (("our-texts", words(1100, seed=5, tilt=1.1)), ("new-texts", words(20, seed=6, tilt=2.0))):
        (folder / name).mkdir()
        for i, text in enumerate(texts):
            (folder / name / f"{i:04d}.txt").write_text(text)
    (folder / "letter.txt").write_text(words(1, seed=7, tilt=1.0)[0])
    return folder


def test_every_command_of_the_guide_works_in_its_order(institution, monkeypatch, capsys):
    monkeypatch.chdir(institution)
    monkeypatch.setenv("TAIN_CACHE", str(institution / "cache"))
    for line in commands():
        if line.startswith("tain "):
            quiet = ["--quiet"] if line.split()[1] in ("mine", "score", "evaluate", "calibrate") else []
            assert run([*shlex.split(line)[1:], *quiet]) == DONE, f"{line}\n{capsys.readouterr().err}"
        else:
            subprocess.run(["bash", "-euc", line], check=True, capture_output=True)
    rounds = json.loads((institution / "mined" / "summary.json").read_text())["rounds"]
    assert {each["arm"] for each in rounds} == {"hardest", "random"}
    for name in ("mined", "mined-again", "other-detector"):
        assert run(["check", "letter.txt", "--model", name, "--json"]) == DONE
    assert (institution / "mined" / "to_label.csv").read_text(encoding="utf-8-sig").count("\n") >= 20
    labelled = json.loads((institution / "mined-again" / "texts" / "labelled.json").read_text())
    assert len(labelled) == 1


def test_every_share_and_setting_that_the_guide_names_is_one(institution):
    from tain.recipes.mine.configuration import read_settings

    settings = read_settings(institution / "mine.toml").mining
    assert sum(settings.shares.values()) == pytest.approx(1)
    assert settings.pool == ("our-texts",)
    with_writer = institution / "writer.toml"
    with_writer.write_text((institution / "mine.toml").read_text() + "\n" + next(iter(blocks("text"))))
    assert read_settings(with_writer).mining.writer["models"] == ["your-model"]
