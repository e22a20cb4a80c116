"""Echo over HTTP: FastAPI and httpx with their OpenTelemetry instrumentation."""

import asyncio
import signal
import socket

import fastapi
import httpx
import uvicorn
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

import seen

# How long a call to the far end, or a request under way at the end, may take, in seconds.
LIMIT = 10
GRACE = 2


def application(forward):
    app = fastapi.FastAPI()
    # Plain loopback: no proxy of the environment stands between.
    client = httpx.AsyncClient(timeout=LIMIT, trust_env=False)

    @app.post("/echo")
    async def echo(request: fastapi.Request):
        pairs = [(key.decode(), value.decode("latin-1")) for key, value in request.headers.raw]
        answer = seen.seen(pairs)
        if forward is not None:
            # As a service would: the id goes along by hand, the trace by the instrumentation.
            ids = [(key, value) for key, value in pairs if key == "x-request-id"]
            try:
                reply = await client.post(forward, content=await request.body(), headers=ids)
                reply.raise_for_status()
            except httpx.HTTPError as error:
                raise fastapi.HTTPException(502, f"POST {forward}: {error}") from error
            seen.add_next(answer, reply.json())
        return answer

    HTTPXClientInstrumentor.instrument_client(client)
    FastAPIInstrumentor.instrument_app(app)
    return app


def run(host, port, forward):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen()
    config = uvicorn.Config(
        application(forward), log_level="warning", timeout_graceful_shutdown=GRACE
    )
    # uvicorn stops in good order and then raises the signal again, for whoever was there before it.
    signal.signal(signal.SIGTERM, lambda *_: None)
    seen.ready(host, listener.getsockname()[1])
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))
