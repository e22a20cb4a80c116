// What an echo answers, and the tracing that both protocols share.
'use strict';

// The SDK reads these when it is loaded: nothing leaves the process.
process.env.OTEL_METRICS_EXPORTER = 'none';
process.env.OTEL_LOGS_EXPORTER = 'none';

const { NodeSDK, api } = require('@opentelemetry/sdk-node');
const { GrpcInstrumentation } = require('@opentelemetry/instrumentation-grpc');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');

// Which client span a server span has begun.
const clientOf = new Map();

const calls = {
  onStart(span) {
    if (span.kind === api.SpanKind.CLIENT && span.parentSpanContext) {
      clientOf.set(span.parentSpanContext.spanId, span.spanContext().spanId);
    }
  },
  onEnd() {},
  async forceFlush() {},
  async shutdown() {},
};

// Before grpc and http are loaded, which it instruments. Its propagators are W3C trace context and
// baggage unless it is told otherwise.
new NodeSDK({
  autoDetectResources: false,
  instrumentations: [new GrpcInstrumentation(), new HttpInstrumentation()],
  spanProcessors: [calls],
}).start();

// The call as this server's current span sees it.
function seen(metadata) {
  const span = api.trace.getActiveSpan();
  const context = span?.spanContext();
  return {
    metadata,
    trace_id: context?.traceId ?? null,
    span_id: context?.spanId ?? null,
    parent_id: span?.parentSpanContext?.spanId ?? null,
  };
}

// Adds the far end's answer, and the span under which it was called.
function addNext(answer, farEnd) {
  answer.next = farEnd;
  answer.client_id = clientOf.get(answer.span_id) ?? null;
  clientOf.delete(answer.span_id);
  return answer;
}

function ready(host, port) {
  console.log(`listening on ${host}:${port}`);
}

// Calls `stop` at SIGTERM or Ctrl-C, and ends the process when it is done or the grace is over.
function onStop(stop) {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, () => {
      setTimeout(() => process.exit(0), 1500).unref();
      stop(() => process.exit(0));
    });
  }
}

module.exports = { seen, addNext, ready, onStop };
