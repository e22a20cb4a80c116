package main

import (
	"context"
	"encoding/json"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Seen is a call as its server saw it.
type Seen struct {
	Metadata map[string][]string `json:"metadata"`
	TraceID  *string             `json:"trace_id"`
	SpanID   *string             `json:"span_id"`
	ParentID *string             `json:"parent_id"`
	// The span under which the far end was called, and its answer.
	ClientID *string         `json:"client_id,omitempty"`
	Next     json.RawMessage `json:"next,omitempty"`
}

// calls remembers which client span a server span has begun. Nothing is exported.
type calls struct {
	mutex    sync.Mutex
	clientOf map[trace.SpanID]trace.SpanID
}

var known = &calls{clientOf: map[trace.SpanID]trace.SpanID{}}

func (c *calls) OnStart(_ context.Context, span sdktrace.ReadWriteSpan) {
	if span.SpanKind() == trace.SpanKindClient && span.Parent().HasSpanID() {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		c.clientOf[span.Parent().SpanID()] = span.SpanContext().SpanID()
	}
}

func (c *calls) OnEnd(sdktrace.ReadOnlySpan)      {}
func (c *calls) Shutdown(context.Context) error   { return nil }
func (c *calls) ForceFlush(context.Context) error { return nil }

func (c *calls) take(span trace.SpanID) *string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	client, found := c.clientOf[span]
	delete(c.clientOf, span)
	if !found {
		return nil
	}
	text := client.String()
	return &text
}

// startTracing starts the SDK: W3C trace context and baggage, sampled as the parent is.
func startTracing() {
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(known)))
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(
		propagation.TraceContext{}, propagation.Baggage{},
	))
}

// see tells the call as the context's span sees it.
func see(ctx context.Context, metadata map[string][]string) *Seen {
	seen := &Seen{Metadata: metadata}
	span := trace.SpanFromContext(ctx)
	if current := span.SpanContext(); current.IsValid() {
		traceID, spanID := current.TraceID().String(), current.SpanID().String()
		seen.TraceID, seen.SpanID = &traceID, &spanID
	}
	if readable, ok := span.(sdktrace.ReadOnlySpan); ok && readable.Parent().HasSpanID() {
		parent := readable.Parent().SpanID().String()
		seen.ParentID = &parent
	}
	return seen
}

// addNext adds the far end's answer.
func (s *Seen) addNext(ctx context.Context, farEnd []byte) {
	s.Next = farEnd
	s.ClientID = known.take(trace.SpanFromContext(ctx).SpanContext().SpanID())
}
