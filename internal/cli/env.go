package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/progress"
)

// env is what a command works with.
type env struct {
	ctx    context.Context // ends at the first ^C: stop, and keep what there is
	hard   context.Context // ends at the second
	stdout io.Writer       // results
	stderr io.Writer       // errors and warnings
	text   io.Writer       // progress
	quiet  bool
	json   bool
}

// newEnv makes the environment: the first ^C ends ctx, the second hard, the third the
// process. Progress goes to standard error, so that a command's result can be piped on; of
// train it is what is asked for, and goes to standard output as Keras' does.
func newEnv(c *commands, command string, stdout, stderr io.Writer) (*env, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	hard, cancelHard := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
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
	e := &env{ctx: ctx, hard: hard, stdout: stdout, stderr: stderr, text: stderr, quiet: c.Quiet, json: c.JSON}
	switch {
	case c.Quiet:
		e.text = io.Discard
	case command == "train" && !c.JSON:
		e.text = stdout
	}
	return e, func() {
		signal.Stop(signals)
		close(done)
		cancel()
		cancelHard()
	}
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
