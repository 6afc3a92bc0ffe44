package serve

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	c := &call{s: s, w: w, r: r, ctx: r.Context(), rec: &record{id: requestID(r.Header), traceparent: traceparent(r.Header)}}
	w.Header().Set("X-Request-Id", c.rec.id)
	if c.rec.traceparent != "" {
		w.Header().Set("Traceparent", c.rec.traceparent)
	}
	rt, params, allowed := s.router.match(r.Method, r.URL.Path)
	level := slog.LevelInfo
	if rt != nil {
		c.params, c.rec.route = params, rt.path
		if rt.quiet {
			level = slog.LevelDebug
		}
	}
	s.metrics.begin()
	defer func() {
		if c.cancel != nil {
			c.cancel()
		}
		s.bodies.used.Add(int64(-c.reserved))
		s.metrics.end(c.rec, time.Since(start))
		s.log(level, c, time.Since(start))
	}()
	defer func() {
		if p := recover(); p != nil {
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) { // a handler ends its connection on purpose
				panic(p)
			}
			c.rec.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			c.refuse(&failure{status: http.StatusInternalServerError, text: "internal error"})
		}
	}()
	if err := s.handle(c, rt, allowed); err != nil {
		f, internal := failed(err)
		if internal {
			c.rec.err = err
		}
		c.refuse(f)
	}
}

// refuse answers with a failure, unless the answer has been started.
func (c *call) refuse(f *failure) {
	if c.started {
		return
	}
	if f.status == statusGone {
		c.rec.status = statusGone
		return
	}
	if f.late {
		c.pause()
	}
	f.write(c)
}

// pause delays the answer to a request that comes while there are too many. A client that ignores Retry-After, and repeats its request at once, would otherwise take the processor's
// time from the requests that are computed. A waiting request needs no more than its connection does. If very many wait, the delay would not help.
func (c *call) pause() {
	const (
		delay = 250 * time.Millisecond
		most  = 4096
	)
	defer c.s.paused.Add(-1)
	if c.s.paused.Add(1) > most {
		return
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.ctx.Done():
	}
}

// handle answers a request, or returns the error with which it is answered.
func (s *Server) handle(c *call, rt *route, allowed []string) error {
	if done, err := s.origin(c); done || err != nil {
		return err
	}
	if (rt == nil || !rt.open) && !s.authorized(c.r.Header) {
		c.w.Header().Set("WWW-Authenticate", `Bearer realm="lince"`)
		return fail(http.StatusUnauthorized, "a bearer token is needed")
	}
	if rt == nil {
		if allowed != nil {
			c.w.Header().Set("Allow", strings.Join(allowed, ", "))
			return fail(http.StatusMethodNotAllowed, "the method must be %s", strings.Join(allowed, " or "))
		}
		return fail(http.StatusNotFound, "there is no such page; /openapi.json lists all")
	}
	return rt.handle(c)
}

// limited limits the time of the rest of a request.
func (c *call) limited(d time.Duration) (context.Context, context.CancelFunc) {
	if most := c.s.o.Timeout; d <= 0 || d > most {
		d = most
	}
	return context.WithTimeoutCause(c.ctx, d, errTimeout)
}

// authorized reports whether a request has the server's token.
func (s *Server) authorized(h http.Header) bool {
	if s.o.Token == "" {
		return true
	}
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	got, want := sha256.Sum256([]byte(strings.TrimSpace(token))), sha256.Sum256([]byte(s.o.Token))
	return strings.EqualFold(scheme, "bearer") && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// protection returns the check that refuses what pages of other origins send.
func protection(origins []string) (*http.CrossOriginProtection, error) {
	p := http.NewCrossOriginProtection()
	for _, o := range origins {
		if o == "*" {
			continue
		}
		if err := p.AddTrustedOrigin(o); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// origin adds the headers of CORS. It answers preflight requests, and then returns true. A request of a page whose origin is not allowed is an error: pages can send
// some requests to any server, even if they cannot read the answers.
func (s *Server) origin(c *call) (done bool, err error) {
	origin, all := c.r.Header.Get("Origin"), slices.Contains(s.o.Origins, "*")
	allowed := origin != "" && (all || slices.Contains(s.o.Origins, origin))
	h := c.w.Header()
	if len(s.o.Origins) > 0 {
		h.Add("Vary", "Origin")
	}
	if allowed {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "Inference-Header-Content-Length, Retry-After, X-Request-Id")
	}
	if c.r.Method == http.MethodOptions && c.r.Header.Get("Access-Control-Request-Method") != "" {
		if !allowed {
			return false, fail(http.StatusForbidden, "pages of this origin may not call the server")
		}
		h.Set("Access-Control-Allow-Methods", "GET, POST")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Content-Encoding, Inference-Header-Content-Length, Traceparent, X-Request-Id")
		h.Set("Access-Control-Max-Age", "600")
		c.start(http.StatusNoContent)
		return true, nil
	}
	if !allowed && s.cross.Check(c.r) != nil {
		return false, fail(http.StatusForbidden, "pages of this origin may not call the server")
	}
	return false, nil
}

// The forms of the headers that are passed on.
var (
	idForm    = regexp.MustCompile(`^[A-Za-z0-9._:/+=-]{1,128}$`)
	traceForm = regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`) // https://www.w3.org/TR/trace-context/
)

// requestID returns the ID that the client gave the request, or a random one.
func requestID(h http.Header) string {
	if id := h.Get("X-Request-Id"); idForm.MatchString(id) {
		return id
	}
	return rand.Text()
}

// traceparent returns the trace to which a request belongs, or "".
func traceparent(h http.Header) string {
	if t := h.Get("Traceparent"); traceForm.MatchString(t) {
		return t
	}
	return ""
}

// log writes the record of a request.
func (s *Server) log(level slog.Level, c *call, took time.Duration) {
	rec := c.rec
	if rec.err != nil {
		level = slog.LevelError
	}
	if !s.o.Logger.Enabled(context.Background(), level) {
		return
	}
	list := []slog.Attr{
		slog.String("request_id", rec.id), slog.String("method", c.r.Method), slog.String("path", short(c.r.URL.Path)),
		slog.Int("status", rec.status), slog.Duration("duration", took), slog.Int64("bytes_in", rec.in), slog.Int64("bytes_out", rec.out),
	}
	text := func(key, value string) {
		if value != "" {
			list = append(list, slog.String(key, value))
		}
	}
	text("traceparent", rec.traceparent)
	text("model", rec.model)
	text("version", rec.version)
	if rec.examples > 0 {
		list = append(list, slog.Int("examples", rec.examples))
	}
	for _, p := range rec.phases {
		list = append(list, slog.Duration(p.name, p.took))
	}
	if rec.err != nil {
		list = append(list, slog.Any("error", rec.err))
	}
	s.o.Logger.LogAttrs(context.Background(), level, "request", list...)
}
