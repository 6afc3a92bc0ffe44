package onnxgraph

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/engine"
	"github.com/lince-ml/lince/internal/interp"
	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/tensor"
)

var update = flag.Bool("update", false, "write testdata/refused.txt")

// refusedTest is the error for a test whose model cannot be read.
type refusedTest struct{ error }

// nodeTest is a test of the onnx package: a model with inputs and the outputs that it should give.
type nodeTest struct {
	name       string // "node/test_abs"
	model      *onnx.Model
	inputs     map[string]*tensor.Tensor
	outputs    []*tensor.Tensor
	notWritten error // by again
	bad        error // why the inputs and outputs cannot be read: lince must refuse the model too
}

// loadNodeTest reads a folder of a test.
func loadNodeTest(files fs.FS, name string) (*nodeTest, error) {
	b, err := fs.ReadFile(files, name+"/model.onnx")
	if err != nil {
		return nil, err
	}
	m, err := onnx.Read(bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		return nil, err
	}
	n := &nodeTest{name: name, model: m, inputs: map[string]*tensor.Tensor{}}
	initializers := map[string]bool{}
	for _, t := range m.Graph.Initializer {
		initializers[t.GetName()] = true
	}
	i := 0
	for _, in := range m.Graph.Input {
		if initializers[in.GetName()] && m.GetIrVersion() < 4 {
			continue
		}
		t, err := n.tensor(files, fmt.Sprintf("input_%d.pb", i))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			n.bad = err
			return n, nil
		}
		n.inputs[in.GetName()] = t
		i++
	}
	for i := range m.Graph.Output {
		t, err := n.tensor(files, fmt.Sprintf("output_%d.pb", i))
		if err != nil {
			n.bad = err
			return n, nil
		}
		n.outputs = append(n.outputs, t)
	}
	return n, nil
}

func (n *nodeTest) tensor(files fs.FS, name string) (*tensor.Tensor, error) {
	b, err := fs.ReadFile(files, path.Join(n.name, "test_data_set_0", name))
	if err != nil {
		return nil, err
	}
	p, err := onnx.ReadTensor(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	return n.model.Tensor(p)
}

// run reads the model, runs it on the backends, and compares the outputs.
func (n *nodeTest) run(backends ...backend.Backend) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	r, err := n.read()
	if err != nil {
		return refusedTest{err}
	}
	if n.bad != nil {
		return n.bad
	}
	var in []*tensor.Tensor
	var shapes []tensor.Shape
	for _, v := range r.Graph.Inputs {
		t := n.inputs[v.Node.Op.(op.Input).Key]
		if t == nil {
			return fmt.Errorf("the test has no input %q", v.Node.Op.(op.Input).Key)
		}
		if t.DType() != v.DType && t.DType().IsFloat() {
			t = widened(t)
		}
		in, shapes = append(in, t), append(shapes, t.Shape())
	}
	g, err := r.Graph.Specialize(shapes)
	if err != nil {
		return err
	}
	for _, b := range backends {
		if err := n.compare(b, r, g, in); err != nil {
			return fmt.Errorf("%s: %w", b.Name(), err)
		}
	}
	return n.again(backends[0], r, in, shapes)
}

// again writes the graph as an ONNX model, if ONNX has its ops, reads that, and runs it.
func (n *nodeTest) again(b backend.Backend, r *Result, in []*tensor.Tensor, shapes []tensor.Shape) error {
	m, err := Write(r.Graph, r.Store, WriteOptions{Opset: 21})
	if err != nil {
		n.notWritten = err
		return nil
	}
	r, err = Read(m, ReadOptions{})
	if err != nil {
		return fmt.Errorf("reading what was written: %w", err)
	}
	g, err := r.Graph.Specialize(shapes)
	if err == nil {
		err = n.compare(b, r, g, in)
	}
	if err != nil {
		return fmt.Errorf("running what was written: %w", err)
	}
	return nil
}

// compare runs a graph and compares the outputs.
func (n *nodeTest) compare(b backend.Backend, r *Result, g *graph.Graph, in []*tensor.Tensor) error {
	out, err := runGraph(b, r, g, in)
	if err != nil {
		return err
	}
	if len(out) != len(n.outputs) {
		return fmt.Errorf("got %d outputs, want %d", len(out), len(n.outputs))
	}
	for i, want := range n.outputs {
		if err := similar(out[i], want, n.tolerance()); err != nil {
			return fmt.Errorf("output %d: %w", i, err)
		}
	}
	return nil
}

func runGraph(b backend.Backend, r *Result, g *graph.Graph, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	var out []*tensor.Tensor
	for _, o := range g.Outputs {
		out = append(out, tensor.New(o.Value.DType, o.Value.Shape...))
	}
	p, err := b.Compile(r.Graph, r.Store)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return out, p.Run(in, out)
}

// tolerance returns the largest relative difference of floating-point numbers: that of onnx/backend/test, or more for a model whose numbers have less
// digits than float32, in which lince computes.
func (n *nodeTest) tolerance() float64 {
	most := 1e-3
	for _, v := range slices.Concat(n.model.Graph.Input, n.model.Graph.Output, n.model.Graph.ValueInfo) {
		switch onnxpb.TensorProto_DataType(v.GetType().GetTensorType().GetElemType()) {
		case onnxpb.TensorProto_BFLOAT16:
			return 2e-2
		case onnxpb.TensorProto_FLOAT16:
			most = 3e-3
		}
	}
	return most
}

