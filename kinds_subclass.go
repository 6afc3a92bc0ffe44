package lince

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/format/keras"
)

// kerasPackage is a package of Python whose models Keras saves with their classes.
type kerasPackage struct {
	registered string // the beginning of the registered names of its classes
	title      string
	module     string
}

var kerasPackages = []kerasPackage{
	{"keras_hub", "KerasHub", "keras_hub"},
	{"keras_cv", "KerasCV", "keras_cv"},
	{"keras_nlp", "KerasNLP", "keras_nlp"},
}

// customLayersError is the error of a network with unsupported layers, of which one is a class of another package than Keras.
type customLayersError struct {
	registered string
	error
}

func (e *customLayersError) Unwrap() error { return e.error }

// withExport adds to the error of a model with the classes of another package how Python exports it: only Python has their code.
func withExport(k *kind, f source, err error) error {
	var model *keras.ClassError
	var layers *customLayersError
	advice := ""
	switch {
	case errors.As(err, &model) && strings.Contains(model.RegisteredName, ">"):
		advice = exportAdvice(k, f, model.RegisteredName, true)
	case errors.As(err, &layers):
		advice = exportAdvice(k, f, layers.registered, false)
	}
	if advice == "" {
		return err
	}
	return fmt.Errorf("%w; %s", err, advice)
}

// exportAdvice returns the lines of Python that export a model. registered is the registered name of its class, or of that of a layer.
func exportAdvice(k *kind, f source, registered string, isModel bool) string {
	folder := f.path
	if f.folder == nil {
		folder = filepath.Dir(f.path)
	}
	network := k.name == "json" || k.name == "yaml"
	inPreset := f.path != "" && keras.IsFolder(inFolder(folder)) && (f.folder != nil || network)
	if network && !inPreset {
		return "" // it has no weights
	}
	name := filepath.Base(strings.TrimSuffix(f.name(), filepath.Ext(f.name())))
	at := slices.IndexFunc(kerasPackages, func(p kerasPackage) bool { return strings.HasPrefix(registered, p.registered) })
	if at < 0 {
		call := ""
		if isModel {
			call = "\nm(numpy.zeros((1, 224, 224, 3))) # the shape is that of the model's input"
		}
		return fmt.Sprintf("only the program that defines %q has its code; export the model there, and open the new file:\nm = keras.models.load_model(%q)%s\nm.export(%q, format=\"litert\")", registered, f.name(), call, name+".tflite")
	}
	p := kerasPackages[at]
	if !inPreset {
		return fmt.Sprintf("it is a model of %s, whose classes lince does not have; export it with Python, and open the new file:\nimport keras, %s\nkeras.models.load_model(%q).export(%q, format=\"litert\")", p.title, p.module, f.name(), name+".tflite")
	}
	class := "Backbone"
	if inFolder(folder)("task.json") {
		class = "ImageClassifier"
	}
	text := fmt.Sprintf("it is a preset of %s, whose classes lince does not have; export it with Python, and open the new file:\nimport %s\n%[2]s.models.%s.from_preset(%q).export(%q, format=\"litert\")", p.title, p.module, class, folder, filepath.Base(folder)+".tflite")
	for _, n := range []string{"image_converter.json", "preprocessor.json"} {
		if inFolder(folder)(n) {
			return text + fmt.Sprintf("\nThe new file does not have the preprocessing: %s has the size of images, and the scale and the offset of their pixels (--rescale, Model.Preprocessing)", n)
		}
	}
	return text
}
