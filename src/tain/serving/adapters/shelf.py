"""The adapters that are in memory: those asked for last, within a number of bytes."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError

from tain.core.errors import DetectorError, TainError
from tain.serving.adapters.folder import AdapterFolder, Stamp, stamp_of
from tain.serving.errors import Refusal
from tain.serving.logs import note
from tain.serving.served import Served

Open = Callable[[str, Path], tuple[Served, int]]
_FAULTS = (TainError, SafetensorError, OSError, RuntimeError, ValueError, KeyError, TypeError)


@dataclass(frozen=True, slots=True)
class _Held:
    model: Served
    size_bytes: int
    stamp: Stamp


class Shelf:
    """Models of a folder by name. Any thread may ask; one loads, so that requests for the same load it once.

    A model that is dropped while requests read with it stays with them until they are answered.
    """

    def __init__(
        self, folder: AdapterFolder, open_one: Open, *, max_bytes: int, on_load: Callable[[], object] = lambda: None
    ) -> None:
        """Nothing is loaded yet.

        Args:
            folder: Of the adapters.
            open_one: From a name and a place to a model and its bytes.
            max_bytes: Of all that are held.
            on_load: Told of each that was loaded.
        """
        self.folder = folder
        self._open, self._max_bytes, self._on_load = open_one, max_bytes, on_load
        self._lock = threading.Lock()
        self._held: OrderedDict[str, _Held] = OrderedDict()  # the one asked for last stands last
        self._refused: dict[str, tuple[Stamp, str]] = {}  # touched by the loading thread alone
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="tain-adapters")

    @property
    def n_bytes(self) -> int:
        """Of all that are held."""
        with self._lock:
            return self._n_bytes()

    @property
    def loaded(self) -> dict[str, Served]:
        """Those that are held."""
        with self._lock:
            return {name: held.model for name, held in self._held.items()}

    def at_hand(self, name: str) -> Served | None:
        """The model if it is in memory and on the disk as it was when it was loaded; otherwise it is forgotten."""
        place = self.folder.place(name)
        stamp = stamp_of(place) if place else None
        with self._lock:
            held = self._held.get(name)
            if held is None:
                return None
            if held.stamp != stamp:
                del self._held[name]
                return None
            self._held.move_to_end(name)
            return held.model

    def load(self, name: str) -> Future[Served]:
        """The model, from the disk if need be; cancel what nobody waits for any more.

        Args:
            name: As a request gave it. The future raises Refusal 404 if there is none, DetectorError if it is damaged
                and Refusal 424 if it is larger than all that may be held.
        """
        return self._loader.submit(self._loaded, name)

    def forget_absent(self) -> None:
        """Drop those that were taken off the disk or changed there."""
        for name in self.loaded:
            place = self.folder.place(name)
            with self._lock:
                held = self._held.get(name)
                if held and (place is None or held.stamp != stamp_of(place)):
                    del self._held[name]

    def close(self) -> None:
        """Load no more."""
        self._loader.shutdown(wait=False, cancel_futures=True)

    def _loaded(self, name: str) -> Served:
        if (model := self.at_hand(name)) is not None:
            return model
        place = self.folder.place(name)
        if place is None:
            raise no_such_model(name)
        stamp = stamp_of(place)  # before it is read, so that a change meanwhile is noticed by the next request
        self._require_sound(name, stamp)
        try:
            model, size_bytes = self._open(name, place)
        except _FAULTS as error:
            raise self._refuse(name, stamp, error) from error
        self._keep(name, _Held(model, size_bytes, stamp))
        return model

    def _require_sound(self, name: str, stamp: Stamp) -> None:
        # A damaged folder is not read again for every request that names it.
        known, reason = self._refused.get(name, ((), ""))
        if known == stamp:
            raise DetectorError(reason)

    def _refuse(self, name: str, stamp: Stamp, error: Exception) -> DetectorError:
        note("adapter_refused", {"model": name}, level=logging.ERROR, exc_info=error)
        self._refused = {each: found for each, found in self._refused.items() if self.folder.place(each)}
        self._refused[name] = stamp, str(error)
        return DetectorError(str(error))

    def _keep(self, name: str, held: _Held) -> None:
        if held.size_bytes > self._max_bytes:
            raise Refusal(424, f"{name} needs more memory than this server has for adapters. Raise --adapter-memory.")
        with self._lock:
            self._held.pop(name, None)
            while self._n_bytes() + held.size_bytes > self._max_bytes:
                self._held.popitem(last=False)
            self._held[name] = held
        self._on_load()

    def _n_bytes(self) -> int:
        return sum(held.size_bytes for held in self._held.values())


def no_such_model(name: str) -> Refusal:
    """What a request is told that names a model which is not there."""
    return Refusal(404, f"There is no model named {name[:80]!r}. GET /v1/models lists them.", error_type="not_found")
