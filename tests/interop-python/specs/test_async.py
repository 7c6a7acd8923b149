"""The asyncio client: the same packets from both servers, and the same ways to join a trace."""

import asyncio
import json

import aiohttp
import pytest
import socketio

from support.client import PATIENCE, WAYS, AsyncRecordingClient
from support.traces import eventually, one, tree

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
B3 = f"{TRACE}-{SPAN}-1"


class Player:
    """A client of one test, which ends with it."""

    def __init__(self, server, way, namespace="/", auth=None):
        self.server, self.way, self.namespace, self.auth = server, way, namespace, auth

    async def __aenter__(self):
        self.session = aiohttp.ClientSession()
        self.sio = AsyncRecordingClient(reconnection=False, http_session=self.session)
        return self

    async def __aexit__(self, *_):
        await asyncio.wait_for(self.sio.shutdown(), PATIENCE)
        await self.session.close()

    async def join(self):
        await self.sio.connect(
            self.server.url, transports=WAYS[self.way], namespaces=self.namespace, auth=self.auth, wait_timeout=PATIENCE
        )

    async def call(self, event, *args):
        """All arguments of the acknowledgement."""
        answer = asyncio.get_running_loop().create_future()
        await self.sio.emit(event, args, self.namespace, callback=lambda *got: answer.set_result(list(got)))
        return await asyncio.wait_for(answer, PATIENCE)

    def inbox(self, event):
        arrived = asyncio.Queue()
        self.sio.on(event, lambda *args: arrived.put_nowait(list(args)), self.namespace)
        return lambda: asyncio.wait_for(arrived.get(), PATIENCE)


async def play(server, way, namespace):
    """Everything the server can do, one thing after the other; returns the packets."""
    async with Player(server, way, namespace, {"word": "open"}) as player:
        sio, call = player.sio, player.call

        async def answer(*args):
            return ("yes", len(args))

        sio.on("question", answer, namespace)
        replies = {event: player.inbox(event) for event in ("echo:replied", "later:done", "news", "binary:replied")}
        gone = player.inbox("disconnect")
        await player.join()
        assert await call("auth") == [{"word": "open"}]
        assert await call("echo", 1, "two", {"three": [3]}, None) == [1, "two", {"three": [3]}, None]
        assert await call("binary", b"\x04\x05") == [b"\x04\x05"]
        assert await call("ask", "a", {"b": 1})
        for request, reply in (("echo:reply", "echo:replied"), ("later", "later:done"), ("broadcast", "news")):
            await sio.emit(request, (request, {"n": 1}, [2]), namespace)
            assert await replies[reply]() == [request, {"n": 1}, [2]]
        await sio.emit("binary:reply", b"\x06", namespace)
        assert await replies["binary:replied"]() == ["bytes", b"\x06", 3]
        for event in ("fire", "fail", "panic", "number", "nobody listens"):
            await sio.emit(event, "text", namespace)
        assert await call("echo", "still here") == ["still here"]
        await sio.emit("close", namespace=namespace)
        assert await gone() == [sio.reason.SERVER_DISCONNECT]
        return sio.lines


@pytest.mark.parametrize("namespace", ["/", "/guarded"])
@pytest.mark.parametrize("way", WAYS)
def test_every_packet_is_that_of_a_bare_server(start, way, namespace):
    async def both():
        return [await play(server, way, namespace) for server in (start(), start(bare=True))]

    ours, native = asyncio.run(both())
    assert ours == native
    assert len(native) > 30
    assert "_trace" not in json.dumps(ours)


@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_has_the_same_words(start, way):
    async def refused(server):
        async with Player(server, way, "/guarded", {"word": "closed"}) as player:
            reason = player.inbox("connect_error")
            with pytest.raises(socketio.exceptions.ConnectionError, match="/guarded"):
                await player.join()
            assert await reason() == [{"message": "the word is missing"}]
            return player.sio.lines

    assert asyncio.run(refused(start())) == asyncio.run(refused(start(bare=True)))


@pytest.mark.parametrize("way", WAYS)
def test_every_form_joins(start, way):
    server = start()

    async def act():
        async with Player(server, way, auth={"_trace": {"b3": B3, "accept": ["trailing"]}}) as player:
            ready, replied, older = (player.inbox(event) for event in ("_trace:ready", "echo:replied", "later:done"))
            await player.join()
            assert await ready() == [{"carrier": "trailing"}]
            assert await player.call("echo", "text", 2, {"_trace": {"b3": B3}}) == ["text", 2]
            assert await player.call("auth") == [{}]
            await player.sio.emit("echo:reply", (1, {"_trace": {"b3": B3}}))
            argument, last = await replied()
            assert (argument, last["_trace"]["re"]) == (1, SPAN)
            # Who accepts trailing carriers gets one, however it asked; the payload is the application's.
            payload = {"_trace": {"traceId": TRACE, "spanId": SPAN, "sampled": True}, "_requestId": "r-1"}
            await player.sio.emit("later", payload)
            echoed, later = await older()
            assert (echoed, later["_trace"]["re"]) == (payload, SPAN)
            return last, later

    last, later = asyncio.run(act())

    def check(found):
        assert tree(found, TRACE) == [
            "interop-server connect /: server (its parent is missing)",
            "  interop-server process auth: server",
            "interop-server process echo: server (its parent is missing)",
            "interop-server process echo:reply: server (its parent is missing)",
            "  interop-server send echo:replied: producer",
            "interop-server process later: server (its parent is missing)",
            "  interop-server send later:done: producer",
        ]
        for carrier, name in ((last, "send echo:replied"), (later, "send later:done")):
            assert carrier["_trace"]["b3"] == f"{TRACE}-{one(found, name).span_id}-1"

    eventually(server, check)


@pytest.mark.parametrize("way", WAYS)
def test_a_wrong_carrier_is_nobodys_trouble(start, way):
    server = start()

    async def act():
        async with Player(server, way, auth={"_trace": "wrong"}) as player:
            await player.join()
            for carrier in (None, 7, {"b3": "wrong"}, {"b3": "x" * 600}):
                assert await player.call("echo", "text", {"_trace": carrier}) == ["text"]

    asyncio.run(act())

    def check(found):
        reasons = {(span.name, span.tags.get("aether.propagation.error")) for span in found}
        echoes = {("process echo", reason) for reason in ("malformed", "bad_trace_id", "too_long")}
        assert reasons == {("connect /", "malformed")} | echoes

    eventually(server, check)
