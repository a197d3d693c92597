"""What a server is loaded with: texts, clients that ask at the same time, and what its process holds meanwhile."""

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle
from math import ceil
from pydoc_data.topics import topics

import httpx
import psutil

TIMEOUT_S = 900
_SUM = re.compile(r"^(tain_\w+?)(?:{[^}]*})? (\S+)$", re.MULTILINE)


def texts(n: int, *, n_words: int) -> list[str]:
    """Stretches of Python's own documentation, each of so many words."""
    words = " ".join(topics[name] for name in sorted(topics)).split()
    starts = range(0, len(words) - n_words, max(1, (len(words) - n_words) // n))
    return [" ".join(words[start : start + n_words]) for start in list(starts)[:n]]


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        status: Of HTTP; 0 where the connection broke.
        seconds: From the first byte sent to the last received.
        retry_after: As sent.
    """

    status: int
    seconds: float
    retry_after: str | None = None


def ask(client: httpx.Client, text: str | list[str]) -> Answer:
    """Ask for a verdict, as a program does that takes no windows."""
    started = time.perf_counter()
    try:
        answer = client.post("/v1/check", json={"text": text, "windows": False})
    except httpx.TransportError:
        return Answer(0, time.perf_counter() - started)
    return Answer(answer.status_code, time.perf_counter() - started, answer.headers.get("retry-after"))


def ask_all(address: str, each: Sequence[str | list[str]], *, n_clients: int) -> list[Answer]:
    """Ask for all, so many at a time over connections that stay open; in order."""
    limits = httpx.Limits(max_connections=n_clients)
    with (
        httpx.Client(base_url=address, timeout=TIMEOUT_S, limits=limits) as client,
        ThreadPoolExecutor(n_clients) as at,
    ):
        return list(at.map(lambda text: ask(client, text), each))


class Load:
    """Clients that go on asking until they are told to stop."""

    def __init__(self, address: str, each: Sequence[str | list[str]], *, n_clients: int) -> None:
        self.answers: list[Answer] = []
        self._address, self._texts, self._lock, self._stop = address, cycle(each), threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(n_clients)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        with httpx.Client(base_url=self._address, timeout=TIMEOUT_S) as client:
            while not self._stop.is_set():
                with self._lock:
                    text = next(self._texts)
                self.answers.append(ask(client, text))


def metrics(address: str) -> dict[str, float]:
    """The sums of the server's own counts, over all their labels."""
    sums: dict[str, float] = {}
    for name, value in _SUM.findall(httpx.get(f"{address}/metrics", timeout=TIMEOUT_S).text):
        sums[name] = sums.get(name, 0.0) + float(value)
    return sums


def holds(process: psutil.Process, address: str) -> dict[str, float]:
    """What a server holds: memory, threads, open files, connections, and requests that wait."""
    counts = metrics(address)
    port = int(address.rpartition(":")[2])
    open_here = [each for each in process.net_connections("tcp") if each.laddr.port == port and each.raddr]
    return {
        "rss_mb": round(process.memory_info().rss / 1e6, 1),
        "n_threads": process.num_threads(),
        "n_fds": process.num_fds(),
        "n_connections": sum(each.status == psutil.CONN_ESTABLISHED for each in open_here),
        "n_waiting": counts["tain_waiting_requests"],
        "n_waiting_chars": counts["tain_waiting_characters"],
    }


def until(is_so: Callable[[], bool], *, seconds: float) -> bool:
    """Whether something became so in time."""
    end = time.monotonic() + seconds
    while not (found := is_so()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def every(seconds: float, *, until_s: float) -> Iterator[float]:
    """Seconds since the start, at times at least so far apart."""
    start = time.monotonic()
    while (now := time.monotonic() - start) <= until_s:
        yield now
        time.sleep(max(0.0, start + now + seconds - time.monotonic()))
