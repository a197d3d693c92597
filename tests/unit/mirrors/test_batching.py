import asyncio

import pytest

from tain.core.errors import DetectorError
from tain.mirrors.batching import BatchGenerator
from tain.mirrors.request import Answer, FatalError, MirrorRequest, RefusedError, RetryableError, Sampling, Usage


def request(name):
    return MirrorRequest(name, "g", (), "t", "1", "v", "m", Sampling(9), 1)


def echo(sizes):
    def complete(requests):
        sizes.append(len(requests))
        return [Answer(each.parent_id, "stop", Usage(1, 1), "m") for each in requests]

    return complete


def gather(generator, n, *, hurry=False):
    async def work():
        if hurry:
            generator.hurry()
        return await asyncio.gather(*(generator.generate(request(f"p{i}")) for i in range(n)), return_exceptions=True)

    return asyncio.run(work())


def test_requests_are_answered_in_batches_each_with_its_own_answer():
    sizes = []
    answers = gather(BatchGenerator(echo(sizes), batch_size=4), 10)
    assert [answer.text for answer in answers] == [f"p{i}" for i in range(10)]
    assert sizes == [4, 4, 2]


def test_one_refusal_leaves_the_others_of_its_batch():
    def complete(requests):
        return [RefusedError("too long"), *echo([])(requests[1:])]

    first, second = gather(BatchGenerator(complete), 2)
    assert isinstance(first, RefusedError)
    assert second.text == "p1"


@pytest.mark.parametrize("failure", [DetectorError("no weights"), RuntimeError("CUDA out of memory"), MemoryError()])
def test_a_model_that_fails_ends_the_run(failure):
    def complete(requests):
        raise failure

    assert [type(answer) for answer in gather(BatchGenerator(complete), 2)] == [FatalError] * 2


def test_nothing_is_begun_after_the_user_ended_the_run():
    sizes = []
    answers = gather(BatchGenerator(echo(sizes)), 2, hurry=True)
    assert [type(answer) for answer in answers] == [RetryableError] * 2
    assert sizes == []
