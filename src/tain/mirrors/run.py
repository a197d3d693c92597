"""The loop that asks for mirrors: so many at a time, within the budget, each answer on the disk before it is judged."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

from tain.core.errors import EndpointError, TainError
from tain.mirrors.cost import Prices
from tain.mirrors.request import (
    Answer,
    FatalError,
    Generator,
    MirrorRequest,
    RefusedError,
    RetryableError,
    UnansweredError,
)
from tain.mirrors.run_parts import Ending, Planner, RunSettings, Tally, Written, steps
from tain.mirrors.screen.rejection import Rejection
from tain.mirrors.store import MirrorStore
from tain.mirrors.store_rows import Claim, Unjudged

RECOVER_S = 15.0
MIN_IN_A_ROW = 20
Given = ParamSpec("Given")
Result = TypeVar("Result")


class MirrorRun:
    """One run over the parents that a store was told to want."""

    def __init__(
        self,
        store: MirrorStore,
        generator: Generator,
        planner: Planner,
        *,
        prices: Prices,
        settings: RunSettings,
        watch: Callable[[Tally], None] = lambda tally: None,
    ) -> None:
        """Put the parts together. Nothing is asked yet.

        Args:
            store: With the wanted parents.
            generator: Who answers.
            planner: What to ask.
            prices: Of tokens.
            settings: The limits.
            watch: Called after each change.
        """
        self._store, self._generator, self._planner = store, generator, planner
        self._prices, self._settings, self._watch = prices, settings, watch
        summary = store.summary()
        self.tally = Tally(summary.states["accepted"], summary.states["rejected"], usd=summary.spent_usd)
        self._failures: Counter[str] = Counter()
        self._n_in_a_row = 0
        self._stopping, self._thinking = asyncio.Event(), asyncio.Lock()
        self._error: TainError | None = None
        self._crash: BaseException | None = None

    def stop(self) -> None:
        """Ask for nothing more. What is under way is waited for, since it is paid for."""
        self._stopping.set()
        self._generator.hurry()

    async def run(self) -> Ending:
        """Ask until every wanted parent has a mirror or has none in the end.

        Returns:
            Why it ended: `done`, `stopped` by `stop`, or `budget` where the money would not do for another request.

        Raises:
            EndpointError: If no further request could succeed. All answers until then are in the store.
            DataError: If the store cannot be written.
        """
        for waiting in self._store.unjudged():
            await self._judge(waiting)
        beat = asyncio.create_task(self._keep_claims())
        try:
            await self._serve()
        finally:
            beat.cancel()
            with suppress(asyncio.CancelledError):
                await beat
            self._store.release()
        if self._crash or self._error:
            raise self._crash or self._error or AssertionError
        return self._ending()

    async def _serve(self) -> None:
        tasks: set[asyncio.Task[None]] = set()
        stopping: asyncio.Task[object] = asyncio.create_task(self._stopping.wait())
        try:
            while self._fill(tasks):
                awaited = tasks if stopping.done() else tasks | {stopping}
                done, _ = await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
                tasks -= done
                self._notice_crash(done)
        finally:
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.gather(*tasks, stopping, return_exceptions=True)

    def _notice_crash(self, done: Iterable[asyncio.Task[Any]]) -> None:
        # A defect in one task must not cost the answers that are under way in the others.
        for task in done:
            self._crash = self._crash or task.exception()
        if self._crash:
            self.stop()

    def _fill(self, tasks: set[asyncio.Task[None]]) -> bool:
        n_free = self._settings.concurrency - len(tasks)
        if n_free and not self._stopping.is_set():
            tasks |= {asyncio.create_task(self._work(claim)) for claim in self._claim(n_free, is_idle=not tasks)}
        return bool(tasks)

    def _claim(self, n: int, *, is_idle: bool) -> list[Claim]:
        reserve = self._most_usd if self._prices.usd_in or self._prices.usd_out else None
        claims = self._store.claim(n, reserve=reserve, max_usd=self._settings.max_usd)
        if not claims and is_idle and self._store.recover():
            claims = self._store.claim(n, reserve=reserve, max_usd=self._settings.max_usd)
        return claims

    def _most_usd(self, claim: Claim) -> float:
        topic = claim.topic.text if claim.topic else None
        requests = steps(self._planner, claim.parent, attempt=claim.attempt, topic=topic)
        return sum(self._prices.most_usd(request) for request in requests)

    def _request(self, claim: Claim, topic: str | None) -> MirrorRequest:
        return self._planner.request(claim.parent, attempt=claim.attempt, topic=topic)

    async def _work(self, claim: Claim) -> None:
        parent_id = claim.parent.id
        try:
            await self._mirror(claim)
        except asyncio.CancelledError:
            self._store.give_back(parent_id, error="stopped by the user", is_lost=True)
            raise
        except EndpointError as error:
            self._fail(parent_id, error)
        except TainError as error:  # the store itself, or a prompt that cannot be made
            self._abandon(error)

    async def _mirror(self, claim: Claim) -> None:
        topic = claim.topic
        if topic and not topic.is_judged and not await self._keeps_topic(claim, topic.answer_id, topic):
            return
        request = await self._think(self._request, claim, topic.text if topic else None)
        while not self._stopping.is_set():
            answer_id, answer = await self._ask(request)
            if answer_id is None:
                return
            if request.step == "text":
                await self._judge(Unjudged(answer_id, claim.parent, request, answer))
                return
            if not await self._keeps_topic(claim, answer_id, answer):
                return
            request = await self._think(self._request, claim, answer.text)

    async def _ask(self, request: MirrorRequest) -> tuple[int | None, Answer]:
        try:
            answer = await self._generator.generate(request)
        except RefusedError as error:
            if self._store.has_answer_of(request.model):
                raise
            raise FatalError(
                f"{error}. {request.model} has answered nothing yet: check its name and settings."
            ) from error
        usd = self._prices.usd_of(request, answer)
        answer_id = self._store.record_answer(request, answer, usd=usd)
        self._n_in_a_row = 0
        self.tally.usd += usd
        self._watch(self.tally)
        return answer_id, answer

    async def _think(self, function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
        # Prompts and verdicts take milliseconds, the first one seconds; meanwhile answers must not seem to be late. One
        # at a time, so that two equal mirrors are not both found to be the first.
        async with self._thinking:
            return await asyncio.to_thread(function, *args, **kwargs)

    async def _keeps_topic(self, claim: Claim, answer_id: int, topic: Written) -> bool:
        rejections = await self._think(self._planner.judge_topic, claim.parent, topic)
        state = self._store.record_topic_verdict(
            answer_id, rejections, max_attempts=self._most_attempts(claim.parent.id)
        )
        self._count(state)
        return not rejections

    async def _judge(self, unjudged: Unjudged) -> None:
        judgement = await self._think(self._planner.judge, unjudged.parent, unjudged.request, unjudged.answer)
        state = self._store.record_verdict(
            unjudged.answer_id,
            judgement.rejections,
            mirror=judgement.text,
            max_attempts=self._most_attempts(unjudged.parent.id),
        )
        self._count(state)

    def _most_attempts(self, parent_id: str) -> int:
        return min(self._settings.max_attempts, self._generator.n_answers(parent_id) or self._settings.max_attempts)

    def _count(self, state: str | None) -> None:
        self.tally.n_accepted += state == "accepted"
        self.tally.n_rejected += state == "rejected"
        self.tally.n_turned_down += state == "pending"
        self._watch(self.tally)

    def _fail(self, parent_id: str, error: EndpointError) -> None:
        self.tally.n_failures += 1
        self._failures[parent_id] += 1
        if isinstance(error, RefusedError):
            self._store.reject(parent_id, Rejection("refusal", str(error)))
            self._count("rejected")
        else:
            is_lost = isinstance(error, RetryableError) and error.may_be_billed
            gives_up = isinstance(error, UnansweredError) or self._failures[parent_id] >= self._settings.max_failures
            self._store.give_back(parent_id, error=str(error), is_lost=is_lost, gives_up=gives_up)
        if isinstance(error, FatalError):
            self._abandon(error)
        elif not isinstance(error, UnansweredError):
            self._notice_outage(error)

    def _notice_outage(self, error: EndpointError) -> None:
        self._n_in_a_row += 1
        if self._n_in_a_row >= max(MIN_IN_A_ROW, 2 * self._settings.concurrency) and not self._stopping.is_set():
            line = f"{self._n_in_a_row} requests in a row had no answer; the last time {error}."
            self._abandon(FatalError(f"{line} Run the same command again later; nothing is lost."))

    def _abandon(self, error: TainError) -> None:
        self._error = self._error or error
        self.stop()

    async def _keep_claims(self) -> None:
        pause_s = min(RECOVER_S, self._store.lease_s / 4)
        while True:
            await asyncio.sleep(pause_s)
            self._store.renew()
            self._store.recover()

    def _ending(self) -> Ending:
        if self._stopping.is_set():
            return "stopped"
        has_more = self._settings.max_usd is not None and self._store.has_claimable()
        return "budget" if has_more else "done"
