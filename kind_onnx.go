package lince

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/beside"
	"github.com/lince-ml/lince/internal/onnxgraph"
	"github.com/lince-ml/lince/tensor"
)

// openONNX reads an ONNX model. Its images have the channels last, as all of lince's models do, and its batch is free if the
// network allows it.
func openONNX(o Options, f source) (*Model, error) {
	others := beside.To(f.path)
	defer others.Close()
	file, err := onnx.Read(f.r, f.size, others.Open)
	if err != nil {
		return nil, err
	}
	r, err := onnxgraph.Read(file, onnxgraph.ReadOptions{ChannelsLast: true, FreeBatch: true, Shapes: o.InputShapes})
	if err != nil {
		return nil, err
	}
	if name := file.Graph.GetName(); o.Name == "" && name != "" && checkName(name) == nil {
		o.Name = name
	}
	m, err := o.fromGraph(r.Graph, r.Store, (*graph.Store).Take)
	if err != nil {
		return nil, err
	}
	m.notes = r.Notes
	if r.Bound != nil {
		m.notes = append(m.notes, fixedBatch(m, r.Bound)...)
	}
	return m, m.readMetadata(r.Metadata)
}

// fixedBatch returns the note for a file that fixes the size of batches, nil if it does not. bound says why the size stays; it may be nil.
func fixedBatch(m *Model, bound error) []string {
	n := m.InputShape()[0]
	if n == tensor.Unknown {
		return nil
	}
	why := ""
	if bound != nil {
		why, _, _ = strings.Cut(strings.TrimPrefix(bound.Error(), "onnx: "), "\n")
		why = fmt.Sprintf(", because the network depends on it (%.200s)", why)
	}
	return []string{fmt.Sprintf("The batch size must be %d, as in the file%s. To predict other numbers of images, export the model with a first dimension that is not fixed.", n, why)}
}

// readMetadata takes class names and preprocessing from the metadata of an ONNX file: those that lince wrote, or the list
// of classes that other programs write.
func (m *Model) readMetadata(metadata map[string]string) error {
	if text, ok := metadata["lince"]; ok {
		x, err := parseExtra([]byte(text), "the metadata that lince wrote")
		if err != nil {
			return err
		}
		return m.setExtra(x)
	}
	var classes []string
	if json.Unmarshal([]byte(metadata["classes"]), &classes) == nil && m.checkClasses(classes) == nil {
		m.Classes = classes
	}
	return nil
}

// Notes lists what differs from the model's file, each as a sentence: for example, that a quantized network computes with float32. It
// is nil if the model computes as the file says.
func (m *Model) Notes() []string { return slices.Clone(m.notes) }

// Doubts lists what Compile would refuse in the compile options of the model's file, such as a loss that does not fit the last layer. Keras
// trains such a model, so Fit does too, and prints the doubts as warnings. Compile removes them.
func (m *Model) Doubts() []error { return slices.Clone(m.doubts) }
