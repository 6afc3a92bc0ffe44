package onnxgraph

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/internal/mutate"
	"github.com/lince-ml/lince/tensor"
)

// The functions below make models for tests.

// floatInput describes an input x of floats.
func floatInput(dims ...int64) *onnxpb.ValueInfoProto {
	return typedInput("x", onnxpb.TensorProto_FLOAT, dims...)
}

// typedInput describes an input; a negative dimension is not known.
func typedInput(name string, t onnxpb.TensorProto_DataType, dims ...int64) *onnxpb.ValueInfoProto {
	s := &onnxpb.TensorShapeProto{}
	for _, d := range dims {
		dim := &onnxpb.TensorShapeProto_Dimension{}
		if d >= 0 {
			dim.Value = &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: d}
		}
		s.Dim = append(s.Dim, dim)
	}
	return &onnxpb.ValueInfoProto{Name: &name, Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{TensorType: &onnxpb.TypeProto_Tensor{ElemType: new(int32(t)), Shape: s}}}}
}

func outputs(names ...string) []*onnxpb.ValueInfoProto {
	var list []*onnxpb.ValueInfoProto
	for _, n := range names {
		list = append(list, &onnxpb.ValueInfoProto{Name: &n})
	}
	return list
}

// opNode makes a node of "Op x y -> z".
func opNode(text string, attributes ...*onnxpb.AttributeProto) *onnxpb.NodeProto {
	in, out, _ := strings.Cut(text, "->")
	f := strings.Fields(in)
	n := &onnxpb.NodeProto{OpType: &f[0], Input: f[1:], Output: strings.Fields(out), Attribute: attributes, Name: new("the " + f[0])}
	for i, name := range n.Input {
		if name == "_" {
			n.Input[i] = ""
		}
	}
	return n
}

func intsAttr(name string, v ...int64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: &name, Type: onnxpb.AttributeProto_INTS.Enum(), Ints: v}
}

func intAttr(name string, v int64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: &name, Type: onnxpb.AttributeProto_INT.Enum(), I: &v}
}

func graphAttr(name string, g *onnxpb.GraphProto) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: &name, Type: onnxpb.AttributeProto_GRAPH.Enum(), G: g}
}

func initializer(name string, t *tensor.Tensor) *onnxpb.TensorProto {
	p, err := onnx.NewTensor(name, t)
	if err != nil {
		panic(err)
	}
	return p
}

func vector(name string, v ...int64) *onnxpb.TensorProto {
	return initializer(name, tensor.Of(v, len(v)))
}

func modelOf(opset int64, g *onnxpb.GraphProto, functions ...*onnxpb.FunctionProto) *onnx.Model {
	return &onnx.Model{ModelProto: &onnxpb.ModelProto{
		IrVersion: new(int64(8)), Graph: g, Functions: functions,
		OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: &opset}},
	}}
}

// simple makes a graph from x (batch, 3, 8, 8) to y.
func simple(nodes []*onnxpb.NodeProto, initializers ...*onnxpb.TensorProto) *onnxpb.GraphProto {
	return &onnxpb.GraphProto{Input: []*onnxpb.ValueInfoProto{floatInput(-1, 3, 8, 8)}, Output: outputs("y"), Node: nodes, Initializer: initializers}
}

