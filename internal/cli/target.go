package cli

import (
	"os"
	"slices"
	"strings"

	"github.com/lince-ml/lince"
)

// target is a kind of file that convert writes.
type target struct {
	kind string // its name among lince.FileKinds
	// write writes a file, whose name ends in one of the kind's suffixes.
	write func(c *convertCommand, m *lince.Model, file string) error
	// What the file holds: the network, the weights, how the model is compiled, the optimizer's state, and the class names,
	// preprocessing and temperature.
	network, weights, compiled, state, extra bool
	// layers reports that Keras opens the file, so a network without layers gets some.
	layers bool
}

// targets are the kinds of files that convert writes.
var targets = []*target{
	{kind: "keras", write: save, network: true, weights: true, compiled: true, state: true, extra: true, layers: true},
	{kind: "h5", write: save, network: true, weights: true, compiled: true, state: true, extra: true, layers: true},
	{kind: "onnx", write: export, network: true, weights: true, extra: true},
	{kind: "tflite", write: export, network: true, weights: true, extra: true},
	{kind: "weights.h5", write: saveWeights, weights: true, state: true},
	{kind: "legacy-weights", write: saveWeights, weights: true},
	{kind: "safetensors", write: save, network: true, weights: true, compiled: true, extra: true},
	{kind: "json", write: saveJSON, network: true, compiled: true, layers: true},
}

func save(_ *convertCommand, m *lince.Model, file string) error { return m.Save(file) }

func export(c *convertCommand, m *lince.Model, file string) error {
	return m.Export(file, lince.ExportOptions{Opset: c.Opset, ChannelsFirst: c.ChannelsFirst, Preprocessing: c.Preprocessing})
}

func saveWeights(_ *convertCommand, m *lince.Model, file string) error { return m.SaveWeights(file) }

func saveJSON(_ *convertCommand, m *lince.Model, file string) error {
	text, err := m.ToJSON()
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o666)
}

func targetNames() []string {
	var names []string
	for _, t := range targets {
		names = append(names, t.kind)
	}
	return names
}

func targetNamed(name string) *target {
	i := slices.IndexFunc(targets, func(t *target) bool { return t.kind == name })
	if i < 0 {
		return nil
	}
	return targets[i]
}

// targetFor returns the target with the longest suffix that a file's name ends in, nil if there is none.
func targetFor(name string) *target {
	var best *target
	length := 0
	for _, t := range targets {
		for _, s := range t.suffixes() {
			if strings.HasSuffix(strings.ToLower(name), s) && len(s) > length {
				best, length = t, len(s)
			}
		}
	}
	return best
}

// file returns the kind of file.
func (t *target) file() lince.FileKind {
	list := lince.FileKinds()
	return list[slices.IndexFunc(list, func(k lince.FileKind) bool { return k.Name == t.kind })]
}

func (t *target) title() string      { return t.file().Title }
func (t *target) suffixes() []string { return t.file().Suffixes }
func (t *target) suffix() string     { return t.suffixes()[0] }

// named reports whether a file's name ends in one of the kind's suffixes.
func (t *target) named(name string) bool {
	return slices.ContainsFunc(t.suffixes(), func(s string) bool { return strings.HasSuffix(strings.ToLower(name), s) })
}

func targetSuffixes() []string {
	var list []string
	for _, t := range targets {
		list = append(list, t.suffix())
	}
	return list
}

// lost lists what a model has and the new file does not hold.
func (t *target) lost(m *lince.Model) []string {
	list := []string{}
	add := func(missing bool, what string) {
		if missing {
			list = append(list, what)
		}
	}
	c, compiled := m.Compiled()
	add(!t.network, "the network")
	add(!t.weights, "the weights")
	add(compiled && !t.compiled, "the optimizer's settings, the loss and the metrics")
	add(compiled && c.Optimizer != nil && !t.state, "the optimizer's state")
	add(m.Classes != nil && !t.extra, "the class names")
	add(m.Preprocessing != nil && !t.extra, "the preprocessing")
	add(m.Temperature != 0 && !t.extra, "the temperature")
	add(m.Temperature != 0 && t.extra && !t.layers && t.kind != "safetensors", "the temperature as a part of the network: only lince reads it, from the metadata")
	return list
}
