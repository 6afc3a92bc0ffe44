package lince

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/format/tflite"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/atomicfile"
	"github.com/lince-ml/lince/internal/tflitegraph"
	"github.com/lince-ml/lince/tensor"
)

// tfliteExtra is the name of the metadata that have what format/keras has in metadata.json: classes and preprocessing.
const tfliteExtra = "lince" // see readMetadata

// openTFLite makes a model of a TensorFlow Lite file.
func openTFLite(o Options, f source) (*Model, error) {
	r, err := readTFLite(f)
	if err != nil {
		return nil, err
	}
	m, err := o.fromGraph(r.Graph, r.Store, (*graph.Store).Take)
	if err != nil {
		return nil, err
	}
	m.notes = slices.Concat(r.Notes, fixedBatch(m, r.Bound))
	if _, ok := r.Metadata[tfliteExtra]; ok { // lince wrote the file
		return m, m.readMetadata(r.Metadata)
	}
	if err := m.checkClasses(r.Classes); err != nil {
		m.notes = append(m.notes, fmt.Sprintf("The labels in the file cannot name the classes: %v.", err))
	} else {
		m.Classes = r.Classes
	}
	if steps := tflitePreprocessing(m.InputShape(), r.Mean, r.Std); m.checkPreprocessing(steps) == nil {
		m.Preprocessing = steps
	}
	return m, nil
}

// readTFLite reads a file into a graph. The bytes of the file are garbage when it returns.
func readTFLite(f source) (*tflitegraph.Result, error) {
	file, err := tflite.Read(f.r, f.size)
	if err != nil {
		return nil, err
	}
	return tflitegraph.Read(file)
}

// tflitePreprocessing returns the steps that metadata prescribe for images of the given shape: a resize, and the normalization
// (x-mean)/std. It returns nil if there is no normalization or the size is not fixed.
func tflitePreprocessing(shape tensor.Shape, mean, std []float64) Preprocessing {
	if mean == nil && std == nil || len(shape) != 4 || !shape[1:].Known() {
		return nil
	}
	var steps Preprocessing
	switch shape[3] {
	case 1:
		steps = append(steps, preprocess.Decode{ColorMode: picture.Grayscale})
	case 3:
	default:
		return nil
	}
	return append(steps, preprocess.Resize{Height: shape[1], Width: shape[2], Interpolation: picture.Bilinear}, preprocess.Normalize{Mean: mean, Std: std})
}

// exportTFLite writes a TensorFlow Lite file.
func (m *Model) exportTFLite(path string, o ExportOptions) error {
	if o.Opset != 0 || o.ChannelsFirst || o.Preprocessing {
		return errors.New("the options Opset, ChannelsFirst and Preprocessing are for ONNX files; leave them out")
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	file, err := m.tflite(o)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error { return tflite.Write(w, file) })
}

// tflite returns the model in TensorFlow Lite's form. It shares the memory of the weights. The caller holds m.mu.
func (m *Model) tflite(o ExportOptions) (*tflite.Model, error) {
	if err := m.checkExtra(); err != nil {
		return nil, err
	}
	w := tflitegraph.WriteOptions{Name: m.name, Description: o.Doc, Outputs: m.OutputNames(), Metadata: map[string]string{}}
	if out := m.OutputShape(); len(m.Classes) == out[len(out)-1] { // two classes of one output are no labels of its elements
		w.Classes = m.Classes
	}
	if x := m.extra(); x.described() {
		w.Mean, w.Std = normalization(m.Preprocessing)
		text, err := json.Marshal(x)
		if err != nil {
			return nil, err
		}
		w.Metadata[tfliteExtra] = string(text)
	}
	return tflitegraph.Write(m.predict.graph, m.base, w)
}

// normalization returns the mean and the deviation for which (x-mean)/std is what steps do to the values of pixels, or nil if
// there are none.
func normalization(steps Preprocessing) (mean, std []float64) {
	_, changes := steps.Split()
	if len(changes) == 0 {
		return nil, nil
	}
	mean, std = []float64{0}, []float64{1}
	for _, s := range changes {
		var m, d []float64
		switch s := s.(type) {
		case preprocess.Rescale:
			scale := s.Scale
			if scale == 0 {
				scale = 1
			}
			m, d = []float64{-s.Offset / scale}, []float64{1 / scale}
		case preprocess.Normalize:
			m, d = s.Mean, s.Std
		case preprocess.Input:
			switch s.Mode {
			case preprocess.TF:
				m, d = []float64{127.5}, []float64{127.5}
			case preprocess.Torch:
				m, d = []float64{255 * .485, 255 * .456, 255 * .406}, []float64{255 * .229, 255 * .224, 255 * .225}
			default: // the channels change places
				return nil, nil
			}
		default:
			return nil, nil
		}
		mean, std = normalizedAgain(mean, std, m, d)
	}
	return mean, std
}

// normalizedAgain returns the normalization that is (x-mean)/std followed by (x-m)/d. Each list has one number or one for each
// channel; a missing one is 0 or 1.
func normalizedAgain(mean, std, m, d []float64) (newMean, newStd []float64) {
	if m == nil {
		m = []float64{0}
	}
	if d == nil {
		d = []float64{1}
	}
	n := max(len(mean), len(std), len(m), len(d))
	for i := range n {
		at := func(list []float64) float64 { return list[i%len(list)] }
		newMean = append(newMean, at(mean)+at(m)*at(std))
		newStd = append(newStd, at(std)*at(d))
	}
	return newMean, newStd
}
