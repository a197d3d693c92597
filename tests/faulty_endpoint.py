"""An endpoint for chat completions that fails at stated rates, and a proxy that does so before a real one.

Every request is logged with the name the client gave it, what became of it, and the mark of the answer, so that a test
can say which answers were asked for twice.
"""

import asyncio
import email.utils
import hashlib
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

MALFORMED = (
    b"<html><body>Bad gateway</body></html>",
    b'{"choices": [{"message": {"content": "never clo',
    b"{}",
    b'{"choices": []}',
    b'{"choices": [{"index": 0}]}',
    b'{"choices": [{"message": {"content": 7}}]}',
    b'{"error": {"message": "upstream broke", "code": 502}}',
    b"\xff\xfe\x00",
    b"null",
)
SENTENCES = (
    "The {a} near the {b} was rebuilt in {n} after a long dispute about its cost.",
    "People from the {b} still meet at the {a} when the weather allows it.",
    "In the spring of {n} a {a} was found there, which nobody had expected.",
    "Most visitors remember the {b}, while the {a} is known only to a few.",
    "According to the keeper, the {a} needs more care than the {b} ever did.",
    "A letter of {n} calls the {b} too expensive and the {a} far too small.",
)
PARENT_SENTENCES = (
    "My uncle sold the {a} in {n}, and he never spoke about it again.",
    "We walked from the {a} to the {b} every Sunday, whatever my mother said.",
    "Nobody in our street had seen the {b} with their own eyes before {n}.",
    "I learnt at the {a} how little money buys when you are young.",
    "The {b} burned down twice, so they painted a small {a} on its door.",
    "Later, in {n}, my sister opened a shop beside the {b} and sold tea.",
)
NOUNS = (
    "bridge", "garden", "library", "harbour", "tower", "market", "station", "orchard", "chapel", "mill", "quarry",
    "school", "theatre", "well",
)  # fmt: skip
TOPIC = "Topic: how a small town keeps an old building and argues about the money\nForm: a plain report."
RATE_LIMIT = b'{"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}'
REFUSAL = "I'm sorry, but I can't help with that request."


