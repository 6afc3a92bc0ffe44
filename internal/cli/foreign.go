package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/internal/namelist"
	"github.com/lince-ml/lince/internal/shell"
)

// foreignFlags add class names and a scale of pixel values to a model. A file that Keras wrote has
// neither class names nor preprocessing.
type foreignFlags struct {
	rescaleFlag
	Classes nameList `placeholder:"NAME,..." help:"Names of the model's classes, in the order of its outputs, instead of those in its file. ${escapes}"`
	inputShapeFlags
}

// rescaleFlag sets the scale of pixel values.
type rescaleFlag struct {
	Rescale string `placeholder:"1/255|MODE" help:"Multiply pixel values by this factor, or scale them as preprocess_input of keras.applications does: tf (x/127.5 - 1), torch or caffe. By default, they are scaled as the model file says; if it does not say, as fits the statistics of its batch normalization."`
}

// step parses --rescale. It is nil if the flag is not set.
func (f rescaleFlag) step() (preprocess.Step, error) {
	if f.Rescale == "" {
		return nil, nil
	}
	var mode preprocess.Mode
	if mode.UnmarshalText([]byte(f.Rescale)) == nil {
		return preprocess.Input{Mode: mode}, nil
	}
	g, err := augment.Parse("rescale=" + f.Rescale)
	if err != nil || strings.Contains(f.Rescale, ",") || !(g.Rescale > 0) {
		return nil, fmt.Errorf("--rescale must be a factor such as 1/255, or tf, torch or caffe, got %s", f.Rescale)
	}
	return preprocess.Rescale{Scale: g.Rescale}, nil
}

// mistakes returns the error of the flag.
func (f rescaleFlag) mistakes() error {
	_, err := f.step()
	return err
}

// mistakes returns the errors of the flags.
func (f foreignFlags) mistakes() error {
	return mistakes(f.rescaleFlag.mistakes(), f.inputShapeFlags.mistakes())
}

// openTrained opens a model for evaluation or prediction, and completes it from the flags.
func (e *env) openTrained(name string, threads int, f foreignFlags) (*lince.Model, error) {
	if k, err := lince.FileKindOf(name); err == nil && k.Name == "json" {
		return nil, fmt.Errorf("%s: is %s, which has no weights; train it with lince train --model %s, or add weights with lince convert WEIGHTS model.keras --network %s", name, k.Title, name, name)
	}
	o, err := f.imageOptions(name)
	if err != nil {
		return nil, err
	}
	o.Threads = threads
	m, err := openModel(name, o)
	if err != nil {
		return nil, err
	}
	e.noted(name, m)
	if err := oneImage(m); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, e.complete(name, m, f)
}

// complete adds what the flags say to a model of images from a file.
func (e *env) complete(name string, m *lince.Model, f foreignFlags) error {
	rescale, err := f.step()
	if err != nil {
		return usageError{err}
	}
	for _, doubt := range m.Doubts() {
		e.warn(fmt.Sprintf("%s: %v", name, doubt))
	}
	open, err := f.imageSize(name, m)
	if err != nil {
		return err
	}
	foreign := m.Preprocessing == nil
	if err := e.completePreprocessing(name, m, open, rescale); err != nil {
		return err
	}
	if out := m.OutputShape(); foreign && hasGraph(m) && len(out) == 2 && m.GivesLogits() {
		function := "softmax"
		if out[1] == 1 {
			function = "sigmoid"
		}
		e.printf("The outputs of %s are logits; probabilities are their %s.\n", name, function)
	}
	if len(f.Classes) > 0 {
		if n := classCount(m); n != len(f.Classes) {
			return usageError{fmt.Errorf("--classes has %s, but the model %s has %d classes", count(len(f.Classes), "name"), name, n)}
		}
		m.Classes = f.Classes
	} else if names := classesBeside(name, m); names != nil {
		e.printf("The file labels.txt beside %s has %d names; to use them as classes: --classes %s\n", name, len(names), shell.Quote(namelist.Join(names...)))
	}
	return nil
}

// numberedName matches a line of the labels.txt of Teachable Machine: 0 cat.
var numberedName = regexp.MustCompile(`^(\d+) (.+)$`)

// classesBeside returns the names in the labels.txt beside the file of a model without class names, as Teachable Machine writes it; nil if there is none, or it does not fit.
func classesBeside(file string, m *lince.Model) []string {
	const longest = 1 << 20
	if len(m.Classes) > 0 {
		return nil
	}
	f, err := os.Open(filepath.Join(filepath.Dir(file), "labels.txt"))
	if err != nil {
		return nil
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, longest))
	if err != nil || !utf8.Valid(text) {
		return nil
	}
	names := strings.Split(strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")), "\n")
	numbered := true
	for i, n := range names {
		match := numberedName.FindStringSubmatch(n)
		numbered = numbered && match != nil && match[1] == strconv.Itoa(i)
	}
	for i, n := range names {
		if numbered {
			n = numberedName.FindStringSubmatch(n)[2]
		}
		if names[i] = strings.TrimSpace(n); names[i] == "" {
			return nil
		}
	}
	if len(names) != classCount(m) {
		return nil
	}
	return names
}