// hostile are models that Read must refuse, with a part of the error.
func hostile() map[string]struct {
	model *onnx.Model
	want  string
} {
	type refused = struct {
		model *onnx.Model
		want  string
	}
	one := func(want string, n *onnxpb.NodeProto, t ...*onnxpb.TensorProto) refused {
		return refused{modelOf(17, simple([]*onnxpb.NodeProto{n}, t...)), want}
	}
	const huge = 1 << 40
	list := map[string]refused{
		"no op":             one(`lince has no Frob (once, first in node "the Frob"), com.acme.Blink (once`, nil),
		"forward reference": {modelOf(17, simple([]*onnxpb.NodeProto{opNode("Relu z -> y"), opNode("Relu x -> z")})), `node "the Relu" (Relu): its operand 0, "z", is not computed before it`},
		"cycle":             one(`its operand 0, "y", is not computed before it`, opNode("Relu y -> y")),
		"no such name":      one(`its operand 1, "nowhere", is not computed before it`, opNode("Add x nowhere -> y")),
		"computed twice":    {modelOf(17, simple([]*onnxpb.NodeProto{opNode("Relu x -> y"), opNode("Neg x -> y")})), `"y" is computed twice`},
		"no output":         one(`output "y": no node computes it`, opNode("Relu x -> z")),
		"too few operands":  one("got 1 operands, want 2", opNode("Add x -> y")),
		"left out":          one("operand 0 is left out", opNode("Add _ x -> y")),
		"wrong attribute":   one("attribute perm is of type INT, want INTS", opNode("Transpose x -> y", intAttr("perm", 3))),
		"no permutation":    one("perm is [0 1 1 2] for shape (None, 3, 8, 8)", opNode("Transpose x -> y", intsAttr("perm", 0, 1, 1, 2))),
		"huge pads":         one("attribute pads", opNode("MaxPool x -> y", intsAttr("kernel_shape", 2, 2), intsAttr("pads", huge, huge, huge, huge))),
		"huge kernel":       one("attribute kernel_shape", opNode("MaxPool x -> y", intsAttr("kernel_shape", huge, huge))),
		"huge stride":       one("attribute strides", opNode("MaxPool x -> y", intsAttr("kernel_shape", 2, 2), intsAttr("strides", huge, huge))),
		"huge tile":         one("repeats are", opNode("Tile x r -> y"), vector("r", 1, huge, huge, huge)),
		"huge pad":          one("pads are", opNode("Pad x p -> y"), vector("p", 0, 0, huge, huge, 0, 0, huge, huge)),
		"huge expand":       one("is too large", opNode("Expand x s -> y"), vector("s", huge, 1, 3, 8, 8)),
		"huge constant":     one("is too large", opNode("ConstantOfShape s -> y"), vector("s", huge, huge)),
		"huge range":        one("elements are too many", opNode("Range a b c -> y"), initializer("a", tensor.Scalar(int64(0))), initializer("b", tensor.Scalar(int64(huge))), initializer("c", tensor.Scalar(int64(1)))),
		"huge resize":       one("would get the size", opNode("Resize x _ s -> y"), initializer("s", tensor.Of([]float32{1, 1, 1e9, 1e9}, 4))),
		"huge reshape":      one("the new shape is", opNode("Reshape x s -> y"), vector("s", huge, huge)),
		"negative axis":     one("axis -9 of a value with 4 dimensions", opNode("Concat x x -> y", intAttr("axis", -9))),
		"axis twice":        one("contain an axis twice", opNode("Unsqueeze x a -> y"), vector("a", 1, 1)),
		"many dimensions":   one("lince allows 12", opNode("Unsqueeze x a -> y"), vector("a", 0, 1, 2, 3, 4, 5, 6, 7, 8)),
		"groups":            one("5 groups of a filter", opNode("Conv x w -> y", intAttr("group", 5)), initializer("w", tensor.New(tensor.Float32, 5, 3, 1, 1))),
		"filter":            one("a filter of shape (4, 2, 1, 1) for images of shape (None, 3, 8, 8)", opNode("Conv x w -> y"), initializer("w", tensor.New(tensor.Float32, 4, 2, 1, 1))),
		"sequence input":    {modelOf(17, &onnxpb.GraphProto{Input: []*onnxpb.ValueInfoProto{{Name: new("x"), Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_SequenceType{}}}}, Output: outputs("x")}), "it is not a tensor"},
		"no rank":           {modelOf(17, &onnxpb.GraphProto{Input: []*onnxpb.ValueInfoProto{{Name: new("x"), Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{TensorType: &onnxpb.TypeProto_Tensor{ElemType: new(int32(1))}}}}}, Output: outputs("x")}), "how many dimensions"},
		"new opset":         {modelOf(99, simple([]*onnxpb.NodeProto{opNode("Relu x -> y")})), "the model has opset 99, lince reads opsets"},
		"initializer bytes": {modelOf(17, simple([]*onnxpb.NodeProto{opNode("Add x w -> y")}, &onnxpb.TensorProto{Name: new("w"), DataType: new(int32(1)), Dims: []int64{1 << 40}, RawData: []byte{1}})), `initializer "w"`},
	}
	list["no op"] = refused{modelOf(17, simple([]*onnxpb.NodeProto{opNode("Frob x -> a"), {OpType: new("Blink"), Domain: new("com.acme"), Input: []string{"a"}, Output: []string{"y"}}})), list["no op"].want}
	// Each Expand of a constant makes it a thousand times larger.
	var bombs []*onnxpb.NodeProto
	last := "c"
	for i := range 8 {
		next := fmt.Sprint("e", i)
		bombs = append(bombs, opNode(fmt.Sprintf("Tile %s r -> %s", last, next)))
		last = next
	}
	bombs = append(bombs, opNode("Add x "+last+" -> y"))
	list["chain of tiles"] = refused{modelOf(17, simple(bombs, initializer("c", tensor.New(tensor.Float32, 1, 1, 1, 8)), vector("r", 1, 1, 100, 1))), "repeats are"}
	// Graphs in graphs.
	inner := &onnxpb.GraphProto{Output: outputs("x")}
	for range 40 {
		n := opNode("If c -> y", graphAttr("then_branch", inner), graphAttr("else_branch", &onnxpb.GraphProto{Output: outputs("x")}))
		inner = &onnxpb.GraphProto{Node: []*onnxpb.NodeProto{n}, Output: outputs("y")}
	}
	list["deep graphs"] = refused{modelOf(17, simple(inner.Node, initializer("c", tensor.Scalar(true)))), "nested more than"}
	// A function that calls itself, and functions that call the one before twice.
	call := func(name, in, out string) *onnxpb.NodeProto {
		return &onnxpb.NodeProto{OpType: &name, Domain: new("f"), Input: []string{in}, Output: []string{out}, Name: new("call " + in)}
	}
	function := func(name string, nodes ...*onnxpb.NodeProto) *onnxpb.FunctionProto {
		return &onnxpb.FunctionProto{Name: &name, Domain: new("f"), Input: []string{"a"}, Output: []string{"b"}, Node: nodes}
	}
	list["recursion"] = refused{modelOf(17, simple([]*onnxpb.NodeProto{call("F", "x", "y")}), function("F", call("F", "a", "b"))), "call each other more than"}
	functions := []*onnxpb.FunctionProto{function("F0", opNode("Relu a -> b"))}
	for i := 1; i < 15; i++ {
		before := fmt.Sprint("F", i-1)
		functions = append(functions, function(fmt.Sprint("F", i), call(before, "a", "c"), call(before, "c", "d"), call(before, "d", "b")))
	}
	list["functions that multiply"] = refused{modelOf(17, simple([]*onnxpb.NodeProto{call("F14", "x", "y")}), functions...), "too many nodes"}
	return list
}

