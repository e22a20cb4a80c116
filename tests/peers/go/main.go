// A peer in Go for the tests of examples/interop: echo services with official instrumentation.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/grpc"
)

// How long a call to the far end, or a call under way at the end, may take.
const (
	limit = 10 * time.Second
	grace = 1500 * time.Millisecond
)

const usage = "usage: peer-go grpc|http|interop [--listen ADDR] [--forward ADDR] [--own]"

// Whom to call on, and whether gRPC's own instrumentation stands for OpenTelemetry's.
type options struct {
	forward string
	own     bool
}

// A server that runs until its context is done.
type server func(ctx context.Context, listener net.Listener, options options) error

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peer-go:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 1 && args[0] == "--version" {
		fmt.Println("grpc-go", grpc.Version)
		return nil
	}
	servers := map[string]server{"grpc": serveGRPC, "http": serveHTTP, "interop": serveInterop}
	if len(args) == 0 || servers[args[0]] == nil {
		return fmt.Errorf("%s", usage)
	}
	flags := flag.NewFlagSet("peer-go "+args[0], flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:0", "address to listen on; port 0 takes a free one")
	forward := flags.String("forward", "", "whom to call on; a URL for http")
	own := flags.Bool("own", false, "gRPC's own instrumentation in place of OpenTelemetry's; grpc only")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if flags.NArg() != 0 || *own && args[0] != "grpc" {
		return fmt.Errorf("%s", usage)
	}

	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	startTracing()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	return servers[args[0]](ctx, listener, options{*forward, *own})
}
