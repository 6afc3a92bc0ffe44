package onnxgraph

import (
	"testing"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/tensor"
)

// TestFreeBatch reads models whose batch is fixed. It becomes free where the network only carries it through, and each example then has the result that it has
// in the file's batch. Where the network mixes the examples of a batch, the batch stays.
func TestFreeBatch(t *testing.T) {
	e := newEngine(t)
	repeated, different := tensor.New(tensor.Float32, 8, 1, 8, 8), tensor.New(tensor.Float32, 8, 3, 8, 8)
	for i := range repeated.Float32s() {
		repeated.Float32s()[i] = float32(i % 64)
	}
	for i := range different.Float32s() {
		different.Float32s()[i] = float32(i)
	}
	filter := graphtest.Formula(3, -1, 1, 4, 3, 3, 3)
	mix := graphtest.Formula(4, -1, 1, 3, 3)
	for _, c := range []struct {
		name  string
		batch int64
		nodes []*onnxpb.NodeProto
		free  bool
	}{
		{"flattened", 1, []*onnxpb.NodeProto{opNode("Reshape x flat1 -> y")}, true},
		{"flattened", 8, []*onnxpb.NodeProto{opNode("Reshape x flat8 -> y")}, true},
		{"flattened, the rest follows", 8, []*onnxpb.NodeProto{opNode("Reshape x rest8 -> y")}, true},
		{"flattened, the batch follows", 8, []*onnxpb.NodeProto{opNode("Reshape x follows -> y")}, true},
		{"pixels as rows", 8, []*onnxpb.NodeProto{opNode("Reshape x rows -> a"), opNode("MatMul a mix8 -> b"), opNode("Reshape b back -> y")}, true},
		{"the batch second", 8, []*onnxpb.NodeProto{
			opNode("Reshape x tokens -> a"), opNode("Transpose a -> b", intsAttr("perm", 1, 0, 2)), opNode("Reshape b heads -> c"),
			opNode("Softmax c -> d", intAttr("axis", 2)), opNode("Reshape d tokensfirst -> e"), opNode("Transpose e -> y", intsAttr("perm", 1, 0, 2)),
		}, true},
		{"channels moved before the batch and back", 8, []*onnxpb.NodeProto{opNode("Transpose x -> a", intsAttr("perm", 1, 0, 2, 3)), opNode("Reshape a channels -> b"), opNode("Transpose b -> y", intsAttr("perm", 1, 0, 2))}, true},
		{"channels mixed with the batch", 8, []*onnxpb.NodeProto{opNode("Transpose x -> a", intsAttr("perm", 1, 0, 2, 3)), opNode("Reshape a flat8 -> y")}, false},
		{"channels mixed with the batch", 1, []*onnxpb.NodeProto{opNode("Transpose x -> a", intsAttr("perm", 1, 0, 2, 3)), opNode("Reshape a flat1 -> y")}, false},
		{"two halves", 1, []*onnxpb.NodeProto{opNode("Reshape x halves -> a"), opNode("Reshape a flat1 -> y")}, false},
		{"a constant of equal rows", 8, []*onnxpb.NodeProto{opNode("Concat x repeated -> y", intAttr("axis", 1))}, true},
		{"a constant of equal rows, added", 8, []*onnxpb.NodeProto{opNode("Add x repeated -> y")}, true},
		{"a constant of other rows", 8, []*onnxpb.NodeProto{opNode("Add x different -> y")}, false},
		{"sliced whole", 8, []*onnxpb.NodeProto{opNode("Slice x zero four zero -> a"), opNode("Slice x zero eight zero -> y")}, true},
		{"sliced", 8, []*onnxpb.NodeProto{opNode("Slice x zero four zero -> y")}, false},
		{"expanded", 8, []*onnxpb.NodeProto{opNode("ReduceMean x -> a", intsAttr("axes", 2, 3), intAttr("keepdims", 1)), opNode("Expand a same -> y")}, true},
		{"resized", 8, []*onnxpb.NodeProto{opNode("Resize x none none double -> y")}, true},
		{"convolved", 8, []*onnxpb.NodeProto{opNode("Conv x filter -> a"), opNode("GlobalAveragePool a -> b"), opNode("Reshape b classes -> c"), opNode("Softmax c -> y", intAttr("axis", 1))}, true},
		{"the batch as rows of an image", 8, []*onnxpb.NodeProto{opNode("Transpose x -> a", intsAttr("perm", 2, 1, 0, 3)), opNode("MaxPool a -> b", intsAttr("kernel_shape", 3, 3), intsAttr("pads", 1, 1, 1, 1)), opNode("Transpose b -> y", intsAttr("perm", 2, 1, 0, 3))}, false},
		{"products of examples", 8, []*onnxpb.NodeProto{
			opNode("Reshape x flat8 -> a"), opNode("Transpose a -> b", intsAttr("perm", 1, 0)), opNode("MatMul b a -> c"), opNode("MatMul a c -> y"),
		}, false},
		{"softmax of the batch", 1, []*onnxpb.NodeProto{opNode("Softmax x -> y", intAttr("axis", 0))}, false},
		{"softmax of the batch", 8, []*onnxpb.NodeProto{opNode("Softmax x -> y", intAttr("axis", 0))}, false},
		{"sum of the batch", 1, []*onnxpb.NodeProto{opNode("ReduceSum x zero -> y")}, false},
		{"squeezed", 1, []*onnxpb.NodeProto{opNode("Squeeze x zero -> y")}, false},
		{"joined", 8, []*onnxpb.NodeProto{opNode("Concat x x -> y", intAttr("axis", 0))}, false},
		{"softmax", 1, []*onnxpb.NodeProto{opNode("Softmax x -> y", intAttr("axis", 1))}, true},
		{"transposed", 8, []*onnxpb.NodeProto{opNode("Transpose x -> y", intsAttr("perm", 1, 0, 2, 3))}, false},
	} {
		g := simple(c.nodes, vector("flat1", 1, 192), vector("flat8", 8, 192), vector("rest8", 8, -1), vector("follows", -1, 192), vector("halves", 2, -1),
			vector("rows", 512, 3), vector("back", 8, 3, 64), vector("tokens", 8, 12, 16), vector("heads", 12, 32, 4), vector("tokensfirst", 12, 8, 16), vector("channels", 3, 8, 64),
			vector("zero", 0), vector("four", 4), vector("eight", 8), vector("same", 8, 3, 8, 8), vector("double", 8, 3, 16, 16), vector("classes", 8, 4),
			initializer("repeated", repeated), initializer("different", different), initializer("filter", filter), initializer("mix8", mix),
			initializer("none", tensor.New(tensor.Float32, 0)))
		g.Input = []*onnxpb.ValueInfoProto{floatInput(c.batch, 3, 8, 8)}
		model := modelOf(17, g)
		for n := range g.Node { // an operand that is left out has no name
			for i, name := range g.Node[n].Input {
				if name == "none" {
					g.Node[n].Input[i] = ""
				}
			}
		}
		r, err := Read(model, ReadOptions{FreeBatch: true})
		if err != nil {
			t.Error(c.name, err)
			continue
		}
		free := r.Graph.Inputs[0].Shape[0] == tensor.Unknown
		if free != c.free || free == (r.Bound != nil) {
			t.Errorf("%s, batch %d: the batch is free: %v, want %v (%v)", c.name, c.batch, free, c.free, r.Bound)
		}
		if !free || c.free != free {
			continue
		}
		fixed, err := Read(model, ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		x := graphtest.Formula(1, -1, 1, int(c.batch), 3, 8, 8)
		want, err := goldenModel{input: x}.run(e, fixed)
		if err != nil {
			t.Fatal(c.name, err)
		}
		for _, size := range []int{1, 3, 8, 11} {
			rows := tensor.New(tensor.Float32, size, 3, 8, 8)
			for i := range size {
				copy(rows.Row(i).Float32s(), x.Row((i+1)%int(c.batch)).Float32s())
			}
			got, err := goldenModel{input: rows}.run(e, r)
			if err != nil {
				t.Errorf("%s, batch %d for %d: %v", c.name, size, c.batch, err)
				continue
			}
			for i := range size {
				if err := similar(got["y"].Row(i), want["y"].Row((i+1)%int(c.batch)), 1e-5); err != nil {
					t.Errorf("%s, batch %d for %d, row %d: %v", c.name, size, c.batch, i, err)
				}
			}
		}
	}
}

// TestFreeBatchOfNetworks fixes the batch of networks that the usual exporters wrote.
func TestFreeBatchOfNetworks(t *testing.T) {
	for _, g := range goldenModels(t, "testdata/models") {
		if g.name == "dynamo_convnext" { // it gathers elements of the flattened batch
			continue
		}
		for _, batch := range []int64{1, 2, 8, 32} {
			g.model.Graph.Input[0].Type.GetTensorType().Shape.Dim[0].Value = &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: batch}
			r, err := Read(g.model, ReadOptions{ChannelsLast: true, FreeBatch: true})
			if err != nil || r.Bound != nil || r.Graph.Inputs[0].Shape[0] != tensor.Unknown {
				t.Errorf("%s, batch %d: %v, %v", g.name, batch, err, r.Bound)
			}
		}
	}
}
