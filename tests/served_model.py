"""A model for tests of the server: its answers can be worked out by hand; it can be held, and made to fail."""

import threading
from dataclasses import dataclass, field

import numpy as np

from tain.detector.verdict import ModelId
from tain.serving.served import Work

POISON = 666


@dataclass
class CountingModel:
    """Each word is a number and a token, each sentence a row; a text scores the sum of its words."""

    labels: tuple[str, ...] = ("no", "yes")
    id: ModelId = field(default_factory=lambda: ModelId("counting", "1", "0" * 64))
    max_tokens: int = 100
    share: None = None
    batches: list[list[list[int]]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self):
        self.gate.set()

    def prepare(self, texts, *, cut=None):
        rows = [[[int(word) for word in part.split()] for part in text.split(".") if part.strip()] for text in texts]
        return Work([row for own in rows for row in own], [len(own) for own in rows])

    def outputs(self, rows, *, batch_tokens):
        self.begun.set()
        self.gate.wait(20)
        self.batches.append([list(row) for row in rows])
        if any(POISON in row for row in rows):
            raise RuntimeError("the network failed")
        return np.array([sum(row) for row in rows], dtype=np.float32)

    def finish(self, work, outputs):
        parts = np.split(outputs, np.cumsum(work.parts)[:-1])
        return [float(part.sum()) for part in parts]

    def class_scores(self, reading, apply):
        return np.array([-reading, reading])
