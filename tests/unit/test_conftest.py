"""The suite's own promises."""

import os
import socket

import pytest


def test_another_machine_cannot_be_reached():
    with socket.socket() as connection, pytest.raises(AssertionError, match=r"tried to reach 192\.0\.2\.1"):
        connection.connect(("192.0.2.1", 80))


def test_another_machine_cannot_be_looked_up():
    with pytest.raises(AssertionError, match=r"tried to look up example\.org"):
        socket.getaddrinfo("example.org", 443)


def test_this_machine_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


def test_libraries_are_told_to_stay_offline():
    assert os.environ["HF_HUB_OFFLINE"] == "1"
