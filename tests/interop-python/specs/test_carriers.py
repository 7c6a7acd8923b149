"""Carriers written by hand: every form joins the client's trace, and answers come back in kind."""

import pytest

from support.client import SERIALIZERS, WAYS
from support.traces import eventually, one, spans, tree

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
B3 = f"{TRACE}-{SPAN}-1"
OLDER = {"traceId": TRACE, "spanId": SPAN, "sampled": True}

ARGUMENTS = [
    [],
    [None],
    [""],
    [True, 1.5, -0.0, 1e21, "two", {"three": 3}, [4, [5]], None],
    ['quotes " and \\ and ] } and \u2028 and \U0001f600 and \u0000 and \ud800'],
    ['"_trace"', '{"_trace":{"b3":"0"}}'],
    [{"_trace": {"b3": B3}, "mine": 1}],
    [{"mine": {"_trace": {"b3": B3}}}, [{"_trace": {"b3": B3}}]],
    [{"_trace": {"b3": B3}}, "not the last"],
    [{"": {"a": []}}, {}, []],
    ["x" * 20_000],
    [b"\x01\x02\x03"],
    ["name", {"file": b"\x04", "size": 1}, b"", "end"],
    [10**40, -(2**63), 1e-320],
]


# What MessagePack has no form for.
JSON_ONLY = [ARGUMENTS[4], ARGUMENTS[-1]]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_handlers_see_the_arguments_without_the_carrier(start, client, serializer, way):
    ours, native = (client(serializer=serializer).join(start(bare=bare, serializer=serializer), way) for bare in (False, True))
    for args in ARGUMENTS:
        if serializer == "msgpack" and args in JSON_ONLY:
            continue
        assert ours.seen(*args, {"_trace": {"b3": B3}}) == native.seen(*args)


TRAILING = [
    {"b3": B3},
    {"b3": f"{B3}-05e3ac9a4f6e3b90"},
    {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "vendor=1"},
    {"x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-sampled": "1"},
    {"b3": B3, "a later version": {"may": ["add", "keys"]}},
]


@pytest.mark.parametrize("carrier", TRAILING, ids=lambda carrier: " ".join(carrier))
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_a_trailing_argument_joins(start, client, serializer, way, carrier):
    server = start(serializer=serializer)
    sio = client(serializer=serializer).join(server, way)
    assert sio.acknowledged("echo", "text", 2, {"_trace": carrier}) == ["text", 2]
    sio.emit("binary:reply", (b"\x01", {"_trace": carrier}))

    def check(found):
        assert tree(found, TRACE) == [
            "interop-server process binary:reply: consumer (its parent is missing)",
            "  interop-server send binary:replied: producer",
            "interop-server process echo: server (its parent is missing)",
        ]
        span = one(found, "process echo")
        assert (span.parent_id, span.tags["socketio.context"]) == (SPAN, "trailing")
        assert "aether.propagation.error" not in span.tags

    eventually(server, check)


@pytest.mark.parametrize(("request_event", "reply"), [("echo:reply", "echo:replied"), ("later", "later:done")])
@pytest.mark.parametrize(
    ("carrier", "request_id"),
    [(OLDER, "r-1"), (OLDER, 7), (OLDER, None), ({"b3": B3}, "r-2"), (OLDER | {"b3": B3}, None)],
    ids=["older", "older, a number", "older without id", "b3", "both"],
)
def test_a_payload_joins_and_is_answered_in_kind(start, client, carrier, request_id, request_event, reply):
    server = start()
    sio = client()
    replies = sio.inbox(reply)
    sio.join(server)
    ids = {} if request_id is None else {"_requestId": request_id}
    sio.emit(request_event, ({"text": "hi", "_trace": carrier, **ids}, 2))
    payload, second = replies.get()
    trace = payload.pop("_trace")
    assert (payload, second) == ({"text": "hi", **ids}, 2)

    def check(found):
        asked, sent = one(found, f"process {request_event}"), one(found, f"send {reply}")
        assert (asked.trace_id, asked.parent_id, asked.tags["socketio.context"]) == (TRACE, SPAN, "payload")
        assert asked.tags.get("socketio.request_id") == (None if request_id is None else str(request_id))
        assert sent.parent_id == asked.span_id
        assert trace == {"traceId": TRACE, "spanId": sent.span_id, "sampled": True, "b3": f"{TRACE}-{sent.span_id}-1"}

    eventually(server, check)


