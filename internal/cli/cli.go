// Package cli implements the lince command. Each command has its own file. Main parses the
// command line and runs the command. Commands share the environment (env.go), the code that
// opens data and models (source.go, model.go, flow.go) and the output folder (folder.go).
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/internal/namelist"
	"github.com/lince-ml/lince/internal/patherr"
	"github.com/lince-ml/lince/internal/progress"
	"github.com/lince-ml/lince/internal/remote"
)

// The exit codes.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitInterrupted = 130 // 128 + SIGINT, which shells report for a command that ^C ended
)

const description = `Train, evaluate and use image classifiers.

lince trains Keras models on a CPU. It opens the model files of Keras, and Keras opens those of lince.

Examples:
  lince train demo:cats-and-dogs   # generated images, no download
  lince train dogs-vs-cats.zip     # the Keras tutorial, with Kaggle's archive
  lince train photos/ --model mobilenetv2   # photos, a folder for each class
  lince predict runs/train-1 photo.jpg`

// commands defines the command line: kong reads the tags.
type commands struct {
	Train      trainCommand      `cmd:"" help:"Train a model on images."`
	Evaluate   evaluateCommand   `cmd:"" help:"Evaluate a model on labeled images."`
	Predict    predictCommand    `cmd:"" help:"Classify images."`
	Features   featuresCommand   `cmd:"" help:"Write the features (embeddings) of images to a file, and find similar images."`
	Report     reportCommand     `cmd:"" help:"Compare training runs: results, settings and curves."`
	Summary    summaryCommand    `cmd:"" help:"Print the layers of a model."`
	Run        runCommand        `cmd:"" help:"Run a model on tensors, and print its inputs and outputs."`
	Convert    convertCommand    `cmd:"" help:"Write a model as a file of another kind."`
	Diff       diffCommand       `cmd:"" help:"Compare two models: layers, weights and predictions."`
	Show       showCommand       `cmd:"" help:"Show an image in the terminal, with its shape and pixel values."`
	Data       dataCommand       `cmd:"" help:"Show the contents of a folder or archive: first rows, classes, skipped files."`
	Check      checkCommand      `cmd:"" help:"Search images and labels for faults: duplicates, corrupt or blurred images, wrong labels."`
	Clean      cleanCommand      `cmd:"" help:"Write a CSV file of the images without faults, for lince train."`
	Weights    weightsCommand    `cmd:"" help:"List the published weights of networks, and how to fetch those that are missing."`
	Serve      serveCommand      `cmd:"" help:"Answer requests for predictions over HTTP."`
	Completion completionCommand `cmd:"" help:"Print a shell completion script."`

	Quiet   bool             `short:"q" help:"Do not print progress."`
	JSON    bool             `name:"json" help:"Print the result as JSON to standard output, and everything else to standard error."`
	Version kong.VersionFlag `help:"Print the version and exit."`

	buckets func(ctx context.Context, address *url.URL) (remote.Bucket, error)
}

// csvFlag is the flag of the commands that write CSV files.
type csvFlag struct {
	RawCSV bool `name:"raw-csv" help:"Write texts to CSV files as they are. By default, an apostrophe is put before texts that spreadsheets take for formulas, such as =1+1."`
}

// rawTexts reports whether the command line has --raw-csv.
func rawTexts(k *kong.Context) bool {
	return slices.ContainsFunc(k.Flags(), func(f *kong.Flag) bool { return f.Name == "raw-csv" && f.Target.Bool() })
}

// The groups of flags in --help.
const (
	dataGroup      = "data"
	modelGroup     = "model"
	transferGroup  = "transfer"
	optimizerGroup = "optimizer"
	lossGroup      = "loss"
	outputGroup    = "output"
	serverGroup    = "server"
	limitsGroup    = "limits"
)

