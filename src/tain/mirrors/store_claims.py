"""Claims and the money set aside for them: the changes of state that every transaction of a store is made of.

The totals are kept beside the rows, in the same transaction, so that a budget is known without adding up the store.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

# A claim that was taken away, and that nobody else has made since, is as good as held.
HELD = "SELECT 1 FROM mirrors WHERE parent_id = ? AND (state = 'pending' OR state = 'claimed' AND owner = ?)"
RESERVED = "SELECT coalesce(sum(reserved_usd), 0) FROM mirrors WHERE state = 'claimed' AND owner = :owner"
RELEASE = """
UPDATE mirrors SET state = 'pending', owner = NULL, until = NULL,
lost_usd = lost_usd + :is_lost * reserved_usd, reserved_usd = 0 WHERE state = 'claimed' AND owner = :owner
"""
OF_ONE = " AND parent_id = :parent_id"


def committed_usd(connection: sqlite3.Connection) -> float:
    """What a store has cost, with all that is under way and all that may have been charged for nothing."""
    query = "SELECT spent_usd + lost_usd + reserved_usd FROM totals"
    return float(connection.execute(query).fetchone()[0])


def reserve(connection: sqlite3.Connection, parent_id: str, *, owner: str, until: float, usd: float) -> None:
    """Claim a parent, and set aside what asking for it may cost.

    Args:
        connection: Within a transaction.
        parent_id: Of a pending parent.
        owner: Who claims it.
        until: When the claim ends, in seconds since 1970.
        usd: What it may cost at most.
    """
    connection.execute(
        "UPDATE mirrors SET state = 'claimed', owner = ?, until = ?, reserved_usd = ? WHERE parent_id = ?",
        (owner, until, usd, parent_id),
    )
    connection.execute("UPDATE totals SET reserved_usd = reserved_usd + ?", (usd,))


def is_held(connection: sqlite3.Connection, parent_id: str, *, owner: str) -> bool:
    """Whether what this owner says about a parent counts.

    Args:
        connection: To the store.
        parent_id: Of the human text.
        owner: Who asked for it.
    """
    return connection.execute(HELD, (parent_id, owner)).fetchone() is not None


def settle(
    connection: sqlite3.Connection,
    parent_id: str,
    state: str,
    *,
    answer_id: int | None = None,
    n_rejected: int = 0,
    reason: str | None = None,
) -> None:
    """Bring a parent into another state, where nobody claims it and no money is set aside.

    Args:
        connection: Within a transaction.
        parent_id: Of the human text.
        state: The new one.
        answer_id: The answer to judge, or the one that was judged last.
        n_rejected: Added to its attempts.
        reason: Why it has no mirror in the end.
    """
    row = connection.execute("SELECT reserved_usd FROM mirrors WHERE parent_id = ?", (parent_id,)).fetchone()
    connection.execute("UPDATE totals SET reserved_usd = max(0, reserved_usd - ?)", (row["reserved_usd"],))
    connection.execute(
        "UPDATE mirrors SET state = ?, answer_id = ?, attempts = attempts + ?, reason = ?, "
        "owner = NULL, until = NULL, reserved_usd = 0 WHERE parent_id = ?",
        (state, answer_id, n_rejected, reason, parent_id),
    )


def release(connection: sqlite3.Connection, *, owner: str, parent_id: str | None = None, is_lost: bool) -> int:
    """Make what an owner has claimed pending again; the number of parents.

    Args:
        connection: Within a transaction.
        owner: Whose claims.
        parent_id: Only this one; None means all of them.
        is_lost: The money set aside may have been spent.
    """
    values = {"owner": owner, "parent_id": parent_id, "is_lost": int(is_lost)}
    which = "" if parent_id is None else OF_ONE
    usd = float(connection.execute(RESERVED + which, values).fetchone()[0])
    connection.execute(
        "UPDATE totals SET reserved_usd = max(0, reserved_usd - ?), lost_usd = lost_usd + ?", (usd, usd * is_lost)
    )
    return connection.execute(RELEASE + which, values).rowcount


def release_dead(connection: sqlite3.Connection, *, but: str, is_dead: Callable[[str], bool]) -> int:
    """Take back the claims of processes that died, or whose lease is over; the number of parents.

    Args:
        connection: Within a transaction.
        but: Who asks; its own claims stay.
        is_dead: Whether an owner's process is surely gone.
    """
    query = "SELECT owner, max(until) FROM mirrors WHERE state = 'claimed' AND owner != ? GROUP BY owner"
    return sum(
        release(connection, owner=owner, is_lost=True)
        for owner, until in connection.execute(query, (but,)).fetchall()
        if until < time.time() or is_dead(owner)
    )