def test_an_acknowledgement_of_a_payload_stays_plain(start, client):
    payload = {"text": "hi", "_trace": OLDER, "_requestId": "r-3"}
    assert client().join(start()).acknowledged("echo", payload) == [payload]


@pytest.mark.parametrize("namespace", ["/", "/chat", "/guarded"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_the_handshake_joins_and_negotiates(start, client, serializer, way, namespace):
    server = start(serializer=serializer)
    sio = client(serializer=serializer)
    ready, replies = sio.inbox("_trace:ready", namespace), sio.inbox("echo:replied", namespace)
    sio.join(server, way, namespace, {"word": "open", "_trace": {"b3": B3, "accept": ["trailing"]}})
    assert ready.get() == [{"carrier": "trailing"}]
    assert sio.acknowledged("auth", namespace=namespace) == [{"word": "open"}]
    sio.emit("echo:reply", (1, "two", {"_trace": {"b3": f"{TRACE}-00000000000000aa-1"}}), namespace)
    *args, last = replies.get()
    assert args == [1, "two"]

    def check(found):
        connected, sent = one(found, f"connect {namespace}"), one(found, "send echo:replied")
        assert (connected.trace_id, connected.parent_id) == (TRACE, SPAN)
        # What brings no context of its own belongs to the connection.
        asked = one(found, "process auth")
        assert (asked.trace_id, asked.parent_id, asked.tags["socketio.context"]) == (TRACE, connected.span_id, "connection")
        assert one(found, "process echo:reply").parent_id == "00000000000000aa"
        # `re` says which request it answers.
        assert last == {"_trace": {"b3": f"{TRACE}-{sent.span_id}-1", "re": "00000000000000aa"}}

    eventually(server, check)


def test_accepting_alone_begins_a_trace_for_each_event(start, client):
    server = start()
    sio = client()
    ready, questions = sio.inbox("_trace:ready"), []
    sio.on("question", lambda *args: questions.append(args) or "yes")
    sio.join(server, auth={"_trace": {"accept": ["trailing"]}})
    ready.get()
    assert sio.acknowledged("auth") == [{}]
    assert sio.acknowledged("ask", "why") == ["yes"]

    def check(found):
        auth, asked, question = one(found, "process auth"), one(found, "process ask"), one(found, "send question")
        assert [span.parent_id for span in (auth, asked)] == [None, None]
        assert auth.trace_id != asked.trace_id
        assert questions == [("why", {"_trace": {"b3": f"{asked.trace_id}-{question.span_id}-1"}})]

    eventually(server, check)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_a_broadcast_reaches_each_in_its_form(start, client, serializer, way):
    server = start(serializer=serializer)
    accepting, plain = client(serializer=serializer), client(serializer=serializer)
    inboxes = [sio.inbox("news") for sio in (accepting, plain)]
    accepting.join(server, way, auth={"_trace": {"accept": ["trailing"]}})
    plain.join(server, way)
    assert plain.acknowledged("echo", "here") == ["here"]
    plain.emit("broadcast", ("rain", {"at": 3}, {"_trace": {"b3": B3}}))
    [*args, last], unchanged = [inbox.get() for inbox in inboxes]
    assert args == unchanged == ["rain", {"at": 3}]

    def check(found):
        assert tree(found, TRACE) == [
            "interop-server process broadcast: consumer (its parent is missing)",
            "  interop-server send news: producer",
        ]
        sent = one(found, "send news")
        assert sent.tags["socketio.recipients"] == 2
        assert last == {"_trace": {"b3": f"{TRACE}-{sent.span_id}-1"}}

    eventually(server, check)
    assert all(inbox.empty for inbox in inboxes)


@pytest.mark.parametrize("carrier", [{"b3": f"{TRACE}-{SPAN}-0"}, {"traceparent": f"00-{TRACE}-{SPAN}-00"}, {"b3": "0"}])
def test_not_sampled_stays_so(start, client, carrier):
    server = start()
    sio = client().join(server)
    assert sio.acknowledged("echo", "silent", {"_trace": carrier}) == ["silent"]
    assert sio.acknowledged("auth") == [{}]
    eventually(server, lambda found: one(found, "process auth"))
    assert [span.name for span in spans(server) if span.name == "process echo"] == []
