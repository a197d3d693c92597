"""What a sample says of all."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace

import pytest
from tests.detector_fixtures import made_up_texts

from tain.cli.app import run
from tain.core.errors import ConfigError, DataError
from tain.recipes.score_forecast import SAMPLE_ROWS, Sample, forecast
from tain.recipes.score_rows import TextRow


class Clock:
    """A scorer that takes a second for each 100,000 characters, more or less, on a clock of its own."""

    def __init__(self, monkeypatch, noise=()):
        self.now, self.noise = 0.0, list(noise)
        self.reader = SimpleNamespace(engines=SimpleNamespace(full=lambda: None))
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)

    def score(self, texts, *, batch_tokens=64, advance=None):
        factor = self.noise.pop() if self.noise else 1.0
        self.now += factor * sum(map(len, texts)) / 100_000
        return []


def seen(lengths):
    sample = Sample()
    sample.see(TextRow(str(i), "x" * n) for i, n in enumerate(lengths))
    return sample


def test_a_steady_reader_is_forecast_exactly(monkeypatch):
    lengths = [500 + i % 7000 for i in range(3000)]
    found = forecast(Clock(monkeypatch), seen(lengths), batch_tokens=64, price=36.0, is_quiet=True)
    assert (found.n_rows, found.n_chars) == (3000, sum(lengths))
    assert found.seconds == pytest.approx(sum(lengths) / 100_000)
    assert found.low == pytest.approx(found.seconds) and found.high == pytest.approx(found.seconds)
    assert found.cost == pytest.approx(found.seconds * 0.01)
    assert found.texts_per_s == pytest.approx(3000 / found.seconds)


def test_a_reader_that_is_fast_and_slow_has_an_interval_that_holds_the_truth(monkeypatch):
    noise = [0.5, 1.5] * 200
    found = forecast(Clock(monkeypatch, noise), seen([2500] * 5000), batch_tokens=64, is_quiet=True)
    assert found.low < 5000 * 2500 / 100_000 < found.high
    assert 0.05 < (found.high - found.low) / found.seconds < 0.8
    assert found.cost is None


def test_every_row_has_the_same_chance():
    hits = [0] * 1024
    for seed in range(200):
        sample = Sample(seed=seed)
        sample.see(TextRow(str(i), f"{i:>8}") for i in range(len(hits)))
        drawn = [int(text) for block in sample.blocks() for text in block]
        assert len(set(drawn)) == len(drawn) == SAMPLE_ROWS
        for place in drawn:
            hits[place] += 1
    # 50 of 200 expected of each, with a standard deviation of 6.1; of a quarter of the rows 50 ± 0.4.
    for part in range(4):
        assert sum(hits[256 * part : 256 * (part + 1)]) / 256 == pytest.approx(50, abs=2)


def test_nothing_and_a_price_below_nothing_are_errors(monkeypatch):
    with pytest.raises(DataError, match="No row can be used"):
        forecast(Clock(monkeypatch), Sample(), batch_tokens=64, is_quiet=True)
    with pytest.raises(ConfigError, match="--price -1"):
        forecast(Clock(monkeypatch), seen([100]), batch_tokens=64, price=-1.0, is_quiet=True)


def test_the_command_writes_nothing_and_says_what_to_expect(tmp_path, capsys):
    rows = [{"id": i, "text": text} for i, text in enumerate(made_up_texts(30, seed=5, low=60, high=90))]
    file = tmp_path / "texts.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert run(["score", str(file), "--forecast", "--price", "2", "--json", "--quiet"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n_rows"], found["n_sampled"], found["n_chars"]) == (30, 30, sum(len(row["text"]) for row in rows))
    assert found["low"] <= found["seconds"] <= found["high"]
    assert found["cost"] == pytest.approx(2 * found["seconds"] / 3600)
    assert [each.name for each in tmp_path.iterdir()] == ["texts.jsonl"]
    assert run(["score", str(file), "--price", "2", "--quiet"]) == 0
    assert "95% interval" in capsys.readouterr().out
    assert run(["score", "-", "--forecast"]) != 0
    assert "stdin" in capsys.readouterr().err
