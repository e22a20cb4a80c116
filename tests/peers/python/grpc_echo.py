"""Echo over gRPC: grpcio with its OpenTelemetry instrumentation."""

import base64
import json
import signal
import threading
from concurrent import futures

import grpc
from opentelemetry.instrumentation.grpc import GrpcInstrumentorClient, GrpcInstrumentorServer

import cases
import seen

SERVICE = "throughline.interop.v1.Echo"

# How long a call to the far end, or a call under way at the end, may take, in seconds.
LIMIT = 10
GRACE = 1.5


def encode(text):
    """A StringValue: field 1, with its length as a varint."""
    data = text.encode()
    length, out = len(data), bytearray()
    while length > 0x7F:
        out.append(length & 0x7F | 0x80)
        length >>= 7
    return (b"\x0a" + bytes(out) + bytes([length]) + data) if data else b""


def decode(message):
    if not message:
        return ""
    if message[0] != 0x0A:
        raise ValueError("not a StringValue")
    length = shift = 0
    at = 1
    while True:
        byte = message[at]
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if at + length != len(message):
        raise ValueError("not a StringValue")
    return message[at:].decode()


def text_of(value):
    """A value of a `-bin` key comes as bytes; it is shown as it was on the wire."""
    return base64.b64encode(value).decode().rstrip("=") if isinstance(value, bytes) else value


class Echo:
    def __init__(self, forward):
        self._next = None
        if forward is not None:
            channel = grpc.insecure_channel(forward)
            self._next = channel.unary_unary(
                f"/{SERVICE}/Call", request_serializer=encode, response_deserializer=decode
            )

    def call(self, request, context):
        metadata = [(key, text_of(value)) for key, value in context.invocation_metadata()]
        answer = seen.seen(metadata)
        if self._next is not None:
            # As a service would: the id goes along by hand, the trace by the instrumentation.
            ids = tuple((key, value) for key, value in metadata if key == "x-request-id")
            try:
                reply = self._next(request, metadata=ids, timeout=LIMIT)
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())
            seen.add_next(answer, json.loads(reply))
        return json.dumps(answer)


def run(host, port, forward):
    GrpcInstrumentorServer().instrument()
    GrpcInstrumentorClient().instrument()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())

    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    handler = grpc.unary_unary_rpc_method_handler(
        Echo(forward).call, request_deserializer=decode, response_serializer=encode
    )
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(SERVICE, {"Call": handler}),
            cases.handler(forward, encode, decode),
        )
    )
    port = server.add_insecure_port(f"{host}:{port}")
    server.start()
    seen.ready(host, port)
    stop.wait()
    server.stop(GRACE).wait()
