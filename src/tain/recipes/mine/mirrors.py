"""The way to mirrors that the settings ask for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from tain.core.errors import ConfigError
from tain.core.example import Example
from tain.corpora.normalise import LATEST, get_normaliser
from tain.corpora.reading import iter_rows
from tain.recipes.mine.configuration import MineSettings
from tain.recipes.mine.folder import MiningFolder
from tain.recipes.mine.mirroring import Mirroring, NearestTexts, RecordedMirrors, WithoutMirrors, WrittenMirrors
from tain.recipes.mine.texts import PreparedTexts


def build_mirroring(
    settings: MineSettings, folder: MiningFolder, texts: PreparedTexts, *, is_quiet: bool = False
) -> Mirroring:
    """What puts an AI text beside each mined one.

    Args:
        settings: Say which kind.
        folder: Keeps embeddings and written mirrors.
        texts: Prepared; AI texts to choose from are among them.
        is_quiet: No progress bars.

    Raises:
        ConfigError: If recorded mirrors are asked for and none are named, or a setting of the generator is impossible.
        DataError: If a file of recorded mirrors cannot be used.
    """
    kind = settings.mining.mirrors
    if kind == "none":
        return WithoutMirrors()
    if kind == "recorded":
        return _recorded(settings.mining.mirror_files)
    if kind == "generator":
        return _written(settings, folder, is_quiet=is_quiet)
    return _nearest(settings, folder, texts, is_quiet=is_quiet)


def _nearest(settings: MineSettings, folder: MiningFolder, texts: PreparedTexts, *, is_quiet: bool) -> NearestTexts:
    from tain.recipes.mine.embedding import BackboneEmbedder, Floats, embed_in_shards

    @cache
    def embedder() -> BackboneEmbedder:
        return BackboneEmbedder(settings.run.base)

    @cache
    def bank_vectors() -> Floats:
        name = hashlib.sha256("\x1f".join(example.id for example in texts.bank).encode()).hexdigest()[:16]
        return embed_in_shards(embedder(), texts.bank, folder.embeddings / name, is_quiet=is_quiet)

    return NearestTexts(
        texts.bank, lambda own: embedder()(own), bank_vectors, min_similarity=settings.mining.min_similarity
    )


def _recorded(files: Sequence[str]) -> RecordedMirrors:
    from tain.mirrors.recording import RecordedMirror, parse_recorded

    if not files:
        raise ConfigError("Recorded mirrors are asked for, but no file of them is named. Give --mirror-file FILE.")
    by_parent: dict[str, list[RecordedMirror]] = {}
    for file in files:
        for parent, own in parse_recorded(iter_rows(file), place=file).items():
            by_parent.setdefault(parent, []).extend(own)
    normaliser = get_normaliser(LATEST)

    def find(human: Example) -> Example | None:
        for mirror in by_parent.get(human.id, ()):
            plain = replace(human, text=normaliser.normalise(human.text).text)
            if mirror.belongs_to(human) or mirror.belongs_to(plain):
                return replace(human, label="ai", text=mirror.text, generator=mirror.generator, date=mirror.date)
        return None

    return RecordedMirrors(find)


def _written(settings: MineSettings, folder: MiningFolder, *, is_quiet: bool) -> WrittenMirrors:
    from tain.recipes.mirror import mirror_config, write_mirrors

    config = mirror_config({"seed": settings.run.seed, **settings.mining.writer})
    store = folder.path / "mirrors.sqlite"
    names = ", ".join(config.models) or config.recorded or config.generator
    return WrittenMirrors(
        lambda humans: write_mirrors(humans, store, config, is_quiet=is_quiet), f"Mirrors written by {names}."
    )
