package main

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/grpc"
	experimental "google.golang.org/grpc/experimental/opentelemetry"
	"google.golang.org/grpc/stats/opentelemetry"
)

// own is gRPC's own instrumentation, in place of OpenTelemetry's: its metrics, and traces that go
// along as `grpc-trace-bin`.
type own struct {
	reader  *sdkmetric.ManualReader
	options opentelemetry.Options
}

func newOwn() *own {
	reader := sdkmetric.NewManualReader()
	return &own{reader, opentelemetry.Options{
		MetricsOptions: opentelemetry.MetricsOptions{
			MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
		},
		TraceOptions: experimental.TraceOptions{
			TracerProvider:    otel.GetTracerProvider(),
			TextMapPropagator: opentelemetry.GRPCTraceBinPropagator{},
		},
	}}
}

func (o *own) dial() grpc.DialOption     { return opentelemetry.DialOption(o.options) }
func (o *own) server() grpc.ServerOption { return opentelemetry.ServerOption(o.options) }

// sizes are the bytes of all messages so far, by instrument.
func (o *own) sizes(ctx context.Context) (map[string]int64, error) {
	all := metricdata.ResourceMetrics{}
	if err := o.reader.Collect(ctx, &all); err != nil {
		return nil, err
	}
	sizes := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, metric := range scope.Metrics {
			histogram, ok := metric.Data.(metricdata.Histogram[int64])
			if !ok || !strings.HasSuffix(metric.Name, "_total_compressed_message_size") {
				continue
			}
			for _, point := range histogram.DataPoints {
				sizes[metric.Name] += point.Sum
			}
		}
	}
	return sizes, nil
}
