"""Zero-shot scores of the texts of a test, by causal language models that the user names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tain.core.progress import progress
from tain.corpora.normalise import LATEST
from tain.evaluation.samples import Floats
from tain.evaluation.zero_shot import ZERO_SHOT, zero_shot_scores
from tain.recipes.baseline_texts import plain

if TYPE_CHECKING:
    from tain.models.backbone import DType

Tell = Callable[[str], None]


def score_zero_shot(
    texts: Sequence[str],
    *,
    model: str,
    reference: str | None = None,
    names: Sequence[str] = tuple(ZERO_SHOT),
    max_tokens: int | None = None,
    dtype: DType = "float32",
    device: str = "cpu",
    normaliser: int = LATEST,
    is_quiet: bool = False,
    tell: Tell = lambda line: None,
) -> dict[str, Floats]:
    """Zero-shot scores by name, shape (n,), higher means AI; NaN for texts of fewer than two tokens.

    Args:
        texts: n of them, as read; normalised here as for the classical detectors.
        model: Preset, folder or Hub id of the model that scores: in Binoculars the performer.
        reference: Of the model that Fast-DetectGPT samples from and that observes in Binoculars. None takes `model`.
        names: In `ZERO_SHOT`.
        max_tokens: The most tokens read of each text; None reads as many as the models can.
        dtype: Precision of the weights in memory.
        device: Where the models run, such as cpu or cuda.
        normaliser: Its version.
        is_quiet: No progress bar.
        tell: Told what the reader of the scores should know, a line at a time.

    Raises:
        ConfigError: If there is no score of a name, a model is no causal one, or the two cut texts differently.
        DetectorError: If a model cannot be loaded.
    """
    from tain.models.causal import load_causal
    from tain.models.token_statistics import token_statistics

    zero_shot_scores([], names=names)  # a wrong name is answered before a model is fetched
    scoring = load_causal(model, dtype=dtype, device=device)
    other = load_causal(reference, dtype=dtype, device=device) if reference not in (None, model) else None
    with progress(f"reading with {model}", len(texts), is_quiet=is_quiet) as advance:
        found = token_statistics(
            plain(texts, normaliser=normaliser), scoring, reference=other, max_tokens=max_tokens, advance=advance
        )
    if n_cut := sum(each.is_truncated for each in found):
        limit = max_tokens or min(each.max_tokens for each in (scoring, other) if each)
        tell(f"{n_cut:,} of {len(texts):,} texts are longer than the {limit:,} tokens that were read of them.")
    return zero_shot_scores(found, names=names)
