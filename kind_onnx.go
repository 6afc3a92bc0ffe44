package lince

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/internal/onnxgraph"
)

// openONNX reads an ONNX model. Its images have the channels last, as all of lince's models do, and its batch is free if the
// network allows it.
func openONNX(o Options, f source) (*Model, error) {
	var beside besideFiles
	defer beside.close()
	file, err := onnx.Read(f.r, f.size, beside.opener(f.path))
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
	m, err := o.FromGraph(r.Graph, r.Store)
	if err != nil {
		return nil, err
	}
	m.notes = r.Notes
	return m, m.readMetadata(r.Metadata)
}

// readMetadata takes class names and preprocessing from the metadata of an ONNX file: those that lince wrote, or the list
// of classes that other programs write.
func (m *Model) readMetadata(metadata map[string]string) error {
	if text, ok := metadata["lince"]; ok {
		var x extra
		if err := json.Unmarshal([]byte(text), &x); err != nil {
			return fmt.Errorf("the metadata that lince wrote: %w", err)
		}
		m.Classes, m.Preprocessing = x.Classes, x.Preprocessing
		return m.checkExtra()
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

// besideFiles are the files beside a model that hold some of its weights.
type besideFiles struct{ files []*os.File }

// opener returns the function that opens files in the folder of the model at path, by plain names, or nil if the model is in
// memory. A link could lead to any file of the machine, so it is not followed.
func (b *besideFiles) opener(path string) onnx.External {
	if path == "" {
		return nil
	}
	return func(name string) (io.ReaderAt, int64, error) {
		if filepath.Base(name) != name || !filepath.IsLocal(name) {
			return nil, 0, fmt.Errorf("%q is not the name of a file in the model's folder", name)
		}
		at := filepath.Join(filepath.Dir(path), name)
		if info, err := os.Lstat(at); err == nil && !info.Mode().IsRegular() {
			return nil, 0, fmt.Errorf("%q is not a regular file", name)
		}
		file, size, err := openRegular(at)
		if err != nil {
			return nil, 0, fmt.Errorf("%q in the model's folder: %w", name, err)
		}
		b.files = append(b.files, file)
		return file, size, nil
	}
}

func (b *besideFiles) close() {
	for _, f := range b.files {
		_ = f.Close() // only read
	}
}
