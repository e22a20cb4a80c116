"""The compiler over gRPC."""

import signal
import threading
from concurrent import futures

import grpc
from job_kernel.v1 import circuit_pb2, compiler_pb2
from opentelemetry import trace

import compiler
import log
from circuit import CircuitError

SERVICE = "job_kernel.v1.Compiler"

# The key under which a status carries its details.
DETAILS = "grpc-status-details-bin"

# The key under which a status says that its error has been told.
TOLD = "x-fault-id"

# How long calls under way may go on after the signal to stop, in seconds.
GRACE = 1.5


class CannotListen(Exception):
    """The address cannot be had."""


def told():
    """Says to the caller that the error has been told, and in which span."""
    span = trace.get_current_span().get_span_context().span_id
    return TOLD, trace.format_span_id(span)


def compile_circuit(request, context):
    log.accept(context.invocation_metadata())
    try:
        program = compiler.compile_source(request.source)
    except CircuitError as why:
        log.warning(why.kind, why)
        details = circuit_pb2.CircuitError(
            kind=why.kind, message=why.message, line=why.at.line, column=why.at.column
        )
        context.set_trailing_metadata(((DETAILS, details.SerializeToString()), told()))
        refusal = (grpc.StatusCode.INVALID_ARGUMENT, str(why))
    except Exception as why:
        log.error("compiler_failed", why)
        context.set_trailing_metadata((told(),))
        refusal = (grpc.StatusCode.INTERNAL, "the compiler failed")
    else:
        log.info(f"compiled; {program.cancelled_gates} gates cancelled")
        return program
    context.abort(*refusal)


def run(host, port):
    """Serves until it is told to stop."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())

    handler = grpc.unary_unary_rpc_method_handler(
        compile_circuit,
        request_deserializer=compiler_pb2.CompileRequest.FromString,
        response_serializer=circuit_pb2.Program.SerializeToString,
    )
    # A port that another process has is not to be shared with it.
    options = (("grpc.so_reuseport", 0),)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=options)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE, {"Compile": handler}),)
    )
    try:
        bound = server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as why:
        raise CannotListen(
            f"cannot listen on {host}:{port}; choose another address with --listen"
        ) from why
    server.start()
    log.info(f"listening on {host}:{bound}")
    stop.wait()
    server.stop(GRACE).wait()
