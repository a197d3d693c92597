"""The parts of a tuning study that need no training: pairs, measures, paired tests, forecast, tables and pictures."""

from itertools import product

import numpy as np
import pytest
from sklearn.metrics import f1_score, matthews_corrcoef, roc_auc_score
from tests.tiny import tiny_tokenizer

from tain.core.errors import MetricError
from tain.evaluation.bootstrap import Bootstrap
from tain.recipes.studies.spread import Spread, spread
from tain.recipes.studies.tuning.forecast import Work, forecast_s, told, work_of
from tain.recipes.studies.tuning.measures import Predictions, draws, mean_loss, measure
from tain.recipes.studies.tuning.notes import Results
from tain.recipes.studies.tuning.paired import Drawn, Gap, accuracy_gap, difference, enough_draws, holm, measure_gap
from tain.recipes.studies.tuning.pairs import token_ids
from tain.recipes.studies.tuning.plots import save_plots
from tain.recipes.studies.tuning.results import PairedTest
from tain.recipes.studies.tuning.rows import Candidate, TuningRow
from tain.recipes.studies.tuning.tables import latex, markdown


def predictions(n: int, *, seed: int, classes: int = 2, skill: float = 1.0, label_seed: int = 7) -> Predictions:
    labels = np.random.default_rng(label_seed).integers(classes, size=n)
    logits = np.random.default_rng(seed).normal(size=(n, classes))
    logits[np.arange(n), labels] += skill
    return Predictions(tuple(map(str, range(n))), labels, logits)


@pytest.mark.parametrize("classes", [2, 5])
def test_measures_are_those_of_scikit_learn(classes):
    own = predictions(200, seed=0, classes=classes)
    assert measure(own, "matthews") == pytest.approx(matthews_corrcoef(own.labels, own.called))
    assert measure(own, "macro_f1") == pytest.approx(f1_score(own.labels, own.called, average="macro"))
    assert measure(own, "accuracy") == pytest.approx((own.labels == own.called).mean())
    if classes == 2:
        assert measure(own, "auroc") == pytest.approx(roc_auc_score(own.labels, own.logits @ [-1, 1]))
    chances = np.exp(own.logits) / np.exp(own.logits).sum(axis=1, keepdims=True)
    assert mean_loss(own) == pytest.approx(-np.log(chances[np.arange(200), own.labels]).mean())


def test_one_class_called_for_all_has_no_correlation_and_no_ranking_is_made_of_one_class():
    own = Predictions(("a", "b", "c"), np.array([0, 1, 1]), np.array([[0.0, 1.0]] * 3))
    assert measure(own, "matthews") == 0.0
    assert measure(Predictions(("a",), np.array([1]), np.zeros((1, 2))), "auroc") is None
    assert measure(own, "tpr_at_1_fpr") is None  # one human text says nothing about 1%


@pytest.mark.parametrize("name", ["accuracy", "matthews", "macro_f1", "auroc"])
def test_every_draw_is_the_measure_of_the_texts_drawn(name):
    own, bootstrap = predictions(60, seed=0), Bootstrap(n_draws=100)
    slow = []
    for weights in bootstrap.weights(60, n_texts=60):
        for row in weights:
            rows = np.repeat(np.arange(60), row)
            slow.append(measure(Predictions(tuple(map(str, rows)), own.labels[rows], own.logits[rows]), name))
    assert draws(own, name, bootstrap=bootstrap) == pytest.approx(np.array(slow, dtype=float))


