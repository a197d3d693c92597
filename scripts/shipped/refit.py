"""Fit the n-grams of a finished Run again with further texts, and leave its network as it is.

    python scripts/shipped/refit.py build/shipped/run-0 build/shipped/mirrors.parquet

What comes of it is what `tain train` with these texts as corpus.ngram_train gives, which would train the network, that
learns nothing from them, a second time.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tain.core.files import read_json, write_json
from tain.detector.ngrams import NGRAMS, write_ngrams
from tain.detector.seen import SEEN, write_seen
from tain.models import load_backbone
from tain.recipes.configuration import RunConfig
from tain.recipes.reading import label_set
from tain.recipes.tokenised import tokenise

CONFIG, DATA = "config.json", "data.json"


def main(run: Path, further: Path) -> None:
    config = RunConfig.model_validate(read_json(run / CONFIG))
    corpus = config.corpus.model_copy(update={"ngram_train": (*config.corpus.ngram_train, str(further))})
    backbone = load_backbone(config.base, label_set(corpus), pooling=config.pooling, seed=config.seed)
    found = tokenise(corpus, backbone, cache=run / "tokens", seed=config.seed)
    assert found.ngrams is not None, f"{run} has no n-grams: its corpus.ngram_share is 0"
    write_ngrams(run / "model" / NGRAMS, found.ngrams)
    write_seen(run / "model" / SEEN, found.seen)
    write_json(run / CONFIG, config.model_copy(update={"corpus": corpus}).model_dump(mode="json"))
    write_json(run / DATA, {"sha256": found.sha256, "counts": found.counts})
    print({name: n for name, n in found.counts.items() if name.startswith("ngram_train")})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
