"""Detectors small enough to make in a test: a tiny BERT, a random adapter, and texts of made-up words."""

from pathlib import Path

import numpy as np
import torch
from transformers import BertForSequenceClassification

from tain.core.example import DETECTION, LabelSet
from tain.detector import Detector
from tain.methods import build_method
from tain.models import collate, load_backbone, logits_of
from tain.training.classifier import Classifier, save_classifier
from tests.tiny import WORDS, save_tiny_encoder

N_HUMAN = 320


def made_up_texts(n: int, *, seed: int, ai: bool = False, low: int = 50, high: int = 90) -> list[str]:
    """Sentences of made-up words; those of AI texts favour the second half of the vocabulary."""
    rng = np.random.default_rng(seed)
    weights = np.where(np.arange(len(WORDS)) >= len(WORDS) // 2, 3.0 if ai else 1.0, 1.0)
    texts = []
    for _ in range(n):
        words = rng.choice(WORDS, size=int(rng.integers(low, high + 1)), p=weights / weights.sum()).tolist()
        for end in range(9, len(words), 10):
            words[end] += "."
        texts.append(" ".join(words))
    return texts


def make_classifier(
    folder: Path, *, base: str, method: dict | None = None, pooling: str = "native", n_steps: int = 0
) -> Path:
    """A Classifier folder: random weights, then some steps towards telling the two kinds of text apart."""
    backbone = load_backbone(base, DETECTION, pooling=pooling)
    way = build_method(method or {"kind": "lora", "rank": 4})
    model = way.prepare(backbone, seed=0)
    parameters = [p for p in model.parameters() if p.requires_grad]
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in parameters:
            # Larger weights would make a network that amplifies rounding.
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.05)
    classifier = Classifier(backbone, way, model.eval(), min(256, backbone.max_tokens))
    if n_steps:
        _train(classifier, parameters, n_steps)
    save_classifier(classifier, folder, probe_rows=classifier.token_ids(made_up_texts(3, seed=9, high=55)))
    return folder


def _train(classifier: Classifier, parameters: list[torch.nn.Parameter], n_steps: int) -> None:
    texts = [*made_up_texts(64, seed=3, low=50, high=50), *made_up_texts(64, seed=4, ai=True, low=50, high=50)]
    batch = collate(classifier.token_ids(texts), pad_id=0)
    targets = torch.tensor([0] * 64 + [1] * 64)
    optimiser = torch.optim.Adam(parameters, lr=0.01)
    for _ in range(n_steps):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(logits_of(classifier.model, batch), targets).backward()
        optimiser.step()


def make_detector(folder: Path) -> Path:
    """A calibrated detector folder on the tiny encoder, beside what it was made of."""
    base = save_tiny_encoder(folder / "base")
    classifier = make_classifier(folder / "classifier", base=str(base), n_steps=40)
    human, ai = made_up_texts(N_HUMAN, seed=1), made_up_texts(100, seed=2, ai=True)
    Detector.build(classifier, human=human, ai=ai, window_tokens=32).save(folder / "detector")
    return folder / "detector"


def make_other_classifier(folder: Path, labels: tuple[str, ...]) -> Path:
    """A Run with a Classifier for other labels than human and ai, on the tiny encoder; its head is random."""
    base = save_tiny_encoder(folder / "base")
    BertForSequenceClassification.from_pretrained(base).bert.save_pretrained(base)
    backbone = load_backbone(str(base), LabelSet(labels), pooling="native")
    method = build_method({"kind": "head_only"})
    network = method.prepare(backbone, seed=0).eval()
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in (p for p in network.parameters() if p.requires_grad):
            parameter.copy_(torch.randn(parameter.shape) * 0.5)
    classifier = Classifier(backbone, method, network, min(256, backbone.max_tokens))
    save_classifier(classifier, folder / "model", probe_rows=classifier.token_ids(made_up_texts(2, seed=1)))
    return folder
