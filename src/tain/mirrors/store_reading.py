"""What a mirror store says about the parents that this process wants."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator

from tain.mirrors.store_rows import Accepted, StoreSummary, Unjudged, answer_of, load_parent, load_request

ACCEPTED = """
SELECT m.parent, m.parent_sha256, a.* FROM temp.wanted w JOIN mirrors m USING (parent_id)
JOIN answers a ON a.id = m.answer_id WHERE m.state = 'accepted' ORDER BY w.position
"""
UNJUDGED = """
SELECT m.parent, a.* FROM temp.wanted w JOIN mirrors m USING (parent_id)
JOIN answers a ON a.id = m.answer_id WHERE m.state = 'answered' ORDER BY w.position
"""
STATES = """
SELECT coalesce(m.state, 'pending'), count(*) FROM temp.wanted w LEFT JOIN mirrors m USING (parent_id) GROUP BY 1
"""
FINAL = """
SELECT m.reason, count(*) FROM temp.wanted w JOIN mirrors m USING (parent_id) WHERE m.state = 'rejected' GROUP BY 1
"""
REJECTIONS = """
SELECT json_extract(a.rejections, '$[0].reason'), count(*) FROM temp.wanted w JOIN answers a USING (parent_id)
WHERE a.verdict = 'rejected' GROUP BY 1
"""
MODELS = """
SELECT json_extract(a.request, '$.model'), count(*) FROM temp.wanted w JOIN answers a USING (parent_id)
WHERE a.verdict = 'accepted' AND a.step = 'text' GROUP BY 1
"""
TEMPLATES = """
SELECT DISTINCT json_extract(a.request, '$.template'), json_extract(a.request, '$.template_version')
FROM temp.wanted w JOIN answers a USING (parent_id)
"""
USAGE = """
SELECT count(*), coalesce(sum(a.is_estimated), 0), coalesce(sum(a.prompt_tokens), 0),
coalesce(sum(a.completion_tokens), 0) FROM temp.wanted w JOIN answers a USING (parent_id)
"""


def read_accepted(connection: sqlite3.Connection) -> Iterator[Accepted]:
    """The accepted mirrors, in the order in which their parents were added."""
    for row in connection.execute(ACCEPTED):
        request, answer = load_request(row["request"]), answer_of(row)
        yield Accepted(row["mirror"], load_parent(row["parent"]), request, answer, row["parent_sha256"], row["date"])


def read_unjudged(connection: sqlite3.Connection) -> list[Unjudged]:
    """The answers that are waiting to be screened."""
    return [
        Unjudged(row["id"], load_parent(row["parent"]), load_request(row["request"]), answer_of(row))
        for row in connection.execute(UNJUDGED)
    ]


def read_templates(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """Template and version of every prompt that was answered."""
    return {(str(template), str(version)) for template, version in connection.execute(TEMPLATES)}


def read_summary(connection: sqlite3.Connection) -> StoreSummary:
    """The counts, tokens and costs."""
    n_answers, n_estimated, prompt_tokens, completion_tokens = connection.execute(USAGE).fetchone()
    spent, lost, reserved = connection.execute("SELECT spent_usd, lost_usd, reserved_usd FROM totals").fetchone()
    return StoreSummary(
        states=_count(connection, STATES),
        rejections=_count(connection, REJECTIONS),
        final_rejections=_count(connection, FINAL),
        models=_count(connection, MODELS),
        n_answers=n_answers,
        n_estimated=n_estimated,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        spent_usd=spent,
        lost_usd=lost,
        reserved_usd=reserved,
    )


def _count(connection: sqlite3.Connection, query: str) -> Counter[str]:
    return Counter({str(name): n for name, n in connection.execute(query)})
