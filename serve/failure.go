package serve

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// failure is an error of a request, in words for its client: without names of files and other internals.
type failure struct {
	status int
	text   string
	retry  time.Duration // after which a client may try again; 0 if that is of no use
	late   bool          // the answer is delayed; see pause
}

func (f *failure) Error() string { return f.text }

// bad returns the error of a request that cannot be understood.
func bad(format string, a ...any) error { return fail(http.StatusBadRequest, format, a...) }

func fail(status int, format string, a ...any) error {
	return &failure{status: status, text: fmt.Sprintf(format, a...)}
}

// busy returns the error of a request that has to come later.
func busy(format string, a ...any) error {
	return &failure{status: http.StatusServiceUnavailable, text: fmt.Sprintf(format, a...), retry: time.Second}
}

// errTimeout is the cause of a request's context after its time is over.
var errTimeout = errors.New("the time of the request is over")

// statusGone is the status in logs of a request whose client has gone. No client gets it. nginx introduced it.
const statusGone = 499

// failed returns the failure that an error is for clients. internal reports whether the client learns nothing of the error.
func failed(err error) (f *failure, internal bool) {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &f):
		return f, false
	case errors.As(err, &large):
		return &failure{status: http.StatusRequestEntityTooLarge, text: fmt.Sprintf("the body is larger than %d bytes", large.Limit)}, false
	case errors.Is(err, errTimeout), errors.Is(err, context.DeadlineExceeded):
		return &failure{status: http.StatusServiceUnavailable, text: "the prediction took too long", retry: time.Second}, false
	case errors.Is(err, context.Canceled):
		return &failure{status: statusGone, text: "the client has gone"}, false
	}
	return &failure{status: http.StatusInternalServerError, text: "internal error"}, true
}

// write answers a request with a failure. All protocols have the same form of errors.
func (f *failure) write(c *call) {
	if f.retry > 0 {
		c.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.retry.Seconds()))))
	}
	c.json(f.status, map[string]string{"error": f.text})
}
