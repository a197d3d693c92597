"""The words that skeletons keep: the 300 that most texts of every training corpus hold.

    python scripts/shipped/common_words.py build/shipped/train.parquet src/tain/evaluation/common_words.txt

By the geometric mean over corpora of the share of texts with the word, so that no corpus's topics come in.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl

from tain.core.files import whole_file

N_WORDS = 300
MAX_CHARS = 1500
FLOOR = 0.003  # of texts: a word that one corpus lacks is not out for that alone
WORD = re.compile(r"\w+(?:'\w+)*")


def shares(texts: list[str]) -> dict[str, float]:
    found = Counter(word for text in texts for word in set(WORD.findall(text.lower().replace("’", "'")[:MAX_CHARS])))
    return {word: n / len(texts) for word, n in found.items()}


def main(corpus: Path, output: Path) -> None:
    frame = pl.read_parquet(corpus)
    by_source = [shares(own["text"].to_list()) for _, own in frame.group_by("source", maintain_order=True)]
    words = sorted({word for own in by_source for word in own if word[0].isalpha()})
    means = [float(np.mean([np.log(own.get(word, 0.0) + FLOOR) for own in by_source])) for word in words]
    chosen = [words[index] for index in np.argsort(-np.array(means), kind="stable")[:N_WORDS]]
    with whole_file(output) as part:
        part.write_text("\n".join(sorted(chosen)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
