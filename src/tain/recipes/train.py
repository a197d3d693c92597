"""Training: from labelled texts and settings to a Run folder with a model in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypedDict

from pydantic import ValidationError

from tain.core.cache import cache_folder
from tain.core.errors import ConfigError
from tain.core.files import read_json, whole_file, write_json
from tain.core.launch import require_one_process
from tain.detector.ngrams import NGRAMS, write_ngrams
from tain.detector.seen import SEEN, write_seen
from tain.methods import build_method
from tain.models import load_backbone
from tain.models.varlen_attention import require_plain_attention
from tain.recipes.configuration import RunConfig
from tain.recipes.reading import label_set, set_aside_name
from tain.recipes.tokenised import SOURCES, TokenisedCorpus, hash_corpus, tokenise
from tain.training.classifier import save_classifier
from tain.training.config import TrainingConfig
from tain.training.engine import Engine, TrainingResult
from tain.training.folder import RunFolder
from tain.training.hardware import pick_device, pick_threads
from tain.training.preconditions import require_attention
from tain.training.processes import join
from tain.training.store import TokenStore
from tain.training.trackers import require_tracker
from tain.training.untrained import without_training

DATA, MANIFEST = "data.json", "manifest.json"
N_PROBES = 4


class Parts(TypedDict):
    """What any training needs besides a backbone and a method."""

    train: TokenStore
    valid: TokenStore
    config: TrainingConfig
    run: RunFolder
    seed: int


@dataclass(frozen=True, slots=True)
class TrainedRun:
    """A finished training.

    Attributes:
        folder: The Run.
        summary: What the manifest says.
    """

    folder: RunFolder
    summary: dict[str, object]

    @property
    def set_aside(self) -> dict[Path, int]:
        """Files of the rows that could not be used, and how many each holds."""
        counts = self.summary["counts"]
        assert isinstance(counts, dict), "a manifest holds counts by reason"
        names = {part: self.folder.path / set_aside_name(part) for part in SOURCES}
        return {path: n for part, path in names.items() if (n := counts.get(f"{part}: set aside"))}


def train(
    config: RunConfig,
    output: Path,
    *,
    is_resumed: bool = False,
    force: bool = False,
    is_quiet: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> TrainedRun:
    """Train and save a Classifier.

    A training that was stopped at any moment and is resumed with the same settings ends in the same weights, bit for
    bit, on the same processor. One that has ended already is left as it is. The processes of torchrun or `accelerate
    launch` share the work, and the main one alone writes.

    Args:
        config: Every setting.
        output: The Run folder.
        is_resumed: Go on from the newest checkpoint there.
        force: Delete what is there.
        is_quiet: No progress bars.
        tell: Told what is going on, a line at a time.

    Raises:
        ConfigError: If a setting is impossible, the folder is taken, or the texts of a resumed Run have changed.
        DataError: If the texts cannot be used.
        TrainingError: If the training diverges, or the model does not reload as it was saved.
    """
    if not config.corpus.train:
        raise ConfigError("There is nothing to train on. Give --train FILE, or corpus.train in the config file.")
    processes = join(is_cpu=pick_device().type == "cpu")
    if not processes.is_main:
        is_quiet, tell = True, lambda line: None
    run, settings = RunFolder(output, resolved), config.model_dump(mode="json")
    run.require_free(settings, is_resumed=is_resumed, force=force)
    method = build_method(config.method)
    require_tracker(config.training)
    require_attention(config.training)
    _require_use_of_unlabelled(config)
    sha256 = hash_corpus(config.corpus)
    if is_resumed:
        _require_same_data(run, sha256)
        if run.is_complete:
            tell(f"{run.path} is complete.")
            return TrainedRun(run, read_json(run.path / MANIFEST))
    backbone = load_backbone(config.base, label_set(config.corpus), pooling=config.pooling, seed=config.seed)
    if config.training.attention == "varlen":
        require_plain_attention(backbone.model)
    method.make_room(backbone)
    # The texts are checked before the folder is touched: what --force replaces is not lost to a bad file.
    with processes.main_first():
        corpus = tokenise(
            config.corpus, backbone, cache=cache_folder("tokens"), seed=config.seed, sha256=sha256,
            is_builder=processes.is_main, is_quiet=is_quiet,
        )  # fmt: skip
    n_trainable = method.n_trainable(backbone)
    tell(_describe(corpus, method.kind, n_trainable))
    if not n_trainable:
        require_one_process("a method of which nothing trains")
    opened = run.opened(settings, threads=pick_threads(config.training), is_resumed=is_resumed, force=force)
    with opened if processes.is_main else nullcontext():
        if processes.is_main:
            write_json(run.path / DATA, {"sha256": corpus.sha256, "counts": corpus.counts})
            _keep_set_aside(corpus, run)
        processes.wait()
        parts = Parts(train=corpus.train, valid=corpus.valid, config=config.training, run=run, seed=config.seed)
        if n_trainable:
            result = Engine(backbone, method, **parts, processes=processes, is_quiet=is_quiet, tell=tell).train()
        else:
            result = without_training(backbone, method, **parts)
    summary = _summary(config, corpus, result)
    if processes.is_main:
        _save(result, corpus, run)
        write_json(run.path / MANIFEST, summary)
    processes.wait()  # for what the main one has written
    return TrainedRun(run, summary)


def resolved(kept: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a Run in full: one that began before a setting was there has its default.

    Args:
        kept: As its config.json has them.
    """
    try:
        return RunConfig.model_validate(dict(kept)).model_dump(mode="json")
    except ValidationError:
        return dict(kept)


