"""What becomes of a server that is asked too much, left in the middle, and asked for a long time."""

import contextlib
import json
import socket
import struct
import time
from collections import Counter

import httpx
import numpy as np
import psutil
from benchmarks.serving.load import Answer, Load, ask_all, every, holds, texts, until
from numpy.typing import NDArray
from scipy.stats import t

SETTLE_S = 60


def overload(address: str, *, n_clients: int) -> dict:
    """Many more clients than a server takes: each is answered, or told when to come back."""
    answers = ask_all(address, texts(3 * n_clients, n_words=1500), n_clients=n_clients)
    refused = [answer for answer in answers if answer.status == 429]
    return {
        "n_clients": n_clients,
        "statuses": {str(status): n for status, n in sorted(Counter(a.status for a in answers).items())},
        "every_429_says_when": all((answer.retry_after or "").isdigit() for answer in refused),
        "retry_after_s": sorted({int(answer.retry_after or 0) for answer in refused}),
        "answers_afterwards": ask_all(address, texts(1, n_words=200), n_clients=1)[0].status,
    }


def leaving(address: str, process: psutil.Process, *, n_clients: int) -> dict:
    """Clients that go in the middle of a request, each in one of six ways; what the server holds before and after."""
    leave_all(address, n_clients)  # threads of pools and buffers are there from here on
    idle = lambda: not holds(process, address)["n_waiting"]  # noqa: E731
    until(idle, seconds=SETTLE_S)
    before = holds(process, address)
    leave_all(address, n_clients)
    started = time.monotonic()
    kept = ("n_connections", "n_fds", "n_threads", "n_waiting", "n_waiting_chars")

    def is_back() -> bool:
        now = holds(process, address)
        return all(now[name] <= before[name] for name in kept)

    is_whole = until(is_back, seconds=SETTLE_S)
    after = holds(process, address)
    return {
        "n_clients": n_clients,
        "before": before,
        "after": after,
        "is_back": is_whole,
        "back_after_s": round(time.monotonic() - started, 1),
        "answers_afterwards": ask_all(address, texts(1, n_words=200), n_clients=1)[0].status,
    }


def leave_all(address: str, n_clients: int) -> None:
    """Open so many connections at once, send a part or all, and drop them; every other one without a word."""
    host, port = address.removeprefix("http://").split(":")
    body = json.dumps({"text": texts(1, n_words=2000)[0]}).encode()
    head = f"POST /v1/check HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n".encode()
    form = (
        f"POST /v1/jobs HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: multipart/form-data; boundary=b\r\n".encode()
    )
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n' + b'{"text": "x"}\n' * 9000
    whole = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    ways = [
        head[:20],
        head + b"Content-Length: %d\r\n\r\n" % len(body),
        whole[: len(whole) // 2],
        whole,
        whole + whole,
        form + b"Content-Length: 900000\r\n\r\n" + part,
    ]
    sockets = []
    for number in range(n_clients):
        client = socket.create_connection((host, int(port)))
        with contextlib.suppress(OSError):
            client.sendall(ways[number % len(ways)])
        sockets.append(client)
    for number, client in enumerate(sockets):
        if number % 2:  # a reset instead of an end
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()


ROUND_S, REST_S = 120.0, 40.0  # the server gives memory back after half a minute at rest


def memory(address: str, process: psutil.Process, *, minutes: float) -> dict:
    """What the server holds over time: in rounds of texts of all lengths, files and jobs, and at rest after each.

    Under load the resident set holds what is being read, and what was freed and not given back yet; both come and go.
    What it holds at rest is what it keeps.
    """
    mixed: list = [*texts(40, n_words=120), *texts(10, n_words=1500), texts(16, n_words=60), "short"]
    loaded: list[tuple[float, float]] = []
    rested: list[tuple[float, float]] = []
    answers: list[Answer] = []
    start = time.monotonic()
    while time.monotonic() - start < 60 * minutes:
        with Load(address, mixed, n_clients=3) as load:
            for _ in every(5, until_s=ROUND_S - REST_S):
                _files_and_jobs(address)
                loaded.append((time.monotonic() - start, process.memory_info().rss / 1e6))
        answers += load.answers
        time.sleep(REST_S)
        rested.append((time.monotonic() - start, process.memory_info().rss / 1e6))
    # The first rounds fill caches and pools.
    low, high = slope_interval(np.array(rested[2:]))
    return {
        "minutes": round(rested[-1][0] / 60, 1),
        "n_requests": len(answers),
        "statuses": {str(status): n for status, n in sorted(Counter(a.status for a in answers).items())},
        "mb_at_rest": [round(mb, 1) for _, mb in rested],
        "slope_at_rest_mb_per_hour": round(_slope(np.array(rested[2:])), 2),
        "slope_interval_95": [round(low, 2), round(high, 2)],
        "mb_under_load": [round(mb, 1) for _, mb in loaded[:: max(1, len(loaded) // 40)]],
        "most_mb": round(max(mb for _, mb in loaded), 1),
        "after": holds(process, address),
    }


def _slope(seen: NDArray[np.float64]) -> float:
    """MB an hour."""
    return float(np.polyfit(seen[:, 0], seen[:, 1], 1)[0]) * 3600


def slope_interval(seen: NDArray[np.float64]) -> tuple[float, float]:
    """95% interval of the slope of a line through points, in MB an hour, by Student's t; without an end below three."""
    if len(seen) < 3:
        return -np.inf, np.inf
    x, y = seen.T
    left = y - np.polyval(np.polyfit(x, y, 1), x)
    error = np.sqrt((left**2).sum() / (len(x) - 2) / ((x - x.mean()) ** 2).sum()) * 3600
    half = float(t.ppf(0.975, len(x) - 2) * error)
    return _slope(seen) - half, _slope(seen) + half


def _files_and_jobs(address: str) -> None:
    rows = "".join(json.dumps({"id": i, "text": text}) + "\n" for i, text in enumerate(texts(3, n_words=100)))
    with httpx.Client(base_url=address, timeout=120) as client:
        client.post("/v1/check/file", files={"file": ("a.txt", texts(1, n_words=300)[0].encode())})
        job = client.post("/v1/jobs", files={"file": ("a.jsonl", rows.encode())}).json()
        client.get(f"/v1/jobs/{job['id']}/results.csv")
        client.delete(f"/v1/jobs/{job['id']}")