@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "auroc"])
def test_texts_of_a_group_are_drawn_together(name):
    own, bootstrap = predictions(60, seed=0), Bootstrap(n_draws=100)
    grouped = Predictions(own.ids, own.labels, own.logits, np.arange(60) // 3)
    slow = []
    for weights in bootstrap.weights(20, n_texts=60):
        for row in weights:
            rows = np.repeat(np.arange(60), np.repeat(row, 3))
            slow.append(measure(Predictions(tuple(map(str, rows)), own.labels[rows], own.logits[rows]), name))
    assert draws(grouped, name, bootstrap=bootstrap) == pytest.approx(np.array(slow, dtype=float))


def test_groups_that_stand_and_fall_together_count_once():
    first, second = predictions(20, seed=0, skill=2.0), predictions(20, seed=1, skill=0.0)
    alone = accuracy_gap([first], [second])

    def fivefold(own: Predictions) -> Predictions:
        ids = tuple(f"{name}-{i}" for i in range(5) for name in own.ids)
        return Predictions(ids, np.tile(own.labels, 5), np.tile(own.logits, (5, 1)), np.tile(np.arange(20), 5))

    assert accuracy_gap([fivefold(first)], [fivefold(second)]).p == pytest.approx(alone.p)


def test_the_paired_bootstrap_equals_a_slow_plain_one():
    first = [predictions(80, seed=s, skill=1.5) for s in (0, 1)]
    second = [predictions(80, seed=s, skill=0.7) for s in (2, 3)]
    bootstrap = Bootstrap(n_draws=200)
    gaps = []
    for weights in bootstrap.weights(80, n_texts=80):
        for row in weights:
            rows = np.repeat(np.arange(80), row)
            sides = [
                np.mean([matthews_corrcoef(own.labels[rows], own.called[rows]) for own in side])
                for side in (first, second)
            ]
            gaps.append(sides[0] - sides[1])
    found = measure_gap(first, second, "matthews", bootstrap=bootstrap)
    expected = np.mean([matthews_corrcoef(o.labels, o.called) for o in first])
    expected -= np.mean([matthews_corrcoef(o.labels, o.called) for o in second])
    assert found.value == pytest.approx(expected)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(gaps, [0.025, 0.975])))
    n_tail = min(sum(gap <= 0 for gap in gaps), sum(gap >= 0 for gap in gaps))
    assert found.p == pytest.approx(min(1, 2 * (n_tail + 1) / 201))


def test_the_test_of_accuracy_equals_counting_every_sign_pattern_of_the_texts():
    first = [predictions(10, seed=s, skill=2.0) for s in (0, 1)]
    second = [predictions(10, seed=s, skill=0.0) for s in (2, 3)]
    balance = sum(one.is_right.astype(int) - other.is_right for one, other in zip(first, second, strict=True))
    sums = [abs(np.dot(signs, balance)) for signs in product((-1, 1), repeat=10)]
    found = accuracy_gap(first, second)
    assert found.p == pytest.approx(np.mean(np.array(sums) >= abs(balance.sum())))
    assert found.value == pytest.approx(balance.sum() / 20)


def test_other_texts_or_seeds_are_not_paired():
    with pytest.raises(MetricError, match="other texts"):
        accuracy_gap([predictions(10, seed=0)], [predictions(10, seed=0, label_seed=8)])
    with pytest.raises(MetricError, match="1 and 2 seeds"):
        accuracy_gap([predictions(10, seed=0)], [predictions(10, seed=0)] * 2)


