package lince

import (
	"fmt"
	"io"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/format/safetensors"
	"github.com/lince-ml/lince/tensor"
)

// The keys of the metadata of a model in a safetensors file.
const (
	safetensorsFormat = "format" // "keras", where other programs write "pt" or "np"
	safetensorsConfig = "config" // the model as a Keras object, as model.to_json() returns it
	safetensorsLince  = "lince"  // what lince adds to .keras files: classes, preprocessing, ...
)

// openSafetensors opens a model that writeSafetensors wrote, or weights of a network that Options.Recognize knows.
func openSafetensors(o Options, f source) (*Model, error) {
	file, err := safetensors.Open(f.r, f.size)
	if err != nil {
		return nil, err
	}
	tensors := safetensorsList(file)
	config, ok := file.Metadata[safetensorsConfig]
	if !ok || file.Metadata[safetensorsFormat] != "keras" {
		return o.recognize(tensors, "a safetensors file of weights", f)
	}
	m, compile, err := o.fromConfig([]byte(config))
	if err != nil {
		return nil, fmt.Errorf("the network in its metadata: %w", err)
	}
	p := &namedPlan{tensors: tensors, targets: m.weightTargets()}
	p.fresh = true
	p.exact()
	if _, err := p.apply(m); err != nil {
		return nil, err
	}
	var text []byte
	if s := file.Metadata[safetensorsLince]; s != "" {
		text = []byte(s)
	}
	x, err := parseExtra(text, fmt.Sprintf("the metadata %q", safetensorsLince))
	if err != nil {
		return nil, err
	}
	if err := m.setExtra(x); err != nil {
		return nil, err
	}
	o.compileFrom(m, compile, x.ExcludeFromWeightDecay)
	return m, m.loadStreams(x)
}

func weightsOfSafetensors(m *Model, f source, o WeightsOptions) (*weightPlan, error) {
	file, err := safetensors.Open(f.r, f.size)
	if err != nil {
		return nil, err
	}
	return m.planTensors(safetensorsList(file), false, o)
}

func safetensorsList(file *safetensors.File) (list []namedTensor) {
	for _, v := range file.Tensors {
		list = append(list, namedTensor{v.Name, v.Shape, v.Type.DType() != tensor.Invalid, v.Type.String(), v.Read})
	}
	return list
}

// writeSafetensors writes a model: its variables by their paths, and the network in the metadata. The optimizer's state is left out.
func writeSafetensors(w io.Writer, m *Model, f *keras.File) error {
	metadata := map[string]string{safetensorsFormat: "keras", safetensorsConfig: string(f.Config)}
	if f.Extra != nil {
		metadata[safetensorsLince] = string(f.Extra)
	}
	return safetensors.Write(w, m.tensorsByPath(), metadata)
}

func writeSafetensorsWeights(w io.Writer, m *Model, _ *keras.File) error {
	return safetensors.Write(w, m.tensorsByPath(), map[string]string{safetensorsFormat: "keras"})
}

func (m *Model) tensorsByPath() map[string]*tensor.Tensor {
	tensors := map[string]*tensor.Tensor{}
	for _, t := range m.weightTargets() {
		tensors[t.path] = t.Value()
	}
	return tensors
}
