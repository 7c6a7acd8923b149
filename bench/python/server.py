"""python-socketio inside FastAPI, on uvicorn, with OpenTelemetry's instrumentation of FastAPI.

There is none for python-socketio itself: the instrumentation sees the WebSocket, and records a
span for every message it receives and sends. It answers the same event as every contestant:
`echo`, acknowledged with its argument. OTEL_* variables say where spans go.

Prints `listening {port}` and ends when its standard input does.
"""

import asyncio
import socket
import sys

import socketio
import uvicorn
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def application() -> FastAPI:
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)

    sio = socketio.AsyncServer(async_mode="asgi")

    @sio.event
    async def echo(sid, message):
        return message

    app = FastAPI()
    app.mount("/socket.io", socketio.ASGIApp(sio, socketio_path=""))
    FastAPIInstrumentor.instrument_app(app)
    return app


async def main() -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(application(), log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    print("listening", listener.getsockname()[1], flush=True)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving


asyncio.run(main())
