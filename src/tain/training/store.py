"""Tokenised texts on disk: written once, memory-mapped afterwards, so a corpus may exceed memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from tain.core.errors import DataError
from tain.core.files import read_json, whole_folder, write_json

TOKENS, ROWS, META = "tokens.bin", "rows.safetensors", "store.json"
TOKEN_TYPE = np.dtype("<i4")
UNKNOWN_DOMAIN = "unknown"
UNLABELLED = -1
"""Label of texts that only a teacher says something of."""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One tokenised text.

    Attributes:
        token_ids: With special tokens.
        label: Class index, or UNLABELLED.
        domain: Kind of text; None when unknown.
        view: Which of several cuts of the same text this is, from 0.
        teacher: Logits of a teacher, one for each class; empty without one.
    """

    token_ids: Sequence[int]
    label: int
    domain: str | None = None
    view: int = 0
    teacher: Sequence[float] = ()


@dataclass(frozen=True)
class TokenStore:
    """Tokenised texts, read by index.

    Attributes:
        tokens: All ids on end, memory-mapped.
        offsets: Where each row starts, and the end, shape (n_rows + 1,).
        labels: Class indices, UNLABELLED where nobody knows, shape (n_rows,).
        domains: Index into `domain_names`, shape (n_rows,).
        views: Shape (n_rows,).
        domain_names: The kinds of text.
        teacher: Logits of a teacher, shape (n_rows, n_labels), or (n_rows, 0) without one.
    """

    tokens: NDArray[np.int32]
    offsets: NDArray[np.int64]
    labels: NDArray[np.int32]
    domains: NDArray[np.int32]
    views: NDArray[np.int32]
    domain_names: tuple[str, ...]
    teacher: NDArray[np.float32]

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.labels)

    def __getitem__(self, index: int) -> NDArray[np.int32]:
        """The token ids of a row."""
        return self.tokens[self.offsets[index] : self.offsets[index + 1]]

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens per row."""
        return np.diff(self.offsets)

    @cached_property
    def is_labelled(self) -> NDArray[np.bool_]:
        """Whether each row has a label, shape (n_rows,)."""
        found: NDArray[np.bool_] = np.not_equal(self.labels, UNLABELLED)
        return found

    @property
    def n_views(self) -> int:
        """How many cuts of each text there are."""
        return int(self.views.max()) + 1


def build_store(folder: Path, rows: Iterable[TokenRow]) -> TokenStore:
    """Write rows as they come and open the result. A store that is there already is opened instead.

    Args:
        folder: Appears only when complete; its name should say what went in.
        rows: Consumed one at a time.

    Raises:
        DataError: If there are no rows.
    """
    if not (folder / META).is_file():
        with whole_folder(folder) as part:
            _write(part, rows)
    return open_store(folder)


def open_store(folder: Path) -> TokenStore:
    """Map a store that `build_store` wrote."""
    rows = load_file(folder / ROWS)
    tokens = np.memmap(folder / TOKENS, dtype=TOKEN_TYPE, mode="r")
    names = tuple(read_json(folder / META)["domain_names"])
    return TokenStore(tokens, rows["offsets"], rows["labels"], rows["domains"], rows["views"], names, rows["teacher"])


def _write(folder: Path, rows: Iterable[TokenRow]) -> None:
    lengths: list[int] = []
    labels: list[int] = []
    domains: list[int] = []
    views: list[int] = []
    teachers: list[Sequence[float]] = []
    names: dict[str, int] = {}
    with (folder / TOKENS).open("wb") as file:
        for row in rows:
            file.write(np.asarray(row.token_ids, dtype=TOKEN_TYPE).tobytes())
            lengths.append(len(row.token_ids))
            labels.append(row.label)
            domains.append(names.setdefault(row.domain or UNKNOWN_DOMAIN, len(names)))
            views.append(row.view)
            teachers.append(row.teacher)
    if not lengths:
        raise DataError("No text is left to train on after checks and filters. Give more texts or loosen the filters.")
    arrays: dict[str, NDArray[Any]] = {
        "offsets": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        "labels": np.asarray(labels, dtype=np.int32),
        "domains": np.asarray(domains, dtype=np.int32),
        "views": np.asarray(views, dtype=np.int32),
        "teacher": np.asarray(teachers, dtype=np.float32).reshape(len(lengths), -1),
    }
    save_file(arrays, folder / ROWS)
    write_json(folder / META, {"n_rows": len(lengths), "n_tokens": sum(lengths), "domain_names": list(names)})
