"""Calls that end as they are asked to, and a client that makes them."""

import json
import threading
import time

import grpc

SERVICE = "throughline.interop.v1.Cases"

# How long a call may take that nobody ends, in seconds.
LIMIT = 10

CODES = {code.value[0]: code for code in grpc.StatusCode}


def finish(ask, context):
    """Waits for the caller to leave if asked to, and gives the status that is asked for."""
    if ask.get("wait"):
        left = threading.Event()
        if context.add_callback(left.set):
            left.wait(LIMIT)
    elif ask.get("code"):
        context.abort(CODES[ask["code"]], "as it was told")


class Cases:
    def __init__(self, channel, encode, decode):
        self._channel, self._encode, self._decode = channel, encode, decode
        self._calls = {}
        if channel is not None:
            both = {"request_serializer": encode, "response_deserializer": decode}
            unary = lambda method: channel.unary_unary(f"/{SERVICE}/{method}", **both)
            stream = channel.unary_stream(f"/{SERVICE}/Stream", **both)
            self._calls = {"Unary": unary, "Stream": lambda _: stream}

    def unary(self, request, context):
        ask = json.loads(request)
        finish(ask, context)
        return "x" * ask.get("size", 0)

    def stream(self, request, context):
        ask = json.loads(request)
        for _ in range(ask.get("messages", 0)):
            yield "x" * ask.get("size", 0)
        finish(ask, context)

    def run(self, request, context):
        """Makes calls, and ends with the one under way when its own caller leaves."""
        order = json.loads(request)
        codes, messages = [], []
        for _ in range(order.get("times", 1)):
            code, count = self._once(order, context)
            codes.append(code)
            messages.append(count)
        return json.dumps({"codes": codes, "messages": messages})

    def _once(self, order, context):
        method, text = order["method"], json.dumps(order["ask"])
        metadata = tuple(
            # The value of a `-bin` key is bytes.
            (key, value.encode() if key.endswith("-bin") else value)
            for key, value in order.get("metadata", [])
        ) + (("x-sent-us", str(time.time_ns() // 1000)),)
        deadline = order.get("deadline_ms")
        timeout = deadline / 1000 if deadline else LIMIT
        make = self._calls["Stream" if method == "Stream" else "Unary"](method)
        count = 0
        try:
            if method != "Stream":
                call = make.future(text, metadata=metadata, timeout=timeout)
                # A caller that has left already calls nothing back.
                if not context.add_callback(call.cancel):
                    call.cancel()
                call.result()
                return 0, 1
            # With the instrumentation a stream is a generator: it is left by being closed.
            messages = make(text, metadata=metadata, timeout=timeout)
            for _ in messages:
                count += 1
                if order.get("leave"):
                    messages.close()
                    return grpc.StatusCode.CANCELLED.value[0], count
            return 0, count
        except grpc.RpcError as error:
            return error.code().value[0], count
        except grpc.FutureCancelledError:
            return grpc.StatusCode.CANCELLED.value[0], count


def handler(forward, encode, decode):
    """Serves the cases; `forward` is whom its calls go to."""
    channel = grpc.insecure_channel(forward) if forward is not None else None
    cases = Cases(channel, encode, decode)
    both = {"request_deserializer": decode, "response_serializer": encode}
    methods = {
        "Unary": grpc.unary_unary_rpc_method_handler(cases.unary, **both),
        "Stream": grpc.unary_stream_rpc_method_handler(cases.stream, **both),
        "Run": grpc.unary_unary_rpc_method_handler(cases.run, **both),
    }
    return grpc.method_handlers_generic_handler(SERVICE, methods)
