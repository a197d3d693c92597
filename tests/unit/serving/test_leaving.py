"""Clients that leave, wait too long or are slow: their texts leave the queue, and the server goes on."""

import asyncio
import json
import time

import pytest

HEADERS = [(b"host", b"testserver"), (b"content-type", b"application/json")]


class Connection:
    """A client of an application that can leave at any moment."""

    def __init__(self, app, path="/", inputs="1 2 3", *, content=None, stays_open=False):
        self.left, self.messages = asyncio.Event(), []
        body = json.dumps({"inputs": inputs}).encode() if content is None else content
        self._parts = [{"type": "http.request", "body": body, "more_body": stays_open}]
        scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": path, "raw_path": path.encode(),
                 "root_path": "", "query_string": b"", "headers": HEADERS, "client": ("127.0.0.1", 1), "scheme": "http",
                 "server": ("127.0.0.1", 3000), "asgi": {"version": "3.0"}}  # fmt: skip
        self.task = asyncio.ensure_future(app(scope, self._receive, self._send))

    @property
    def status(self):
        return self.messages[0]["status"] if self.messages else None

    @property
    def body(self):
        return json.loads(b"".join(message.get("body", b"") for message in self.messages[1:]))

    async def _receive(self):
        if self._parts:
            return self._parts.pop()
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        self.messages.append(message)


async def _until(condition):
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came")


def _run(app, scenario):
    async def alive():
        async with app.router.lifespan_context(app):
            await scenario(app, app.state.service.batcher)

    asyncio.run(asyncio.wait_for(alive(), 60))


def test_two_hundred_clients_that_leave_leave_nothing_behind(make_app, counting):
    async def scenario(app, batcher):
        counting.gate.clear()
        held = Connection(app, inputs="1")
        await _until(counting.begun.is_set)
        leavers = [Connection(app, inputs="7 7 7") for _ in range(200)]
        await _until(lambda: batcher.n_jobs == 201)
        for leaver in leavers:
            leaver.left.set()
        await asyncio.gather(*(leaver.task for leaver in leavers))
        assert (batcher.n_jobs, batcher.n_chars) == (1, 1)
        counting.gate.set()
        await held.task
        assert held.status == 200
        assert [7, 7, 7] not in [row for batch in counting.batches for row in batch]

    _run(make_app(model=counting), scenario)


def test_an_answer_that_takes_too_long_is_504_and_its_texts_leave(make_app, counting):
    async def scenario(app, batcher):
        await Connection(app, inputs="5").task  # the first request sets the application up
        counting.gate.clear()
        counting.begun.clear()
        held = Connection(app, inputs="1")
        await _until(counting.begun.is_set)
        late = Connection(app, inputs="2")
        await asyncio.gather(held.task, late.task)
        assert (held.status, late.status) == (504, 504)
        assert late.body["error_type"] == "timeout"
        assert batcher.n_jobs == 0
        counting.gate.set()
        again = Connection(app, inputs="3")
        await again.task
        assert again.status == 200
        assert [2] not in [row for batch in counting.batches for row in batch]

    _run(make_app(model=counting, timeout_s=2), scenario)


def test_a_body_that_never_ends_is_408(make_app, counting):
    async def scenario(app, batcher):
        slow = Connection(app, content=b'{"inputs": "1', stays_open=True)
        await slow.task
        assert (slow.status, slow.body["error_type"]) == (408, "timeout")

    _run(make_app(model=counting, timeout_s=0.2), scenario)


def test_a_client_that_leaves_within_its_body_harms_nobody(make_app, counting):
    async def scenario(app, batcher):
        gone = Connection(app, content=b'{"inputs": "1', stays_open=True)
        gone.left.set()
        await gone.task
        after = Connection(app)
        await after.task
        assert after.status == 200
        assert batcher.n_jobs == 0

    _run(make_app(model=counting), scenario)


@pytest.mark.parametrize("n_more", [1, 20])
def test_too_many_at_a_time_are_429_and_those_within_are_answered(make_app, counting, n_more):
    async def scenario(app, batcher):
        counting.gate.clear()
        within = [Connection(app, inputs=str(i)) for i in range(4)]
        await _until(lambda: batcher.n_jobs == 4)
        beyond = [Connection(app) for _ in range(n_more)]
        await asyncio.gather(*(each.task for each in beyond))
        assert {each.status for each in beyond} == {429}
        assert all(dict(each.messages[0]["headers"])[b"retry-after"].isdigit() for each in beyond)
        counting.gate.set()
        await asyncio.gather(*(each.task for each in within))
        assert [each.status for each in within] == [200] * 4

    _run(make_app(model=counting, max_requests=4), scenario)


def test_shutting_down_answers_what_was_taken(make_app, counting):
    app = make_app(model=counting)

    async def scenario():
        async with app.router.lifespan_context(app):
            counting.gate.clear()
            taken = [Connection(app, inputs=str(i)) for i in range(5)]
            await _until(lambda: app.state.service.batcher.n_jobs == 5)
            asyncio.get_running_loop().call_later(0.2, counting.gate.set)
        await asyncio.gather(*(each.task for each in taken))
        assert [each.status for each in taken] == [200] * 5
        late = Connection(app)
        await late.task
        assert late.status == 503

    asyncio.run(asyncio.wait_for(scenario(), 60))


def test_the_loop_stays_free_while_texts_are_read(make_app, counting):
    async def scenario(app, batcher):
        counting.gate.clear()
        held = Connection(app, inputs="1")
        await _until(counting.begun.is_set)
        started = time.monotonic()
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert time.monotonic() - started < 10
        assert not held.task.done()
        counting.gate.set()
        await held.task

    _run(make_app(model=counting), scenario)
