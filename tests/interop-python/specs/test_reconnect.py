"""Connections that break, and servers that are replaced."""

import pytest

from support.client import WAYS
from support.traces import eventually, one

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


@pytest.mark.parametrize("way", WAYS)
def test_each_connection_negotiates_anew(start, client, way):
    server = start()
    sio = client()
    ready, connected, gone = (sio.inbox(event) for event in ("_trace:ready", "connect", "disconnect"))
    spans = iter(["00000000000000a1", "00000000000000a2"])
    # A function is asked at every connection.
    sio.join(server, way, auth=lambda: {"_trace": {"b3": f"{TRACE}-{next(spans)}-1", "accept": ["trailing"]}})
    connected.get()
    assert ready.get() == [{"carrier": "trailing"}]
    eventually(server, lambda found: one(found, "connect /"))
    server.kill()
    gone.get()
    restarted = start(port=server.port)
    connected.get()
    assert ready.get() == [{"carrier": "trailing"}]
    assert sio.acknowledged("echo", "anew") == ["anew"]
    assert sio.acknowledged("binary", b"anew", {"_trace": {"b3": f"{TRACE}-{SPAN}-1"}}) == [b"anew"]

    def check(found):
        connection = one(found, "connect /")
        assert (connection.trace_id, connection.parent_id) == (TRACE, "00000000000000a2")
        assert one(found, "process echo").parent_id == connection.span_id
        assert one(found, "process binary").parent_id == SPAN

    eventually(restarted, check)


@pytest.mark.parametrize("way", WAYS)
def test_a_lost_server_looks_like_a_bare_one(start, client, way):
    def play(bare):
        server = start(bare=bare)
        sio = client()
        connected, gone = sio.inbox("connect"), sio.inbox("disconnect")
        sio.join(server, way)
        connected.get()
        assert sio.acknowledged("echo", "before") == ["before"]
        server.kill()
        assert gone.get() == [sio.reason.TRANSPORT_ERROR]
        start(bare=bare, port=server.port)
        connected.get()
        assert sio.acknowledged("echo", "after") == ["after"]
        return sio.lines

    assert play(bare=False) == play(bare=True)


def test_sent_away_and_back(start, client):
    server = start()
    sio = client()
    gone = sio.inbox("disconnect")
    sio.join(server)
    sio.emit("close")
    assert gone.get() == [sio.reason.SERVER_DISCONNECT]

    # A new client: this one says that it is gone before it has put everything away.
    assert client().join(server).acknowledged("echo", "back") == ["back"]

    def check(found):
        assert len([span for span in found if span.name == "connect /"]) == 2

    eventually(server, check)