func TestReadRefuses(t *testing.T) {
	for name, c := range hostile() {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, err := Read(c.model, ReadOptions{})
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
				t.Errorf("it took %d bytes", used)
			}
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("it took %v", d)
			}
		})
	}
}

// TestReadMistakes checks that all mistakes of a model come at once, each once.
func TestReadMistakes(t *testing.T) {
	m := modelOf(17, &onnxpb.GraphProto{
		Input: []*onnxpb.ValueInfoProto{floatInput(-1, 3, 8, 8)}, Output: outputs("y", "z"),
		Node: []*onnxpb.NodeProto{
			opNode("Transpose x -> a", intsAttr("perm", 0)), opNode("Relu a -> y"), opNode("Conv x w -> z"),
		},
		Initializer: []*onnxpb.TensorProto{initializer("w", tensor.New(tensor.Float32, 4, 2, 1, 1))},
	})
	_, err := Read(m, ReadOptions{})
	want := `onnx: node "the Transpose" (Transpose): perm is [0] for shape (None, 3, 8, 8)
node "the Conv" (Conv): 1 groups of a filter of shape (4, 2, 1, 1) for images of shape (None, 3, 8, 8)`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// TestNeedsValue reads a model whose Reshape takes the shape from an input.
func TestNeedsValue(t *testing.T) {
	g := simple([]*onnxpb.NodeProto{opNode("Add s one -> t"), opNode("Reshape x t -> y")}, vector("one", 0, 0))
	g.Input = append(g.Input, typedInput("s", onnxpb.TensorProto_INT64, 2))
	m := modelOf(17, g)
	_, err := Read(m, ReadOptions{})
	var needs *NeedsValue
	if !errors.As(err, &needs) || !slices.Equal(needs.Inputs, []string{"s"}) {
		t.Fatal("got ", err)
	}
	r, err := Read(m, ReadOptions{Values: map[string]*tensor.Tensor{"s": tensor.Of([]int64{-1, 192}, 2)}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Graph.Inputs) != 1 || !r.Graph.Outputs[0].Value.Shape.Equal(tensor.Shape{tensor.Unknown, 192}) {
		t.Errorf("inputs %v, output %v", r.Graph.Inputs, r.Graph.Outputs[0].Value.Type)
	}
	for _, bad := range []*tensor.Tensor{tensor.Of([]int64{1}, 1), tensor.Of([]float32{-1, 192}, 2)} {
		if _, err := Read(m, ReadOptions{Values: map[string]*tensor.Tensor{"s": bad}}); err == nil || !strings.Contains(err.Error(), "the value given is") {
			t.Errorf("%v: got %v", bad, err)
		}
	}
}

// TestShapes reads a model that flattens images of any size, which is only possible if the size is given.
func TestShapes(t *testing.T) {
	g := simple([]*onnxpb.NodeProto{opNode("Flatten x -> f"), opNode("Shape x -> s"), opNode("Gather s zero -> n"), opNode("Concat n rest -> t", intAttr("axis", 0)), opNode("Reshape f t -> y")}, vector("zero", 0), vector("rest", -1, 3))
	g.Input = []*onnxpb.ValueInfoProto{floatInput(-1, 3, -1, -1)}
	m := modelOf(17, g)
	if _, err := Read(m, ReadOptions{}); err == nil || !strings.Contains(err.Error(), "give the shapes of the model's inputs") {
		t.Errorf("got %v", err)
	}
	r, err := Read(m, ReadOptions{Shapes: map[string]tensor.Shape{"x": {tensor.Unknown, 3, 4, 5}}})
	if err != nil {
		t.Fatal(err)
	}
	if s := r.Graph.Outputs[0].Value.Shape; !s.Equal(tensor.Shape{tensor.Unknown, 20, 3}) {
		t.Errorf("got %v", s)
	}
	for _, bad := range []tensor.Shape{{2, 3, 4}, {2, 4, 4, 4}, {2, 3, -5, 4}} {
		if _, err := Read(m, ReadOptions{Shapes: map[string]tensor.Shape{"x": bad}}); err == nil || !strings.Contains(err.Error(), "the shape given is") {
			t.Errorf("%v: got %v", bad, err)
		}
	}
	for _, name := range []string{"image", "zero"} {
		want := fmt.Sprintf("onnx: a shape is given for %q, which is no input of the model", name)
		if _, err := Read(m, ReadOptions{Shapes: map[string]tensor.Shape{name: {2, 3, 4, 5}}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// FuzzRead reads models whose bytes are anything.
func FuzzRead(f *testing.F) {
	for _, b := range smallModels(f) {
		f.Add(b)
	}
	f.Fuzz(readHostile)
}

// TestMutants runs the reader on changed bytes, and on changed models that are well-formed files.
func TestMutants(t *testing.T) {
	runs := mutate.Runs{Seeds: smallModels(t), Fuzz: "FuzzRead", Read: readHostile}
	t.Run("bytes", runs.Test)
	runs.Mutant = mutant
	t.Run("models", runs.Test)
}

// mutant changes a model. The result is a well-formed file.
func mutant(r *rand.Rand, b []byte) []byte {
	var m onnxpb.ModelProto
	if err := proto.Unmarshal(b, &m); err != nil {
		return mutate.Bytes(r, b)
	}
	mutate.Value(r, &m)
	b, err := proto.Marshal(&m)
	if err != nil { // text that is not UTF-8
		return nil
	}
	return b
}

func smallModels(t testing.TB) [][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/models/*.onnx")
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || info.Size() > 8<<10 {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	for _, c := range hostile() {
		b, err := proto.Marshal(c.model.ModelProto)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

// readHostile reads a file that may be damaged.
func readHostile(t *testing.T, b []byte) {
	m, err := onnx.Read(bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		return
	}
	for _, o := range []ReadOptions{{}, {ChannelsLast: true, FreeBatch: true}} {
		r, err := Read(m, o)
		if err != nil {
			continue
		}
		if err := r.Graph.Verify(); err != nil {
			t.Error(err)
		}
	}
}

// A Resize whose scale of the batch is 1 does not need the batch size.
func TestResizeBatch(t *testing.T) {
	for _, mode := range []string{"linear", "cubic"} {
		text := func(name, v string) *onnxpb.AttributeProto {
			return &onnxpb.AttributeProto{Name: &name, Type: onnxpb.AttributeProto_STRING.Enum(), S: []byte(v)}
		}
		n := opNode("Resize x _ s -> y", text("mode", mode), text("coordinate_transformation_mode", "align_corners"))
		r, err := Read(modelOf(17, simple([]*onnxpb.NodeProto{n}, initializer("s", tensor.Of([]float32{1, 1, 2, 2}, 4)))), ReadOptions{})
		if err != nil {
			t.Error(mode, err)
			continue
		}
		if s := r.Graph.Outputs[0].Value.Shape; !s.Equal(tensor.Shape{tensor.Unknown, 3, 16, 16}) {
			t.Error(mode, s)
		}
	}
}
