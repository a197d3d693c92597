"""The rows that a mirror is written as."""

from __future__ import annotations

from collections.abc import Mapping

from tain.core.example import Example
from tain.mirrors.store_rows import Accepted

COLUMNS = (
    "id",
    "text",
    "label",
    "group",
    "parent",
    "parent_sha256",
    "generator",
    "date",
    "variant",
    "template",
    "template_version",
    "source",
    "domain",
    "language",
)


def example_of(mirror: Accepted) -> Example:
    """A mirror as an example to train on, in the group of its parent.

    Args:
        mirror: From the store.
    """
    parent = mirror.parent
    return Example(
        id=f"mirror:{parent.id}",
        text=mirror.text,
        label="ai",
        group=parent.group or parent.id,
        source=parent.source,
        domain=parent.domain,
        generator=mirror.request.model,
        language=parent.language or mirror.request.language,
        date=mirror.date,
    )


def row_of(mirror: Accepted) -> Mapping[str, str | None]:
    """A mirror as a row, with its parent and how it was asked for.

    Args:
        mirror: From the store.
    """
    example, request = example_of(mirror), mirror.request
    own = {name: getattr(example, name) for name in COLUMNS if hasattr(example, name)}
    made = {
        "parent": mirror.parent.id,
        "parent_sha256": mirror.parent_sha256,
        "variant": request.variant,
        "template": request.template,
        "template_version": request.template_version,
    }
    return {name: (own | made)[name] for name in COLUMNS}
