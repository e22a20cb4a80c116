"""What an echo answers, and the tracing that both protocols share."""

from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import SpanKind, format_span_id, format_trace_id


class Calls(SpanProcessor):
    """Remembers which client span a server span has begun. Nothing is exported."""

    def __init__(self):
        self._client_of = {}

    def on_start(self, span, parent_context=None):
        if span.kind is SpanKind.CLIENT and span.parent is not None:
            self._client_of[span.parent.span_id] = span.context.span_id

    def take(self, span_id):
        return self._client_of.pop(span_id, None)


_calls = Calls()


def start_tracing():
    """The SDK with its defaults: W3C trace context and baggage, sampled as the parent is."""
    provider = TracerProvider()
    provider.add_span_processor(_calls)
    trace.set_tracer_provider(provider)


def seen(pairs):
    """The call as this server's current span sees it. `pairs` are keys and values in order."""
    metadata = {}
    for key, value in pairs:
        metadata.setdefault(key.lower(), []).append(value)
    span = trace.get_current_span()
    context = span.get_span_context()
    parent = getattr(span, "parent", None)
    return {
        "metadata": metadata,
        "trace_id": format_trace_id(context.trace_id) if context.is_valid else None,
        "span_id": format_span_id(context.span_id) if context.is_valid else None,
        "parent_id": format_span_id(parent.span_id) if parent is not None else None,
    }


def add_next(answer, far_end):
    """Adds the far end's answer, and the span under which it was called."""
    answer["next"] = far_end
    span = trace.get_current_span().get_span_context()
    client = _calls.take(span.span_id)
    answer["client_id"] = format_span_id(client) if client is not None else None
    return answer


def ready(host, port):
    print(f"listening on {host}:{port}", flush=True)
