"""Who may ask what, how often, and by which name."""

import pytest
from fastapi.testclient import TestClient

from tain.core.errors import ConfigError
from tain.serving.app import create_app
from tain.serving.keys import KeyRing, write_keys
from tain.serving.rate import RateLimit, client_of
from tain.serving.settings import Settings, is_loopback, settings_from

BODY = {"text": "w1 w2"}


def _bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def keys(tmp_path):
    ring, checker = KeyRing().with_new("checker", ("check",))
    ring, owner = ring.with_new("owner", ("check", "admin"))
    ring, watcher = ring.with_new("watcher", ("admin",))
    write_keys(tmp_path / "keys.json", ring)
    return tmp_path / "keys.json", {"checker": checker, "owner": owner, "watcher": watcher}


@pytest.fixture
def guarded(make_app, keys):
    path, tokens = keys
    with TestClient(make_app(keys=path)) as client:
        yield client, tokens


@pytest.mark.parametrize(
    "headers", [{}, _bearer("wrong"), _bearer(""), {"Authorization": "Basic dTpw"}, {"Authorization": "Bearer"}]
)
def test_without_a_key_nothing_is_answered_but_health(guarded, headers):
    client, _ = guarded
    for method, path in (("POST", "/v1/check"), ("POST", "/"), ("GET", "/info"), ("GET", "/metrics"), ("GET", "/x")):
        answer = client.request(method, path, headers=headers, content=b"not even JSON")
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["error_type"] == "unauthorised"
    assert client.get("/health").status_code == 200


def test_a_key_may_do_what_its_scopes_say(guarded):
    client, tokens = guarded
    may = {"checker": (200, 403), "owner": (200, 200), "watcher": (403, 200)}
    for name, statuses in may.items():
        check = client.post("/v1/check", json=BODY, headers=_bearer(tokens[name]))
        metrics = client.get("/metrics", headers=_bearer(tokens[name]))
        assert (check.status_code, metrics.status_code) == statuses, name


def test_no_other_site_is_let_in(client):
    answer = client.options(
        "/v1/check", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    )
    assert answer.status_code == 405
    posted = client.post("/v1/check", json=BODY, headers={"Origin": "https://evil.example"})
    for each in (answer, posted):
        assert not [name for name in each.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "127.0.0.1.evil.example", "", "[::1", "localhost@x"]
)
def test_on_loopback_a_name_of_another_host_is_refused(make_app, host):
    client = TestClient(make_app(allowed_hosts=()))
    answer = client.get("/health", headers={"Host": host})
    assert (answer.status_code, answer.json()["error_type"]) == (421, "wrong_host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:3000", "127.0.0.1:80", "[::1]:3000", "[::1]"])
def test_on_loopback_its_own_names_pass(make_app, host):
    with TestClient(make_app(allowed_hosts=())) as client:
        assert client.get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])
def test_other_machines_need_keys(tmp_path, keys, host, detector_folder):
    empty = tmp_path / "empty.json"
    write_keys(empty, KeyRing())
    for path in (None, empty):
        with pytest.raises(ConfigError, match="API keys are needed"):
            create_app(Settings(host=host, keys=path, models=(detector_folder,)))
    create_app(Settings(host=host, keys=keys[0], models=(detector_folder,)))


def test_what_is_loopback():
    assert all(map(is_loopback, ["127.0.0.1", "127.9.9.9", "::1", "localhost"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "", "example.org"]))


def test_a_client_that_asks_too_often_is_told_when_to_come_back(make_app, keys):
    path, tokens = keys
    with TestClient(make_app(keys=path, requests_per_minute=2)) as client:
        statuses = [client.post("/v1/check", json=BODY, headers=_bearer(tokens["checker"])) for _ in range(3)]
        assert [each.status_code for each in statuses] == [200, 200, 429]
        assert statuses[-1].json()["error_type"] == "rate_limited"
        assert 1 <= int(statuses[-1].headers["retry-after"]) <= 30
        assert client.post("/v1/check", json=BODY, headers=_bearer(tokens["owner"])).status_code == 200
        guesses = [client.post("/v1/check", json=BODY, headers=_bearer(f"guess {i}")).status_code for i in range(4)]
        assert guesses == [401, 401, 429, 429]
        assert client.get("/health").status_code == 200


def test_a_bucket_fills_again_with_time_and_holds_a_minutes_worth():
    now = [0.0]
    limit = RateLimit(60, clock=lambda: now[0])
    assert [limit.wait_s("a") for _ in range(60)] == [0] * 60
    assert limit.wait_s("a") == pytest.approx(1)
    assert limit.wait_s("b") == 0
    now[0] = 1.0
    assert limit.wait_s("a") == 0
    assert limit.wait_s("a") > 0
    now[0] = 10_000.0
    assert [limit.wait_s("a") > 0 for _ in range(61)] == [False] * 60 + [True]


def test_the_memory_of_clients_is_bounded():
    limit = RateLimit(1)
    for i in range(20_000):
        limit.wait_s(f"address {i}")
    assert len(limit._buckets) == 10_000


def test_no_limit_counts_nobody():
    limit = RateLimit(0)
    assert {limit.wait_s("a") for _ in range(1000)} == {0.0}
    assert not limit._buckets


def test_addresses_of_one_network_of_version_6_are_one_client():
    assert client_of("2001:db8::1") == client_of("2001:db8::ffff") != client_of("2001:db8:0:1::1")
    assert client_of("192.0.2.1") != client_of("192.0.2.2")
    assert client_of(None) == "unknown"


def test_impossible_settings_are_told_together():
    with pytest.raises(ConfigError, match=r"(?s)port is 70000.*prot is 1"):
        settings_from({"port": 70000, "prot": 1})
    assert (Settings().rate, Settings(host="::").rate, Settings(requests_per_minute=7).rate) == (0, 600, 7)


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
def test_a_page_of_another_site_cannot_send_what_a_browser_sends_unasked(client, site, status):
    answer = client.post("/v1/check/file", files={"file": ("a.txt", b"w1 w2")}, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == status
    assert client.get("/health", headers={"Sec-Fetch-Site": site}).status_code == 200
