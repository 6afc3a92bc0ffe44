package tflite

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	flatbuffers "github.com/google/flatbuffers/go"

	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/internal/mutate"
)

// refused expects an error, for which little memory is allocated.
func refused(t *testing.T, name string, b []byte, want string) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Read(bytes.NewReader(b), int64(len(b)))
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: error %v, want one with %q", name, err, want)
	}
	if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(16*len(b)+64<<20); got > limit {
		t.Errorf("%s: %d bytes were allocated for a file of %d", name, got, len(b))
	}
}

// finish makes a file of subgraphs that the function builds.
func finish(build func(b *flatbuffers.Builder) []flatbuffers.UOffsetT) []byte {
	b := flatbuffers.NewBuilder(0)
	subgraphs := b.CreateVectorOfTables(build(b))
	tflitefb.ModelStart(b)
	tflitefb.ModelAddVersion(b, 3)
	tflitefb.ModelAddSubgraphs(b, subgraphs)
	b.FinishWithFileIdentifier(tflitefb.ModelEnd(b), []byte(Identifier))
	return b.FinishedBytes()
}

// A small file that refers to the same tables again and again must not claim memory for each reference.
func TestSharedTables(t *testing.T) {
	b := finish(func(b *flatbuffers.Builder) []flatbuffers.UOffsetT {
		tensor := (&tflitefb.TensorT{Name: "x"}).Pack(b)
		tensors := b.CreateVectorOfTables(repeat(tensor))
		tflitefb.SubGraphStart(b)
		tflitefb.SubGraphAddTensors(b, tensors)
		return repeat(tflitefb.SubGraphEnd(b))
	})
	refused(t, "shared tables", b, "overlap")
	// The same in the metadata.
	meta := flatbuffers.NewBuilder(0)
	name := meta.CreateString("a")
	names := meta.CreateVectorOfTables(repeat(name))
	tflitefb.TensorMetadataStart(meta)
	tflitefb.TensorMetadataAddDimensionNames(meta, names)
	list := meta.CreateVectorOfTables(repeat(tflitefb.TensorMetadataEnd(meta)))
	tflitefb.SubGraphMetadataStart(meta)
	tflitefb.SubGraphMetadataAddInputTensorMetadata(meta, list)
	subgraphs := meta.CreateVectorOfTables([]flatbuffers.UOffsetT{tflitefb.SubGraphMetadataEnd(meta)})
	tflitefb.ModelMetadataStart(meta)
	tflitefb.ModelMetadataAddSubgraphMetadata(meta, subgraphs)
	meta.FinishWithFileIdentifier(tflitefb.ModelMetadataEnd(meta), []byte(infoIdentifier))
	m := readBytes(t, testFiles(t)["cnn"])
	m.Metadata = append(m.Metadata, Metadata{infoName, meta.FinishedBytes()})
	refused(t, "shared names", writeBytes(t, m), "overlap")
}

// repeat returns a list that refers to one table again and again.
func repeat(o flatbuffers.UOffsetT) []flatbuffers.UOffsetT {
	list := make([]flatbuffers.UOffsetT, 2000)
	for i := range list {
		list[i] = o
	}
	return list
}

func TestRefused(t *testing.T) {
	refused(t, "nothing", nil, "identifier")
	refused(t, "text", []byte("a text that is long enough"), "identifier")
	refused(t, "no subgraph", finish(func(*flatbuffers.Builder) []flatbuffers.UOffsetT { return nil }), "no subgraph")

	cases := []struct {
		name, want string
		change     func(m *Model)
	}{
		{"a shape bomb", "bytes of FLOAT32", func(m *Model) {
			m.Subgraphs[0].Tensors[constantOf(m)].Shape = []int{1 << 30, 1 << 30, 1 << 30, 1 << 30}
		}},
		{"a negative size", "malformed", func(m *Model) { m.Subgraphs[0].Tensors[0].Shape[1] = -5 }},
		{"a signature of another shape", "malformed", func(m *Model) { m.Subgraphs[0].Tensors[0].Signature = []int{-1, 3} }},
		{"a signature of a scalar", "malformed", func(m *Model) { m.Subgraphs[0].Tensors[0].Shape = []int{} }},
		{"an input that does not exist", "no tensor 999999", func(m *Model) { m.Subgraphs[0].Inputs = []int{999999} }},
		{"a negative output", "no tensor -1", func(m *Model) { m.Subgraphs[0].Outputs = []int{-1} }},
		{"an operand that does not exist", "no tensor -2", func(m *Model) { m.Subgraphs[0].Operators[0].Inputs[1] = -2 }},
		{"a result that is left out", "no tensor -1", func(m *Model) { m.Subgraphs[0].Operators[0].Outputs[0] = -1 }},
		{"a signature of another subgraph", "no subgraph 7", func(m *Model) { m.Signatures[0].Subgraph = 7 }},
		{"a signature of another tensor", "no tensor 12345", func(m *Model) { m.Signatures[0].Inputs[0].Tensor = 12345 }},
	}
	for _, c := range cases {
		m := readBytes(t, testFiles(t)["cnn"])
		c.change(m)
		refused(t, c.name, writeBytes(t, m), c.want)
	}

	b := writeBytes(t, withLabels(t))
	cut := bytes.LastIndex(b, []byte("PK\x05\x06"))
	if m := readBytes(t, b[:cut]); m.Info.Outputs[0].Labels != "labels.txt" || m.Files != nil {
		t.Errorf("without an archive: files %v", m.Files)
	}
	if m := readBytes(t, bytes.ReplaceAll(b, []byte("labels.txt"), []byte("labels.csv"))); m.Files[0].Name != "labels.csv" {
		t.Errorf("files %v", m.Files)
	}

	// Names in the archive never become paths: a file that the metadata do not name is not read.
	m := withLabels(t)
	m.Files = append(m.Files, File{"../../etc/passwd", []byte("x")})
	if got := readBytes(t, writeBytes(t, m)); len(got.Files) != 1 {
		t.Errorf("files %v", got.Files)
	}
}

