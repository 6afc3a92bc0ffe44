package tflite

import (
	"archive/zip"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	flatbuffers "github.com/google/flatbuffers/go"

	"github.com/lince-ml/lince/format/tflite/tflitefb"
)

// Write writes a model. The same model gives the same bytes.
func Write(w io.Writer, m *Model) error {
	b, err := encode(m)
	if err != nil {
		return fmt.Errorf("tflite: %w", err)
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	if len(m.Files) == 0 {
		return nil
	}
	z := zip.NewWriter(w)
	z.SetOffset(int64(len(b)))
	for _, f := range m.Files {
		// As in archives by Python's zipfile, the time is a constant.
		to, err := z.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Store, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			return err
		}
		if _, err := to.Write(f.Data); err != nil {
			return err
		}
	}
	return z.Close()
}

// encoder builds the flatbuffer. Buffer 0 is empty, as the schema wants.
type encoder struct {
	*flatbuffers.Builder
	buffers [][]byte
	codes   []tflitefb.OperatorCodeT
}

func encode(m *Model) ([]byte, error) {
	size := 1024
	for _, s := range m.Subgraphs {
		for i, t := range s.Tensors {
			if t.Sparse {
				return nil, fmt.Errorf("tensor %d (%q) is sparse, which is not written", i, t.Name)
			}
			if n, ok := beyondInt32(t.Shape, t.Signature); ok {
				return nil, fmt.Errorf("tensor %d (%q) has a dimension of %d, more than the format can hold", i, t.Name, n)
			}
			size += len(t.Data) + 256
		}
		for i, o := range s.Operators {
			if n, ok := beyondInt32(o.Inputs, o.Outputs); ok {
				return nil, fmt.Errorf("operator %d (%s) has tensor %d, more than the format can hold", i, o.Name(), n)
			}
			if _, ok := typeOf(o.Options); !ok && o.Options != nil {
				return nil, fmt.Errorf("operator %d (%s) has options of type %T, want a pointer to one of tflitefb's options", i, o.Name(), o.Options)
			}
		}
		if n, ok := beyondInt32(s.Inputs, s.Outputs); ok {
			return nil, fmt.Errorf("the subgraph %q has tensor %d as an input or output, more than the format can hold", s.Name, n)
		}
	}
	for _, f := range m.Metadata {
		size += len(f.Data) + 256
	}
	if size > maxFile {
		return nil, fmt.Errorf("the model has about %d bytes, want at most %d", size, maxFile)
	}
	e := &encoder{Builder: flatbuffers.NewBuilder(size), buffers: [][]byte{nil}}
	var subgraphs, signatures, metadata []flatbuffers.UOffsetT
	for i := range m.Subgraphs {
		subgraphs = append(subgraphs, e.subgraph(&m.Subgraphs[i]))
	}
	for i := range m.Signatures {
		signatures = append(signatures, packSignature(e.Builder, &m.Signatures[i]))
	}
	list := m.Metadata
	if m.Info != nil {
		list = append(slices.Clone(list), Metadata{infoName, encodeInfo(m.Info)})
	}
	for _, f := range list {
		t := tflitefb.MetadataT{Name: f.Name, Buffer: e.buffer(f.Data)}
		metadata = append(metadata, t.Pack(e.Builder))
	}
	var codes, buffers []flatbuffers.UOffsetT
	for i := range e.codes {
		codes = append(codes, e.codes[i].Pack(e.Builder))
	}
	for _, data := range e.buffers {
		buffers = append(buffers, e.packBuffer(data))
	}
	all := [...]flatbuffers.UOffsetT{
		e.CreateVectorOfTables(codes), e.CreateVectorOfTables(subgraphs), e.CreateString(m.Description), e.CreateVectorOfTables(buffers),
		e.CreateVectorOfTables(metadata), e.CreateVectorOfTables(signatures),
	}
	tflitefb.ModelStart(e.Builder)
	tflitefb.ModelAddVersion(e.Builder, 3)
	tflitefb.ModelAddOperatorCodes(e.Builder, all[0])
	tflitefb.ModelAddSubgraphs(e.Builder, all[1])
	tflitefb.ModelAddDescription(e.Builder, all[2])
	tflitefb.ModelAddBuffers(e.Builder, all[3])
	tflitefb.ModelAddMetadata(e.Builder, all[4])
	tflitefb.ModelAddSignatureDefs(e.Builder, all[5])
	e.FinishWithFileIdentifier(tflitefb.ModelEnd(e.Builder), []byte(Identifier))
	return e.FinishedBytes(), nil
}

// buffer returns the index of a new buffer, or that of the empty one.
func (e *encoder) buffer(data []byte) uint32 {
	if len(data) == 0 {
		return 0
	}
	e.buffers = append(e.buffers, data)
	return uint32(len(e.buffers) - 1)
}

// packBuffer writes a buffer. Its data are aligned to 16 bytes, so that the interpreter can map the file.
func (e *encoder) packBuffer(data []byte) flatbuffers.UOffsetT {
	if len(data) == 0 {
		tflitefb.BufferStart(e.Builder)
		return tflitefb.BufferEnd(e.Builder)
	}
	e.Prep(16, len(data))
	v := e.CreateByteVector(data)
	tflitefb.BufferStart(e.Builder)
	tflitefb.BufferAddData(e.Builder, v)
	return tflitefb.BufferEnd(e.Builder)
}

