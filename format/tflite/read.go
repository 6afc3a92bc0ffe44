package tflite

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	flatbuffers "github.com/google/flatbuffers/go"

	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/internal/bounded"
	"github.com/lince-ml/lince/tensor"
)

// Identifier is at byte 4 of a file.
const Identifier = "TFL3"

// infoName is the name of the metadata that Info holds, and infoIdentifier is at byte 4 of it.
const infoName, infoIdentifier = "TFLITE_METADATA", "M001"

// maxFile limits the size of a file. Offsets have 31 bits.
const maxFile = bounded.MaxFile

// Read reads a file of the given size. The data of tensors are parts of one copy of the file.
func Read(r io.ReaderAt, size int64) (*Model, error) {
	if size > maxFile {
		return nil, fmt.Errorf("tflite: the file has %d bytes, want at most %d", size, maxFile)
	}
	b := tensor.Bytes(int(size)) // aligned, so that float data need no copies
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), b); err != nil {
		return nil, fmt.Errorf("tflite: %w", err)
	}
	m, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("tflite: %w", err)
	}
	return m, nil
}

// decode decodes a file.
func decode(b []byte) (m *Model, err error) {
	if err := verify(b, Identifier, "Model"); err != nil {
		return nil, err
	}
	defer func() {
		// verify leaves nothing that package flatbuffers could panic on. If that is wrong, a file must still not end the
		// program that reads it.
		if p := recover(); p != nil {
			m, err = nil, fmt.Errorf("the file is malformed: %v", p)
		}
	}()
	d := decoder{b: b, root: tflitefb.GetRootAsModel(b, 0)}
	if v := d.root.Version(); v != 3 {
		return nil, fmt.Errorf("the schema has version %d, want 3", v)
	}
	return d.model()
}

// decoder converts a verified file to a Model.
type decoder struct {
	b       []byte
	root    *tflitefb.Model
	buffers [][]byte
	codes   []tflitefb.OperatorCodeT
}

func (d *decoder) model() (*Model, error) {
	m := &Model{Size: int64(len(d.b)), Description: string(d.root.Description())}
	if err := d.readBuffers(); err != nil {
		return nil, err
	}
	d.codes = make([]tflitefb.OperatorCodeT, d.root.OperatorCodesLength())
	for i := range d.codes {
		var c tflitefb.OperatorCode
		d.root.OperatorCodes(&c, i)
		c.UnPackTo(&d.codes[i])
	}
	for i := range d.root.SubgraphsLength() {
		var s tflitefb.SubGraph
		d.root.Subgraphs(&s, i)
		sub, err := d.subgraph(&s)
		if err != nil {
			return nil, fmt.Errorf("subgraph %d: %w", i, err)
		}
		m.Subgraphs = append(m.Subgraphs, *sub)
	}
	if len(m.Subgraphs) == 0 {
		return nil, errors.New("the file has no subgraph")
	}
	for i := range d.root.SignatureDefsLength() {
		var s tflitefb.SignatureDef
		d.root.SignatureDefs(&s, i)
		sig, err := signature(m, &s)
		if err != nil {
			return nil, fmt.Errorf("signature %q: %w", s.SignatureKey(), err)
		}
		m.Signatures = append(m.Signatures, *sig)
	}
	return m, d.metadata(m)
}

// readBuffers collects the data of all buffers.
func (d *decoder) readBuffers() error {
	d.buffers = make([][]byte, d.root.BuffersLength())
	for i := range d.buffers {
		var b tflitefb.Buffer
		d.root.Buffers(&b, i)
		d.buffers[i] = b.DataBytes()
		if b.Offset() > 1 { // outside of the flatbuffer
			if n := uint64(len(d.b)); b.Offset() > n || b.Size() > n-b.Offset() {
				return fmt.Errorf("buffer %d is outside of the file", i)
			}
			d.buffers[i] = d.b[b.Offset() : b.Offset()+b.Size()]
		}
	}
	return nil
}

func (d *decoder) subgraph(s *tflitefb.SubGraph) (*Subgraph, error) {
	sub := &Subgraph{Name: string(s.Name()), Tensors: make([]Tensor, s.TensorsLength()), Operators: make([]Operator, s.OperatorsLength())}
	for i := range sub.Tensors {
		var t tflitefb.Tensor
		s.Tensors(&t, i)
		if err := d.tensor(&sub.Tensors[i], &t); err != nil {
			return nil, fmt.Errorf("tensor %d (%s): %w", i, short(t.Name()), err)
		}
	}
	var err error
	if sub.Inputs, err = indices(s.InputsLength(), s.Inputs, 0, len(sub.Tensors)); err != nil {
		return nil, fmt.Errorf("inputs: %w", err)
	}
	if sub.Outputs, err = indices(s.OutputsLength(), s.Outputs, 0, len(sub.Tensors)); err != nil {
		return nil, fmt.Errorf("outputs: %w", err)
	}
	for i := range sub.Operators {
		var o tflitefb.Operator
		s.Operators(&o, i)
		if err := d.operator(&sub.Operators[i], &o, len(sub.Tensors)); err != nil {
			return nil, fmt.Errorf("operator %d: %w", i, err)
		}
	}
	return sub, nil
}