def mark_of(text: str) -> str:
    """A short name for the text of an answer, as it is kept."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Faults:
    """How often a request meets which fault. What is left over is answered."""

    too_many: float = 0.0
    retry_after_s: float = 0.2
    broken: float = 0.0
    slow: float = 0.0
    slow_s: float = 5.0
    cut: float = 0.0
    malformed: float = 0.0
    refusal: float = 0.0
    bare: float = 0.0
    delay_s: float = 0.0

    def draw(self, rng: random.Random) -> str:
        point = rng.random()
        for kind in ("too_many", "broken", "slow", "cut", "malformed", "refusal", "bare"):
            point -= getattr(self, kind)
            if point < 0:
                return kind
        return "answered"


@dataclass
class Entry:
    """One request: the client's name for it, a hash of what was asked, what became of it, and when.

    The mark is that of the text that was answered, empty where there was none; the wait is what a 429 asked for.
    """

    trace: str
    sha256: str
    kind: str
    model: str
    arrived_s: float
    mark: str = ""
    wait_s: float = 0.0
    is_sent: bool = False

    @property
    def parent(self) -> str:
        return self.trace.split("-")[1] if self.trace.startswith("tain-") else ""

    @property
    def step(self) -> str:
        return self.trace.split("-")[3] if self.trace.startswith("tain-") else ""

    @property
    def is_whole(self) -> bool:
        """Whether its answer was readable, if it came."""
        return bool(self.mark) and self.kind not in ("cut", "malformed", "slow")

    @property
    def question(self) -> str:
        """Parent, attempt and step: what nobody should have to answer twice."""
        return self.trace.rpartition("-")[0]


def make_text(rng: random.Random, *, n_words: int, sentences: tuple[str, ...] = SENTENCES) -> str:
    """English of about so many words, never the same twice."""
    text = ""
    while len(text.split()) < n_words:
        a, b = rng.sample(NOUNS, 2)
        text += rng.choice(sentences).format(a=a, b=b, n=rng.randint(1200, 1990)) + " "
    return text.strip()


def make_parents(n: int, *, n_words: int = 60, seed: int = 0) -> list[dict]:
    """Rows of human texts."""
    rng = random.Random(seed)
    texts = [make_text(rng, n_words=n_words, sentences=PARENT_SENTENCES) for _ in range(n)]
    return [{"id": f"p{i}", "text": text, "group": f"g{i}", "domain": "essay"} for i, text in enumerate(texts)]


@dataclass
class FaultyEndpoint:
    """A server on a free port of this machine, in a thread of its own, while the block lasts."""

    faults: Faults = field(default_factory=Faults)
    seed: int = 0
    n_words: int = 60
    upstream: str | None = None
    reply: Callable[[dict, dict], tuple[int, dict, bytes]] | None = None
    log: list[Entry] = field(default_factory=list)

    def __enter__(self):
        self._rng, self._n_answers = random.Random(self.seed), 0
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def __exit__(self, *error):
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve(ready))
        self._loop.close()

    async def _serve(self, ready: threading.Event) -> None:
        self._stopping = asyncio.Event()
        self._client = httpx.AsyncClient(timeout=300, trust_env=False) if self.upstream else None
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, backlog=1024)
        self._port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stopping.wait()
        server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client:
            await self._client.aclose()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client was killed, or gave up waiting
        finally:
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = [line.partition(":") for line in lines[1:] if line]
        headers = {name.lower(): value.strip() for name, _, value in fields}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        body = json.loads(raw) if raw else {}
        kind = self.faults.draw(self._rng)
        asked = json.dumps([body.get("model"), body.get("messages"), body.get("seed")]).encode()
        entry = Entry(
            headers.get("x-client-request-id", ""), hashlib.sha256(asked).hexdigest(), kind, str(body.get("model")),
            time.time(),
        )  # fmt: skip
        self.log.append(entry)
        if self.faults.delay_s:
            await asyncio.sleep(self.faults.delay_s * self._rng.uniform(0.5, 1.5))
        status, extra, payload = await self._outcome(kind, entry, headers, body)
        reply = self._head(status, extra, len(payload)) + payload
        if kind == "cut":
            writer.write(reply[: len(reply) // 2])
            await writer.drain()
            return False
        writer.write(reply)
        await writer.drain()
        entry.is_sent = True
        return True

    def _head(self, status: int, extra: dict, n_bytes: int) -> bytes:
        fields = {"Content-Type": "application/json", "Content-Length": str(n_bytes), **extra}
        return (f"HTTP/1.1 {status} X\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n").encode()

    async def _outcome(self, kind: str, entry: Entry, headers: dict, body: dict) -> tuple[int, dict, bytes]:
        if self.reply:
            return self.reply(headers, body)
        if kind == "too_many":
            return 429, self._retry_after(entry), RATE_LIMIT
        if kind == "broken":
            # Careless servers put the request into their errors, with its key.
            said = f"internal error in request {headers}"
            return self._rng.choice((500, 502, 503, 529)), {}, json.dumps({"error": {"message": said}}).encode()
        if kind == "slow":
            await asyncio.sleep(self.faults.slow_s)
        if kind == "malformed":
            return 200, {}, self._rng.choice(MALFORMED)
        if self._client:
            return await self._passed_on(entry, body)
        return 200, {}, json.dumps(self._answer(kind, entry, body)).encode()

    async def _passed_on(self, entry: Entry, body: dict) -> tuple[int, dict, bytes]:
        response = await self._client.post(f"{self.upstream}/chat/completions", json=body)
        if response.status_code == 200:
            entry.mark = mark_of(response.json()["choices"][0]["message"]["content"])
        return response.status_code, {}, response.content

    def _retry_after(self, entry: Entry) -> dict:
        seconds = self.faults.retry_after_s
        if self._rng.random() < 0.2:  # a date has whole seconds, so it may lie in the past already
            return {"Retry-After": email.utils.formatdate(time.time() + seconds, usegmt=True)}
        entry.wait_s = seconds
        return {"Retry-After": f"{seconds:g}"}

    def _answer(self, kind: str, entry: Entry, body: dict) -> dict:
        self._n_answers += 1
        text = make_text(self._rng, n_words=self.n_words - 8)
        text = REFUSAL if kind == "refusal" else f"{text} This is entry {self._n_answers:06d} of the old register."
        if entry.step == "topic":
            text = f"{TOPIC} This is entry {self._n_answers:06d} of the register."
        entry.mark = mark_of(text)
        message = {"role": "assistant", "content": text}
        if kind == "bare":  # no usage and no reason, as some servers answer
            return {"choices": [{"message": {**message, "content": [{"type": "text", "text": text}]}}]}
        usage = {"prompt_tokens": 100, "completion_tokens": 80, "total_tokens": 180}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {"id": entry.trace, "model": f"{body['model']}-2026", "choices": [choice], "usage": usage}