def test_holm_raises_the_smallest_most_and_keeps_the_order():
    assert holm([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


class Segments:
    """A tokenizer that joins two segments itself, as BERT's does."""

    def __call__(self, texts, pairs=None, **settings):
        self.asked = (texts, pairs, settings)
        return {"input_ids": [[1]] * len(texts)}

    def num_special_tokens_to_add(self, *, pair):
        return 3 if pair else 2


def test_a_tokenizer_that_knows_pairs_joins_them_itself_and_cuts_the_longer_first():
    tokenizer = Segments()
    assert token_ids(tokenizer, ["a"], ["b"], max_tokens=9) == [[1]]
    assert tokenizer.asked == (["a"], ["b"], {"truncation": "longest_first", "max_length": 9})


def test_one_that_does_not_gets_its_separator_between_and_room_for_both():
    tokenizer = tiny_tokenizer()
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    one, two, three = (tokenizer.convert_tokens_to_ids(f"w{i}") for i in (1, 2, 3))
    assert token_ids(tokenizer, ["w1 w1"], ["w2"], max_tokens=9) == [[cls, one, one, sep, two, sep]]
    assert token_ids(tokenizer, ["w1 " * 9], ["w2"], max_tokens=7) == [[cls, one, one, one, sep, two, sep]]
    assert token_ids(tokenizer, ["w1"], ["w2 w3 " * 9], max_tokens=7) == [[cls, one, sep, two, three, two, sep]]
    assert token_ids(tokenizer, ["w1 " * 9], ["w2 " * 9], max_tokens=7) == [[cls, one, one, sep, two, two, sep]]
    assert token_ids(tokenizer, ["w1 w2 w3"], [None], max_tokens=4) == [[cls, one, two, sep]]
    tokenizer.sep_token = None
    assert (
        len(token_ids(tokenizer, ["w1"], ["w2"], max_tokens=9)[0]) == 4
    )  # this tokenizer has no token of a line break
    assert token_ids(tokenizer, [], [], max_tokens=4) == []


def test_the_forecast_takes_the_pace_of_who_was_measured():
    assert forecast_s([Work("a", 10)], []) is None
    done = [(Work("a", 10), 5.0), (Work("a", 10), 7.0), (Work("b", 10), 60.0)]
    assert forecast_s([Work("a", 100)], done) == pytest.approx(60)
    assert forecast_s([Work("b", 1), Work("c", 1)], done) == pytest.approx(6 + 0.7)
    assert work_of("a", n_trained=10, n_scored=5, mean_chars=2).n_chars == 70
    assert [told(s) for s in (5, 700, 9000)] == ["5 s", "12 min", "2.5 h"]


def row(contestant: str, value: float, **settings: object) -> TuningRow:
    usual = {
        "task": "CoLA_1", "base": "minilm", "method": contestant, "varied": {}, "size": 500, "n_test": 516,
        "rate": 1e-3, "swept_at": 500, "sweep": (Candidate(1e-3, 0.4),), "accuracy": spread([value, value + 0.02]),
        "measures": {"matthews": Spread(0.4, 0.01, 2)}, "by_seed": {}, "teacher": None, "n_epochs": 3.0,
        "n_evaluations": 4, "n_diverged": 0, "n_trainable": 1234, "n_parameters": 22_000_000, "weight_bytes": 86 << 20,
        "bits_per_weight": None, "weight_error": None,
        "peak_rss_bytes": 900 << 20, "base_rss_bytes": 400 << 20, "peak_device_bytes": None,
        "activation_bytes": 5 << 20, "optimiser_bytes": 20 << 20, "train_s": Spread(12.34, 0.5, 2),
        "tokens_per_s": Spread(3000.4, 20.0, 2),
    }  # fmt: skip
    return TuningRow(contestant=contestant, **(usual | settings))


CLASSICAL = {
    "base": "", "rate": None, "sweep": (), "n_trainable": None, "activation_bytes": None, "optimiser_bytes": None,
    "weight_bytes": None, "n_epochs": None, "n_evaluations": None, "tokens_per_s": spread([]),
    "accuracy": spread([0.5]),
}  # fmt: skip
RESULTS = Results(
    (row("LoRA & B", 0.7), row("tfidf", 0.5, **CLASSICAL)),
    (
        PairedTest(
            "CoLA_1",
            "minilm",
            500,
            "LoRA & B",
            "tfidf",
            516,
            (0, 1),
            Gap("matthews", 0.2, 0.1, 0.3, 0.0001),
            {0: 0.15, 1: 0.25},
            0.02,
        ),
    ),
)
MARKDOWN = """\
| task | base | texts | method | learning rate | seeds | accuracy | own measure | trainable | peak MiB | activations MiB | optimiser MiB | seconds | tokens/s |
|---|---|--:|---|--:|--:|--:|---|--:|--:|--:|--:|--:|--:|
| CoLA_1 | minilm | 500 | LoRA & B | 0.001 | 2 | 0.710 ± 0.014 | Matthews correlation 0.400 ± 0.010 | 1,234 | 900 | 5.00 | 20 | 12.3 ± 0.5 | 3,000 ± 20 |
| CoLA_1 | – | 500 | tfidf | – | 1 | 0.500 | Matthews correlation 0.400 ± 0.010 | – | 900 | – | – | 12.3 ± 0.5 | – |
"""  # noqa: E501
MARKDOWN_TESTS = """\
| task | base | texts | first | second | measure | difference (95%) | over seeds | p | p (Holm) |
|---|---|--:|---|---|---|--:|--:|--:|--:|
| CoLA_1 | minilm | 500 | LoRA & B | tfidf | Matthews correlation | +0.200 (+0.100 to +0.300) | +0.150 to +0.250 | <0.001 | 0.020 |
"""  # noqa: E501
LATEX = r"""\begin{tabular}{llrlrrrlrrrrrr}
\toprule
task & base & texts & method & learning rate & seeds & accuracy & own measure & trainable & peak MiB & activations MiB & optimiser MiB & seconds & tokens/s \\
\midrule
CoLA\_1 & minilm & 500 & LoRA \& B & 0.001 & 2 & 0.710 $\pm$ 0.014 & Matthews correlation 0.400 $\pm$ 0.010 & 1,234 & 900 & 5.00 & 20 & 12.3 $\pm$ 0.5 & 3,000 $\pm$ 20 \\
CoLA\_1 & -- & 500 & tfidf & -- & 1 & 0.500 & Matthews correlation 0.400 $\pm$ 0.010 & -- & 900 & -- & -- & 12.3 $\pm$ 0.5 & -- \\
\bottomrule
\end{tabular}

\begin{tabular}{llrlllrrrr}
\toprule
task & base & texts & first & second & measure & difference (95\%) & over seeds & p & p (Holm) \\
\midrule
CoLA\_1 & minilm & 500 & LoRA \& B & tfidf & Matthews correlation & +0.200 (+0.100 to +0.300) & +0.150 to +0.250 & $<$0.001 & 0.020 \\
\bottomrule
\end{tabular}
"""  # noqa: E501


def test_the_tables_are_written_as_they_always_were():
    assert markdown(RESULTS).startswith(MARKDOWN)
    assert MARKDOWN_TESTS in markdown(RESULTS)
    assert "on 516 test texts" in markdown(RESULTS) and "up to 400 MiB are Python" in markdown(RESULTS)
    assert latex(RESULTS) == LATEX


def test_what_diverged_or_is_left_is_told():
    failed = row("LoRA", 0.7, rate=None, sweep=(Candidate(1e-3, None),), accuracy=spread([]))
    told_of = markdown(Results((failed, row("full", 0.5, n_diverged=1)), (), n_left=3))
    assert "| all diverged |" in told_of
    assert "| 2 (1 diverged) |" in told_of
    assert "**Not complete, steps left: 3.**" in told_of


def test_few_bits_have_columns_only_where_somebody_has_them():
    few = row("LQ-LoRA", 0.7, weight_bytes=int(50.5 * 2**20), bits_per_weight=2.4999, weight_error=0.1234)
    plain = row("LoRA", 0.7)
    shown = markdown(Results((few, plain), ()))
    assert "| trainable | weights MiB | bits/weight | weight error | peak MiB |" in shown
    assert "| 1,234 | 50 | 2.500 | 0.123 | 900 |" in shown and "| 1,234 | 86 | – | – | 900 |" in shown
    assert "those of the quantised matrices" in shown
    assert r"1,234 & 50 & 2.500 & 0.123 & 900" in latex(Results((few, plain), ()))
    assert "weights MiB" not in markdown(Results((plain,), ()))


def test_other_passes_or_evaluations_than_the_others_have_are_marked():
    rows = (row("LoRA", 0.7), row("full", 0.7), row("slow", 0.7, n_epochs=9.0), row("slow", 0.7, size=50, n_epochs=9.0))
    shown = markdown(Results(rows, ()))
    assert "| slow † | 0.001 |" in shown and shown.count("| slow † |") == 1
    assert "† Trained or judged longer or shorter" in shown
    assert "slow on CoLA_1 at 500 texts (9 passes, 4 evaluations)." in shown
    assert r"slow $\dagger$" in latex(Results(rows, ()))
    assert "†" not in markdown(Results(rows[:2], ()))


def test_every_pair_has_draws_enough_for_holm():
    assert enough_draws(1000, n_pairs=10) == 1000
    assert all(n * 2 / (enough_draws(1000, n_pairs=n) + 1) <= 0.02 for n in (1, 11, 45, 300))


def test_draws_are_made_once_for_all_pairs_of_a_contestant_and_change_nothing():
    sides = [[predictions(60, seed=s + 2 * k, skill=k) for s in (0, 1)] for k in range(3)]
    bootstrap, drawn = Bootstrap(n_draws=100), Drawn()
    for first, second in ((0, 1), (0, 2), (1, 2)):
        pair = sides[first], sides[second]
        found = measure_gap(*pair, "matthews", bootstrap=bootstrap, drawn=drawn)
        assert found == measure_gap(*pair, "matthews", bootstrap=bootstrap)
    assert len(drawn) == 6


def test_the_seeds_differences_have_the_gap_as_their_mean():
    first, second = ([predictions(60, seed=s + 2 * k, skill=k) for s in (0, 1)] for k in (2, 1))
    gaps = [difference(one, other, "accuracy") for one, other in zip(first, second, strict=True)]
    assert np.mean(gaps) == pytest.approx(accuracy_gap(first, second).value)
    one_class = Predictions(("a",), np.array([1]), np.zeros((1, 2)))
    assert difference(one_class, one_class, "auroc") is None


def test_pictures_show_every_base_and_varied_method(tmp_path):
    rows = [
        row(f"LoRA rank={rank} V={v}", 0.6 + rank / 100, varied={"rank": rank, "V": v}, method="LoRA", size=size)
        for rank, v, size in product((2, 4), (5, 10), (50, 500))
    ]
    files = save_plots([*rows, row("full", 0.7, n_trainable=22_000_000), row("tfidf", 0.5, **CLASSICAL)], tmp_path)
    assert sorted(file.name for file in files) == ["grid-CoLA_1-minilm-LoRA.png", "parameters-minilm.png"]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)