def _save(result: TrainingResult, corpus: TokenisedCorpus, run: RunFolder) -> None:
    probes = [corpus.valid[index] for index in range(min(N_PROBES, len(corpus.valid)))]
    save_classifier(result.classifier, run.model, probe_rows=probes)
    write_seen(run.model / SEEN, corpus.seen)
    if corpus.ngrams:
        write_ngrams(run.model / NGRAMS, corpus.ngrams)


def _require_use_of_unlabelled(config: RunConfig) -> None:
    # Told here too, because a teacher may take an hour over texts that would then be of no use.
    if config.corpus.unlabelled and not config.training.distil_weight:
        raise ConfigError(
            "corpus.unlabelled names texts of which nothing is learned while training.distil_weight is 0. Set it above "
            "0, such as 0.5, and corpus.teacher; or leave corpus.unlabelled out."
        )


def _require_same_data(run: RunFolder, sha256: Mapping[str, str]) -> None:
    if not (run.path / DATA).is_file():
        return
    kept = read_json(run.path / DATA)["sha256"]
    changed = [name for name in sorted({*kept, *sha256}) if kept.get(name) != sha256.get(name)]
    if changed:
        raise ConfigError(
            f"{run.path} was trained on other data: {', '.join(changed)} changed since it began. Resume with the files "
            "as they were, or use another --output."
        )


def _keep_set_aside(corpus: TokenisedCorpus, run: RunFolder) -> None:
    for file in corpus.set_aside:
        with whole_file(run.path / file.name) as part:
            shutil.copyfile(file, part)


def _describe(corpus: TokenisedCorpus, kind: str, n_trainable: int) -> str:
    n_unlabelled = corpus.counts.get("train: unlabelled", 0)
    of_them = f" ({n_unlabelled:,} of them without a label)" if n_unlabelled else ""
    return (
        f"{len(corpus.train) // corpus.train.n_views:,} texts to train on{of_them}, {len(corpus.valid):,} to validate; "
        f"{kind} trains {n_trainable:,} parameters."
    )


def _summary(config: RunConfig, corpus: TokenisedCorpus, result: TrainingResult) -> dict[str, object]:
    return {
        "name": config.name,
        "best": list(result.best),
        "best_step": result.best_step,
        "n_steps": result.n_steps,
        "n_rollbacks": result.n_rollbacks,
        "estimate": asdict(result.estimate) if result.estimate else None,
        "counts": corpus.counts,
        "sha256": corpus.sha256,
    }
