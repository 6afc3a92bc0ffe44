package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/progress"
	"github.com/lince-ml/lince/internal/remote"
)

// env is the environment of a command: its contexts and outputs.
type env struct {
	args   []string        // the command line
	ctx    context.Context // canceled by the first ^C: stop, and save the results
	hard   context.Context // canceled by the second: stop at once
	stdout io.Writer       // results
	stderr io.Writer       // errors and warnings
	text   io.Writer       // progress
	quiet  bool
	json   bool
	raw    bool // CSV files have texts as they are
	// buckets opens the bucket of an address. It is nil in a binary without the libraries for buckets.
	buckets func(ctx context.Context, address *url.URL) (remote.Bucket, error)
	log     *slog.Logger   // gets warnings and other text, instead of stderr and text, as lines of JSON: that of lince serve --log json; nil for others
	found   *data.Findings // in the images that the command checked; may be nil
	// steps shows the progress of a training whose text is not shown, as that of a fold. It is nil for others.
	steps func(done, total int)

	*leaving
}

// leaving controls how a command ends after ^C.
type leaving struct {
	mu sync.Mutex
	// saving is set once the command writes files. The first ^C then does not limit the time
	// that the command may take to end.
	saving    bool
	abandoned atomic.Pointer[func() error] // set by onAbandon
	// bar is the latest counter, if it is redrawn in place.
	bar atomic.Pointer[progress.Counter]
}

// endSignals are the signals that ask a process to end. Interrupt comes from ^C, SIGTERM from
// service managers and batch systems, SIGHUP from a terminal that was closed.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// newEnv returns the environment of a command, and a function that releases it. The first ^C
// cancels ctx, the second cancels hard, and the third ends the process. Progress goes to
// standard error, so that the result can be piped. The progress of train goes to standard
// output, as in Keras.
func newEnv(c *commands, command string, args []string, stdout, stderr io.Writer) (*env, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	hard, cancelHard := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	for _, s := range endSignals {
		if !signal.Ignored(s) { // nohup ignores SIGHUP
			signal.Notify(signals, s)
		}
	}
	done := make(chan struct{})
	go func() {
		for _, end := range []func(){cancel, cancelHard} {
			select {
			case <-done:
				return
			case <-signals:
				end()
			}
		}
		signal.Stop(signals)
	}()
	e := &env{args: args, ctx: ctx, hard: hard, stdout: stdout, stderr: stderr, text: stderr, quiet: c.Quiet, json: c.JSON, found: new(data.Findings), buckets: c.buckets, leaving: &leaving{}}
	if command == "train" {
		signal.Ignore(syscall.SIGPIPE) // the write fails instead
		if c.JSON {
			e.stdout = &listened{w: stdout, stop: cancel}
		}
	}
	if command == "serve" && c.Serve.Log == jsonLog {
		e.log = c.Serve.logger(e)
	}
	switch {
	case c.Quiet || e.log != nil:
		e.text = io.Discard
	case command == "train" && !c.JSON:
		e.text = stdout
		if f, ok := stdout.(*os.File); !ok || !progress.IsTerminal(f) {
			e.text = &listened{w: stdout, stop: cancel}
		}
	}
	return e, func() {
		signal.Stop(signals)
		if command == "train" {
			signal.Reset(syscall.SIGPIPE)
		}
		close(done)
		cancel()
		cancelHard()
	}
}

// listened is a writer to a process that may exit early, such as head. Write never returns an error,
// because a command must not fail only because its progress cannot be printed.
type listened struct {
	w    io.Writer
	stop func()

	mu  sync.Mutex
	err error // the first error
}

// Write implements io.Writer.
func (l *listened) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		_, l.err = l.w.Write(b)
	}
	return len(b), nil
}

// listened returns the writer of the text output, or of the JSON lines of train. It is nil if that cannot end early.
func (e *env) listened() *listened {
	if l, ok := e.stdout.(*listened); ok {
		return l
	}
	text := e.text
	for {
		c, ok := text.(copier)
		if !ok {
			l, _ := text.(*listened)
			return l
		}
		text = c.w
	}
}

// stopUnheard has the same effect as ^C if the process that reads the text has exited. Training calls
// it after each step, when there is a model to save.
func (e *env) stopUnheard() {
	l := e.listened()
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if errors.Is(l.err, syscall.EPIPE) {
		l.stop()
	}
}

