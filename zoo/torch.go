package zoo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// This file has what is common to the networks whose state dicts of PyTorch libraries lince knows. Networks of the same name differ between libraries
// in padding, in epsilons and in how pixels are prepared, and their files do not say so. So a file is compared with the forms of a network that are known.

// torchForm is a network as a PyTorch library has it.
type torchForm struct {
	library string
	// modules maps layers to modules, and variables to tensors.
	modules map[string]string
	// shapes has tensors that tell the network from others with the same modules.
	shapes map[string]tensor.Shape
	// ignored begins the names of modules that predictions do not need.
	ignored string
	// classifier is the layer that makes classes.
	classifier string
	// features maps layers for a network without a classifier, "" for those that it does not have.
	features map[string]string
	// file begins the name of the file. It is needed if another network of the library has the same tensors and computes something else. The default, "", is
	// any name.
	file string
	// change makes the network that computes what the library's does. nil means that it is Keras'.
	change func(a architecture) architecture
}

// foreign reports whether a kind of file has PyTorch's names.
func foreign(k lince.FileKind) bool { return k.Name == "torch" || k.Name == "safetensors" }

// fits reports whether tensors are those of the form. The number of classes may be any.
func (f torchForm) fits(tensors map[string]tensor.Shape) bool {
	want, got := map[string]bool{}, map[string]bool{}
	for _, name := range f.modules {
		if tensors[name] != nil { // it is a tensor
			name = moduleOf(name)
		}
		want[name] = true
	}
	for name := range tensors {
		if f.ignored == "" || !strings.HasPrefix(name, f.ignored) {
			got[moduleOf(name)] = true
		}
	}
	if !maps.Equal(want, got) {
		return false
	}
	for name, s := range f.shapes {
		if !tensors[name].Equal(s) {
			return false
		}
	}
	return true
}

// moduleOf returns the module of a tensor.
func moduleOf(name string) string { return name[:max(0, strings.LastIndexByte(name, '.'))] }

// in returns the network in a form.
func (a architecture) in(f *torchForm) architecture {
	if f != nil && f.change != nil {
		return f.change(a)
	}
	return a
}

// names returns WeightsOptions.Names for the form.
func (f *torchForm) names(noTop bool) map[string]string {
	names := maps.Clone(f.modules)
	if noTop {
		maps.Copy(names, f.features)
		maps.DeleteFunc(names, func(to, name string) bool { return to == f.classifier || name == "" })
	}
	return names
}

// form returns the form of the network that a file has, nil if the file has Keras' names, or if any file that fits is right.
func (a architecture) form(path string) (*torchForm, error) {
	if path == "" || len(a.torch) == 0 {
		return nil, nil
	}
	if k, err := lince.FileKindOf(path); err != nil || !foreign(k) {
		return nil, err
	}
	if err := checkTwin(path); err != nil {
		return nil, err
	}
	var tensors map[string]tensor.Shape
	look := func(_ lince.Options, found map[string]tensor.Shape) (*lince.Model, map[string]string, error) {
		tensors = found
		return nil, nil, nil
	}
	if _, err := (lince.Options{Recognize: look}).Open(path); tensors == nil {
		return nil, err
	}
	for name := range tensors {
		if strings.Contains(name, "/") { // a path of a variable
			return nil, nil
		}
	}
	var libraries, files []string
	for _, f := range a.torch {
		libraries = append(libraries, f.library)
		if !f.fits(tensors) {
			continue
		}
		if strings.HasPrefix(strings.ToLower(filepath.Base(path)), f.file) {
			return &f, nil
		}
		files = append(files, f.file+"*")
	}
	slices.Sort(libraries)
	switch {
	case files != nil:
		return nil, fmt.Errorf("the file %s can be of several networks, which have the same tensors and differ in padding; give it the name that it has in the library: %s", path, strings.Join(files, " or "))
	case !a.strict:
		return nil, nil
	}
	return nil, fmt.Errorf("the tensors of the file %s do not have the names and shapes that they have in %s; a network of another library can have the same weights and compute something else, so they are not loaded",
		path, strings.Join(slices.Compact(libraries), ", "))
}

// twins begin the names of networks of timm whose tensors have the names and shapes of ResNet's, and which compute something else: they average before they skip pixels.
var twins = []string{"resnetblur", "resnetaa"}

// checkTwin returns an error if the name of a file, or "architecture" in the config.json beside it, says that it has the weights of a twin. Nothing in the file says so.
func checkTwin(path string) error {
	names := []string{filepath.Base(path)}
	if file, err := os.Open(filepath.Join(filepath.Dir(path), "config.json")); err == nil {
		defer file.Close()
		var c struct {
			Architecture string `json:"architecture"`
		}
		if json.NewDecoder(io.LimitReader(file, 1<<20)).Decode(&c) == nil { // another program's config.json says nothing
			names = append(names, c.Architecture)
		}
	}
	for _, name := range names {
		for _, twin := range twins {
			if strings.HasPrefix(strings.ToLower(name), twin) {
				return fmt.Errorf("the file %s has the weights of timm's %s, which have the names and shapes of ResNet's, but the network computes something else; lince does not have it. Export it to ONNX", path, twin)
			}
		}
	}
	return nil
}

// RecognizeFile returns Recognize for the file with this path. It refuses files of networks that Recognize cannot tell from others, if the name of the file, or
// "architecture" in a config.json beside it, names the network: timm's resnetblur and resnetaa, whose tensors have the names and shapes of ResNet's.
func RecognizeFile(path string) func(lince.Options, map[string]tensor.Shape) (*lince.Model, map[string]string, error) {
	return func(o lince.Options, tensors map[string]tensor.Shape) (*lince.Model, map[string]string, error) {
		if err := checkTwin(path); err != nil {
			return nil, nil, fmt.Errorf("zoo: %w", err)
		}
		return Recognize(o, tensors)
	}
}

// recognizeForm makes the network that a state dict belongs to, with logits, if it has the tensors of only one form.
func recognizeForm(o lince.Options, tensors map[string]tensor.Shape) (*lince.Model, map[string]string, error) {
	for _, n := range Networks() {
		for _, f := range n.architecture.torch {
			if f.file != "" || !f.fits(tensors) {
				continue
			}
			classes := tensors[f.modules[f.classifier]+".weight"]
			if len(classes) == 0 || classes[0] < 1 {
				return nil, nil, errors.New("zoo: the classifier has no classes")
			}
			options, err := Options{Classes: classes[0], ClassifierActivation: layer.Linear, Model: o}.check(n.architecture)
			if err != nil {
				return nil, nil, err
			}
			m, err := options.make(n.architecture.in(&f))
			return m, f.modules, err
		}
	}
	return nil, nil, nil
}
