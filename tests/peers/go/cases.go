package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const casesService = "throughline.interop.v1.Cases"

// Ask says how a call shall end.
type Ask struct {
	Code     codes.Code `json:"code"`
	Messages int        `json:"messages"`
	Size     int        `json:"size"`
	Gzip     bool       `json:"gzip"`
	Wait     bool       `json:"wait"`
}

// Order says which calls to make.
type Order struct {
	Method   string          `json:"method"`
	Ask      json.RawMessage `json:"ask"`
	Metadata [][2]string     `json:"metadata"`
	Deadline int             `json:"deadline_ms"`
	Leave    bool            `json:"leave"`
	Gzip     bool            `json:"gzip"`
	Times    int             `json:"times"`
}

// Result says how the calls ended, one after the other.
type Result struct {
	Codes    []codes.Code `json:"codes"`
	Messages []int        `json:"messages"`
}

type cases struct {
	next *grpc.ClientConn
	// Of gRPC's own instrumentation; nil without it.
	sizes func(context.Context) (map[string]int64, error)
}

func text(in *wrapperspb.StringValue, to any) error {
	if err := json.Unmarshal([]byte(in.GetValue()), to); err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	return nil
}

func reply(answer any, err error) (*wrapperspb.StringValue, error) {
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(answer)
	return wrapperspb.String(string(text)), err
}

// finish waits for its caller to leave if it is asked to, and gives the status that it is asked for.
func (ask *Ask) finish(ctx context.Context) error {
	if ask.Wait {
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	}
	return status.Error(ask.Code, "as it was told")
}

func (ask *Ask) message() *wrapperspb.StringValue {
	return wrapperspb.String(strings.Repeat("x", ask.Size))
}

func (c *cases) unary(ctx context.Context, in *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
	ask := &Ask{}
	if err := text(in, ask); err != nil {
		return nil, err
	}
	if ask.Gzip {
		if err := grpc.SetSendCompressor(ctx, gzip.Name); err != nil {
			return nil, err
		}
	}
	if err := ask.finish(ctx); err != nil {
		return nil, err
	}
	return ask.message(), nil
}

func (c *cases) stream(_ any, stream grpc.ServerStream) error {
	in, ask := &wrapperspb.StringValue{}, &Ask{}
	if err := stream.RecvMsg(in); err != nil {
		return err
	}
	if err := text(in, ask); err != nil {
		return err
	}
	if ask.Gzip {
		if err := grpc.SetSendCompressor(stream.Context(), gzip.Name); err != nil {
			return err
		}
	}
	for range ask.Messages {
		if err := stream.SendMsg(ask.message()); err != nil {
			return err
		}
	}
	return ask.finish(stream.Context())
}

// run makes calls, and ends with the one under way when its own caller leaves.
func (c *cases) run(ctx context.Context, in *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
	order := &Order{Times: 1}
	if err := text(in, order); err != nil {
		return nil, err
	}
	for _, pair := range order.Metadata {
		ctx = metadata.AppendToOutgoingContext(ctx, pair[0], pair[1])
	}
	result := &Result{}
	for range order.Times {
		count, err := c.once(ctx, order)
		result.Codes = append(result.Codes, status.Code(err))
		result.Messages = append(result.Messages, count)
	}
	return reply(result, ctx.Err())
}

// once makes one call, and counts the messages that come.
func (c *cases) once(ctx context.Context, order *Order) (int, error) {
	within := limit
	if order.Deadline > 0 {
		within = time.Duration(order.Deadline) * time.Millisecond
	}
	now := strconv.FormatInt(time.Now().UnixMicro(), 10)
	ctx = metadata.AppendToOutgoingContext(ctx, "x-sent-us", now)
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var options []grpc.CallOption
	if order.Gzip {
		options = append(options, grpc.UseCompressor(gzip.Name))
	}
	in, out := wrapperspb.String(string(order.Ask)), &wrapperspb.StringValue{}
	path := "/" + casesService + "/" + order.Method
	if order.Method != "Stream" {
		if err := c.next.Invoke(ctx, path, in, out, options...); err != nil {
			return 0, err
		}
		return 1, nil
	}
	stream, err := c.next.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, path, options...)
	if err != nil {
		return 0, err
	}
	if err := errors.Join(stream.SendMsg(in), stream.CloseSend()); err != nil {
		return 0, err
	}
	for count := 0; ; count++ {
		if order.Leave && count == 1 {
			cancel()
		}
		if err := stream.RecvMsg(out); errors.Is(err, io.EOF) {
			return count, nil
		} else if err != nil {
			return count, err
		}
	}
}

func (c *cases) total(ctx context.Context, _ *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
	if c.sizes == nil {
		return nil, status.Error(codes.FailedPrecondition, "started without --own")
	}
	return reply(c.sizes(ctx))
}

func handler(
	call func(context.Context, *wrapperspb.StringValue) (*wrapperspb.StringValue, error),
) grpc.MethodHandler {
	return func(_ any, ctx context.Context, read func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in := &wrapperspb.StringValue{}
		if err := read(in); err != nil {
			return nil, err
		}
		return call(ctx, in)
	}
}

func (c *cases) description() *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: casesService,
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{
			{MethodName: "Unary", Handler: handler(c.unary)},
			{MethodName: "Run", Handler: handler(c.run)},
			{MethodName: "Sizes", Handler: handler(c.total)},
		},
		Streams: []grpc.StreamDesc{{StreamName: "Stream", Handler: c.stream, ServerStreams: true}},
	}
}
