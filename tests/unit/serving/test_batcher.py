"""Every job that is taken gets exactly one answer, and the right one, whatever happens to its neighbours."""

import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.served_model import POISON, CountingModel

from tain.serving.batcher import Batcher
from tain.serving.errors import Refusal
from tain.serving.job import Job
from tain.serving.served import Share

BATCH_TOKENS = 20
SENTENCES = st.lists(st.integers(1, 9), min_size=1, max_size=8).map(lambda numbers: " ".join(map(str, numbers)))
TEXTS = st.lists(st.lists(SENTENCES, max_size=4).map(".".join), min_size=1, max_size=3)
JOBS = st.lists(st.tuples(TEXTS, st.sampled_from(["stays", "leaves", "poison", "bad"])), min_size=1, max_size=12)


def _job(model, texts, answer=lambda readings, n_tokens: (readings, n_tokens)):
    return Job(model, texts, answer)


def _expected(texts):
    words = [word for text in texts for word in text.replace(".", " ").split()]
    sums = [float(sum(map(int, text.replace(".", " ").split()))) for text in texts]
    return sums, len(words)


def _spoilt(texts, fate):
    return [*texts, {"poison": f"1.{POISON}.2", "bad": "no number"}[fate]] if fate in ("poison", "bad") else texts


@given(jobs=JOBS)
@settings(max_examples=60, deadline=None)
def test_every_job_taken_is_answered_once_and_right(jobs):
    model = CountingModel()
    model.gate.clear()
    batcher = Batcher(batch_tokens=BATCH_TOKENS, max_jobs=100, max_chars=10**6)
    made = [(_job(model, _spoilt(texts, fate)), texts, fate) for texts, fate in jobs]
    answered = []
    for job, _, _ in made:
        job.future.add_done_callback(answered.append)
        batcher.submit(job)
    for job, _, fate in made:
        if fate == "leaves":
            job.future.cancel()
    model.gate.set()
    batcher.close()
    assert sorted(map(id, answered)) == sorted(id(job.future) for job, _, _ in made)
    for job, texts, fate in made:
        if fate == "stays":
            assert job.future.result() == _expected(texts)
        elif fate == "poison":
            assert job.future.exception().status_code == 424
        elif fate == "bad":
            assert isinstance(job.future.exception(), ValueError)
    assert (batcher.n_jobs, batcher.n_chars) == (0, 0)


def _held(model, **limits):
    """A batcher in the middle of a batch that has not ended."""
    batcher = Batcher(**({"batch_tokens": BATCH_TOKENS, "max_jobs": 100, "max_chars": 10**6} | limits))
    model.gate.clear()
    first = _job(model, ["1"])
    batcher.submit(first)
    assert model.begun.wait(20)
    return batcher, first


def test_no_batch_holds_more_tokens_than_allowed_unless_one_row_does(counting):
    batcher, _ = _held(counting)
    for _ in range(5):
        batcher.submit(_job(counting, ["1 2 3 4 5 6 7." * 4, "1 " * 30]))
    counting.gate.set()
    batcher.close()
    assert all(sum(map(len, batch)) <= BATCH_TOKENS or len(batch) == 1 for batch in counting.batches)


def test_a_short_text_waits_for_two_batches_behind_a_book(counting):
    batcher, _ = _held(counting)
    book, short = _job(counting, ["1 2 3 4 5." * 400]), _job(counting, ["3"])
    batcher.submit(book)
    batcher.submit(short)
    n_before = len(counting.batches) + 1  # the one that is held
    seen = []
    short.future.add_done_callback(lambda _: seen.append(len(counting.batches)))
    counting.gate.set()
    batcher.close()
    assert seen[0] <= n_before + 1
    assert len(counting.batches) > 50
    assert book.future.result()[0] == [6000.0]


class SteppingModel(CountingModel):
    """Reads a batch for each step that it is given."""

    def __post_init__(self):
        super().__post_init__()
        self.steps, self.begun_batches = threading.Semaphore(0), threading.Semaphore(0)

    def outputs(self, rows, *, batch_tokens):
        self.begun_batches.release()
        assert self.steps.acquire(timeout=20)
        return super().outputs(rows, batch_tokens=batch_tokens)


