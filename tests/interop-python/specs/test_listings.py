"""`docs/other-clients.md`: its programs run as printed, and OpenTelemetry in Python shares traces with the server."""

import pytest

from support.listings import Program, write_all
from support.server import ShopServer
from support.traces import eventually, one, spans, tree


@pytest.fixture
def shop():
    server = ShopServer()
    yield server
    server.kill()


@pytest.fixture
def run(shop, tmp_path):
    """Starts a listing, by its name, against the shop."""
    assert write_all(tmp_path) == {"by_hand.py", "tracing.py", "order.py", "order_async.py", "listen.py"}
    programs = []

    def start(name):
        programs.append(Program(tmp_path, name, shop))
        return programs[-1]

    yield start
    for program in programs:
        program.kill()


def test_by_hand(shop, run):
    thanks, trace = run("by_hand.py").end()
    assert thanks == "thanks"

    def check(found):
        assert tree(found, trace.removeprefix("trace ")) == [
            "shop process order: server (its parent is missing)",
            "  shop send sold: producer",
        ]

    eventually(shop, check, flush=False)


@pytest.mark.parametrize("name", ["order", "order_async"])
def test_a_trace_begins_in_python(shop, run, name):
    assert run(f"{name}.py").end() == ["thanks"]

    def check(found):
        assert tree(found, one(found, "buy a book").trace_id) == [
            f"{name} buy a book: internal",
            f"  {name} send order: client",
            "    shop process order: server",
            "      shop send sold: producer",
        ]

    eventually(shop, check, flush=False)


def test_a_trace_goes_through_two_python_programs_and_the_server(shop, run):
    listener = run("listen.py")
    assert listener.line() == "listening"
    assert run("order.py").end() == ["thanks"]
    assert listener.line() == "sold a book"

    def check(found):
        assert tree(found, one(found, "buy a book").trace_id) == [
            "order buy a book: internal",
            "  order send order: client",
            "    shop process order: server",
            "      shop send sold: producer",
            "        listen process sold: consumer",
        ]
        assert tree(found, one(found, "connect").trace_id) == ["listen connect: client", "  shop connect /: server"]

    eventually(shop, check, flush=False)
    assert not [span for span in spans(shop, flush=False) if "aether.propagation.error" in span.tags]