// constantOf returns the index of a constant of floating-point numbers.
func constantOf(m *Model) int {
	for i, t := range m.Subgraphs[0].Tensors {
		if t.Type == tflitefb.TensorTypeFLOAT32 && t.Data != nil {
			return i
		}
	}
	return -1
}

// A list of labels that unpacks to far more than the file is a bomb.
func TestZipBomb(t *testing.T) {
	m := withLabels(t)
	m.Files = nil
	b := writeBytes(t, m)
	var file bytes.Buffer
	file.Write(b)
	z := zip.NewWriter(&file)
	z.SetOffset(int64(len(b)))
	w, err := z.Create("labels.txt")
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 70 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = Read(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err == nil || !strings.Contains(err.Error(), "more bytes than the limit") {
		t.Errorf("error %v", err)
	}
}

// Data outside of the flatbuffer, as in files of more than 2 GB, must be inside of the file.
func TestExternalBuffers(t *testing.T) {
	file := func(offset, size uint64) []byte {
		b := flatbuffers.NewBuilder(0)
		tensor := &tflitefb.TensorT{Name: "w", Shape: []int32{2}, Buffer: 1}
		subgraph := (&tflitefb.SubGraphT{Tensors: []*tflitefb.TensorT{tensor}}).Pack(b)
		buffers := []flatbuffers.UOffsetT{(&tflitefb.BufferT{}).Pack(b), (&tflitefb.BufferT{Offset: offset, Size: size}).Pack(b)}
		s, v := b.CreateVectorOfTables([]flatbuffers.UOffsetT{subgraph}), b.CreateVectorOfTables(buffers)
		tflitefb.ModelStart(b)
		tflitefb.ModelAddVersion(b, 3)
		tflitefb.ModelAddSubgraphs(b, s)
		tflitefb.ModelAddBuffers(b, v)
		b.FinishWithFileIdentifier(tflitefb.ModelEnd(b), []byte(Identifier))
		return append(bytes.Clone(b.FinishedBytes()), 1, 2, 3, 4, 5, 6, 7, 8)
	}
	n := uint64(len(file(1000, 8)))
	m := readBytes(t, file(n-8, 8))
	if got := m.Subgraphs[0].Tensors[0].Data; binary.LittleEndian.Uint64(got) != 0x0807060504030201 {
		t.Errorf("data %v", got)
	}
	for _, c := range [][2]uint64{{n - 7, 8}, {n, 1}, {1 << 63, 8}, {n - 8, 1<<64 - 1}} {
		refused(t, "data outside", file(c[0], c[1]), "outside of the file")
	}
}

// Write does not know the format of sparse data.
func TestWriteSparse(t *testing.T) {
	m := &Model{Subgraphs: []Subgraph{{Tensors: []Tensor{{Name: "w", Sparse: true, Data: []byte{1}, Shape: []int{2, 2}}}}}}
	if err := Write(io.Discard, m); err == nil || !strings.Contains(err.Error(), `tensor 0 ("w") is sparse`) {
		t.Errorf("error is %v", err)
	}
}

// A model that the format cannot hold is not written.
func TestWriteBeyondFormat(t *testing.T) {
	model := func(change func(*Subgraph)) *Model {
		s := Subgraph{Name: "main", Tensors: []Tensor{{Name: "x", Shape: []int{1}}}, Operators: []Operator{{Code: tflitefb.BuiltinOperatorRELU}}}
		change(&s)
		return &Model{Subgraphs: []Subgraph{s}}
	}
	for want, m := range map[string]*Model{
		`tensor 0 ("x") has a dimension of 4294967297`:           model(func(s *Subgraph) { s.Tensors[0].Shape[0] = 1<<32 + 1 }),
		`operator 0 (RELU) has tensor 2147483648`:                model(func(s *Subgraph) { s.Operators[0].Inputs = []int{1 << 31} }),
		`operator 0 (RELU) has options of type int`:              model(func(s *Subgraph) { s.Operators[0].Options = 3 }),
		`operator 0 (RELU) has options of type *tflitefb.ModelT`: model(func(s *Subgraph) { s.Operators[0].Options = &tflitefb.ModelT{} }),
		`the subgraph "main" has tensor 4294967296 as an input`:  model(func(s *Subgraph) { s.Inputs = []int{1 << 32} }),
	} {
		if err := Write(io.Discard, m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, b := range testFiles(f) {
		f.Add(b)
	}
	f.Add(writeBytes(f, withLabels(f)))
	f.Fuzz(readHostile)
}

func TestMutants(t *testing.T) {
	seeds := [][]byte{writeBytes(t, withLabels(t))}
	files := testFiles(t)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		seeds = append(seeds, files[name])
	}
	mutate.Runs{Seeds: seeds, Fuzz: "FuzzRead", Read: readHostile}.Test(t)
}

// readHostile reads a file that may be damaged, and writes the model if it is not.
func readHostile(t *testing.T, b []byte) {
	if verify(b, Identifier, "Model") != nil {
		return
	}
	d := decoder{b: b, root: tflitefb.GetRootAsModel(b, 0)}
	m, err := d.model() // without the recover of decode
	if err != nil {
		return
	}
	var file bytes.Buffer
	if Write(&file, m) == nil {
		readBytes(t, file.Bytes())
	}
}
