"""Carriers that are wrong, by mistake or on purpose: handlers run, sockets stay, spans say why."""

import json

import msgpack
import pytest

from support.client import WAYS
from support.traces import eventually, one

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
B3 = f"{TRACE}-00f067aa0ba902b7-1"


def nested(depth):
    return json.loads("[" * depth + "]" * depth)


# What comes as `_trace`, and the reason that the span gives.
HOSTILE = [
    (None, "malformed"),
    (7, "malformed"),
    (True, "malformed"),
    (B3, "malformed"),
    ([B3], "malformed"),
    ({"b3": 1e308}, "malformed"),
    ({"b3": {"b3": B3}}, "malformed"),
    ({"b3": ""}, "empty"),
    ({"b3": "not-a-context"}, "bad_trace_id"),
    ({"b3": "４bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1"}, "malformed"),
    ({"b3": "\ud800"}, "malformed"),
    ({"b3": f"{'0' * 32}-00f067aa0ba902b7-1"}, "zero_id"),
    ({"b3": f"{B3}-05e3ac9a4f6e3b90-extra"}, "too_long"),
    ({"b3": f"{B3}\r\nx: y"}, "bad_flag"),
    ({"traceparent": f"ff-{TRACE}-00f067aa0ba902b7-01"}, "bad_version"),
    ({"traceId": TRACE, "spanId": "00f067aa0ba902b7", "sampled": "perhaps"}, "bad_flag"),
    ({"traceId": TRACE}, "incomplete"),
    ({"traceId": TRACE, "spanId": 7}, "malformed"),
    ({"b3": B3, "re": []}, "malformed"),
    ({"b3": B3, "re": "../../etc/passwd"}, "bad_reply"),
    ({"re": ",".join(["00f067aa0ba902b7"] * 17)}, "bad_reply"),
    ({"b3": B3, "pad": "x" * 600}, "too_long"),
    ({"b3": B3, "pad": "x" * 50_000}, "too_long"),
    (nested(200), "malformed"),
    ({"b3": B3, "deep": nested(240)}, "too_long"),
]


def survives(sio):
    """Checks the connection with something that has nothing to do with the rest."""
    assert sio.acknowledged("echo", "still here") == ["still here"]
    assert sio.connected


def reasons(found):
    """Why each handler of `seen` began a trace of its own, in the order of their calls."""
    named = sorted((span for span in found if span.name == "process seen"), key=lambda span: span.start)
    assert not any(span.trace_id == TRACE or span.parent_id for span in named)
    return [span.tags.get("aether.propagation.error") for span in named]


@pytest.mark.parametrize("way", WAYS)
def test_a_trailing_argument_never_reaches_the_handler(start, client, way):
    server = start()
    sio = client().join(server, way)
    for number, (carrier, _) in enumerate(HOSTILE):
        assert sio.seen(number, b"\x01", {"_trace": carrier}) == {
            "text": f'["seen",{number},{{"_placeholder":true,"num":0}}]',
            "attachments": [[1]],
        }
    assert sio.seen("twice", {"_trace": {"b3": B3}}, {"_trace": {"b3": B3}}) == {"text": '["seen","twice"]', "attachments": []}
    survives(sio)

    def check(found):
        assert reasons(found) == [reason for _, reason in HOSTILE] + ["duplicate"]

    eventually(server, check)


# The same in MessagePack, which has no form for lone surrogates and writes other characters as they are; socketioxide
# refuses packets that are deeper than 128. It has values that JSON has not.
PACKED = [(carrier, reason) for carrier, reason in HOSTILE if "\\u" not in json.dumps(carrier) and "[" * 128 not in json.dumps(carrier)] + [
    ({"b3": f"\uff14{B3[1:]}"}, "bad_trace_id"),
    (nested(100), "malformed"),
    ({"b3": B3, "deep": nested(100)}, "malformed"),
    (float("nan"), "malformed"),
    ({"b3": float("inf")}, "malformed"),
    ({"b3": b"bytes"}, "malformed"),
    ({"b3": B3.encode()}, "malformed"),
    ({b"b3": B3}, "malformed"),
    (b"\xc1" * 100, "malformed"),
    (msgpack.ExtType(1, b"x"), "malformed"),
    ({"b3": msgpack.Timestamp(1)}, "malformed"),
]


@pytest.mark.parametrize("way", WAYS)
def test_a_trailing_argument_in_msgpack_never_reaches_the_handler(start, client, way):
    server, bare = (start(bare=bare, serializer="msgpack") for bare in (False, True))
    sio, native = (client(serializer="msgpack").join(each, way) for each in (server, bare))
    for number, (carrier, _) in enumerate(PACKED):
        assert sio.seen(number, b"\x01", {"_trace": carrier}) == native.seen(number, b"\x01")
    survives(sio)

    def check(found):
        assert reasons(found) == [reason for _, reason in PACKED]

    eventually(server, check)


def test_a_payload_stays_what_the_application_sent(start, client):
    server, bare = start(), start(bare=True)
    sio, native = client().join(server), client().join(bare)
    for number, (carrier, _) in enumerate(HOSTILE):
        payload = {"number": number, "_trace": carrier, "_requestId": {"no": "id"}}
        assert sio.seen(payload, 2) == native.seen(payload, 2)
    survives(sio)

    def check(found):
        assert reasons(found) == [reason for _, reason in HOSTILE]

    eventually(server, check)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "carrier", [None, 7, "text", [], {"b3": 7}, {"b3": "x" * 600}, {"accept": "trailing"}, {"b3": B3, "accept": ["more"] * 200}]
)
def test_a_handshake_is_accepted_all_the_same(start, client, way, carrier):
    server = start()
    sio = client()
    ready = sio.inbox("_trace:ready")
    sio.join(server, way, auth={"word": "open", "_trace": carrier})
    assert sio.acknowledged("auth") == [{"word": "open"}]
    survives(sio)
    assert ready.empty

    def check(found):
        connected = one(found, "connect /")
        assert connected.tags["aether.propagation.error"]
        assert (connected.parent_id, connected.trace_id == TRACE) == (None, False)

    eventually(server, check)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_json_ends_the_connection_as_with_a_bare_server(start, client, way):
    """Python writes `NaN` into its JSON: such a packet is none, whoever reads it and wherever it stands."""

    def play(server):
        sio = client(reconnection=False)
        gone = sio.inbox("disconnect")
        sio.join(server, way)
        sio.emit("fire", ("text", {"_trace": {"b3": float("nan")}}))
        # Over polling it depends on the moment how the client words it.
        assert gone.get()[0] in (sio.reason.SERVER_DISCONNECT, sio.reason.TRANSPORT_ERROR)
        return sio.lines

    assert play(start()) == play(start(bare=True))
