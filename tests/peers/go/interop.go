package main

import (
	"context"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/orca"
)

// serveInterop serves the official interop suite's service as its own server does, which listens on
// every address and cannot be told otherwise. Nothing is instrumented.
func serveInterop(ctx context.Context, listener net.Listener, _ options) error {
	recorder := orca.NewServerMetricsRecorder()
	server := grpc.NewServer(orca.CallMetricsServerOption(nil))
	testgrpc.RegisterTestServiceServer(server, interop.NewTestServer(
		interop.NewTestServerOptions{MetricsRecorder: recorder},
	))
	go func() {
		<-ctx.Done()
		cut := time.AfterFunc(grace, server.Stop)
		defer cut.Stop()
		server.GracefulStop()
	}()
	return server.Serve(listener)
}
