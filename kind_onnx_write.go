package lince

import (
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"runtime/debug"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/internal/atomicfile"
	"github.com/lince-ml/lince/internal/bounded"
	"github.com/lince-ml/lince/internal/onnxcheck"
	"github.com/lince-ml/lince/internal/onnxgraph"
)

// exportONNX writes an ONNX file.
func (m *Model) exportONNX(path string, o ExportOptions) error {
	return m.exportONNXUpTo(bounded.MaxFile, path, o)
}

// exportONNXUpTo writes an ONNX file of at most limit bytes. If it would be larger, the weights are in a second file.
func (m *Model) exportONNXUpTo(limit int64, path string, o ExportOptions) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	model, err := m.onnx(o)
	if err != nil {
		return err
	}
	if onnx.Size(model) > limit {
		if err := writeExternal(model, path+".data"); err != nil {
			return err
		}
	}
	return atomicfile.Write(path, func(w io.Writer) error { return onnx.Write(w, model) })
}

// onnx returns the model in ONNX's form. It shares the memory of the weights. The caller holds m.mu.
func (m *Model) onnx(o ExportOptions) (*onnx.Model, error) {
	if err := m.checkExtra(); err != nil {
		return nil, err
	}
	w := onnxgraph.WriteOptions{
		Opset: o.Opset, ChannelsFirst: o.ChannelsFirst, Name: m.name, Outputs: m.OutputNames(),
		Producer: "lince", ProducerVersion: moduleVersion(), Doc: o.Doc, Metadata: map[string]string{},
	}
	if l, ok := m.graph(); ok { // a graph that was read keeps its names
		w.Trim, w.Outputs = l.name, nil
		for _, out := range l.config.(graphLayer).g.Outputs {
			w.Outputs = append(w.Outputs, out.Key)
		}
	}
	if o.Preprocessing {
		if len(m.Preprocessing) == 0 {
			return nil, errors.New("the model has no preprocessing; set Model.Preprocessing, or leave Preprocessing out")
		}
		w.Preprocessing = m.Preprocessing
	}
	if x := m.extra(); x.described() {
		if o.Preprocessing { // it is in the graph
			x.Preprocessing = nil
		}
		for _, e := range []struct {
			key   string
			value any
			has   bool
		}{{"lince", x, true}, {"classes", m.Classes, m.Classes != nil}} {
			if !e.has {
				continue
			}
			text, err := json.Marshal(e.value)
			if err != nil {
				return nil, err
			}
			w.Metadata[e.key] = string(text)
		}
	}
	model, err := onnxgraph.Write(m.predict.graph, m.base, w)
	if err == nil {
		err = onnxcheck.Structure(model)
	}
	return model, err
}

// graph returns the layer of a model that FromGraph made.
func (m *Model) graph() (*layerInstance, bool) {
	var of *layerInstance
	for _, l := range m.layers {
		if l.isInput() {
			continue
		}
		if _, ok := l.config.(graphLayer); !ok || of != nil {
			return nil, false
		}
		of = l
	}
	return of, of != nil
}

// module is the path of this module.
const module = "github.com/lince-ml/lince"

// moduleVersion returns the version of lince in the program; it is empty or (devel) if the program was not built from a released version.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module {
			return m.Version
		}
	}
	return ""
}

// externalAlign is the alignment of tensors in a file of external data, so that runtimes can map them into memory.
const externalAlign = 4096

// writeExternal moves the data of large tensors to a file.
func writeExternal(m *onnx.Model, path string) error {
	var large []*onnxpb.TensorProto
	var offsets []int64
	end := int64(0)
	for _, t := range m.Graph.Initializer {
		if n := int64(len(t.RawData)); n >= 1024 {
			at := (end + externalAlign - 1) / externalAlign * externalAlign
			large, offsets, end = append(large, t), append(offsets, at), at+n
		}
	}
	if len(large) == 0 {
		return nil
	}
	err := atomicfile.Write(path, func(w io.Writer) error {
		written, gap := int64(0), make([]byte, externalAlign)
		for i, t := range large {
			for _, b := range [][]byte{gap[:offsets[i]-written], t.RawData} {
				if _, err := w.Write(b); err != nil {
					return err
				}
			}
			written = offsets[i] + int64(len(t.RawData))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, t := range large {
		t.DataLocation = onnxpb.TensorProto_EXTERNAL.Enum()
		for _, e := range [][2]string{
			{"location", filepath.Base(path)}, {"offset", strconv.FormatInt(offsets[i], 10)}, {"length", strconv.Itoa(len(t.RawData))},
		} {
			t.ExternalData = append(t.ExternalData, &onnxpb.StringStringEntryProto{Key: proto.String(e[0]), Value: proto.String(e[1])})
		}
		t.RawData = nil
	}
	return nil
}
