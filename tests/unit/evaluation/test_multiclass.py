import numpy as np
import pytest
from sklearn import metrics as reference

from tain.core.errors import MetricError
from tain.evaluation.bootstrap import Bootstrap
from tain.evaluation.multiclass import class_measures, confusion_table

NAMES = ("sport", "world", "science")
FEW = Bootstrap(60)


def sample(n=300, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(3, size=n)
    return np.where(rng.random(n) < 0.7, truth, rng.integers(3, size=n)), truth


def test_every_number_is_that_of_scikit_learn():
    called, truth = sample()
    found = class_measures(called, truth, names=NAMES, bootstrap=FEW)
    precision, recall, f1, n = reference.precision_recall_fscore_support(truth, called)
    assert found.accuracy.value == pytest.approx(reference.f1_score(truth, called, average="micro"))
    assert found.macro_f1.value == pytest.approx(reference.f1_score(truth, called, average="macro"))
    assert found.balanced_accuracy.value == pytest.approx(reference.balanced_accuracy_score(truth, called))
    assert [row.n for row in found.classes] == n.tolist()
    assert [row.precision.value for row in found.classes] == pytest.approx(precision)
    assert [row.recall.value for row in found.classes] == pytest.approx(recall)
    assert [row.f1.value for row in found.classes] == pytest.approx(f1)
    assert np.array_equal(found.confusion, reference.confusion_matrix(truth, called))
    assert found.majority.value == max(n) / 300


def test_every_number_has_an_interval_around_it():
    called, truth = sample()
    found = class_measures(called, truth, names=NAMES, groups=np.arange(300) // 3, bootstrap=FEW)
    assert found.n_groups == 100
    numbers = [found.accuracy, found.macro_f1, found.balanced_accuracy]
    for number in (*numbers, *(each for row in found.classes for each in (row.precision, row.recall, row.f1))):
        assert number.low < number.value < number.high


def test_texts_that_go_together_widen_the_intervals():
    called, truth = sample(n=100)
    copies, groups = [np.tile(each, 4) for each in (called, truth)], np.tile(np.arange(100), 4)
    alone = class_measures(*copies, names=NAMES, bootstrap=FEW)
    together = class_measures(*copies, names=NAMES, groups=groups, bootstrap=FEW)
    for name in ("accuracy", "macro_f1"):
        first, second = getattr(alone, name), getattr(together, name)
        assert second.high - second.low > 1.6 * (first.high - first.low)


def test_a_class_without_texts_is_named():
    found = class_measures([0, 1, 1], [0, 0, 1], names=NAMES, bootstrap=FEW)
    assert found.macro_f1.reason == "There are no texts of science, so no mean over all classes is defined."
    assert found.classes[2].f1.reason == "There are no texts of science."
    assert found.classes[2].precision.reason == "There are no texts called science."


def test_all_right_is_not_certainty():
    found = class_measures([0, 1] * 20, [0, 1] * 20, names=NAMES[:2], bootstrap=FEW)
    assert found.macro_f1.value == found.classes[0].f1.value == 1.0
    assert 0.8 < found.macro_f1.low < 1
    assert found.classes[0].f1.low < 1


@pytest.mark.parametrize(
    ("called", "truth", "match"),
    [
        ([], [], "0 calls and 0 true classes"),
        ([0], [0, 1], "1 calls and 2 true classes"),
        ([3], [0], "called holds 3 to 3; expected indices of 3 classes"),
        ([0], [-1], "truth holds -1 to -1"),
        ([0.5], [0], "called has shape .* float64; expected one class index"),
    ],
)
def test_what_does_not_fit_is_refused(called, truth, match):
    with pytest.raises(MetricError, match=match):
        class_measures(np.array(called), np.array(truth), names=NAMES, bootstrap=FEW)


def test_the_table_has_the_truth_in_rows():
    assert confusion_table(np.array([1, 1, 0]), np.array([0, 0, 0]), n_classes=2).tolist() == [[1, 2], [0, 0]]
