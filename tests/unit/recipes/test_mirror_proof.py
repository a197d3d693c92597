"""The proof that nothing but authorship tells mirrors from human texts."""

import json

import numpy as np
import pytest
from rich.console import Console

from tain.core.errors import DataError
from tain.core.example import Example
from tain.mirrors.matching import Pair
from tain.mirrors.python_docs import human_docs, recorded_mirrors
from tain.recipes.mirror_proof import prove_matching
from tain.recipes.mirror_proof_terminal import render_terminal

WORDS = ("time", "place", "house", "river", "stone", "light", "voice", "paper", "table", "water", "night", "morning")


def sentence(rng):
    return " ".join(rng.choice(WORDS, rng.integers(6, 14))).capitalize() + "."


def made_pairs(n, change=lambda text: text, *, seed=0):
    """Pairs that differ in nothing but chance, and in what `change` does to the mirror."""
    rng = np.random.default_rng(seed)
    pairs = []
    for i in range(n):
        human, mirror = (" ".join(sentence(rng) for _ in range(5)) for _ in range(2))
        parent = Example(f"h{i}", human, "human", group=f"g{i}", language="en")
        pairs.append(Pair(parent, Example(f"m{i}", change(mirror), "ai", group=f"g{i}", language="en")))
    return pairs


def shown(proof):
    console = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(render_terminal(proof))
    return console.export_text()


def test_equal_sides_pass():
    proof = prove_matching(made_pairs(120))
    assert proof.warnings == ()
    # Where there is nothing to learn, held-out folds come out a little below 0.5: what a fold lacks, the others have.
    assert 0.35 < proof.normalised.auroc.value < 0.57
    assert proof.normalised.auroc.low < proof.normalised.auroc.value < proof.normalised.auroc.high
    assert "Nothing was found" in shown(proof)


def test_line_breaks_are_seen_before_normalising_only():
    proof = prove_matching(made_pairs(80, lambda text: text.replace(". ", ".\n")))
    assert proof.raw.auroc.value > 0.95
    assert proof.normalised.auroc.value < 0.6
    assert not any("trivial features" in warning for warning in proof.warnings)


def test_commas_are_seen_after_normalising_too():
    proof = prove_matching(made_pairs(80, lambda text: text.replace(" ", ", ", 9)))
    assert proof.normalised.auroc.value > 0.95
    assert proof.normalised.worst == "commas"
    assert proof.normalised.formatting.value < 0.65
    assert proof.warnings[0].startswith("trivial features tell mirrors from human texts with AUROC")
    assert "most of all commas" in proof.warnings[0]
    assert "Look at" in shown(proof)


def test_lengths_and_topics_are_warned_of():
    proof = prove_matching(
        made_pairs(30, lambda text: text[: len(text) // 2] + "."),
        embed=lambda texts: np.random.default_rng(1).normal(size=(len(texts), 5)),
    )
    assert any("mirrors are shorter than their parents: 0.5" in warning for warning in proof.warnings)
    assert any("mirrors miss their topic" in warning for warning in proof.warnings)
    assert any("sentences:" in warning for warning in proof.warnings)
    assert "cosine in meaning" in shown(proof)


def test_a_parent_of_two_mirrors_counts_once():
    pairs = made_pairs(40)
    twins = [
        Pair(each.parent, Example(f"{each.mirror.id}b", each.mirror.text, "ai")) for each in made_pairs(40, seed=1)
    ]
    both = pairs + [Pair(one.parent, twin.mirror) for one, twin in zip(pairs, twins, strict=True)]
    assert prove_matching(both).normalised.auroc.value == pytest.approx(0.5, abs=0.15)


def test_few_pairs_have_no_number_and_say_so():
    proof = prove_matching(made_pairs(3))
    assert proof.normalised.auroc.value is None
    assert proof.normalised.auroc.reason == "needs pairs of 5 or more groups; found 3"
    assert proof.normalised.worst is None
    assert "needs pairs of 5 or more groups" in shown(proof)
    with pytest.raises(DataError, match="There is no pair"):
        prove_matching([])


def test_a_proof_is_json_and_repeats_itself():
    one, other = (prove_matching(made_pairs(40), seed=4).as_dict() for _ in range(2))
    assert json.loads(json.dumps(one, allow_nan=False)) == json.loads(json.dumps(other))
    assert one["seed"] == 4 and one["matching"]["n_pairs"] == 40


def test_recorded_mirrors_match_their_parents():
    humans = human_docs()
    parents = {human.id: human for human in humans}
    proof = prove_matching([Pair(parents[mirror.group], mirror) for mirror in recorded_mirrors(humans)])
    assert 0.95 <= proof.matching.lengths.median <= 1.1
    assert proof.matching.lengths.share_within == 1.0
    # They are plain prose of the right length; commas and long words still tell.
    assert proof.normalised.formatting.value < 0.62
    assert 0.6 < proof.normalised.auroc.value < 0.8
    assert [warning.split(" tell")[0] for warning in proof.warnings] == ["trivial features"]
