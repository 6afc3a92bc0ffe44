package serve

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// call is a request with what is known about it.
type call struct {
	s        *Server
	w        http.ResponseWriter
	r        *http.Request
	ctx      context.Context    // has the time of the request as its deadline, after the body was read
	cancel   context.CancelFunc // of ctx; nil if the body was not read
	params   map[string]string  // of the path
	rec      *record
	reserved int  // bytes of the server's budget for bodies
	started  bool // the answer has been started
}

// record has what logs and metrics say about a request.
type record struct {
	id, traceparent string
	route           string // the path of the route, "" if there is none
	model, version  string
	examples        int
	status          int
	in, out         int64
	phases          []phase
	err             error // an internal error, which the client does not see
}

// phase is a period of a request: read, decode, queue, compute.
type phase struct {
	name string
	took time.Duration
}

// phase records a phase that ends now. Use it with defer.
func (c *call) phase(name string, start time.Time) { c.took(name, time.Since(start)) }

func (c *call) took(name string, d time.Duration) {
	c.rec.phases = append(c.rec.phases, phase{name, d})
}

// use returns the version of a model that the path names, or the first model if it names none. The request must release it.
func (c *call) use() (*version, error) {
	name := c.params["model"]
	e := c.s.registry.find(name)
	if e == nil {
		if name == "" {
			return nil, busy("there is no model")
		}
		return nil, fail(http.StatusNotFound, "there is no model %q", short(name))
	}
	c.rec.model = e.name
	v := e.acquire()
	if v == nil {
		return nil, busy("the model %s is not ready", e.name)
	}
	if want := c.params["version"]; want != "" && want != v.number {
		v.release()
		return nil, fail(http.StatusNotFound, "there is no version %q of the model %s; it has the version %s", short(want), e.name, v.number)
	}
	c.rec.version = v.number
	return v, nil
}

// with calls f with the version that the request uses.
func (c *call) with(f func(v *version) error) error {
	v, err := c.use()
	if err != nil {
		return err
	}
	defer v.release()
	return f(v)
}

// json answers with a value as JSON.
func (c *call) json(status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // a bug: values of answers can be marshaled
		c.rec.err = err
		c.send(http.StatusInternalServerError, "application/json", []byte(`{"error":"internal error"}`+"\n"))
		return
	}
	c.send(status, "application/json", append(b, '\n'))
}

// ok answers with a value as JSON.
func (c *call) ok(v any) error {
	c.json(http.StatusOK, v)
	return nil
}

// send answers with a body. A large one is compressed if the client accepts that.
func (c *call) send(status int, media string, body []byte) {
	h := c.w.Header()
	h.Set("Content-Type", media)
	h.Set("X-Content-Type-Options", "nosniff")
	if len(body) > 1400 {
		h.Add("Vary", "Accept-Encoding")
		if acceptsGzip(c.r.Header) {
			var b bytes.Buffer
			z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // the level is valid
			_, _ = z.Write(body)                            // to memory
			_ = z.Close()
			h.Set("Content-Encoding", "gzip")
			body = b.Bytes()
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.start(status)
	n, _ := c.w.Write(body) // fails if the client has gone
	c.rec.out += int64(n)
}

// start writes the status of the answer.
func (c *call) start(status int) {
	c.started, c.rec.status = true, status
	c.w.WriteHeader(status)
}

func acceptsGzip(h http.Header) bool {
	for part := range strings.SplitSeq(h.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.ReplaceAll(part, " ", ""), ";")
		if strings.EqualFold(name, "gzip") {
			weight, err := strconv.ParseFloat(strings.TrimPrefix(q, "q="), 64)
			return q == "" || err == nil && weight > 0
		}
	}
	return false
}
