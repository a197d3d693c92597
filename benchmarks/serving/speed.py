"""How fast a server reads at saturation, beside its engine alone; and how long small requests wait behind big ones."""

import time

import psutil
from benchmarks.serving.load import Load, ask_all, metrics, percentile, texts, until

from tain.detector import Detector


class Alone:
    """The engine of the server without the server: the same windows, batches and verdicts, in this process."""

    def __init__(self, engine: str) -> None:
        self.detector = Detector.load()
        engines = self.detector.reader.engines
        self.engine = engines.light() if engine == "auto" else engines.full()

    def n_tokens(self, each: list[str]) -> int:
        """Tokens in the windows of texts."""
        return sum(len(window.token_ids) for cut in self.detector.reader.cut(each) for window in cut.windows)

    def seconds(self, each: list[str], *, batch_tokens: int) -> float:
        """Time from texts to verdicts."""
        started = time.perf_counter()
        cuts = self.detector.reader.cut(each)
        rows = [window.token_ids for cut in cuts for window in cut.windows]
        logits = self.engine.logits(rows, batch_tokens=batch_tokens)
        readings = self.detector.reader.join(cuts, logits[:, 1] - logits[:, 0])
        for reading in readings:
            self.detector.verdict(reading, has_windows=False)
        return time.perf_counter() - started


def throughput(
    address: str,
    process: psutil.Process,
    engine: str,
    batch_tokens: int,
    *,
    n_texts: int,
    n_words: int,
    n_rounds: int,
    n_clients: int,
) -> dict:
    """Tokens a second of both, measured in turn on the same texts: of the clock, and of each process's own time.

    The clock counts whatever else runs on the machine, for both alike; a process's own time does not.
    """
    alone, each = Alone(engine), texts(n_texts, n_words=n_words)
    n_tokens = alone.n_tokens(each)
    alone.seconds(each[:4], batch_tokens=batch_tokens)
    ask_all(address, each[:n_clients], n_clients=n_clients)
    rounds = []
    for _ in range(n_rounds):
        started, used = time.perf_counter(), sum(process.cpu_times()[:2])
        answers = ask_all(address, each, n_clients=n_clients)
        served = {"server_s": time.perf_counter() - started, "server_cpu_s": sum(process.cpu_times()[:2]) - used}
        assert {answer.status for answer in answers} == {200}
        used = time.process_time()
        read = {"engine_s": alone.seconds(each, batch_tokens=batch_tokens), "engine_cpu_s": time.process_time() - used}
        rounds.append({name: round(value, 3) for name, value in (served | read).items()})
    ratios = sorted(each["engine_s"] / each["server_s"] for each in rounds)
    total = {name: sum(each[name] for each in rounds) for name in rounds[0]}
    return {
        "n_texts": n_texts,
        "n_words_each": n_words,
        "n_clients": n_clients,
        "n_tokens": n_tokens,
        "rounds": rounds,
        "server_tokens_per_s": round(n_rounds * n_tokens / total["server_s"]),
        "engine_tokens_per_s": round(n_rounds * n_tokens / total["engine_s"]),
        "ratio": round(total["engine_s"] / total["server_s"], 3),
        "ratio_of_processor_time": round(total["engine_cpu_s"] / total["server_cpu_s"], 3),
        "ratio_of_median_round": round(ratios[len(ratios) // 2], 3),
    }


def small_behind_big(address: str, *, n_small: int, n_big_clients: int, n_words_big: int) -> dict:
    """How long small requests of a few clients take while long texts saturate the server."""
    small = texts(n_small, n_words=80)
    with Load(address, texts(8, n_words=n_words_big), n_clients=n_big_clients) as load:
        until(lambda: metrics(address).get("tain_batch_seconds_count", 0) >= 3, seconds=120)
        before = metrics(address)
        answers = ask_all(address, small, n_clients=5)
        after = metrics(address)
    n_batches = after["tain_batch_seconds_count"] - before["tain_batch_seconds_count"]
    batch_s = (after["tain_batch_seconds_sum"] - before["tain_batch_seconds_sum"]) / n_batches
    assert {answer.status for answer in answers} == {200}
    seconds = [answer.seconds for answer in answers]
    p99 = percentile(seconds, 0.99)
    return {
        "n_small": n_small,
        "n_big_clients": n_big_clients,
        "n_words_big": n_words_big,
        "n_batches": int(n_batches),
        "tokens_per_batch": round((after["tain_batch_tokens_sum"] - before["tain_batch_tokens_sum"]) / n_batches),
        "batch_s_mean": round(batch_s, 4),
        "p50_s": round(percentile(seconds, 0.5), 4),
        "p99_s": round(p99, 4),
        "slowest_s": [round(each, 3) for each in sorted(seconds)[-5:]],
        "p99_in_batches": round(p99 / batch_s, 2),
        "n_big_answered": sum(answer.status == 200 for answer in load.answers),
    }
