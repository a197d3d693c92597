"""What the classifier says of one text, as something that training texts can have pushed it to.

Not the loss: where the classifier is sure, its gradient fades. The log-odds of what it says, in logits, do not:

    f = z_y - log Σ over other classes of exp z_c

for human and ai the detector's score, or its negative. A long text is the mean of its windows, each by its tokens, as
in a Verdict. Influence is taken on -f, so that its sign stays: below 0 the training text made it say so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from tain.core.errors import DataError
from tain.detector import Detector, Verdict
from tain.recipes.explain.subject import Subject
from tain.recipes.explain.texts import Texts


@dataclass(frozen=True)
class Said:
    """What was said of one text.

    Attributes:
        text: As given.
        label: What the classifier says.
        log_odds: Of that label, in logits; the network's alone.
        texts: What it read: one row for each window.
        verdict: Of a detector; None of a plain classifier.
        note: What the explanation leaves out; empty if nothing.
    """

    text: str
    label: str
    log_odds: float
    texts: Texts
    verdict: Verdict | None = None
    note: str = ""


def ask(subject: Subject, text: str) -> Said:
    """What the classifier says of a text.

    Raises:
        DataError: If the text is too short for a verdict.
    """
    if subject.is_detector:
        return _ask_detector(subject, text)
    rows = subject.token_rows([text])
    logits = subject.classifier.logits(rows)
    target = int(logits[0].argmax())
    texts = Texts(rows, np.array([target], dtype=np.int64), np.ones(1))
    return Said(text, subject.labels.names[target], _log_odds(logits, texts), texts)


def _ask_detector(subject: Subject, text: str) -> Said:
    detector = Detector.load(subject.folder)
    verdict = detector.check(text)
    if verdict.score is None:
        raise DataError(f"--text: {verdict.probability_reason} There is no verdict to explain.")
    windows = next(iter(detector.reader.read([text]))).windows
    n_tokens = np.maximum([window.n_tokens for window in windows], 1).astype(np.float64)
    targets = np.full(len(windows), subject.labels.index(verdict.label), dtype=np.int64)
    texts = Texts([window.token_ids for window in windows], targets, n_tokens / n_tokens.sum())
    note = "N-grams stand beside the network and add to the score; what they learned is not explained here."
    log_odds = _log_odds(subject.classifier.logits(texts.rows), texts)
    return Said(text, verdict.label, log_odds, texts, verdict, note if detector.reader.ngrams else "")


def against(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """-f summed over texts, a scalar.

    Args:
        logits: Shape (n_texts, n_labels).
        targets: What was said of each, shape (n_texts,).
    """
    is_said = torch.nn.functional.one_hot(targets, logits.shape[1]).bool()
    others = torch.logsumexp(logits.masked_fill(is_said, -torch.inf), dim=1)
    return (others - logits.gather(1, targets[:, None])[:, 0]).sum()


def _log_odds(logits: np.ndarray, texts: Texts) -> float:
    each = [
        -float(against(torch.from_numpy(row[None]), torch.tensor([y])))
        for row, y in zip(logits, texts.targets, strict=True)
    ]
    return float(texts.weights @ np.array(each))
