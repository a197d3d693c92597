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
from benchmarks.serving.load import Load, ask_all, every, holds, texts, until
from numpy.typing import NDArray

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


def memory(address: str, process: psutil.Process, *, minutes: float) -> dict:
    """What the server holds over time, under texts of all lengths, files and jobs."""
    mixed: list = [*texts(40, n_words=120), *texts(10, n_words=1500), texts(16, n_words=60), "short"]
    seen = []
    with Load(address, mixed, n_clients=3) as load:
        for second in every(5, until_s=60 * minutes):
            _files_and_jobs(address)
            seen.append((second, process.memory_info().rss / 1e6))
    # The first tenth fills caches and pools.
    steady = np.array(seen[len(seen) // 10 :])
    low, high = slope_interval(steady)
    quarters = np.array_split(np.array(seen)[:, 1], 4)
    return {
        "minutes": round(seen[-1][0] / 60, 1),
        "n_requests": len(load.answers),
        "statuses": {str(status): n for status, n in sorted(Counter(a.status for a in load.answers).items())},
        "first_mb": round(float(steady[0, 1]), 1),
        "last_mb": round(float(steady[-1, 1]), 1),
        "most_mb": round(float(steady[:, 1].max()), 1),
        "median_mb_of_quarters": [round(float(np.median(each)), 1) for each in quarters],
        "slope_mb_per_hour": round(_slope(steady), 2),
        "slope_interval_95": [round(low, 2), round(high, 2)],
        "mb_at_even_times": [round(mb, 1) for _, mb in seen[:: max(1, len(seen) // 20)]],
        "after": holds(process, address),
    }


def _slope(seen: NDArray[np.float64]) -> float:
    """MB an hour."""
    return float(np.polyfit(seen[:, 0], seen[:, 1], 1)[0]) * 3600


def slope_interval(seen: NDArray[np.float64], *, block_s: float = 60.0, n_draws: int = 2000) -> tuple[float, float]:
    """95% interval of the slope in MB an hour, by drawing whole minutes of what the line leaves over.

    Memory moves in jumps that last, so neighbouring samples are no independent ones.
    """
    rng, line = np.random.default_rng(0), np.polyval(np.polyfit(seen[:, 0], seen[:, 1], 1), seen[:, 0])
    left, size = seen[:, 1] - line, max(1, round(block_s / float(np.median(np.diff(seen[:, 0])))))
    drawn = []
    for _ in range(n_draws):
        starts = rng.integers(0, max(1, len(left) - size + 1), size=-(-len(left) // size))
        noise = np.concatenate([left[start : start + size] for start in starts])[: len(left)]
        drawn.append(_slope(np.column_stack([seen[:, 0], line + noise])))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def _files_and_jobs(address: str) -> None:
    rows = "".join(json.dumps({"id": i, "text": text}) + "\n" for i, text in enumerate(texts(3, n_words=100)))
    with httpx.Client(base_url=address, timeout=120) as client:
        client.post("/v1/check/file", files={"file": ("a.txt", texts(1, n_words=300)[0].encode())})
        job = client.post("/v1/jobs", files={"file": ("a.jsonl", rows.encode())}).json()
        client.get(f"/v1/jobs/{job['id']}/results.csv")
        client.delete(f"/v1/jobs/{job['id']}")