@pytest.mark.parametrize(
    ("n_books", "n_read", "text", "answer"),
    [(4, 3, "3 3", ([6.0], 2)), (5, 3, "3 3", ([6.0], 2)), (40, 3, "3 3", ([6.0], 2)), (6, 0, "3.4.5", ([12.0], 3))],
)
def test_a_short_text_is_read_whole_within_two_batches_behind_any_number_of_books(n_books, n_read, text, answer):
    model = SteppingModel()
    batcher = Batcher(batch_tokens=BATCH_TOKENS, max_jobs=100, max_chars=10**6)
    books = [_job(model, ["1 2 3 4 5." * 40]) for _ in range(n_books)]
    for book in books:
        batcher.submit(book)
    for _ in range(n_read):
        assert model.begun_batches.acquire(timeout=20)
        model.steps.release()
    assert model.begun_batches.acquire(timeout=20)
    short = _job(model, [text])
    batcher.submit(short)
    model.steps.release(2)
    assert short.future.result(20) == answer
    model.steps.release(1000)
    batcher.close()
    assert [book.future.result()[0] for book in books] == [[600.0]] * n_books


def test_short_texts_leave_half_of_each_batch_to_the_others(counting):
    batcher, _ = _held(counting)
    books = [_job(counting, ["1 2 3 4 5." * 20]) for _ in range(4)]
    shorts = [_job(counting, ["3 3 3 3 3"]) for _ in range(30)]
    for job in [*books, *shorts]:
        batcher.submit(job)
    counting.gate.set()
    batcher.close()
    with_both = [batch for batch in counting.batches[1:] if [3.0] * 5 in batch and [1, 2, 3, 4, 5] in batch]
    assert all(batch.count([1, 2, 3, 4, 5]) >= 2 for batch in with_both)
    assert {job.future.result()[0][0] for job in shorts} == {15.0}


def test_books_that_come_at_once_are_cut_one_at_a_time_and_batches_stay_full(counting, monkeypatch):
    cut = []
    prepare = type(counting).prepare
    monkeypatch.setattr(type(counting), "prepare", lambda model, texts, **own: cut.append(0) or prepare(model, texts))
    batcher, first = _held(counting)
    book = ".".join(["1 2 3 4 5"] * 40)  # 10 batches, more characters than one batch may cut
    books = [_job(counting, [book]) for _ in range(5)]
    n_cut_before = len(cut)
    taken = []
    outputs = type(counting).outputs
    monkeypatch.setattr(
        type(counting), "outputs", lambda model, rows, **own: taken.append(len(cut)) or outputs(model, rows, **own)
    )
    for job in books:
        batcher.submit(job)
    counting.gate.set()
    batcher.close()
    assert first.future.result() and all(job.future.result() == _expected([book]) for job in books)
    assert [n - n_cut_before for n in taken[:4]] == [1, 2, 3, 4]  # four fill a batch; the fifth comes when one ends
    assert {sum(map(len, batch)) for batch in counting.batches[1:]} == {BATCH_TOKENS}


def test_texts_of_many_requests_are_read_together(counting):
    batcher, _ = _held(counting)
    jobs = [_job(counting, ["1 1"]) for _ in range(10)]
    for job in jobs:
        batcher.submit(job)
    counting.gate.set()
    batcher.close()
    assert [len(batch) for batch in counting.batches] == [1, 10]


def test_two_models_in_one_batch_read_their_own(counting):
    other = CountingModel()
    batcher, _ = _held(counting)
    jobs = [_job(model, [str(i)]) for i, model in enumerate([counting, other] * 3)]
    for job in jobs:
        batcher.submit(job)
    counting.gate.set()
    batcher.close()
    assert [job.future.result()[0] for job in jobs] == [[float(i)] for i in range(6)]
    assert other.batches == [[[1], [3], [5]]]


class _SharedNetwork:
    """Gives the sum of each row times its adapter, and keeps whose rows came together."""

    def __init__(self):
        self.passes = []

    def logits(self, pairs, *, batch_tokens):
        self.passes.append([adapter for adapter, _ in pairs])
        if any(POISON in row for _, row in pairs):
            raise RuntimeError("the network failed")
        return [np.array([adapter * sum(row)], dtype=np.float32) for adapter, row in pairs]


class _Sharer(CountingModel):
    def from_logits(self, logits):
        return logits[:, 0]


def _sharers(network, *adapters):
    models = [_Sharer() for _ in adapters]
    for model, adapter in zip(models, adapters, strict=True):
        model.share = Share(network, adapter)
    return models


def test_models_that_share_a_network_are_read_in_one_pass_each_as_its_own(counting):
    network = _SharedNetwork()
    batcher, _ = _held(counting)
    models = [*_sharers(network, 1, 10, 100), counting]
    jobs = [_job(model, ["1 2. 3"]) for model in models]
    for job in jobs:
        batcher.submit(job)
    counting.gate.set()
    batcher.close()
    assert [job.future.result()[0] for job in jobs] == [[6.0], [60.0], [600.0], [6.0]]
    assert network.passes == [[1, 1, 10, 10, 100, 100]]


