"""Tracing: the SDK with its defaults, and an exporter if one is asked for."""

import os
import threading

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.grpc import GrpcInstrumentorServer
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from log import SERVICE

# How long spans may take to get out at the end, in seconds.
FLUSH = 2

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def start():
    resource = Resource.create({"service.name": SERVICE})
    # `stop` ends it, within a limit, which the handler at exit does not have.
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    if any(os.environ.get(name) for name in ENDPOINTS):
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    GrpcInstrumentorServer().instrument()
    return provider


def stop(provider):
    """Exports what is left, for as long as that may take: a receiver may be gone or hang."""
    flush = threading.Thread(target=provider.shutdown, daemon=True)
    flush.start()
    flush.join(FLUSH)
