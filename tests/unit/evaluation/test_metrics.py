import pytest

from tain.evaluation import metrics


@pytest.mark.parametrize("name", metrics.__all__)
def test_each_metric_is_there_by_its_name(name):
    assert callable(getattr(metrics, name))
