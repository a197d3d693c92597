"""Clients that mean harm, against a server in a process of its own: they are cut off, and nothing of them stays."""

import contextlib
import json
import socket
import struct
import time
from pathlib import Path

import httpx
import psutil
import pytest

pytest.importorskip("prometheus_client")

from tests.detector_fixtures import make_detector
from tests.served_process import serving

pytestmark = pytest.mark.timeout(300)
PATIENCE_S = 3
BODY_BYTES = 100_000
FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n' + b'{"text": "w1"}\n' * 90_000


@pytest.fixture(scope="module")
def temporary(tmp_path_factory):
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        yield folder


@pytest.fixture(scope="module")
def jobs(tmp_path_factory):
    return tmp_path_factory.mktemp("jobs")


@pytest.fixture(scope="module")
def server(tmp_path_factory, temporary, jobs):
    folder = make_detector(tmp_path_factory.mktemp("hostile"))
    bounds = ["--timeout", PATIENCE_S, "--max-requests", 4, "--max-body-bytes", BODY_BYTES, "--jobs-dir", jobs]
    with serving("--model", folder, *bounds) as server:
        yield server
        assert server.lines("error") == []
        assert server.stop() == 0


def connect(server, *, receive_bytes=None):
    host, port = server.address.removeprefix("http://").split(":")
    client = socket.socket()
    if receive_bytes:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    client.settimeout(30)
    client.connect((host, int(port)))
    return client


def head(path, length=None, *, kind="application/json"):
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {kind}"]
    return "\r\n".join([*lines, *([] if length is None else [f"Content-Length: {length}"]), "", ""]).encode()


def is_open(client):
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        client.settimeout(30)


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)


def health(server):
    return httpx.get(f"{server.address}/health", timeout=30).status_code


def held(server):
    process = psutil.Process(server.process.pid)
    page = httpx.get(f"{server.address}/metrics", timeout=30).text
    waiting = [line for line in page.splitlines() if line.startswith("tain_waiting")]
    return process.num_fds(), len(process.net_connections("tcp")), waiting


def spooled(server, folder):
    """Files that hold what has come in so far; they have no name, so that none can stay."""
    found = []
    for each in Path(f"/proc/{server.process.pid}/fd").iterdir():
        try:
            found.append(str(each.readlink()))
        except FileNotFoundError:
            continue
    return [path for path in found if path.startswith(str(folder))]


def test_heads_that_drip_in_are_cut_off_and_others_are_answered_meanwhile(server):
    clients = [connect(server) for _ in range(40)]
    dripping = set(clients)
    end = time.monotonic() + 20 * PATIENCE_S
    while dripping and time.monotonic() < end:
        for client in list(dripping):
            try:
                client.send(b"G")
            except OSError:
                dripping.discard(client)
            if not is_open(client):
                dripping.discard(client)
        assert health(server) == 200
        time.sleep(0.2)
    assert not dripping


def test_a_second_head_that_never_ends_is_cut_off_too(server):
    client = connect(server)
    client.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert client.recv(1000).startswith(b"HTTP/1.1 200")
    client.sendall(b"GET /health HTTP/1.1\r\nHost:")
    until(lambda: not is_open(client))


@pytest.mark.parametrize("path", ["/v1/check", "/predict"])
def test_a_body_that_drips_in_is_408(server, path):
    client = connect(server)
    client.sendall(head(path, 50_000) + b'{"text": "')
    for _ in range(8):
        client.sendall(b"w")
        time.sleep(0.1)
    assert client.recv(1000).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/check/file"])
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc, to see the files that a process holds")
def test_a_form_that_breaks_off_leaves_nothing_behind(server, temporary, jobs, path):
    for is_reset in (False, True):
        client = connect(server)
        client.sendall(head(path, 9_000_000, kind="multipart/form-data; boundary=b") + FORM)
        until(lambda: spooled(server, temporary))
        if is_reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    until(lambda: not spooled(server, temporary))
    assert list(temporary.iterdir()) == []
    assert httpx.get(f"{server.address}/v1/jobs", timeout=30).json()["data"] == []
    assert [path for path in jobs.rglob("*") if path.suffix in (".jsonl", ".rows")] == []


def test_a_reader_that_takes_nothing_is_cut_off(server):
    client = connect(server, receive_bytes=4096)
    length = len(httpx.get(f"{server.address}/openapi.json", timeout=30).content)
    n = 20_000_000 // length
    client.settimeout(1)
    with contextlib.suppress(OSError):  # it stops reading where nobody takes the answers
        client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * n)
    port = client.getsockname()[1]
    process = psutil.Process(server.process.pid)
    until(lambda: port not in {each.raddr.port for each in process.net_connections("tcp") if each.raddr})
    assert health(server) == 200


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xff" * 200 + b"\r\n\r\n", b"400"),
        (b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 200_000 + b"\r\n\r\n", b"400"),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (b"GET /health HTTP/1.1\r\n\r\n", b"400"),
        (head("/v1/check")[:-2] + b"Content-Length: 5\r\nContent-Length: 50\r\n\r\nhello", b"400"),
        (head("/v1/check")[:-2] + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (head("/v1/check", BODY_BYTES + 1), b"413"),
        (b"GET http://evil.example/health HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"421"),
    ],
)
def test_what_is_no_request_or_too_large_a_one_is_refused_at_once(server, content, status):
    client = connect(server)
    with contextlib.suppress(OSError):
        client.sendall(content)
    assert client.recv(1000).split(b" ")[1] == status


def test_a_body_without_an_end_is_413_however_it_is_cut(server):
    client = connect(server)
    client.sendall(head("/v1/check")[:-2] + b"Transfer-Encoding: chunked\r\n\r\n")
    with contextlib.suppress(OSError):
        for _ in range(3 * BODY_BYTES // 1000):
            client.sendall(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
    assert client.recv(1000).startswith(b"HTTP/1.1 413")


def test_clients_that_leave_leave_no_connection_file_or_text_behind(server):
    body = json.dumps({"text": "w1 w2 w3. " * 2000}).encode()
    whole = head("/v1/check", len(body)) + body
    ways = [b"", b"POST", whole[:200], whole[: len(whole) // 2], whole, whole + whole]

    def leave(n):
        clients = [connect(server) for _ in range(n)]
        for number, client in enumerate(clients):
            client.sendall(ways[number % len(ways)])
        for number, client in enumerate(clients):
            if number % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()

    leave(12)
    until(lambda: held(server)[2] == ["tain_waiting_requests 0.0", "tain_waiting_characters 0.0"])
    time.sleep(1)
    before = held(server)
    leave(60)
    until(lambda: held(server)[2] == before[2] and held(server)[0] <= before[0] and held(server)[1] <= before[1])
    assert health(server) == 200
