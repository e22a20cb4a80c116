package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
)

type httpEcho struct {
	client  *http.Client
	forward string
}

func (e *httpEcho) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	all := map[string][]string{}
	for key, values := range request.Header {
		all[strings.ToLower(key)] = values
	}
	seen := see(request.Context(), all)
	if e.forward != "" {
		answer, err := e.post(request)
		if err != nil {
			http.Error(response, err.Error(), http.StatusBadGateway)
			return
		}
		seen.addNext(request.Context(), answer)
	}
	response.Header().Set("content-type", "application/json")
	// An error means that the caller is gone.
	_ = json.NewEncoder(response).Encode(seen)
}

func (e *httpEcho) post(request *http.Request) ([]byte, error) {
	onward, err := http.NewRequestWithContext(request.Context(), http.MethodPost, e.forward, request.Body)
	if err != nil {
		return nil, err
	}
	// As a service would: the id goes along by hand, the trace by the instrumentation.
	for _, id := range request.Header.Values("x-request-id") {
		onward.Header.Add("x-request-id", id)
	}
	answer, err := e.client.Do(onward)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("POST %s: %s", e.forward, answer.Status)
	}
	return body, err
}

func serveHTTP(ctx context.Context, listener net.Listener, options options) error {
	client := &http.Client{
		// Plain loopback: no proxy of the environment stands between.
		Transport: otelhttp.NewTransport(&http.Transport{}),
		Timeout:   limit,
	}
	mux := http.NewServeMux()
	mux.Handle("POST /echo", &httpEcho{client: client, forward: options.forward})
	server := &http.Server{Handler: otelhttp.NewHandler(mux, "echo")}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		if err := server.Shutdown(last); errors.Is(err, context.DeadlineExceeded) {
			stopped <- server.Close()
		} else {
			stopped <- err
		}
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