func (e *encoder) subgraph(s *Subgraph) flatbuffers.UOffsetT {
	t := tflitefb.SubGraphT{Name: s.Name, Inputs: int32s(s.Inputs), Outputs: int32s(s.Outputs)}
	for i := range s.Tensors {
		t.Tensors = append(t.Tensors, e.tensor(&s.Tensors[i]))
	}
	for i := range s.Operators {
		t.Operators = append(t.Operators, e.operator(&s.Operators[i]))
	}
	return t.Pack(e.Builder)
}

func int32s(list []int) []int32 {
	if list == nil {
		return nil
	}
	to := make([]int32, len(list))
	for i, n := range list {
		to[i] = int32(n)
	}
	return to
}

// beyondInt32 returns the first number that an int32 cannot hold.
func beyondInt32(lists ...[]int) (n int, found bool) {
	for _, list := range lists {
		for _, n := range list {
			if int(int32(n)) != n {
				return n, true
			}
		}
	}
	return 0, false
}

func (e *encoder) tensor(t *Tensor) *tflitefb.TensorT {
	to := &tflitefb.TensorT{
		Name: t.Name, Type: t.Type, Shape: int32s(t.Shape), ShapeSignature: int32s(t.Signature), Buffer: e.buffer(t.Data),
		IsVariable: t.Variable, HasRank: true,
	}
	if to.Shape == nil {
		to.Shape = []int32{} // a scalar
	}
	if q := t.Quantization; q != nil {
		to.Quantization = &tflitefb.QuantizationParametersT{Scale: q.Scale, ZeroPoint: q.ZeroPoint, QuantizedDimension: int32(q.Axis)}
	}
	return to
}

func (e *encoder) operator(o *Operator) *tflitefb.OperatorT {
	// Codes up to 127 are in both fields, so that old interpreters find them.
	c := tflitefb.OperatorCodeT{BuiltinCode: o.Code, DeprecatedBuiltinCode: int8(min(o.Code, math.MaxInt8)), CustomCode: o.Custom, Version: int32(max(o.Version, 1))}
	i := slices.Index(e.codes, c)
	if i < 0 {
		i = len(e.codes)
		e.codes = append(e.codes, c)
	}
	to := &tflitefb.OperatorT{OpcodeIndex: uint32(i), Inputs: int32s(o.Inputs), Outputs: int32s(o.Outputs)}
	if t, ok := typeOf(o.Options); ok {
		to.BuiltinOptions = &tflitefb.BuiltinOptionsT{Type: t, Value: o.Options}
	}
	return to
}

// typeOf returns the type of options in the union. ok is false if they are not options of an operator.
func typeOf(options any) (t tflitefb.BuiltinOptions, ok bool) {
	v := reflect.ValueOf(options) // *tflitefb.Conv2DOptionsT
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return 0, false
	}
	name, ok := strings.CutSuffix(v.Type().Elem().Name(), "T")
	if !ok || v.Type().Elem() == reflect.TypeFor[tflitefb.BuiltinOptionsT]() {
		return 0, false
	}
	t, ok = tflitefb.EnumValuesBuiltinOptions[name]
	return t, ok
}

func packSignature(b *flatbuffers.Builder, s *Signature) flatbuffers.UOffsetT {
	named := func(list []Named) []*tflitefb.TensorMapT {
		var to []*tflitefb.TensorMapT
		for _, n := range list {
			to = append(to, &tflitefb.TensorMapT{Name: n.Name, TensorIndex: uint32(n.Tensor)})
		}
		return to
	}
	t := tflitefb.SignatureDefT{SignatureKey: s.Key, SubgraphIndex: uint32(s.Subgraph), Inputs: named(s.Inputs), Outputs: named(s.Outputs)}
	return t.Pack(b)
}

// encodeInfo writes the flatbuffer of the metadata TFLITE_METADATA.
func encodeInfo(info *Info) []byte {
	tensors := func(list []TensorInfo) []*tflitefb.TensorMetadataT {
		var to []*tflitefb.TensorMetadataT
		for _, t := range list {
			m := &tflitefb.TensorMetadataT{Name: t.Name, Description: t.Description}
			if t.Color != tflitefb.ColorSpaceTypeUNKNOWN {
				m.Content = &tflitefb.ContentT{ContentProperties: &tflitefb.ContentPropertiesT{
					Type: tflitefb.ContentPropertiesImageProperties, Value: &tflitefb.ImagePropertiesT{ColorSpace: t.Color},
				}}
			}
			if t.Mean != nil || t.Std != nil {
				m.ProcessUnits = []*tflitefb.ProcessUnitT{{Options: &tflitefb.ProcessUnitOptionsT{
					Type: tflitefb.ProcessUnitOptionsNormalizationOptions, Value: &tflitefb.NormalizationOptionsT{Mean: t.Mean, Std: t.Std},
				}}}
			}
			if t.Labels != "" {
				m.AssociatedFiles = []*tflitefb.AssociatedFileT{{Name: t.Labels, Type: tflitefb.AssociatedFileTypeTENSOR_AXIS_LABELS}}
			}
			to = append(to, m)
		}
		return to
	}
	t := tflitefb.ModelMetadataT{
		Name: info.Name, Description: info.Description, Version: info.Version, Author: info.Author, License: info.License, MinParserVersion: "1.0.0",
		SubgraphMetadata: []*tflitefb.SubGraphMetadataT{{InputTensorMetadata: tensors(info.Inputs), OutputTensorMetadata: tensors(info.Outputs)}},
	}
	b := flatbuffers.NewBuilder(1024)
	b.FinishWithFileIdentifier(t.Pack(b), []byte(infoIdentifier))
	return b.FinishedBytes()
}
