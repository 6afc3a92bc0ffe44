package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/progress"
)

// env is what a command works with.
type env struct {
	args   []string        // the command line
	ctx    context.Context // ends at the first ^C: stop, and keep what there is
	hard   context.Context // ends at the second
	stdout io.Writer       // results
	stderr io.Writer       // errors and warnings
	text   io.Writer       // progress
	quiet  bool
	json   bool

	*leaving
}

// leaving is how a command ends after a ^C.
type leaving struct {
	// saving says that the command has something to save: it ends in its own time.
	saving atomic.Bool
	// abandoned, which may be nil, is called where the command is not waited for.
	abandoned atomic.Pointer[func()]
}

// endSignals are those that ask a process to end: ^C; what service managers and batch
// systems send; that the terminal is gone.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// newEnv makes the environment: the first ^C ends ctx, the second hard, the third the
// process. Progress goes to standard error, so that a command's result can be piped on; of
// train it is what is asked for, and goes to standard output as Keras' does.
func newEnv(c *commands, command string, args []string, stdout, stderr io.Writer) (*env, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	hard, cancelHard := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	for _, s := range endSignals {
		if !signal.Ignored(s) { // as nohup has SIGHUP ignored
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
	e := &env{args: args, ctx: ctx, hard: hard, stdout: stdout, stderr: stderr, text: stderr, quiet: c.Quiet, json: c.JSON, leaving: &leaving{}}
	if command == "train" {
		signal.Ignore(syscall.SIGPIPE) // the write fails instead
	}
	switch {
	case c.Quiet:
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

// listened is a writer whose reader may go away, as head does. Writes succeed all the same:
// what is lost is text that accompanies the work.
type listened struct {
	w    io.Writer
	stop func()

	mu  sync.Mutex
	err error // the first one
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

// stopUnheard is a ^C where nobody reads the text any more. A training asks after a step:
// then there is a model to save.
func (e *env) stopUnheard() {
	l, ok := e.text.(*listened)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if errors.Is(l.err, syscall.EPIPE) {
		l.stop()
	}
}

// unwritten is the error of a text that could not be written, but for a reader who left.
func (e *env) unwritten() error {
	l, ok := e.text.(*listened)
	if !ok {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil || errors.Is(l.err, syscall.EPIPE) {
		return nil
	}
	return fmt.Errorf("the output could not be written: %w", l.err)
}

// grace is how long a command may take to end by itself after a ^C.
const grace = 500 * time.Millisecond

// run runs a command. After the first ^C it has a moment to end; what takes longer, such as
// a file that is slow to decode, is left behind in the process that ends. A command that has
// something to save gets the time that it needs, until the second ^C.
func (e *env) run(command func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- command() }()
	for _, ctx := range []context.Context{e.ctx, e.hard} {
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
		}
		if ctx == e.ctx && e.saving.Load() {
			continue
		}
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case err := <-ended:
			return err
		case <-timer.C:
		}
		if ctx == e.ctx && e.saving.Load() { // it began a moment ago
			continue
		}
		break
	}
	if clean := e.abandoned.Load(); clean != nil {
		(*clean)()
	}
	return context.Canceled
}

// display shows progress.
func (e *env) display() *progress.Display { return progress.Detect(e.text, e.quiet) }

// verbose is how a model shows its progress.
func (e *env) verbose() lince.Verbose {
	if e.quiet {
		return lince.Silent
	}
	return lince.Auto
}

// printf prints what accompanies the work.
func (e *env) printf(format string, a ...any) { fmt.Fprintf(e.text, format, a...) }

func (e *env) warn(text string) { fmt.Fprintf(e.stderr, "lince: warning: %s\n", indent(text)) }

// interrupted says that ^C ended the command; in a terminal, over the ^C that it shows.
func (e *env) interrupted(how string) {
	over := ""
	if f, ok := e.stderr.(*os.File); ok && progress.IsTerminal(f) {
		over = "\r"
	}
	fmt.Fprintf(e.stderr, "%slince: interrupted%s\n", over, how)
}

// result prints v as JSON where that was asked for, and else calls human.
func (e *env) result(v any, human func(w io.Writer) error) error {
	if !e.json {
		return human(e.stdout)
	}
	return writeJSON(e.stdout, v)
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
