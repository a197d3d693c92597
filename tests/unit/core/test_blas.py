"""One thread for each product of numpy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from tain.core.blas import one_blas_thread


def n_threads() -> set[int]:
    np.ones((2, 2)) @ np.ones((2, 2))
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two_threads():
    with threadpool_limits(2, user_api="blas"):
        if n_threads() != {2}:
            pytest.skip("the library of numpy computes with one thread here")
        yield


def inside(_: int = 0) -> set[int]:
    with one_blas_thread():
        return n_threads()


def test_it_holds_inside_and_is_put_back():
    assert inside() == {1}
    assert n_threads() == {2}


def test_it_holds_for_any_thread_and_after_any_other():
    inside()
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        for pool in (first, second, first):
            assert pool.submit(inside).result() == {1}
            assert n_threads() == {2}


def test_it_is_put_back_by_the_last_to_leave():
    both = Barrier(2)

    def first() -> set[int]:
        with one_blas_thread():
            both.wait()
        both.wait()
        return n_threads()

    def second() -> tuple[set[int], set[int]]:
        with one_blas_thread():
            both.wait()
            both.wait()
            found = n_threads()
        return found, n_threads()

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.submit(first), pool.submit(second)
        one.result()
        assert two.result() == ({1}, {2})


def test_it_is_put_back_after_an_error():
    with pytest.raises(ValueError, match="own"), one_blas_thread():
        raise ValueError("own")
    assert n_threads() == {2}