// short returns a name from a file for an error message.
func short(name []byte) string {
	const most = 100
	if len(name) > most {
		return fmt.Sprintf("%q...", name[:most])
	}
	return fmt.Sprintf("%q", name)
}

// indices converts n indices, each of which must be at least least and less than count.
func indices(n int, at func(int) int32, least, count int) ([]int, error) {
	list := make([]int, n)
	for i := range list {
		list[i] = int(at(i))
		if list[i] < least || list[i] >= count {
			return nil, fmt.Errorf("there is no tensor %d", list[i])
		}
	}
	return list, nil
}

func ints(n int, at func(int) int32) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = int(at(i))
	}
	return list
}

func (d *decoder) tensor(to *Tensor, t *tflitefb.Tensor) error {
	*to = Tensor{Name: string(t.Name()), Type: t.Type(), Shape: ints(t.ShapeLength(), t.Shape), Variable: t.IsVariable(), Sparse: t.Sparsity(nil) != nil}
	if n := t.ShapeSignatureLength(); n > 0 {
		to.Signature = ints(n, t.ShapeSignature)
	}
	ok := to.Signature == nil || len(to.Signature) == len(to.Shape)
	for i, n := range to.Shape {
		ok = ok && n >= 0 && (to.Signature == nil || to.Signature[i] == -1 || to.Signature[i] == n)
	}
	if !ok {
		return fmt.Errorf("the shape %v with the signature %v is malformed", to.Shape, to.Signature)
	}
	if !slices.Contains(to.Signature, -1) {
		to.Signature = nil
	}
	if i := uint64(t.Buffer()); i >= uint64(len(d.buffers)) && i > 0 {
		return fmt.Errorf("there is no buffer %d", i)
	} else if i > 0 && len(d.buffers[i]) > 0 {
		to.Data = d.buffers[i]
	}
	if size := SizeOf(to.Type); to.Data != nil && size > 0 && !to.Sparse {
		if n, err := tensor.Shape(to.Shape).CheckedElements(); err != nil || n != len(to.Data)/size || len(to.Data)%size != 0 {
			return fmt.Errorf("%d bytes of %v for the shape %v", len(to.Data), to.Type, to.Shape)
		}
	}
	if q := t.Quantization(nil); q != nil && (q.ScaleLength() > 0 || q.DetailsType() != 0) {
		to.Quantization = &Quantization{Axis: int(q.QuantizedDimension()), Custom: q.DetailsType() != 0}
		for i := range q.ScaleLength() {
			to.Quantization.Scale = append(to.Quantization.Scale, q.Scale(i))
		}
		for i := range q.ZeroPointLength() {
			to.Quantization.ZeroPoint = append(to.Quantization.ZeroPoint, q.ZeroPoint(i))
		}
	}
	return nil
}

// SizeOf returns the number of bytes of an element, or 0 if elements are not whole bytes of one size.
func SizeOf(t tflitefb.TensorType) int {
	switch t {
	case tflitefb.TensorTypeUINT8, tflitefb.TensorTypeINT8, tflitefb.TensorTypeBOOL:
		return 1
	case tflitefb.TensorTypeFLOAT16, tflitefb.TensorTypeBFLOAT16, tflitefb.TensorTypeINT16, tflitefb.TensorTypeUINT16:
		return 2
	case tflitefb.TensorTypeFLOAT32, tflitefb.TensorTypeINT32, tflitefb.TensorTypeUINT32:
		return 4
	case tflitefb.TensorTypeFLOAT64, tflitefb.TensorTypeINT64, tflitefb.TensorTypeUINT64, tflitefb.TensorTypeCOMPLEX64:
		return 8
	case tflitefb.TensorTypeCOMPLEX128:
		return 16
	}
	return 0
}

func (d *decoder) operator(to *Operator, o *tflitefb.Operator, tensors int) error {
	i := uint64(o.OpcodeIndex())
	if i >= uint64(len(d.codes)) {
		return fmt.Errorf("there is no operator code %d", i)
	}
	c := &d.codes[i]
	// Old files have the code in the first field only, in new ones the second is the greater.
	*to = Operator{Code: max(c.BuiltinCode, tflitefb.BuiltinOperator(c.DeprecatedBuiltinCode)), Custom: c.CustomCode, Version: int(c.Version)}
	var err error
	if to.Inputs, err = indices(o.InputsLength(), o.Inputs, -1, tensors); err != nil {
		return fmt.Errorf("%s: inputs: %w", to.Name(), err)
	}
	if to.Outputs, err = indices(o.OutputsLength(), o.Outputs, 0, tensors); err != nil {
		return fmt.Errorf("%s: outputs: %w", to.Name(), err)
	}
	var t flatbuffers.Table
	if o.BuiltinOptions(&t) {
		if u := o.BuiltinOptionsType().UnPack(t); u != nil {
			to.Options = u.Value
		}
	}
	return nil
}