// similar compares tensors: integers are equal, floating-point numbers differ by at most 1e-7 + tolerance*|want|.
func similar(got, want *tensor.Tensor, tolerance float64) error {
	if got.DType() != want.DType() && (got.DType() != tensor.Float32 || !want.DType().IsFloat()) {
		return fmt.Errorf("got %v, want %v", got, want)
	}
	if !got.Shape().Equal(want.Shape()) {
		return fmt.Errorf("got %v, want %v", got, want)
	}
	if !want.DType().IsFloat() {
		if !bytes.Equal(got.Raw(), want.Raw()) {
			return fmt.Errorf("got %v, want %v", got.Raw(), want.Raw())
		}
		return nil
	}
	g, w := interp.FromTensor(got).V, interp.FromTensor(widened(want)).V
	for i, v := range w {
		d := math.Abs(g[i] - v)
		if g[i] == v || g[i] != g[i] && v != v {
			continue
		}
		if !(d <= 1e-7+tolerance*math.Abs(v)) {
			return fmt.Errorf("element %d is %v, want %v", i, g[i], v)
		}
	}
	return nil
}

// widened returns a tensor of any floating-point type as float32.
func widened(t *tensor.Tensor) *tensor.Tensor { return (&reader{}).float32(t) }

// core reports whether the model has only tensors of the types that networks for images have.
func (n *nodeTest) core() bool {
	ok := func(t int32) bool { return slices.Contains([]int32{1, 2, 3, 6, 7, 9}, t) } // float32, uint8, int8, int32, int64, bool
	for _, v := range slices.Concat(n.model.Graph.Input, n.model.Graph.Output, n.model.Graph.ValueInfo) {
		if t := v.GetType().GetTensorType(); t == nil || !ok(t.GetElemType()) {
			return false
		}
	}
	for _, t := range n.model.Graph.Initializer {
		if !ok(t.GetDataType()) {
			return false
		}
	}
	return true
}

// TestNodes runs the tests of the onnx package, which internal/golden/onnx_nodes.py writes. Those that are refused must be in
// testdata/refused.txt; no other result but the right one is allowed. With -update, the file is written.
func TestNodes(t *testing.T) {
	dir := t.TempDir()
	testenv.Python(t, "onnx_nodes.py", dir)
	refused := runNodes(t, os.DirFS(dir))
	checkRefused(t, refused)
}

// tally counts the results of tests.
type tally struct{ passed, written, refused, failed int }

func (c *tally) String() string {
	return fmt.Sprintf("%d passed, %d of them written again, %d refused, %d failed", c.passed, c.written, c.refused, c.failed)
}

// runNodes runs all tests in a folder, and returns the errors of those that are refused.
func runNodes(t *testing.T, files fs.FS) map[string]string {
	t.Helper()
	paths, err := fs.Glob(files, "*/*/model.onnx")
	if err != nil || len(paths) == 0 {
		t.Fatal("no tests: ", err)
	}
	e, err := engine.New(engine.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	counts, refused := map[string]*tally{}, map[string]string{}
	for _, p := range paths {
		name := path.Dir(p)
		n, err := loadNodeTest(files, name)
		if err != nil {
			t.Fatal(name, ": ", err)
		}
		set, what := path.Dir(name), "other types"
		if n.core() {
			what = "core types"
		}
		keys := []string{set + ", " + what}
		if set == "node" && n.core() && len(n.model.Graph.Node) == 1 {
			keys = append(keys, "node, core types, one node", "op "+n.model.Graph.Node[0].GetOpType())
		}
		backends := []backend.Backend{e, interp.New()}
		if set == "light" { // the interpreter would take minutes
			backends = backends[:1]
		}
		err = n.run(backends...)
		for _, key := range keys {
			if counts[key] == nil {
				counts[key] = &tally{}
			}
			var no refusedTest
			switch c := counts[key]; {
			case err == nil:
				c.passed++
				if n.notWritten == nil {
					c.written++
				}
			case errors.As(err, &no):
				c.refused++
				refused[name] = reason(err)
			default:
				c.failed++
			}
		}
		if err != nil && refused[name] == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	var table strings.Builder
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&table, "%-40s %v\n", key, counts[key])
	}
	t.Logf("\n%s", table.String())
	return refused
}

// reason returns the beginning of the first line of an error.
func reason(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line[:min(len(line), 150)]
}

// checkRefused compares tests that are refused with testdata/refused.txt.
func checkRefused(t *testing.T, refused map[string]string) {
	t.Helper()
	const file = "testdata/refused.txt"
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		lines = append(lines, name+"\t"+refused[name]+"\n")
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(lines, "")), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.SplitAfter(string(b), "\n"), append(lines, "")); diff != "" {
		t.Errorf("other tests are refused than %s says (-want +got); if that is right, run with -update:\n%s", file, diff)
	}
}

// someNodes returns the files in testdata/nodes.tar.gz: a few tests for each operator, all of which pass.
func someNodes(t testing.TB) fstest.MapFS {
	t.Helper()
	f, err := os.Open("testdata/nodes.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = &fstest.MapFile{Data: b}
	}
}

// TestSomeNodes runs the tests of someNodes. They have each operator of the table.
func TestSomeNodes(t *testing.T) {
	files := someNodes(t)
	for name, err := range runNodes(t, files) {
		t.Errorf("%s is refused: %s", name, err)
	}

	tested := map[string]bool{}
	for name := range files {
		if path.Base(name) != "model.onnx" {
			continue
		}
		n, err := loadNodeTest(files, path.Dir(name))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range n.model.Graph.Node {
			tested[opKey(p.GetDomain(), p.GetOpType())] = true
		}
	}
	tested["GlobalLpPool"] = true // the onnx package has no test of it
	for key := range operators {
		if !tested[key] && !strings.HasPrefix(key, "com.microsoft.") {
			t.Errorf("no test in testdata/nodes.tar.gz has %s", key)
		}
	}
}
