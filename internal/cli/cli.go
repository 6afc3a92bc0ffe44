// Package cli is the command line: a file a command. Main parses; env.go is what commands
// work with; source.go, model.go and flow.go are what they share; folder.go holds the
// files that they write.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince/data/augment"
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
  lince train demo:cats-and-dogs   # draws its pictures, no download
  lince train dogs-vs-cats.zip     # the tutorial, from Kaggle's file as it is
  lince predict runs/train-1/best.keras photo.jpg`

// commands is the command line.
type commands struct {
	Train      trainCommand      `cmd:"" help:"Train a model on pictures."`
	Evaluate   evaluateCommand   `cmd:"" help:"Judge a model on labeled pictures."`
	Predict    predictCommand    `cmd:"" help:"Say what pictures show."`
	Summary    summaryCommand    `cmd:"" help:"Print the layers of a model."`
	Show       showCommand       `cmd:"" help:"Look at a picture, as numbers and in the terminal."`
	Data       dataCommand       `cmd:"" help:"Look at a data set: first rows, counts, files left out."`
	Completion completionCommand `cmd:"" help:"Print the script that lets a shell complete."`

	Quiet   bool             `short:"q" help:"Print errors, warnings and what was asked for, no progress."`
	JSON    bool             `name:"json" help:"Print the result as JSON on standard output, and all else on standard error."`
	Version kong.VersionFlag `help:"Print the version."`
}

// The groups of flags in --help.
const (
	dataGroup   = "data"
	modelGroup  = "model"
	outputGroup = "output"
)

// newParser makes the parser of a command line; exit is called where kong would end the
// process.
func newParser(c *commands, stdout, stderr io.Writer, exit func(code int)) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("lince"),
		kong.Description(description),
		kong.Writers(stdout, stderr),
		kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
		kong.ExplicitGroups([]kong.Group{
			{Key: dataGroup, Title: "Pictures and labels:"},
			{Key: modelGroup, Title: "Model and training:"},
			{Key: outputGroup, Title: "Output:"},
		}),
		kong.Vars{
			"version":      "lince " + version(),
			"augment":      tutorialAugment(),
			"augment_keys": strings.Join(augmentKeys(), ", "),
		},
	)
}

// Main runs the command line and returns the exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	var c commands
	exited := -1
	parser, err := newParser(&c, stdout, stderr, func(code int) { exited = code; panic(exitPanic{}) })
	if err != nil {
		fmt.Fprintln(stderr, "lince: error:", err)
		return exitFailure
	}
	if os.Getenv("COMP_LINE") != "" {
		return complete(parser)
	}
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "help":
		args = append(slices.Clone(args[1:]), "--help")
	}
	k, code := parse(parser, args, &exited, stderr)
	if k == nil {
		return code
	}
	e, stop := newEnv(&c, k.Selected().Name, args, stdout, stderr)
	defer stop()
	return e.conclude(e.run(func() error { return k.Run(e) }))
}

// conclude says how a command ended, and gives its exit code.
func (e *env) conclude(err error) int {
	var (
		stopped interruption
		usage   usageError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &stopped):
		e.interrupted(" " + indent(err.Error()))
		return exitInterrupted
	case errors.Is(err, context.Canceled) && e.ctx.Err() != nil:
		e.interrupted("")
		return exitInterrupted
	case errors.As(err, &usage):
		fmt.Fprintf(e.stderr, "lince: error: %s\n", indent(err.Error()))
		return exitUsage
	}
	fmt.Fprintf(e.stderr, "lince: error: %s\n", indent(err.Error()))
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
	var u usageError
	if errors.As(err, &u) { // without kong's words around it
		err = u
	}
	text := noValue.ReplaceAllString(err.Error(), "want a value")
	fmt.Fprintf(stderr, "lince: error: %s\nRun \"lince%s --help\" for how to use it.\n", indent(text), command)
	return nil, exitUsage
}

// noValue is kong's word for a flag at the end that wants a value.
var noValue = regexp.MustCompile(`expected \S+ value but got "EOL" \(<EOL>\)`)

// interruption is the end of a command by ^C; it says what there is.
type interruption string

func (i interruption) Error() string { return string(i) }

// usageError is a mistake in how a command was called.
type usageError struct{ error }

// mistakes is a usageError of all that are not nil, or nil.
func mistakes(errs ...error) error {
	if err := errors.Join(errs...); err != nil {
		return usageError{err}
	}
	return nil
}

// bound is a flag's value and the least that it may be.
type bound struct {
	flag  string
	n     int
	least int
}

// atLeast lists the flags that are below their bounds.
func atLeast(bounds ...bound) error {
	var errs []error
	for _, b := range bounds {
		if b.n < b.least {
			errs = append(errs, fmt.Errorf("%s %d: want at least %d", b.flag, b.n, b.least))
		}
	}
	return errors.Join(errs...)
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

// normalisation are the words of a spec of augment that are no augmentation: what they do
// to a picture, prediction would have to do too.
var normalisation = []string{"samplewise-center", "samplewise-std", "featurewise-center", "featurewise-std", "zca", "zca-epsilon", "validation-split"}

// augmentKeys are the words of --augment.
func augmentKeys() []string {
	return slices.DeleteFunc(augment.Keys(), func(k string) bool { return slices.Contains(normalisation, k) })
}

// tutorialAugment is the tutorial's augmentation as a spec, without its rescaling.
func tutorialAugment() string {
	g := augment.Tutorial()
	g.Rescale = 0
	return strings.ReplaceAll(g.String(), " ", "")
}
