"""What the specs share: servers and clients that are gone with the test."""

import pytest
import socketio

from support.client import RecordingClient
from support.server import BUILT, Server


def pytest_sessionstart(session):
    """These specs play built programs against each other; says so when one is missing."""
    for program in BUILT:
        if not program.exists():
            pytest.exit(f"{program} is missing: build it, and run these tests, with `cargo xtask test interop-python`", 1)


@pytest.fixture
def start():
    """Starts `interop_server`: `start()` traced, `start(bare=True)` without telemetry."""
    servers = []

    def one(**options):
        servers.append(Server(**options))
        return servers[-1]

    yield one
    for server in servers:
        server.kill()


@pytest.fixture
def client():
    """Makes synchronous clients that have not been told to connect yet."""
    clients = []

    def one(**options):
        options = {"reconnection_delay": 0.01, "reconnection_delay_max": 0.05, "randomization_factor": 0} | options
        clients.append(RecordingClient(**options))
        return clients[-1]

    yield one
    for each in clients:
        try:
            each.shutdown()
        except socketio.exceptions.SocketIOError:
            pass  # it was gone already
