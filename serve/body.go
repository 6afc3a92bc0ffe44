package serve

import (
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// usualBody is the size from which the buffer of a body grows.
const usualBody = 64 << 10

var bodies sync.Pool // of *[]byte, for freeBody

// newBody returns an empty buffer for n bytes.
func newBody(n int) []byte {
	if old, ok := bodies.Get().(*[]byte); ok && cap(*old) >= n {
		return (*old)[:0]
	}
	return make([]byte, 0, n)
}

// freeBody gives the memory of a body that nothing refers to any longer to later requests.
func freeBody(b []byte) {
	if cap(b) <= usualBody {
		bodies.Put(&b)
	}
}

// budget limits the bytes of all bodies in memory.
type budget struct {
	limit int64
	used  atomic.Int64
}

// take takes n bytes of the budget. It returns false if there are not as many.
func (b *budget) take(n int) bool {
	if b.used.Add(int64(n)) <= b.limit {
		return true
	}
	b.used.Add(int64(-n))
	return false
}

// body reads the body of a request. The bytes count until the request ends. The time of the request starts when the body is there.
func (c *call) body() ([]byte, error) {
	b, err := c.read()
	if err == nil {
		c.ctx, c.cancel = c.limited(0)
	}
	return b, err
}

func (c *call) read() ([]byte, error) {
	defer c.phase("read", time.Now())
	limit := c.s.o.MaxBody
	if c.r.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	var r io.Reader = http.MaxBytesReader(c.w, c.r.Body, limit)
	switch coding := strings.ToLower(c.r.Header.Get("Content-Encoding")); coding {
	case "", "identity":
	case "gzip", "deflate":
		open := func() (io.Reader, error) { return gzip.NewReader(r) }
		if coding == "deflate" {
			open = func() (io.Reader, error) { return zlib.NewReader(r) }
		}
		z, err := open()
		if err != nil {
			return nil, unreadable(err, "the body is not compressed with "+coding)
		}
		r = z
	default:
		return nil, fail(http.StatusUnsupportedMediaType, "the body has the Content-Encoding %q; supported are gzip and deflate", short(coding))
	}
	// The buffer grows as bytes come: a client cannot claim memory with a Content-Length.
	b := newBody(int(min(max(c.r.ContentLength+1, 512), usualBody)))
	if err := c.reserve(cap(b)); err != nil {
		return nil, err
	}
	for {
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		c.rec.in += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			return b, nil
		case err != nil:
			return nil, unreadable(err, "the body cannot be read")
		case int64(len(b)) > limit:
			return nil, &http.MaxBytesError{Limit: limit}
		}
		if len(b) == cap(b) {
			size := 2 * cap(b)
			if l := c.r.ContentLength; len(b) > 1<<20 && int64(size) > l && l >= int64(len(b)) {
				size = int(l) + 1
			}
			if err := c.reserve(size - cap(b)); err != nil {
				return nil, err
			}
			b = append(make([]byte, 0, size), b...)
		}
	}
}

// unreadable returns the error of a body. Errors of compressed bytes say nothing that a client needs.
func unreadable(err error, text string) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return err
	}
	return bad("%s", text)
}

// reserve takes bytes of the server's budget for bodies.
func (c *call) reserve(n int) error {
	if !c.s.bodies.take(n) {
		return busy("the server has too many requests in memory")
	}
	c.reserved += n
	return nil
}

// mediaType returns the media type of the body in lowercase, without parameters, or "".
func (c *call) mediaType() string {
	t, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}

// isJSON reports whether a body is JSON: its type says so, or its type says nothing and it starts with a brace. No image file does.
func isJSON(media string, body []byte) bool {
	switch media {
	case "application/json":
		return true
	case "", "application/octet-stream", "application/x-www-form-urlencoded", "text/plain":
		for _, b := range body {
			switch b {
			case ' ', '\t', '\r', '\n':
				continue
			}
			return b == '{'
		}
	}
	return strings.HasSuffix(media, "+json")
}

// short returns a text from a client for a message.
func short(s string) string {
	const most = 64
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}
