"""The texts of an evaluation, from files or from a bundle, without those that can show nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tain.core.errors import ConfigError
from tain.core.example import Corpus
from tain.corpora.labels import LabelMap, parse_label_map
from tain.corpora.reading import read_corpus
from tain.evaluation.attacked_rows import MODEL_WRITTEN, UNATTACKED, attack_name
from tain.evaluation.bundle import DATA, Bundle, is_bundle, load_bundle
from tain.recipes.evaluate_settings import EvaluateSettings
from tain.recipes.slice_columns import extra_slices

REWRITTEN = "human texts that a language model rewrote"
SHORT = "texts with fewer words than the protocol asks for"
ATTACK = "attack"

_SETTLED = {
    "--pools": "pools",
    "--draws": "n_draws",
    "--seed": "seed",
    "--slice": "slices",
    "--label-map": "label_map",
    "--set-aside": "set_aside",
    "A column": "columns",
}


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """Labelled texts to measure a detector on.

    Attributes:
        corpus: The texts.
        files: That they come from.
        properties: Besides those of an Example, one value for each text.
        left_out: Texts of the files that are not in the corpus, by reason.
        bundle: That they come from, if it is one.
    """

    corpus: Corpus
    files: tuple[str | Path, ...]
    properties: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    bundle: Bundle | None = None

    @property
    def attacks(self) -> list[str]:
        """What was done to each text; empty where none is known to be attacked."""
        names = [attack_name(value) for value in self.properties.get(ATTACK, ())]
        return names if set(names) - {UNATTACKED} else []

    def select(self, keep: Sequence[bool]) -> EvaluationSet:
        """The texts whose flag is true, in order.

        Args:
            keep: One flag per text.
        """
        properties = {
            name: [value for value, wanted in zip(values, keep, strict=True) if wanted]
            for name, values in self.properties.items()
        }
        return replace(self, corpus=self.corpus.select(keep), properties=properties)

    def without(self, gone: Sequence[bool], reason: str) -> EvaluationSet:
        """The texts whose flag is false; the others are counted.

        Args:
            gone: One flag per text.
            reason: What the others are.
        """
        if not any(gone):
            return self
        kept = self.select([not flag for flag in gone])
        return replace(kept, left_out={**self.left_out, reason: sum(gone)})


def read_set(data: Sequence[str], settings: EvaluateSettings, labels: LabelMap) -> EvaluationSet:
    """The texts that files or a bundle hold.

    A human text that a language model rewrote is no human text any more, whatever its label says, and is left out.

    Args:
        data: Files, folders and Hub ids, or one bundle.
        settings: How to read.
        labels: What raw labels mean, and which the model knows.

    Raises:
        ConfigError: If a setting does not fit the data.
        DataError: If a file cannot be used.
    """
    found = _of_bundle(data, settings, labels) if any(map(is_bundle, data)) else _of_files(data, settings, labels)
    attacks = found.attacks
    if not attacks:
        return found
    pairs = zip(found.corpus, attacks, strict=True)
    return found.without([e.label == "human" and attack in MODEL_WRITTEN for e, attack in pairs], REWRITTEN)


def read_labelled(data: Sequence[str], settings: EvaluateSettings, labels: LabelMap) -> Corpus:
    """The labelled texts of files.

    Args:
        data: Files, folders and Hub ids.
        settings: How to read.
        labels: What raw labels mean, and which the model knows.

    Raises:
        ConfigError: If the label map leads to other labels than the model's.
        DataError: If a file cannot be used.
    """
    wanted = parse_label_map(settings.label_map, base=labels) if settings.label_map else labels
    if wanted.labels != labels.labels:
        raise ConfigError(
            f"--label-map leads to {', '.join(wanted.labels.names)}, but the model knows "
            f"{', '.join(labels.labels.names)}. Map every raw label to one of those, or to nothing."
        )
    return read_corpus(
        data,
        columns=settings.columns,
        labels=wanted,
        on_bad="stop" if settings.set_aside is None else "set_aside",
        set_aside=settings.set_aside,
        is_quiet=settings.is_quiet,
    )


def _of_files(data: Sequence[str], settings: EvaluateSettings, labels: LabelMap) -> EvaluationSet:
    corpus = read_labelled(data, settings, labels)
    properties = extra_slices(data, corpus, columns=settings.columns, names=settings.slices)
    return EvaluationSet(corpus, tuple(data), properties)


def _of_bundle(data: Sequence[str], settings: EvaluateSettings, labels: LabelMap) -> EvaluationSet:
    if len(data) > 1:
        raise ConfigError(f"--data names a bundle and more: {', '.join(data)}. A bundle is a test of its own.")
    default = EvaluateSettings()
    for flag, name in _SETTLED.items():
        if getattr(settings, name) != getattr(default, name):
            raise ConfigError(f"{flag} is given, but the bundle {data[0]} has that settled already. Leave it out.")
    bundle = load_bundle(data[0])
    corpus = bundle.corpus()
    if corpus.labels != labels.labels:
        raise ConfigError(
            f"The bundle {data[0]} has the labels {', '.join(corpus.labels.names)}, but the model knows "
            f"{', '.join(labels.labels.names)}. Name a bundle with those."
        )
    found = EvaluationSet(corpus, (bundle.path / DATA,), bundle.more_slices(), bundle=bundle)
    return found.without([len(text.split()) < bundle.protocol.min_words for text in corpus.texts], SHORT)