func signature(m *Model, s *tflitefb.SignatureDef) (*Signature, error) {
	if uint64(s.SubgraphIndex()) >= uint64(len(m.Subgraphs)) {
		return nil, fmt.Errorf("there is no subgraph %d", s.SubgraphIndex())
	}
	sig := &Signature{Key: string(s.SignatureKey()), Subgraph: int(s.SubgraphIndex())}
	count := len(m.Subgraphs[sig.Subgraph].Tensors)
	named := func(n int, at func(*tflitefb.TensorMap, int) bool) ([]Named, error) {
		list := make([]Named, n)
		for i := range list {
			var t tflitefb.TensorMap
			at(&t, i)
			if uint64(t.TensorIndex()) >= uint64(count) {
				return nil, fmt.Errorf("there is no tensor %d", t.TensorIndex())
			}
			list[i] = Named{string(t.Name()), int(t.TensorIndex())}
		}
		return list, nil
	}
	var err error
	if sig.Inputs, err = named(s.InputsLength(), s.Inputs); err != nil {
		return nil, err
	}
	sig.Outputs, err = named(s.OutputsLength(), s.Outputs)
	return sig, err
}

// metadata reads the metadata, and the files that they name.
func (d *decoder) metadata(m *Model) error {
	for i := range d.root.MetadataLength() {
		var e tflitefb.Metadata
		d.root.Metadata(&e, i)
		if uint64(e.Buffer()) >= uint64(len(d.buffers)) {
			return fmt.Errorf("metadata %s: there is no buffer %d", short(e.Name()), e.Buffer())
		}
		data := d.buffers[e.Buffer()]
		if string(e.Name()) != infoName {
			m.Metadata = append(m.Metadata, Metadata{string(e.Name()), data})
			continue
		}
		if err := verify(data, infoIdentifier, "ModelMetadata"); err != nil {
			return fmt.Errorf("metadata %s: %w", infoName, err)
		}
		m.Info = infoOf(tflitefb.GetRootAsModelMetadata(data, 0).UnPack())
	}
	if m.Info == nil {
		return nil
	}
	return d.files(m)
}

func infoOf(t *tflitefb.ModelMetadataT) *Info {
	info := &Info{Name: t.Name, Description: t.Description, Version: t.Version, Author: t.Author, License: t.License}
	if len(t.SubgraphMetadata) > 0 {
		s := t.SubgraphMetadata[0]
		for _, in := range s.InputTensorMetadata {
			info.Inputs = append(info.Inputs, tensorInfo(in))
		}
		for _, out := range s.OutputTensorMetadata {
			info.Outputs = append(info.Outputs, tensorInfo(out))
		}
	}
	return info
}

func tensorInfo(t *tflitefb.TensorMetadataT) TensorInfo {
	info := TensorInfo{Name: t.Name, Description: t.Description}
	if t.Content != nil && t.Content.ContentProperties != nil {
		if p, ok := t.Content.ContentProperties.Value.(*tflitefb.ImagePropertiesT); ok {
			info.Color = p.ColorSpace
		}
	}
	for _, u := range t.ProcessUnits {
		if u.Options != nil {
			if n, ok := u.Options.Value.(*tflitefb.NormalizationOptionsT); ok {
				info.Mean, info.Std = n.Mean, n.Std
			}
		}
	}
	for _, f := range t.AssociatedFiles {
		if f.Type == tflitefb.AssociatedFileTypeTENSOR_AXIS_LABELS && info.Labels == "" {
			info.Labels = f.Name
		}
	}
	return info
}

// files reads the files that the metadata name and that are in the archive which follows the model.
func (d *decoder) files(m *Model) error {
	var names []string
	for _, o := range m.Info.Outputs {
		if o.Labels != "" && !slices.Contains(names, o.Labels) {
			names = append(names, o.Labels)
		}
	}
	if len(names) == 0 {
		return nil
	}
	z, err := zip.NewReader(bytes.NewReader(d.b), int64(len(d.b)))
	if errors.Is(err, zip.ErrFormat) { // a program has removed the archive
		return nil
	}
	if err != nil {
		return fmt.Errorf("the archive with the file %q: %w", names[0], err)
	}
	limit := 16*uint64(len(d.b)) + 4<<20
	for _, f := range z.File {
		if !slices.Contains(names, f.Name) || slices.ContainsFunc(m.Files, func(have File) bool { return have.Name == f.Name }) {
			continue
		}
		data, err := unpack(f, limit)
		if err != nil {
			return fmt.Errorf("the file %q in the archive: %w", f.Name, err)
		}
		limit -= uint64(len(data))
		m.Files = append(m.Files, File{f.Name, data})
	}
	return nil
}

func unpack(f *zip.File, limit uint64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return bounded.ReadAll(nil, r, 0, int64(limit))
}
