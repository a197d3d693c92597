import numpy as np
import pytest
from tests.tiny import WORDS, tiny_tokenizer

from tain.core.errors import ConfigError, DataError
from tain.core.example import Corpus, Example, LabelSet
from tain.evaluation.baselines import build_baseline
from tain.evaluation.ranking import auroc
from tain.recipes.baseline_texts import cut_for_training, plain
from tain.recipes.baselines import fit_and_score
from tain.recipes.zero_shot import score_zero_shot

HUMAN = ["gonna", "stuff", "kinda", "dog", "the", "of", "went"]
AI = ["delve", "tapestry", "moreover", "dog", "the", "of", "realm"]
NAMES = ["words-tree", "style-logistic", "words-linear-svm"]


def written(vocabulary, rng, *, n_words=80):
    return " ".join(" ".join(rng.choice(vocabulary, 8)) + "." for _ in range(n_words // 8))


def corpus(n=60, *, kinds=(HUMAN, AI), names=("human", "ai"), seed=0):
    rng = np.random.default_rng(seed)
    examples = (
        Example(f"{seed}-{i}", written(kinds[i % len(kinds)], rng), names[i % len(kinds)], group=f"g{i // 2}")
        for i in range(n)
    )
    return Corpus(tuple(examples), LabelSet(names))


TRAIN, TEST = corpus(), corpus(20, seed=1)
IS_AI = [example.label == "ai" for example in TEST]


def test_each_baseline_scores_each_text_in_the_order_asked_for():
    scores = fit_and_score(NAMES, TRAIN, TEST.texts, is_quiet=True)
    assert list(scores) == NAMES
    for name in NAMES:
        assert auroc(scores[name], IS_AI) > 0.9, name


def test_shared_features_change_no_score():
    kept, passages = cut_for_training(TRAIN, seed=4)
    labels = [example.label == "ai" for example in kept]
    alone = build_baseline("words-tree").fit(passages, labels, seed=4)
    together = fit_and_score(NAMES, TRAIN, TEST.texts, seed=4, is_quiet=True)
    assert np.array_equal(together["words-tree"], alone.score(plain(TEST.texts)))


def test_the_same_seed_cuts_the_same_passages_and_another_others():
    passages = [cut_for_training(TRAIN, seed=seed)[1] for seed in (0, 0, 1)]
    assert passages[0] == passages[1] != passages[2]
    assert all(len(passage.split()) <= 200 for passage in passages[0])


def test_texts_end_at_their_last_whole_sentence():
    text = written(HUMAN, np.random.default_rng(0))
    assert plain([text + " and then it was"]) == [text]
    assert plain(["Too short to cut. And so"]) == ["Too short to cut. And so"]


def test_short_training_texts_are_left_out_and_counted():
    short = Corpus((*TRAIN.examples, Example("short", "Hi there.", "human")), TRAIN.labels)
    told = []
    fit_and_score(["words-tree"], short, TEST.texts, is_quiet=True, tell=told.append)
    assert told == ["Left out: 1 of 61 training texts of the baselines, under 50 words."]


def test_a_baseline_is_never_scored_on_its_training_rows():
    copied = TEST.examples[3].text.upper().replace(" ", "\n")
    leaking = Corpus((*TRAIN.examples, Example("copy", copied, "ai")), TRAIN.labels)
    told = []
    leaky = fit_and_score(["words-tree"], leaking, TEST.texts, is_quiet=True, tell=told.append)
    assert told == ["Left out: 1 of 61 training texts of the baselines, which are to be scored."]
    clean = fit_and_score(["words-tree"], TRAIN, TEST.texts, is_quiet=True)
    assert np.array_equal(leaky["words-tree"], clean["words-tree"])


def test_training_texts_that_are_all_to_be_scored_are_refused():
    with pytest.raises(DataError, match="All 60 training texts of the baselines are among the 60 texts to be scored"):
        fit_and_score(["words-tree"], TRAIN, TRAIN.texts, is_quiet=True)


def test_no_texts_have_no_scores():
    assert fit_and_score(["words-tree"], TRAIN, [], is_quiet=True)["words-tree"].shape == (0,)


def test_a_wrong_name_is_answered_before_anything_is_fitted():
    with pytest.raises(ConfigError, match="Did you mean words-tree"):
        fit_and_score(["word-tree"], TRAIN, TEST.texts)


@pytest.fixture(scope="module")
def causal_folder(tmp_path_factory):
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("causal")
    tokenizer = tiny_tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def test_zero_shot_scores_have_a_number_for_each_text_and_say_what_was_cut(causal_folder):
    told = []
    scores = score_zero_shot(
        ["w1 w2 w3", " ".join(WORDS * 2), ""], model=causal_folder, is_quiet=True, tell=told.append
    )
    assert told == ["1 of 3 texts are longer than the 64 tokens that were read of them."]
    for values in scores.values():
        assert np.isfinite(values[:2]).all()
        assert np.isnan(values[2])


def test_the_same_model_twice_is_read_once_and_changes_nothing(causal_folder):
    texts = ["w1 w2 w3", "w4 w5"]
    first = score_zero_shot(texts, model=causal_folder, names=["binoculars"], is_quiet=True)
    second = score_zero_shot(texts, model=causal_folder, reference=causal_folder, names=["binoculars"], is_quiet=True)
    assert np.array_equal(first["binoculars"], second["binoculars"])


def test_a_wrong_zero_shot_name_is_answered_before_a_model_is_fetched():
    with pytest.raises(ConfigError, match="no zero-shot score 'lr'.*Did you mean lrr"):
        score_zero_shot(["a"], model="no/such-model", names=["lr"])
