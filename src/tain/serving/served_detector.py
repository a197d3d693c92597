"""A Detector as a server reads with it: the same windows, scores and verdicts as `Detector.check`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import DetectorError
from tain.core.example import DETECTION
from tain.detector import Detector
from tain.detector.engines import Engine
from tain.detector.folder import find_detector
from tain.detector.reading import Reading
from tain.detector.verdict import ModelId
from tain.serving.served import Apply, Logits, Share, Side, Work


@dataclass
class ServedDetector:
    """A Detector with its network in memory.

    Attributes:
        detector: Of a folder.
        engine: What reads for it.
        name: What requests name it by; None takes the detector's own.
        share: Its part in a network that others read with too.
    """

    detector: Detector
    engine: Engine
    name: str | None = None
    share: Share | None = None

    @cached_property
    def id(self) -> ModelId:
        """Name, version and hash."""
        own = self.detector.model
        return own if self.name is None else replace(own, name=self.name)

    @property
    def labels(self) -> tuple[str, ...]:
        """Those of detection."""
        return DETECTION.names

    @property
    def max_tokens(self) -> int:
        """Tokens of a window."""
        return self.detector.reader.window_tokens

    def prepare(self, texts: Sequence[str], *, cut: Side | None = None) -> Work:
        """The windows of the texts; those cut to one window are read as if they ended there."""
        reader = self.detector.reader
        cuts = reader.cut([self._one_window(text, cut) for text in texts] if cut else texts)
        return Work([window.token_ids for each in cuts for window in each.windows], cuts)

    def outputs(self, rows: Sequence[Sequence[int]], *, batch_tokens: int) -> Logits:
        """The logit of ai minus that of human for each row, shape (n_rows,)."""
        return self.from_logits(self.engine.logits(rows, batch_tokens=batch_tokens))

    def from_logits(self, logits: Logits) -> Logits:
        """The logit of ai minus that of human, shape (n_rows,)."""
        return logits[:, 1] - logits[:, 0]

    def finish(self, work: Work, outputs: Logits) -> list[Reading]:
        """The reading of each text."""
        return self.detector.reader.join(work.parts, outputs)

    def class_scores(self, reading: Reading, apply: Apply) -> NDArray[np.float64] | None:
        """Human and ai as clients of other servers expect them, shape (2,); None for a text that is too short.

        Such a client takes the label with the highest number. At even odds that would flag far more people than the
        stated false positive rate allows, so the probability is the one at the share of AI texts for which the
        threshold is the even point: whatever is above it is ai, whatever is not is human. `none` gives the score of
        `tain score` for ai, and minus that for human. With two labels sigmoid and softmax are the same.

        Args:
            reading: Of the text.
            apply: As asked.
        """
        if reading.score is None:
            return None
        if apply == "none":
            return np.array([-reading.score, reading.score])
        log_odds = self.slope * (reading.score - self.detector.point().threshold)
        p_ai = 1 / (1 + np.exp(-np.clip(log_odds, -700, 700)))
        return np.array([1 - p_ai, p_ai])

    @property
    def slope(self) -> float:
        """Log-odds for each logit, by calibration; 1 where it had no AI texts."""
        line = self.detector.calibration.record.probability
        return line.slope if line else 1.0

    @property
    def even_prior(self) -> float | None:
        """The share of AI texts at which a score on the threshold is as likely human; None without a probability."""
        p_ai = self.detector.calibration.p_ai(self.detector.point().threshold)
        return None if p_ai is None else 1 - p_ai

    def _one_window(self, text: str, cut: Side) -> str:
        reader = self.detector.reader
        normalised = reader.normaliser.normalise(text).text
        [tokens] = reader.encoder.encode([normalised])
        capacity = reader.window_tokens - reader.encoder.n_special
        if len(tokens.starts) <= capacity:
            return normalised
        return normalised[: tokens.starts[capacity]] if cut == "right" else normalised[tokens.starts[-capacity] :]


def is_detector(folder: Path) -> bool:
    """Whether a folder, or the Run that it is, holds a detector."""
    try:
        find_detector(folder)
    except DetectorError:
        return False
    return True


def open_detector(folder: Path | None, *, engine: Literal["auto", "torch"] = "auto") -> ServedDetector:
    """A detector with its weights in memory.

    Args:
        folder: Of a detector or a Run; None takes the one that ships.
        engine: auto imports torch only for a network that needs it.

    Raises:
        DetectorError: If the folder is none, or was changed.
    """
    detector = Detector.load(folder)
    engines = detector.reader.engines
    # One engine for good: a change under way would halt every request for seconds.
    chosen = (engines.light() if engine == "auto" else None) or engines.full()
    return ServedDetector(detector, chosen)
