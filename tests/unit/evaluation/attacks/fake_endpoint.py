"""A language model's address on this machine, which answers by a script and remembers what it was asked."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tain.evaluation.attacks.endpoint import Endpoint

Answer = str | tuple[int, Mapping[str, str], str]
"""The text of an answer, or a status with headers and a body."""


def in_capitals(task: str, text: str) -> str:
    return text.upper()


def as_a_model_answers(text: str) -> str:
    return json.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]})


@dataclass
class FakeEndpoint:
    """What came in, and how it is answered.

    Attributes:
        answer: From the task and the text to an answer.
        delay_s: Before each answer.
        asked: Bodies of the questions, as they came.
        keys: Their Authorization headers.
        most_at_once: Questions that were under way together.
    """

    answer: Callable[[str, str], Answer] = in_capitals
    delay_s: float = 0.0
    asked: list[dict] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    most_at_once: int = 0
    url: str = ""
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def endpoint(self, **settings) -> Endpoint:
        return Endpoint(self.url, "tiny", **({"wait_s": 0.001} | settings))

    def _respond(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        with self._lock:
            self.asked.append(body | {"path": handler.path})
            self.keys.append(handler.headers.get("Authorization"))
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        time.sleep(self.delay_s)
        said = self.answer(*(message["content"] for message in body["messages"]))
        status, headers, content = (200, {}, as_a_model_answers(said)) if isinstance(said, str) else said
        with self._lock:
            self._now -= 1
        data = content.encode()
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)


@contextmanager
def fake_endpoint(**settings) -> Iterator[FakeEndpoint]:
    fake = FakeEndpoint(**settings)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            fake._respond(self)

        def log_message(self, *values):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