// newParser returns the parser of the command line. It calls exit where kong would end the
// process.
func newParser(c *commands, stdout, stderr io.Writer, exit func(code int)) (*kong.Kong, error) {
	parser, err := kong.New(c,
		kong.Name("lince"),
		kong.Description(description),
		kong.Writers(stdout, stderr),
		kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
		kong.ExplicitGroups([]kong.Group{
			{Key: dataGroup, Title: "Images and labels:"},
			{Key: modelGroup, Title: "Model and training:"},
			{Key: transferGroup, Title: "Transfer learning:"},
			{Key: optimizerGroup, Title: "Optimizer and learning rate:"},
			{Key: lossGroup, Title: "Loss, metrics and early stopping:"},
			{Key: outputGroup, Title: "Output:"},
			{Key: serverGroup, Title: "Server:"},
			{Key: limitsGroup, Title: "Batches and limits:"},
		}),
		helpVars(),
		kong.KindMapper(reflect.String, textMapper("string")),
		kong.TypeMapper(reflect.TypeFor[path](), textMapper("value")),
	)
	if err != nil {
		return nil, err
	}
	parser.Model.HelpFlag.Help = "Print help and exit."
	return parser, nil
}

// helpVars returns the variables of the flags' help.
func helpVars() kong.Vars {
	return kong.Vars{"version": "lince " + version(), "augment": tutorialAugment(), "tta": usualVariants, "escapes": "I" + namelist.Escapes[1:] + ".", "schedules": strings.Join(scheduleNames(), ", "),
		"targets": strings.Join(targetNames(), ", "), "runtimes": strings.Join(runtimeNames(), ", ")}
}

// Addition is what another program adds to the commands.
type Addition func(c *commands)

// Protocol makes lince serve answer a further protocol. wrap returns a handler that answers requests of this protocol and passes all others to h, which limits
// the bodies of requests to maxBody bytes.
func Protocol(wrap func(h http.Handler, maxBody int64) (http.Handler, error)) Addition {
	return func(c *commands) { c.Serve.wrap = wrap }
}

// Buckets makes all commands read from buckets. open opens the bucket of an address such as s3://bucket/folder.
func Buckets(open func(ctx context.Context, address *url.URL) (remote.Bucket, error)) Addition {
	return func(c *commands) { c.buckets = open }
}

// Main runs the command line and returns the exit code.
func Main(args []string, stdout, stderr io.Writer, additions ...Addition) int {
	var c commands
	for _, add := range additions {
		add(&c)
	}
	exited := -1
	texts := &checkedWriter{w: stdout} // of --help and --version
	var out io.Writer = texts
	if f, ok := stdout.(*os.File); ok && progress.IsTerminal(f) { // kong takes the width of the terminal from it
		out = f
	}
	parser, err := newParser(&c, out, stderr, func(code int) { exited = code; panic(exitPanic{}) })
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
		if texts.err != nil {
			if code == exitOK { // else kong has reported it
				fmt.Fprintln(stderr, "lince: error: cannot write the output:", patherr.Bare(texts.err))
			}
			return exitFailure
		}
		return code
	}
	if err := cmp.Or(checkStandard(k), checkOutputs(k)); err != nil {
		return (&env{stderr: stderr}).conclude(err)
	}
	e, stop := newEnv(&c, k.Selected().Name, args, stdout, stderr)
	defer stop()
	e.raw = rawTexts(k)
	return e.conclude(e.run(func() error {
		if err := e.prepareInputs(k); err != nil {
			return err
		}
		return k.Run(e)
	}))
}

// checkedWriter keeps the first error of a writer, for a package that ignores it.
type checkedWriter struct {
	w   io.Writer
	err error
}

// Write implements io.Writer.
func (c *checkedWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.err = cmp.Or(c.err, err)
	return n, err
}

// conclude reports the error of a command, if any, and returns the exit code.
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
	case errors.Is(err, errDiffer), errors.Is(err, errFaults): // the result says how
		return exitFailure
	}
	e.fail(err)
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailure
}

// exitPanic unwinds from kong where it would end the process: after --help and --version.
type exitPanic struct{}

// parse parses the command line. It returns a nil context and the exit code if there is no
// command to run.
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
	if errors.As(err, &u) { // drop kong's prefix
		err = u
	}
	text := err.Error()
	if pe != nil {
		text = cmp.Or(kerasHint(text, pe.Context.Selected()), commandHint(text, pe.Context.Selected()), text)
	}
	for _, m := range kongMessages {
		text = m.match.ReplaceAllString(text, m.write)
	}
	fmt.Fprintf(stderr, "lince: error: %s\nRun \"lince%s --help\" for usage.\n", indent(text), command)
	return nil, exitUsage
}

