package lince

import (
	"fmt"
	"os"
	"strings"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/format/safetensors"
	"github.com/lince-ml/lince/tensor"
)

// TensorFile is an open file of weights.
type TensorFile struct {
	Kind    FileKind
	Tensors []FileTensor // in the order of the file
	file    *os.File
}

// FileTensor is a tensor in a file of weights.
type FileTensor struct {
	Name  string
	Shape tensor.Shape
	Type  string // the element type's name in the format
	read  func() (*tensor.Tensor, error)
}

// Read reads the tensor. The file must be open. Types that package tensor does not have become wider ones, such as float16
// float32.
func (t FileTensor) Read() (*tensor.Tensor, error) {
	v, err := t.read()
	return v, aboutFile("tensor "+t.Name, err)
}

// OpenTensors opens a file of weights, such as .weights.h5, .safetensors or .pth, and lists its tensors by the names that they have in the
// file. Call Close when they have been read. To load the weights into a model, use Model.LoadWeights.
func OpenTensors(path string) (*TensorFile, error) {
	f, err := openTensors(path)
	return f, aboutFile("opening the weights "+path, err)
}

func openTensors(path string) (_ *TensorFile, err error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close() // only read
		}
	}()
	s := source{r: f, size: size, path: path}
	k, err := sniff(s)
	if err != nil {
		return nil, err
	}
	if k.tensors == nil {
		return nil, fmt.Errorf("is %s; want %s", k.title, strings.Join(suffixesOf(func(k *kind) bool { return k.tensors != nil }), ", "))
	}
	list, err := k.tensors(s)
	if err != nil {
		return nil, err
	}
	t := &TensorFile{Kind: k.public(path), file: f}
	for _, x := range list {
		t.Tensors = append(t.Tensors, FileTensor{x.name, x.shape, x.typ, x.read})
	}
	return t, nil
}

// Close closes the file.
func (f *TensorFile) Close() error { return f.file.Close() }

func tensorsOfH5(f source) ([]namedTensor, error) {
	w, err := keras.ReadWeights(f.r, f.size)
	if err != nil {
		return nil, err
	}
	return tensorsOfEntries(w), nil
}

func tensorsOfShards(f source) ([]namedTensor, error) {
	w, err := readShards(f)
	if err != nil {
		return nil, err
	}
	return tensorsOfEntries(w), nil
}

func tensorsOfEntries(w keras.Weights) (list []namedTensor) {
	for _, e := range w {
		path := e.Path
		if path != "" {
			path += "/"
		}
		for i, v := range e.Vars {
			list = append(list, namedTensor{fmt.Sprintf("%svars/%d", path, i), v.Shape(), true, v.DType().String(), func() (*tensor.Tensor, error) { return v, nil }})
		}
	}
	return list
}

func tensorsOfLegacy(f source) ([]namedTensor, error) {
	file, err := keras.ReadLegacy(f.r, f.size)
	if err != nil {
		return nil, err
	}
	var list []namedTensor
	for _, g := range file.Layers {
		for _, w := range g.Weights {
			list = append(list, namedTensor{g.Name + "/" + w.Name, w.Shape, w.DType != tensor.Invalid, w.DType.String(), w.Read})
		}
	}
	return list, nil
}

func tensorsOfSafetensors(f source) ([]namedTensor, error) {
	file, err := safetensors.Open(f.r, f.size)
	if err != nil {
		return nil, err
	}
	return safetensorsList(file), nil
}
