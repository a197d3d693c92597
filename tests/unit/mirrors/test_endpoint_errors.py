from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tain.mirrors.endpoint_errors import error_of, message_in, retry_after_s
from tain.mirrors.request import FatalError, RefusedError, RetryableError


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, RetryableError), (500, RetryableError), (503, RetryableError), (529, RetryableError),
        (408, RetryableError), (400, RefusedError), (413, RefusedError), (422, RefusedError), (401, FatalError),
        (402, FatalError), (403, FatalError), (404, FatalError), (307, FatalError),
    ],
)  # fmt: skip
def test_a_status_says_whether_to_try_again(status, kind):
    assert type(error_of(status, {}, "")) is kind


def test_no_credit_is_not_waited_for():
    error = error_of(429, {}, '{"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}')
    assert isinstance(error, FatalError)
    assert "nothing is lost" in str(error)


def test_the_wait_is_read_in_every_form():
    later = datetime.now(UTC) + timedelta(seconds=30)
    assert retry_after_s({"retry-after": "7"}) == 7
    assert retry_after_s({"retry-after": "0.5"}) == 0.5
    assert retry_after_s({"retry-after-ms": "250", "retry-after": "1"}) == 0.25
    assert 25 < retry_after_s({"retry-after": format_datetime(later, usegmt=True)}) <= 30
    assert retry_after_s({}, '[{"error": {"details": [{"retryDelay": "34s"}]}}]') == 34
    assert retry_after_s({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert retry_after_s({"retry-after": "soon"}) is None
    assert retry_after_s({}) is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"error": {"message": "no", "param": "seed"}}', "no; seed"),
        ('[{"error": {"message": "Unknown name", "code": 400}}]', "Unknown name; 400"),
        ('{"detail": "Server is pinned"}', "Server is pinned"),
        ('{"error": "model not found"}', "model not found"),
        ("<html>Bad gateway</html>", "<html>Bad gateway</html>"),
        ("[]", "[]"),
        ("", ""),
    ],
)
def test_what_the_endpoint_said_is_found(body, message):
    assert message_in(body) == message


def test_long_messages_are_cut():
    assert len(message_in("x" * 10_000)) == 400
