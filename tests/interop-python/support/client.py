"""Clients of `python-socketio`, over each of the ways a connection can go."""

import json
import queue
import time

import socketio

from .transcript import AsyncRecordingEngine, RecordingEngine

WAYS = {"websocket": ["websocket"], "polling": ["polling"], "upgrade": ["polling", "websocket"]}

SERIALIZERS = ["default", "msgpack"]

# How long a lost answer may hold up the run, in seconds.
PATIENCE = 20


def until(check):
    """Tries again and again until `check` asserts nothing; returns what it returns."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.025)


class RecordingClient(socketio.Client):
    """The client as it comes, with a transcript."""

    def _engineio_client_class(self):
        return RecordingEngine

    @property
    def lines(self):
        return self.eio.transcript.lines

    def join(self, server, way="websocket", namespace="/", auth=None):
        """Connects; returns itself."""
        self.connect(server.url, transports=WAYS[way], namespaces=namespace, auth=auth, wait_timeout=PATIENCE)
        return self

    def acknowledged(self, event, *args, namespace="/"):
        """All arguments of the acknowledgement."""
        answers = queue.SimpleQueue()
        self.emit(event, args, namespace, callback=lambda *answer: answers.put(list(answer)))
        return answers.get(timeout=PATIENCE)

    def seen(self, *args, namespace="/"):
        """What the server's handler of `seen` got: the packet's text and its attachments."""
        [description] = self.acknowledged("seen", *args, namespace=namespace)
        return json.loads(description)

    def inbox(self, event, namespace="/"):
        """Listens to an event; `get()` returns the arguments of the next one."""
        return Inbox(self, event, namespace)


class Inbox:
    """The arguments of each arrival of an event, in order."""

    def __init__(self, client, event, namespace):
        self._arrived = queue.SimpleQueue()
        client.on(event, lambda *args: self._arrived.put(list(args)), namespace)

    def get(self):
        return self._arrived.get(timeout=PATIENCE)

    @property
    def empty(self):
        return self._arrived.empty()


class AsyncRecordingClient(socketio.AsyncClient):
    """The asyncio client as it comes, with a transcript."""

    def _engineio_client_class(self):
        return AsyncRecordingEngine

    @property
    def lines(self):
        return self.eio.transcript.lines
