package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const (
	service = "throughline.interop.v1.Echo"
	method  = "/" + service + "/Call"
)

type echo struct{ next *grpc.ClientConn }

func (e *echo) call(ctx context.Context, in *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
	incoming, _ := metadata.FromIncomingContext(ctx)
	all := map[string][]string{}
	for key, values := range incoming {
		for _, value := range values {
			if strings.HasSuffix(key, "-bin") {
				// Shown as it was on the wire.
				value = base64.RawStdEncoding.EncodeToString([]byte(value))
			}
			all[key] = append(all[key], value)
		}
	}
	seen := see(ctx, all)
	if e.next != nil {
		onward, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		// As a service would: the id goes along by hand, the trace by the instrumentation.
		for _, id := range incoming.Get("x-request-id") {
			onward = metadata.AppendToOutgoingContext(onward, "x-request-id", id)
		}
		far := &wrapperspb.StringValue{}
		if err := e.next.Invoke(onward, method, in, far); err != nil {
			return nil, err
		}
		seen.addNext(ctx, []byte(far.GetValue()))
	}
	text, err := json.Marshal(seen)
	return wrapperspb.String(string(text)), err
}

func (e *echo) handle(_ any, ctx context.Context, read func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	in := &wrapperspb.StringValue{}
	if err := read(in); err != nil {
		return nil, err
	}
	return e.call(ctx, in)
}

// instrumentation is OpenTelemetry's, or gRPC's own.
type instrumentation interface {
	dial() grpc.DialOption
	server() grpc.ServerOption
}

type official struct{}

func (official) dial() grpc.DialOption {
	return grpc.WithStatsHandler(otelgrpc.NewClientHandler())
}

func (official) server() grpc.ServerOption {
	return grpc.StatsHandler(otelgrpc.NewServerHandler())
}

func serveGRPC(ctx context.Context, listener net.Listener, options options) error {
	far, asked := &echo{}, &cases{}
	var instrumented instrumentation = official{}
	if options.own {
		own := newOwn()
		asked.sizes, instrumented = own.sizes, own
	}
	if options.forward != "" {
		next, err := grpc.NewClient(options.forward,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			instrumented.dial(),
		)
		if err != nil {
			return err
		}
		defer next.Close()
		far.next, asked.next = next, next
	}
	server := grpc.NewServer(instrumented.server())
	server.RegisterService(asked.description(), asked)
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: service,
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Call", Handler: far.handle}},
	}, far)
	go func() {
		<-ctx.Done()
		cut := time.AfterFunc(grace, server.Stop)
		defer cut.Stop()
		server.GracefulStop()
	}()
	return server.Serve(listener)
}
