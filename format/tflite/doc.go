// Package tflite reads and writes TensorFlow Lite models (.tflite). It does not interpret the operators. FORMAT.md describes the
// format and lists what is supported.
//
// Files may come from untrusted sources. [Read] checks the whole file before it uses an offset, so that no file can cause a
// panic. The size of the file bounds the memory.
package tflite

//go:generate sh generate.sh

import (
	"fmt"

	"github.com/lince-ml/lince/format/tflite/tflitefb"
)

// Model is the content of a file. Subgraphs[0] is the network.
type Model struct {
	Size        int64 // of the file in bytes; 0 if the model was not read from one
	Description string
	Subgraphs   []Subgraph
	Signatures  []Signature
	Metadata    []Metadata
	// Info is the content of the metadata TFLITE_METADATA, or nil if there is none.
	Info *Info
	// Files are files in the ZIP archive that may follow the model, for example lists of labels. Read returns those that Info
	// names as labels; they may be missing.
	Files []File
}

// Subgraph is a network: its tensors, and the operators in the order in which they run. Inputs and Outputs are indices of
// tensors.
type Subgraph struct {
	Name            string
	Tensors         []Tensor
	Inputs, Outputs []int
	Operators       []Operator
}

// Tensor is a value of a subgraph.
type Tensor struct {
	Name  string
	Type  tflitefb.TensorType
	Shape []int
	// Signature is Shape with -1 for each unknown dimension. It is nil if no dimension is unknown.
	Signature []int
	// Data has the elements of a constant, in row-major order and little endian. It is nil for a value that is computed. Read
	// returns a part of the file's bytes; the caller must not change it.
	Data         []byte
	Quantization *Quantization // nil for a tensor that is not quantized
	Variable     bool
	Sparse       bool // Data is in a sparse format, which this package does not decode
}

// Quantization describes how integers stand for real numbers: real = Scale * (integer - ZeroPoint). The lists have one element, or
// one for each index of dimension Axis.
type Quantization struct {
	Scale     []float32
	ZeroPoint []int64
	Axis      int
	Custom    bool // the numbers mean something else; see the union QuantizationDetails of the schema
}

// Operator is a step of the computation. Inputs and Outputs are indices of tensors; -1 is an input that is left out.
type Operator struct {
	Code            tflitefb.BuiltinOperator
	Custom          string // the name, if Code is CUSTOM
	Version         int
	Inputs, Outputs []int
	// Options is a pointer to a struct of package tflitefb, such as *tflitefb.Conv2DOptionsT, or nil if there are no options or
	// if schema.fbs lacks them.
	Options any
}

// Name returns the operator's name in the schema, such as "CONV_2D". For a custom operator it is "CUSTOM" and the custom name.
func (o *Operator) Name() string {
	if o.Code == tflitefb.BuiltinOperatorCUSTOM {
		return fmt.Sprintf("CUSTOM %q", o.Custom)
	}
	return o.Code.String()
}

// Signature names the inputs and outputs of a subgraph.
type Signature struct {
	Key             string
	Subgraph        int
	Inputs, Outputs []Named
}

// Named is a tensor with its name in a Signature.
type Named struct {
	Name   string
	Tensor int
}

// Metadata is a named block of bytes.
type Metadata struct {
	Name string
	Data []byte
}

// File is a file in the archive that follows the model.
type File struct {
	Name string
	Data []byte
}

// Info describes a model to people and to programs that prepare images.
type Info struct {
	Name, Description, Version, Author, License string
	Inputs, Outputs                             []TensorInfo // of subgraph 0, in order
}

// TensorInfo describes an input or output.
type TensorInfo struct {
	Name, Description string
	Color             tflitefb.ColorSpaceType
	// Mean and Std are those of the normalization (x-Mean)/Std of an input, each with one element or one for each channel. They
	// are nil if there is none.
	Mean, Std []float32
	// Labels is the name of the file that has a label for each index of the last dimension, one a line.
	Labels string
}