// unwritten returns the error of the output of train. It returns nil if the process that reads the text
// has exited.
func (e *env) unwritten() error {
	l := e.listened()
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil || errors.Is(l.err, syscall.EPIPE) {
		return nil
	}
	return fmt.Errorf("cannot write the output: %w", l.err)
}

// grace is the time that a command has to end after ^C.
const grace = 500 * time.Millisecond

// onAbandon sets the function that returns the error to report if the process ends before the
// command does. It is called while the command is still running.
func (l *leaving) onAbandon(f func() error) { l.abandoned.Store(&f) }

// startSaving must be called before a command writes its first file. It fails after ^C: run may
// then end the process at any time, so the command must not write.
func (e *env) startSaving() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	err := e.ctx.Err()
	e.saving = e.saving || err == nil
	return err
}

// isSaving reports whether startSaving succeeded. It does not change after ^C.
func (e *env) isSaving() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.saving
}

// run runs a command. After the first ^C the command has a grace period to end. run does not
// wait longer, for example for a file that is slow to read. A command that is saving has
// unlimited time until the second ^C.
func (e *env) run(command func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- command() }()
	for _, ctx := range []context.Context{e.ctx, e.hard} {
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
		}
		if ctx == e.ctx && e.isSaving() {
			continue
		}
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case err := <-ended:
			return err
		case <-timer.C:
		}
		break
	}
	if bar := e.bar.Load(); bar != nil {
		bar.Abandon()
	}
	if abandoned := e.abandoned.Load(); abandoned != nil {
		return (*abandoned)()
	}
	return context.Canceled
}

// display returns the display for progress.
func (e *env) display() *progress.Display { return progress.Detect(e.text, e.quiet) }

// counter starts a progress bar for work other than training. total is 0 if it is not known.
func (e *env) counter(label string, total int) *progress.Counter {
	d := e.display()
	c := d.Counter(label, total)
	if d.Mode == progress.Live {
		e.bar.Store(c)
	}
	return c
}

// verbose returns how a model shows its progress.
func (e *env) verbose() lince.Verbose {
	if e.quiet {
		return lince.Silent
	}
	return lince.Auto
}

// findings returns what was found in the images that the command checked.
func (e *env) findings() data.Findings {
	if e.found == nil {
		return data.Findings{}
	}
	return *e.found
}

// printf prints progress and other text that is not the result. Characters that cannot be seen are escaped.
func (e *env) printf(format string, a ...any) {
	text := visible(fmt.Sprintf(format, a...))
	if e.log != nil {
		e.log.Info(strings.TrimSpace(text))
		return
	}
	fmt.Fprint(e.text, text)
}

func (e *env) warn(text string) {
	if e.log != nil {
		e.log.Warn(indent(text))
		return
	}
	fmt.Fprintf(e.stderr, "lince: warning: %s\n", indent(text))
}

// fail reports the error that ends the command.
func (e *env) fail(err error) {
	if e.log != nil {
		e.log.Error(indent(err.Error()))
		return
	}
	fmt.Fprintf(e.stderr, "lince: error: %s\n", indent(err.Error()))
}

// interrupted reports that ^C ended the command. In a terminal it overwrites the echoed "^C".
func (e *env) interrupted(how string) {
	if e.log != nil {
		e.log.Warn("interrupted" + how)
		return
	}
	over := ""
	if f, ok := e.stderr.(*os.File); ok && progress.IsTerminal(f) {
		over = "\r"
	}
	fmt.Fprintf(e.stderr, "%slince: interrupted%s\n", over, how)
}

// escaped returns a function that writes what human writes, but escapes what cannot be seen.
func escaped(human func(w io.Writer) error) func(w io.Writer) error {
	return func(w io.Writer) error {
		var b strings.Builder
		if err := human(&b); err != nil {
			return err
		}
		_, err := io.WriteString(w, visible(b.String()))
		return err
	}
}

// result prints the command's result: v as JSON with --json, else the text that human writes. The text may have names from files, so what cannot be seen is escaped.
func (e *env) result(v any, human func(w io.Writer) error) error {
	return e.rawResult(v, escaped(human))
}

// rawResult is result for a text that controls the terminal on purpose, or is a script.
func (e *env) rawResult(v any, human func(w io.Writer) error) error {
	if !e.json {
		return human(e.stdout)
	}
	return writeJSON(e.stdout, v)
}