// kongMessages lists messages of kong that lince words differently.
var kongMessages = []struct {
	match *regexp.Regexp
	write string
}{
	{regexp.MustCompile(`expected \S+ value but got "EOL" \(<EOL>\)`), `needs a value`},
	{regexp.MustCompile(`expected \S+ value but got (".*") \((?:short|long) flag\); perhaps try (\S+)\?`), `needs a value, got the flag $1; write $2 if it is the value`},
	{regexp.MustCompile(`expected a valid 32 bit uint but got (".*")`), `must be an integer from 0 to 4294967295, got $1`},
	{regexp.MustCompile(`expected a valid \d+ bit int but got (".*")`), `must be an integer, got $1`},
	{regexp.MustCompile(`expected a float but got (".*") \(string\)`), `must be a number, got $1`},
	{regexp.MustCompile(`bool value must be .* but got (".*")`), `must be true or false, got $1`},
	{regexp.MustCompile(`must be one of (.*) but got (".*")`), `must be one of $1, got $2`},
}

// interruption is the error of a command that was ended by ^C. It says what was saved.
type interruption string

func (i interruption) Error() string { return string(i) }

// usageError is a mistake on the command line.
type usageError struct{ error }

// mistakes joins errors into one usageError. It returns nil if all are nil.
func mistakes(errs ...error) error {
	if err := errors.Join(errs...); err != nil {
		return usageError{err}
	}
	return nil
}

// bound is a flag's value and its lower bound.
type bound struct {
	flag string
	n    int
	min  int
}

// atLeast returns an error for each flag that is below its bound.
func atLeast(bounds ...bound) error {
	var errs []error
	for _, b := range bounds {
		if b.n < b.min {
			errs = append(errs, fmt.Errorf("%s must be at least %d, got %d", b.flag, b.min, b.n))
		}
	}
	return errors.Join(errs...)
}

// threadMistake returns the error of a value of --threads.
func threadMistake(n int) error {
	if n < 0 || n > lince.MaxThreads {
		return fmt.Errorf("--threads must be from 1 to %d, or 0 for one per processor (this machine has %d), got %d", lince.MaxThreads, runtime.NumCPU(), n)
	}
	return nil
}

// indent indents all lines of a message after the first, names flags instead of options of the library, and escapes what cannot be seen.
func indent(s string) string {
	return strings.ReplaceAll(visible(withFlags(shorten(strings.TrimRight(s, "\n")))), "\n", "\n  ")
}

// shorten returns a message with its first lines and the number of the others. It cuts long lines: they have text of a file.
func shorten(s string) string {
	const most, longest = 50, 4000
	lines := strings.Split(s, "\n")
	if more := len(lines) - most; more > 0 {
		lines = append(lines[:most], fmt.Sprintf("... and %d more lines", more))
	}
	for i, line := range lines {
		if len(line) > longest {
			lines[i] = strings.ToValidUTF8(line[:longest], "") + " ..."
		}
	}
	return strings.Join(lines, "\n")
}

// count returns a number with its noun: "1 image", "2 images". A plural that is not the noun and an s is given.
func count(n int, noun string, plural ...string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case len(plural) > 0:
		return fmt.Sprintf("%d %s", n, plural[0])
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// normalization lists the options of package augment that --augment does not accept. They are not
// random changes of training images: predictions would need them too.
var normalization = []string{"samplewise-center", "samplewise-std", "featurewise-center", "featurewise-std", "zca", "zca-epsilon", "validation-split"}

// augmentKeys returns the options that --augment accepts.
func augmentKeys() []string {
	return slices.DeleteFunc(augment.Keys(), func(k string) bool { return slices.Contains(normalization, k) })
}

// tutorialAugment returns the tutorial's augmentation in the syntax of --augment, without its
// rescaling.
func tutorialAugment() string {
	g := augment.Tutorial()
	g.Rescale = 0
	return strings.ReplaceAll(g.String(), " ", "")
}
