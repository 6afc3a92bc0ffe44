package cli

import (
	"os"
	"reflect"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/serve"
)

// modelPredictors are the predictors of flags and arguments that name a model.
var modelPredictors = []string{"model", "start", "body"}

// chooseModels replaces the folders among the models of a command, such as those of training runs, by the model files in them. The server chooses itself,
// because it looks for newer files later.
func (e *env) chooseModels(k *kong.Context) {
	if k.Selected().Name == "serve" {
		return
	}
	for _, v := range inputs(k, modelPredictors) {
		if v.Target.Kind() != reflect.String {
			continue
		}
		if file := modelFile(v.Target.String()); file != v.Target.String() {
			e.printf("Using the model %s.\n", file)
			v.Target.SetString(file)
		}
	}
}

// modelFile returns the model file in a folder: the one that lince serve would serve. Other paths, folders that are models, and those that have no model or
// several, are returned unchanged: opening them says what is wrong.
func modelFile(path string) string {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return path
	}
	if _, err := lince.FileKindOf(path); err == nil {
		return path
	}
	file, err := serve.ModelFile(path)
	if err != nil {
		return path
	}
	return file
}
