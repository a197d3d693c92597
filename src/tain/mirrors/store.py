"""Every mirror that was asked for, and every answer that was paid for, in one SQLite file.

A parent goes through these states, each change in one transaction:

    pending ─→ claimed ─→ answered ─→ accepted
       ↑          │           ├─────→ rejected
       └──────────┴───────────┘  (no answer; the process died; another attempt)

A claim names its process, so two processes never ask for the same; it ends when that process dies, or with its lease
where nobody can know. An answer is in the file, on the disk, before anything else is done with it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from tain.core.errors import DataError, sample
from tain.core.example import Example
from tain.mirrors.owner import is_surely_dead, new_owner
from tain.mirrors.request import Answer, MirrorRequest
from tain.mirrors.screen.rejection import Rejection
from tain.mirrors.store_claims import committed_usd, is_held, release, release_dead, settle
from tain.mirrors.store_claims import reserve as reserve_claim
from tain.mirrors.store_reading import read_accepted, read_summary, read_templates, read_unjudged
from tain.mirrors.store_rows import (
    Accepted,
    Claim,
    StoreSummary,
    Unjudged,
    answer_columns,
    claim_of,
    dump_parent,
    text_sha256,
)
from tain.mirrors.store_schema import connect, transaction

LEASE_S = 600.0
BLOCK = 1000
CANDIDATES = """
SELECT m.parent, m.attempts, t.id AS topic_id, t.text AS topic, t.finish_reason AS topic_finish,
t.verdict AS topic_verdict
FROM mirrors m INDEXED BY mirrors_by_state CROSS JOIN temp.wanted w LEFT JOIN answers t ON t.id = (
    SELECT max(a.id) FROM answers a
    WHERE a.parent_id = m.parent_id AND a.step = 'topic' AND a.verdict IS NOT 'rejected'
)
WHERE m.state = 'pending' AND w.parent_id = m.parent_id AND NOT w.is_given_up
ORDER BY m.failures, m.id LIMIT ?
"""


class MirrorStore:
    """One store, open in this process. Not for use in several threads."""

    def __init__(self, path: Path, *, lease_s: float = LEASE_S, is_read_only: bool = False) -> None:
        """Open a store, or make one.

        Args:
            path: The file.
            lease_s: Seconds for which a claim stands where nobody can know whether its process lives.
            is_read_only: There has to be one, and nothing is written into it.

        Raises:
            DataError: If the file is no store.
        """
        self.path = path
        self.lease_s = lease_s
        self.owner = new_owner()
        self._connection = connect(path, is_read_only=is_read_only)

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Give up what was claimed, and close the file."""
        self.close()

    def close(self) -> None:
        """Close the file. What is still claimed counts as lost, as after a crash."""
        self._connection.close()

    def want(self, parents: Iterable[Example]) -> int:
        """Say which parents this process works for, in order; those that are new to the store are added to it.

        Args:
            parents: Human texts, with different ids.

        Returns:
            How many there are.

        Raises:
            DataError: If the store has answers about another text with the id of one of them.
        """
        n_parents, stream = 0, iter(parents)
        while block := list(islice(stream, BLOCK)):
            with self._transaction():
                for parent in block:
                    self._want(parent)
            n_parents += len(block)
        return n_parents

    def claim(
        self, n: int, *, reserve: Callable[[Claim], float] | None = None, max_usd: float | None = None
    ) -> list[Claim]:
        """Take parents that nobody else has, those with the fewest failures first.

        Args:
            n: Most parents to take.
            reserve: What asking for one may cost at most, in USD. None reserves nothing.
            max_usd: What the whole store may cost, with all that is under way in every process; None knows no limit.

        Returns:
            Fewer than n, and maybe none, where there are no more or where money would not do for more.
        """
        claims = []
        with self._transaction():
            left = None if max_usd is None else max_usd - committed_usd(self._connection)
            for row in self._connection.execute(CANDIDATES, (n,)).fetchall():
                claim = claim_of(row)
                usd = reserve(claim) if reserve else 0.0
                if left is not None and usd > left:
                    break
                left = None if left is None else left - usd
                reserve_claim(
                    self._connection, claim.parent.id, owner=self.owner, until=time.time() + self.lease_s, usd=usd
                )
                claims.append(claim)
        return claims

    def renew(self) -> None:
        """Keep this process's claims for another lease."""
        with self._transaction():
            self._connection.execute(
                "UPDATE mirrors SET until = ? WHERE state = 'claimed' AND owner = ?",
                (time.time() + self.lease_s, self.owner),
            )

    def recover(self) -> int:
        """Take back what processes that died had claimed; the number of parents.

        What they may have spent counts as lost: an answer may have been on its way.
        """
        with self._transaction():
            return release_dead(self._connection, but=self.owner, is_dead=is_surely_dead)

    def record_answer(self, request: MirrorRequest, answer: Answer, *, usd: float = 0.0) -> int | None:
        """Put an answer on the disk.

        Args:
            request: What was asked.
            answer: What came.
            usd: What it cost.

        Returns:
            Its id, for the verdict; None where it is kept, but no longer wanted because another process has taken
            the parent meanwhile.
        """
        columns = answer_columns(request, answer, usd=usd, date=answer.date or datetime.now(UTC).date().isoformat())
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        with self._transaction(is_durable=True):
            is_wanted = is_held(self._connection, request.parent_id, owner=self.owner)
            query = f"INSERT INTO answers ({names}) VALUES ({marks})"
            answer_id = self._connection.execute(query, tuple(columns.values())).lastrowid
            self._connection.execute("UPDATE totals SET spent_usd = spent_usd + ?", (usd,))
            if is_wanted and request.step == "text":
                settle(self._connection, request.parent_id, "answered", answer_id=answer_id)
            elif not is_wanted:
                self._connection.execute("UPDATE answers SET verdict = 'unused' WHERE id = ?", (answer_id,))
        return answer_id if is_wanted else None

    def unjudged(self) -> list[Unjudged]:
        """Answers that a process left behind before they were screened; they need not be asked for again."""
        return read_unjudged(self._connection)

    def record_verdict(
        self, answer_id: int, rejections: Sequence[Rejection], *, mirror: str, max_attempts: int
    ) -> str | None:
        """Accept a mirror or turn it down.

        Args:
            answer_id: From `record_answer`, of a text.
            rejections: The rules it breaks; none accepts it.
            mirror: The text in the answer, without what stood around it.
            max_attempts: With this many turned down, the parent stays without a mirror.

        Returns:
            The state of the parent now: `accepted`, `rejected`, or `pending` for another attempt; None where another
            process has judged it meanwhile, by the same rules.
        """
        query = "SELECT parent_id, attempts FROM mirrors WHERE answer_id = ? AND state = 'answered'"
        with self._transaction():
            row = self._connection.execute(query, (answer_id,)).fetchone()
            if row is None:
                return None
            self._judge(answer_id, rejections, mirror)
            if not rejections:
                settle(self._connection, row["parent_id"], "accepted", answer_id=answer_id)
                return "accepted"
            return self._turn_down(row["parent_id"], row["attempts"] + 1, rejections, max_attempts)

    def record_topic_verdict(self, answer_id: int, rejections: Sequence[Rejection], *, max_attempts: int) -> str | None:
        """Keep a topic to write from, or turn it down, which counts as an attempt.

        Args:
            answer_id: From `record_answer`, of a topic.
            rejections: What is wrong with it; nothing keeps it, and its parent claimed.
            max_attempts: As for a mirror.

        Returns:
            The state of the parent now; None where it stays as it was.
        """
        query = "SELECT parent_id, attempts FROM mirrors JOIN answers USING (parent_id) WHERE answers.id = ?"
        with self._transaction():
            row = self._connection.execute(query, (answer_id,)).fetchone()
            self._judge(answer_id, rejections, None)
            if rejections and is_held(self._connection, row["parent_id"], owner=self.owner):
                return self._turn_down(row["parent_id"], row["attempts"] + 1, rejections, max_attempts)
        return None

    def give_back(self, parent_id: str, *, error: str, is_lost: bool = False, gives_up: bool = False) -> None:
        """Leave a parent for later, after a request without an answer.

        Args:
            parent_id: Of the human text.
            error: What happened, without any secret.
            is_lost: The endpoint may have charged for it.
            gives_up: This process will not claim it again.
        """
        with self._transaction():
            if release(self._connection, owner=self.owner, parent_id=parent_id, is_lost=is_lost):
                self._connection.execute(
                    "UPDATE mirrors SET failures = failures + 1, last_error = ? WHERE parent_id = ?", (error, parent_id)
                )
            if gives_up:
                self._connection.execute("UPDATE temp.wanted SET is_given_up = 1 WHERE parent_id = ?", (parent_id,))

    def reject(self, parent_id: str, rejection: Rejection) -> None:
        """Say that a parent has no mirror in the end, though nothing was answered.

        Args:
            parent_id: Of the human text.
            rejection: Why.
        """
        with self._transaction():
            if is_held(self._connection, parent_id, owner=self.owner):
                settle(self._connection, parent_id, "rejected", reason=rejection.reason)
                self._connection.execute(
                    "UPDATE mirrors SET last_error = ? WHERE parent_id = ?", (rejection.detail, parent_id)
                )

    def release(self) -> int:
        """Give back all that this process has claimed and not asked for; the number of parents."""
        with self._transaction():
            return release(self._connection, owner=self.owner, is_lost=False)

    def has_claimable(self) -> bool:
        """Whether `claim` has something to give, but for the money."""
        return bool(self._connection.execute(CANDIDATES, (1,)).fetchall())

    def accepted(self) -> Iterator[Accepted]:
        """The accepted mirrors of the wanted parents, in the order of these."""
        return read_accepted(self._connection)

    def summary(self) -> StoreSummary:
        """Where the wanted parents stand, and what the store has cost."""
        return read_summary(self._connection)

    def has_answer_of(self, model: str) -> bool:
        """Whether a model has ever answered here, so that its name and the settings must be right."""
        query = "SELECT 1 FROM answers WHERE json_extract(request, '$.model') = ? LIMIT 1"
        return self._connection.execute(query, (model,)).fetchone() is not None

    def templates(self) -> set[tuple[str, str]]:
        """Template and version of every prompt that was answered about the wanted parents."""
        return read_templates(self._connection)

    def has_written(self, path: Path, sha256: str) -> bool:
        """Whether a file with this content was written from this store, and may be replaced.

        Args:
            path: The file.
            sha256: Of its content.
        """
        query = "SELECT 1 FROM outputs WHERE path = ? AND sha256 = ?"
        return self._connection.execute(query, (str(path.absolute()), sha256)).fetchone() is not None

    def record_output(self, path: Path, sha256: str) -> None:
        """Remember what is about to be written.

        Args:
            path: The file.
            sha256: Of its content.
        """
        with self._transaction():
            self._connection.execute("INSERT OR IGNORE INTO outputs VALUES (?, ?)", (str(path.absolute()), sha256))

    def needs(self, parent_id: str) -> bool:
        """Whether a parent has neither a mirror nor a final rejection, nor an answer waiting to be judged."""
        query = "SELECT 1 FROM mirrors WHERE parent_id = ? AND state IN ('answered', 'accepted', 'rejected')"
        return self._connection.execute(query, (parent_id,)).fetchone() is None

    def _transaction(self, *, is_durable: bool = False) -> AbstractContextManager[None]:
        return transaction(self._connection, self.path, is_durable=is_durable)

    def _want(self, parent: Example) -> None:
        digest = text_sha256(parent.text)
        added = self._connection.execute(
            "INSERT INTO mirrors (parent_id, parent_sha256, parent) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (parent.id, digest, dump_parent(parent)),
        ).rowcount
        if not added:
            self._check_unchanged(parent, digest)
        self._connection.execute("INSERT INTO temp.wanted (parent_id) VALUES (?)", (parent.id,))

    def _check_unchanged(self, parent: Example, digest: str) -> None:
        query = "SELECT parent_sha256 FROM mirrors WHERE parent_id = ?"
        if self._connection.execute(query, (parent.id,)).fetchone()["parent_sha256"] != digest:
            raise DataError(
                f"{self.path}: holds another text under the id {sample(parent.id)!r} than the one given now "
                f"({sample(parent.text)!r}), so its mirrors are not of this text. Use another --store, or other ids."
            )

    def _judge(self, answer_id: int, rejections: Sequence[Rejection], mirror: str | None) -> None:
        reasons = json.dumps([asdict(rejection) for rejection in rejections])
        self._connection.execute(
            "UPDATE answers SET verdict = ?, rejections = ?, mirror = ? WHERE id = ?",
            ("rejected" if rejections else "accepted", reasons, mirror, answer_id),
        )

    def _turn_down(self, parent_id: str, n_attempts: int, rejections: Sequence[Rejection], max_attempts: int) -> str:
        is_last = n_attempts >= max_attempts
        state = "rejected" if is_last else "pending"
        settle(self._connection, parent_id, state, n_rejected=1, reason=rejections[0].reason if is_last else None)
        return state
