"""Rows of data sets on the Hugging Face Hub, streamed through `datasets`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from tain.core.errors import DataError
from tain.corpora.formats import Row

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+(?::[\w.\[\]%:+-]+)?")


def looks_like_hub_id(name: str) -> bool:
    """Whether a name has the form `owner/name` or `owner/name:split`."""
    return _HUB_ID.fullmatch(name) is not None


def hub_revision(name: str) -> str | None:
    """The commit at which a Hub data set is read in this process; None where the Hub does not say, as when offline.

    Args:
        name: `owner/name` or `owner/name:split`.
    """
    try:
        return _newest_commit(name.partition(":")[0])
    except Exception:  # whatever it is: loading the data set fails for the same reason, and says it better
        return None


@cache
def _newest_commit(repo: str) -> str | None:
    # Asked once: rows are read several times over, and must be the same each time.
    from huggingface_hub import HfApi

    return HfApi().dataset_info(repo).sha


def hub_rows(name: str) -> Iterator[Row]:
    """The rows of a Hub data set, streamed; class numbers come as the names the data set gives them.

    All readings in one process are of one commit, where the Hub says which is the newest.

    Tokens and caches are those of `datasets`: `HF_TOKEN`, `HF_HOME`, `HF_HUB_OFFLINE`.

    Args:
        name: `owner/name`, which reads the split `train` or the only one, or `owner/name:split`.

    Raises:
        DataError: If it cannot be loaded or has no such split.
    """
    import datasets

    repo, _, split = name.partition(":")
    try:
        loaded = datasets.load_dataset(repo, split=split or None, streaming=True, revision=hub_revision(name))
        rows = loaded if split else _only_split(name, loaded)
        names = _class_names(rows)
        for line, values in enumerate(rows, start=1):
            yield Row(line, {key: names[key](value) if key in names else value for key, value in values.items()})
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(
            f"{name}: there is no such file, and the Hub data set cannot be loaded ({reason}). "
            "Check the name and split (owner/name:split), the network, HF_HUB_OFFLINE, and HF_TOKEN for a private one."
        ) from error


def _only_split(name: str, splits: Any) -> Any:  # noqa: ANN401 (datasets is untyped)
    if "train" in splits:
        return splits["train"]
    if len(splits) == 1:
        return next(iter(splits.values()))
    raise DataError(f"{name}: has the splits {', '.join(splits)}; say which: {name}:{next(iter(splits))}.")


def _class_names(rows: Any) -> dict[str, Callable[[object], object]]:  # noqa: ANN401 (datasets is untyped)
    features = rows.features or {}
    return {name: _namer(feature) for name, feature in features.items() if hasattr(feature, "int2str")}


def _namer(feature: Any) -> Callable[[object], object]:  # noqa: ANN401 (datasets is untyped)
    # Test splits without labels hold -1, which has no name.
    return lambda value: feature.int2str(value) if isinstance(value, int) and value >= 0 else None
