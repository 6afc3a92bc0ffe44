package cli

import (
	"fmt"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/augment"
)

// foreignFlags add class names and a scale of pixel values to a model. A file that Keras wrote has
// neither class names nor preprocessing.
type foreignFlags struct {
	Rescale string   `placeholder:"1/255" help:"Multiply pixel values by this factor, instead of scaling them as the model file says."`
	Classes []string `placeholder:"NAME" help:"Names of the model's classes, in the order of its outputs, instead of those in its file."`
	inputShapeFlags
}

// factor parses --rescale. It is 0 if the flag is not set.
func (f foreignFlags) factor() (float64, error) {
	if f.Rescale == "" {
		return 0, nil
	}
	g, err := augment.Parse("rescale=" + f.Rescale)
	if err != nil || strings.Contains(f.Rescale, ",") || !(g.Rescale > 0) {
		return 0, fmt.Errorf("--rescale must be a factor such as 1/255, got %s", f.Rescale)
	}
	return g.Rescale, nil
}

// mistakes returns the errors of the flags.
func (f foreignFlags) mistakes() error {
	_, err := f.factor()
	return mistakes(err, f.inputShapeFlags.mistakes())
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

// scalesPixels says why the images of a model are not scaled.
func scalesPixels(name string) string {
	return fmt.Sprintf("The network of %s scales pixel values itself, so it gets values from 0 to 255.", name)
}

// complete adds what the flags say to a model of images from a file.
func (e *env) complete(name string, m *lince.Model, f foreignFlags) error {
	rescale, err := f.factor()
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
	if m.Preprocessing == nil {
		if m.Preprocessing, err = defaultPreprocessing(m, open); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		switch {
		case rescale != 0:
		case m.ScalesPixels():
			e.printf("%s\n", scalesPixels(name))
		default:
			rescale = 1. / 255
			e.warn(fmt.Sprintf("the model %s has no preprocessing; pixel values are multiplied by 1/255 (set the factor with --rescale; a network that was trained on values from 0 to 255 needs --rescale 1)", name))
		}
		if out := m.OutputShape(); hasGraph(m) && len(out) == 2 && m.GivesLogits() {
			function := "softmax"
			if out[1] == 1 {
				function = "sigmoid"
			}
			e.printf("The outputs of %s are logits; probabilities are their %s.\n", name, function)
		}
	}
	if rescale != 0 {
		m.Preprocessing = rescaled(m.Preprocessing, rescale)
	}
	if len(f.Classes) > 0 {
		if n := classCount(m); n != len(f.Classes) {
			return usageError{fmt.Errorf("--classes has %s, but the model %s has %d classes", count(len(f.Classes), "name"), name, n)}
		}
		m.Classes = f.Classes
	}
	return nil
}
