// Package cli is the command line: a file a command.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/willabides/kongplete"

	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/internal/progress"
)

// The exit codes.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitInterrupted = 130 // as a shell says of a command that ^C ended
)

const description = `Train, judge and use image classifiers.

Examples:
  lince train demo:cats-and-dogs            draw pictures and train on them, no download
  lince train dogs-vs-cats.zip              the tutorial, from Kaggle's file as it is
  lince predict runs/train-1/best.keras photo.jpg`

// commands is the command line.
type commands struct {
	Train    trainCommand    `cmd:"" help:"Train a model on pictures."`
	Evaluate evaluateCommand `cmd:"" help:"Judge a model on labelled pictures."`
	Predict  predictCommand  `cmd:"" help:"Say what pictures show."`
	Summary  summaryCommand  `cmd:"" help:"Print the layers of a model."`
	Show     showCommand     `cmd:"" help:"Look at a picture as numbers and in the terminal."`
	Data     dataCommand     `cmd:"" help:"Look at a data set: head, counts, what could not be used."`

	Completions kongplete.InstallCompletions `cmd:"" name:"install-completions" help:"Print what makes your shell complete lince's commands."`

	Quiet   bool             `short:"q" help:"No progress, no tables: errors, warnings and what was asked for."`
	JSON    bool             `name:"json" help:"Print the result as JSON on standard output, all else on standard error."`
	Version kong.VersionFlag `help:"Print the version."`
}

// env is what a command works with.
type env struct {
	ctx    context.Context // ends at the first ^C: stop, and keep what there is
	hard   context.Context // ends at the second
	stdout io.Writer       // results
	stderr io.Writer       // errors and warnings
	text   io.Writer       // progress and tables: standard output, or error with --json
	quiet  bool
	json   bool
}

// Main runs the command line and returns the exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	var c commands
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("lince"),
		kong.Description(description),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code; panic(exitPanic{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Vars{
			"version":      "lince " + version(),
			"augment":      strings.ReplaceAll(augment.Tutorial().String(), " ", ""),
			"augment_keys": strings.Join(augment.Keys(), ", "),
		},
	)
	if err != nil {
		fmt.Fprintln(stderr, "lince:", err)
		return exitFailure
	}
	kongplete.Complete(parser, kongplete.WithExitFunc(os.Exit))
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, code := parse(parser, args, &exited, stderr)
	if k == nil {
		return code
	}
	e, stop := newEnv(&c, stdout, stderr)
	defer stop()
	err = k.Run(e)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errInterrupted) || errors.Is(err, context.Canceled) && e.ctx.Err() != nil:
		fmt.Fprintln(stderr, "lince: interrupted")
		return exitInterrupted
	}
	var u usageError
	if errors.As(err, &u) {
		fmt.Fprintf(stderr, "lince: error: %v\n", err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "lince: error: %s\n", indent(err.Error()))
	return exitFailure
}

// exitPanic ends kong's parsing where it would end the process: after --help and --version.
type exitPanic struct{}

// parse returns nil and the exit code when there is nothing to run.
func parse(parser *kong.Kong, args []string, exited *int, stderr io.Writer) (k *kong.Context, code int) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(exitPanic); !ok {
				panic(r)
			}
			k, code = nil, *exited
		}
	}()
	k, err := parser.Parse(args)
	if err == nil {
		return k, exitOK
	}
	command := ""
	var pe *kong.ParseError
	if errors.As(err, &pe) && pe.Context.Selected() != nil {
		command = " " + pe.Context.Selected().Name
	}
	fmt.Fprintf(stderr, "lince: error: %v\nRun \"lince%s --help\" for how to use it.\n", err, command)
	return nil, exitUsage
}

// errInterrupted says that a command ended early because of ^C, and kept what it had.
var errInterrupted = errors.New("interrupted")

// usageError is a mistake in how a command was called that only shows while it runs.
type usageError struct{ error }

// newEnv makes the environment: the first ^C ends ctx, the second hard, the third the
// process.
func newEnv(c *commands, stdout, stderr io.Writer) (*env, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	hard, cancelHard := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			case <-signals:
			}
			if i == 0 {
				cancel()
			} else {
				cancelHard()
				signal.Stop(signals)
			}
		}
	}()
	e := &env{ctx: ctx, hard: hard, stdout: stdout, stderr: stderr, text: stdout, quiet: c.Quiet, json: c.JSON}
	if c.JSON {
		e.text = stderr
	}
	if c.Quiet {
		e.text = io.Discard
	}
	return e, func() {
		signal.Stop(signals)
		close(done)
		cancel()
		cancelHard()
	}
}

// display shows progress where the command's text goes.
func (e *env) display() *progress.Display { return progress.Detect(e.text, e.quiet) }

func (e *env) printf(format string, a ...any) { fmt.Fprintf(e.text, format, a...) }

func (e *env) warn(text string) { fmt.Fprintf(e.stderr, "lince: warning: %s\n", indent(text)) }

// result prints v as JSON where that was asked for.
func (e *env) result(v any) error {
	if !e.json {
		return nil
	}
	enc := json.NewEncoder(e.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// indent sets the later lines of a message under the first.
func indent(s string) string {
	return strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n  ")
}

// count is "1 picture", "2 pictures".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
