"""A client nobody has instrumented: our server's packets are those of socketioxide alone, one by one."""

import json

import pytest
import socketio

from support.client import SERIALIZERS, WAYS


def play(server, client, way, namespace):
    """Everything the server can do, one thing after the other; returns the packets."""
    client.on("question", lambda *args: ("yes", len(args)), namespace)
    replies = {event: client.inbox(event, namespace) for event in ("echo:replied", "later:done", "news", "binary:replied")}
    gone = client.inbox("disconnect", namespace)
    client.join(server, way, namespace, {"word": "open"})

    def call(event, *args):
        return client.acknowledged(event, *args, namespace=namespace)

    def send(event, *args):
        client.emit(event, args, namespace)

    assert call("auth") == [{"word": "open"}]
    assert call("echo", 1, "two", {"three": [3]}, None, "vier \u00e9 \U0001f600") == [1, "two", {"three": [3]}, None, "vier é 😀"]
    assert call("echo") == []
    assert client.seen({"file": b"\x01"}, b"\x02\x03", namespace=namespace)
    assert call("binary", b"\x04\x05") == [b"\x04\x05"]
    assert call("ask", "a", {"b": 1})
    for request, reply in (("echo:reply", "echo:replied"), ("later", "later:done"), ("broadcast", "news")):
        send(request, request, {"n": 1}, [2])
        assert replies[reply].get() == [request, {"n": 1}, [2]]
    send("binary:reply", b"\x06")
    assert replies["binary:replied"].get() == ["bytes", b"\x06", 3]
    for event in ("fire", "fail", "panic", "number", "nobody listens"):
        send(event, "text")
    assert call("echo", "still here") == ["still here"]
    send("close")
    assert gone.get() == [client.reason.SERVER_DISCONNECT]
    return client.lines


@pytest.mark.parametrize("namespace", ["/", "/chat", "/guarded"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_every_packet_is_that_of_a_bare_server(start, client, serializer, way, namespace):
    ours, native = (
        play(start(bare=bare, serializer=serializer), client(serializer=serializer), way, namespace) for bare in (False, True)
    )
    assert ours == native
    assert len(native) > 30
    assert not any(mark in json.dumps(ours) for mark in ("_trace", b"_trace".hex()))


@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_has_the_same_words(start, client, way):
    def refused(server):
        one = client()
        reasons = one.inbox("connect_error", "/guarded")
        with pytest.raises(socketio.exceptions.ConnectionError, match="/guarded"):
            one.join(server, way, "/guarded", {"word": "closed"})
        assert reasons.get() == [{"message": "the word is missing"}]
        return one.lines

    assert refused(start()) == refused(start(bare=True))


@pytest.mark.parametrize("way", WAYS)
def test_namespaces_share_a_connection(start, client, way):
    def play_both(server):
        one = client()
        news = {namespace: one.inbox("news", namespace) for namespace in ("/", "/chat")}
        one.join(server, way, ["/", "/chat"])
        for namespace, inbox in news.items():
            assert one.acknowledged("echo", namespace, namespace=namespace) == [namespace]
            one.emit("broadcast", ("in", namespace), namespace)
            assert inbox.get() == ["in", namespace]
        assert all(inbox.empty for inbox in news.values())
        # The answers to the two handshakes come in any order.
        return sorted(one.lines)

    assert play_both(start()) == play_both(start(bare=True))


@pytest.mark.parametrize("auth", [None, {}, {"word": "open"}, {"nested": {"_trace": {"b3": "0"}}}, "text", ["list"]])
def test_auth_is_what_the_application_wrote(start, client, auth):
    answers = [client().join(server, auth=auth).acknowledged("auth") for server in (start(), start(bare=True))]
    assert answers[0] == answers[1]
    # The client sends an empty object for nothing.
    assert answers[1] == [auth or {}]


@pytest.mark.parametrize("way", WAYS)
def test_leaving_is_seen_by_nobody_else(start, client, way):
    def leave(server):
        stays, leaves = client(), client()
        news = stays.inbox("news")
        stays.join(server, way)
        leaves.join(server, way)
        gone = leaves.inbox("disconnect")
        leaves.disconnect()
        assert gone.get() == [leaves.reason.CLIENT_DISCONNECT]
        stays.emit("broadcast", "after")
        assert news.get() == ["after"]
        return stays.lines

    assert leave(start()) == leave(start(bare=True))
