"""Writes down the packets of a connection, as text and bytes, below the Socket.IO client."""

import queue
import re
import threading

import engineio
from engineio.packet import MESSAGE


def without_ids(text):
    """Ids are random by nature: as JSON, and as MessagePack in hexadecimal digits."""
    text = re.sub(r'"(sid|pid)":"[^"]*"', r'"\1":"…"', text)
    return re.sub(r"(a3736964b\d|a3736964d910)([\da-f]{32,40})", r"\1…", text)


class Transcript:
    """`lines` holds pairs of direction and content. The rest is heartbeats and upgrades."""

    def __init__(self):
        self.lines = []

    def note(self, direction, packet):
        if packet.packet_type == MESSAGE:
            data = packet.data
            shown = f"bytes {bytes(data).hex()}" if isinstance(data, (bytes, bytearray)) else packet.encode()
            self.lines.append((direction, without_ids(shown)))


class RecordingEngine(engineio.Client):
    """Hands messages over in the order of their arrival.

    The engine itself starts a thread for each, in which the attachment of a binary event can
    overtake the event: nothing that these tests are about.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.transcript = Transcript()
        self._messages = queue.SimpleQueue()
        threading.Thread(target=self._deliver, daemon=True).start()

    def _deliver(self):
        while True:
            args = self._messages.get()
            super()._trigger_event("message", *args)

    def _trigger_event(self, event, *args, **kwargs):
        if event == "message":
            self._messages.put(args)
            return None
        return super()._trigger_event(event, *args, **kwargs)

    def disconnect(self, abort=False, reason=None):
        # Not waiting for the pending poll, which any socketioxide leaves open until the next ping.
        super().disconnect(abort=True, reason=reason)

    def _send_packet(self, pkt):
        self.transcript.note("to server", pkt)
        super()._send_packet(pkt)

    def _receive_packet(self, pkt):
        self.transcript.note("from server", pkt)
        super()._receive_packet(pkt)


class AsyncRecordingEngine(engineio.AsyncClient):
    """The same for asyncio, whose tasks begin in the order in which they were made."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.transcript = Transcript()

    async def _send_packet(self, pkt):
        self.transcript.note("to server", pkt)
        await super()._send_packet(pkt)

    async def _receive_packet(self, pkt):
        self.transcript.note("from server", pkt)
        await super()._receive_packet(pkt)

    async def disconnect(self, abort=False, reason=None):
        await super().disconnect(abort=True, reason=reason)
