"""Jobs within a server: nothing is written before the first comes, and what an earlier server left is gone on with."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tain.core.errors import DataError
from tain.serving.batcher import Batcher
from tain.serving.errors import Refusal
from tain.serving.jobs.desk import Desk, Limits, store_file
from tain.serving.jobs.runner import Runner
from tain.serving.logs import note
from tain.serving.served_detector import ServedDetector


class Work:
    """The desk that takes jobs and the thread that works on them, both made when there is a need."""

    def __init__(self, folder: Path, limits: Limits, models: Sequence[ServedDetector], batcher: Batcher) -> None:
        """Go on with the jobs of an earlier server, if the folder holds any.

        Args:
            folder: Of the jobs.
            limits: How much there may be.
            models: At hand.
            batcher: Scores.
        """
        self._folder, self._limits, self._models, self._batcher = folder, limits, models, batcher
        self._lock = threading.Lock()
        self._desk: Desk | None = None
        self._runner: Runner | None = None
        self._is_closed = False
        if store_file(folder).exists():
            with suppress(Refusal):  # texts are still answered where jobs cannot be
                self.desk()

    def desk(self) -> Desk:
        """Where jobs are handed in and looked at.

        Raises:
            Refusal: 503 if the folder cannot be used, or the server is going down.
        """
        with self._lock:
            if self._is_closed:
                raise Refusal(503, "The server is going down and takes no more requests. Try again later.")
            if self._desk is None:
                self._desk = self._opened()
                self._runner = Runner(self._desk, self._batcher, self._models)
            return self._desk

    def _opened(self) -> Desk:
        try:
            return Desk(self._folder, self._limits)
        except DataError as error:
            note("jobs_unusable", {}, level=logging.ERROR, exc_info=error)
            # Where the folder lies is nobody's business.
            raise Refusal(503, "This server cannot keep jobs now. Its log says why.") from error

    def call(self) -> None:
        """Say that there is a new job."""
        if self._runner:
            self._runner.call()

    def can_score(self, model_sha: str) -> bool:
        """Whether jobs for a model go on here."""
        return any(model.id.sha256 == model_sha for model in self._models)

    def close(self) -> None:
        """Stop; what is under way is gone on with by the next server."""
        with self._lock:
            self._is_closed = True
        if self._runner:
            self._runner.close()
