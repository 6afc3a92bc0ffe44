// Package grpc answers requests of the Open Inference Protocol over gRPC with the models of a serve.Server:
//
//	s, err := serve.New(serve.Options{})
//	...
//	handler, err := grpc.Handler(s, grpc.Options{})
//	...
//	protocols := new(http.Protocols)
//	protocols.SetHTTP1(true)
//	protocols.SetUnencryptedHTTP2(true)
//	server := &http.Server{Addr: "localhost:8080", Handler: handler, Protocols: protocols}
//	log.Fatal(server.ListenAndServe())
//
// A gRPC request becomes a request of the same protocol over HTTP, in memory. So both have the same models, batches, limits, tokens, metrics and logs, and
// differ in form only. Other requests go to the serve.Server as they are: HTTP and gRPC use the same address.
//
// The package is in a separate module, so that programs without gRPC do not depend on google.golang.org/grpc. Command lince of this module is that of the main
// module with gRPC in lince serve.
package grpc

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"

	rpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // for compressed messages
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/lince-ml/lince/serve/grpc/inference"
)

// Options configures Handler. The zero value is the default.
type Options struct {
	// MaxMessage is the largest size of a message in bytes, also after decompression. The default is 33 MiB: the default of serve.Options.MaxBody, and 1 MiB for what
	// surrounds the tensors. A larger message gets the code RESOURCE_EXHAUSTED.
	MaxMessage int
	// MaxMessages limits the bytes of all messages in memory at the same time. A compressed message counts as one of MaxMessage. The default is 512 MiB. A request beyond
	// it gets the code UNAVAILABLE.
	MaxMessages int64
}

// Handler returns a handler that answers gRPC requests, and passes all others to h. It needs HTTP/2. h is a serve.Server, or a handler that passes requests to one.
//
// It also answers the health checks of gRPC (grpc.health.v1), which Kubernetes uses.
func Handler(h http.Handler, o Options) (http.Handler, error) {
	if o.MaxMessage == 0 {
		o.MaxMessage = 33 << 20
	}
	if o.MaxMessages == 0 {
		o.MaxMessages = 512 << 20
	}
	if o.MaxMessage < 1 || o.MaxMessages < int64(o.MaxMessage) {
		return nil, fmt.Errorf("gRPC: want 0 < MaxMessage <= MaxMessages, got %d and %d", o.MaxMessage, o.MaxMessages)
	}
	server := rpc.NewServer(rpc.MaxRecvMsgSize(o.MaxMessage), rpc.UnaryInterceptor(recovered))
	Register(server, h)
	return &handler{http: h, grpc: server, o: o}, nil
}

// Register registers the services of Handler with a gRPC server that a program has already. Its limits of messages hold.
func Register(r rpc.ServiceRegistrar, h http.Handler) {
	inference.RegisterGRPCInferenceServiceServer(r, &service{h: h})
	grpc_health_v1.RegisterHealthServer(r, &health{service: &service{h: h}})
}

// handler is the handler of both protocols.
type handler struct {
	http http.Handler
	grpc *rpc.Server
	o    Options
	used atomic.Int64 // bytes of messages in memory
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	media := r.Header.Get("Content-Type")
	if r.ProtoMajor < 2 || media != "application/grpc" && !strings.HasPrefix(media, "application/grpc+") && !strings.HasPrefix(media, "application/grpc;") {
		h.http.ServeHTTP(w, r)
		return
	}
	body := &counted{ReadCloser: r.Body, h: h}
	defer body.release()
	if coding := r.Header.Get("Grpc-Encoding"); coding != "" && coding != "identity" && !body.take(int64(h.o.MaxMessage)) {
		refuse(w, media)
		return
	}
	r.Body = body
	h.grpc.ServeHTTP(w, r)
}

const tooMany = "the server has too many requests in memory"

// refuse answers a request that gRPC has not seen.
func refuse(w http.ResponseWriter, media string) {
	head := w.Header()
	head.Set("Content-Type", media)
	head.Set("Grpc-Status", strconv.Itoa(int(codes.Unavailable)))
	head.Set("Grpc-Message", tooMany)
	w.WriteHeader(http.StatusOK)
}

// counted is the body of a request, whose bytes count until the request ends.
type counted struct {
	io.ReadCloser
	h     *handler
	bytes atomic.Int64
}

// take counts n bytes. It returns false if there are too many.
func (c *counted) take(n int64) bool {
	if c.h.used.Add(n) > c.h.o.MaxMessages {
		c.h.used.Add(-n)
		return false
	}
	c.bytes.Add(n)
	return true
}

// Read implements io.Reader.
func (c *counted) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	if n > 0 && !c.take(int64(n)) {
		return 0, status.Error(codes.Unavailable, tooMany)
	}
	return n, err
}

// release ends the counting. gRPC may still read: what it reads then does not get to a request.
func (c *counted) release() { c.h.used.Add(-c.bytes.Swap(0)) }

// recovered turns a panic into an error of its request. google.golang.org/grpc would end the process.
func recovered(ctx context.Context, req any, _ *rpc.UnaryServerInfo, next rpc.UnaryHandler) (answer any, err error) {
	defer func() {
		if p := recover(); p != nil {
			answer, err = nil, &panicked{p, debug.Stack()}
		}
	}()
	return next(ctx, req)
}

// panicked is the error of a request that panicked. The client learns nothing of it.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

// GRPCStatus is what the client gets.
func (p *panicked) GRPCStatus() *status.Status { return status.New(codes.Internal, "internal error") }