def test_a_row_that_fails_takes_no_other_model_of_its_network_with_it(counting):
    network = _SharedNetwork()
    batcher, _ = _held(counting)
    good, bad = _sharers(network, 2, 3)
    jobs = [_job(good, ["1"]), _job(bad, [str(POISON)]), _job(good, ["4"])]
    for job in jobs:
        batcher.submit(job)
    counting.gate.set()
    batcher.close()
    assert [jobs[0].future.result()[0], jobs[2].future.result()[0]] == [[2.0], [8.0]]
    assert jobs[1].future.exception().status_code == 424


def test_a_job_taken_back_leaves_the_queue_at_once_and_is_never_read(counting):
    batcher, _ = _held(counting)
    leaver = _job(counting, ["7 7 7"])
    batcher.submit(leaver)
    assert (batcher.n_jobs, batcher.n_chars) == (2, 6)
    assert leaver.future.cancel()
    assert (batcher.n_jobs, batcher.n_chars) == (1, 1)
    counting.gate.set()
    batcher.close()
    assert [7, 7, 7] not in [row for batch in counting.batches for row in batch]


def test_a_long_text_taken_back_midway_is_read_no_further(counting):
    batcher, _ = _held(counting)
    book = _job(counting, ["1 2 3 4 5." * 400])
    batcher.submit(book)
    # Taken back while the second batch, the first of the book, is being read.
    real, held = counting.outputs, threading.Event()

    def outputs(rows, *, batch_tokens):
        if not held.is_set():
            held.set()
            book.future.cancel()
        return real(rows, batch_tokens=batch_tokens)

    counting.outputs = outputs
    counting.gate.set()
    batcher.close()
    assert len(counting.batches) <= 2


@pytest.mark.parametrize("limits", [{"max_jobs": 3}, {"max_chars": 30}])
def test_what_does_not_fit_is_told_when_to_come_back(counting, limits):
    batcher, first = _held(counting, **limits)
    taken = [_job(counting, ["1 2 3 4 5"]) for _ in range(2)]
    for job in taken:
        batcher.submit(job)
    with pytest.raises(Refusal, match="requests are waiting") as caught:
        batcher.submit(_job(counting, ["1 2 3 4 5 6 7"]))
    assert caught.value.status_code == 429
    assert int(caught.value.headers["Retry-After"]) >= 1
    counting.gate.set()
    batcher.close()
    assert first.future.result()[0] == [1.0]
    assert [job.future.result()[0] for job in taken] == [[15.0]] * len(taken)


def test_a_text_larger_than_the_whole_queue_is_taken_when_nobody_waits(counting):
    batcher = Batcher(batch_tokens=BATCH_TOKENS, max_jobs=10, max_chars=3)
    job = _job(counting, ["1 2 3 4 5"])
    batcher.submit(job)
    batcher.close()
    assert job.future.result()[0] == [15.0]


def test_closing_answers_what_was_taken_and_takes_no_more(counting):
    batcher, first = _held(counting)
    jobs = [_job(counting, ["2. 2. 2"]) for _ in range(20)]
    for job in jobs:
        batcher.submit(job)
    closing = threading.Thread(target=batcher.close)
    closing.start()
    while batcher.is_ready:
        pass
    with pytest.raises(Refusal, match="going down") as caught:
        batcher.submit(_job(counting, ["1"]))
    assert caught.value.status_code == 503
    counting.gate.set()
    closing.join(20)
    assert first.future.done()
    assert {job.future.result()[0][0] for job in jobs} == {6.0}


def test_an_answer_that_cannot_be_made_is_that_jobs_error_alone(counting):
    def broken(readings, n_tokens):
        raise KeyError("nothing")

    batcher, _ = _held(counting)
    bad, good = _job(counting, ["1"], broken), _job(counting, ["2"])
    batcher.submit(bad)
    batcher.submit(good)
    counting.gate.set()
    batcher.close()
    assert isinstance(bad.future.exception(), KeyError)
    assert good.future.result()[0] == [2.0]


def test_memory_is_given_back_once_after_work_and_not_while_nothing_happens(counting, monkeypatch):
    given = []
    monkeypatch.setattr("tain.serving.batcher._TIDY_S", 0.05)
    monkeypatch.setattr("tain.serving.batcher.give_back_memory", lambda: given.append(0))
    batcher = Batcher(batch_tokens=BATCH_TOKENS, max_jobs=100, max_chars=10**6)
    time.sleep(0.3)
    assert not given
    job = _job(counting, ["1 2 3"])
    batcher.submit(job)
    job.future.result(20)
    time.sleep(0.5)
    assert len(given) == 1
    batcher.close()
