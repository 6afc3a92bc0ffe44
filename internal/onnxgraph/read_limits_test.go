package onnxgraph

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/tensor"
)

// TestErrorLimits reads models with thousands of mistakes and with long ones. The error lists the first mistakes and cuts long texts.
func TestErrorLimits(t *testing.T) {
	const count = 3000
	many := func(line func(i int) string, attributes ...*onnxpb.AttributeProto) []*onnxpb.NodeProto {
		var nodes []*onnxpb.NodeProto
		sum := "Sum"
		for i := range count {
			n := opNode(line(i), attributes...)
			n.Name = new(fmt.Sprint("n", i))
			nodes = append(nodes, n)
			sum += fmt.Sprint(" y", i)
		}
		return append(nodes, opNode(sum+" -> y"))
	}
	axes := make([]int64, 100_000)
	for i := range axes {
		axes[i] = int64(i)
	}
	for name, c := range map[string]struct {
		nodes []*onnxpb.NodeProto
		want  string
	}{
		"mistakes": {many(func(i int) string { return fmt.Sprintf("Transpose x -> y%d", i) }, intsAttr("perm", 0, 0)), "and 2980 more mistakes"},
		"ops":      {many(func(i int) string { return fmt.Sprintf("Frob%d x -> y%d", i, i) }), "and 2980 more"},
		"text":     {[]*onnxpb.NodeProto{opNode("Transpose x -> y", intsAttr("perm", axes...))}, " ..."},
		"name":     {[]*onnxpb.NodeProto{opNode("F" + strings.Repeat("é", 50_000) + " x -> y")}, " ..."},
	} {
		_, err := Read(modelOf(17, simple(c.nodes)), ReadOptions{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want %q", name, err, c.want)
			continue
		}
		if n := len(err.Error()); n > 10_000 {
			t.Errorf("%s: the error has %d bytes", name, n)
		}
	}
}

// TestManyOperands reads a densely connected network. It has 1,000 nodes with 125,250 operands.
func TestManyOperands(t *testing.T) {
	var nodes []*onnxpb.NodeProto
	all := " x"
	for i := range 500 {
		nodes = append(nodes, opNode(fmt.Sprintf("Concat%s -> c%d", all, i), intAttr("axis", 1)), opNode(fmt.Sprintf("GlobalMaxPool c%d -> y%d", i, i)))
		all += " x"
	}
	nodes = append(nodes, opNode("Relu y499 -> y"))
	if _, err := Read(modelOf(17, simple(nodes)), ReadOptions{}); err != nil {
		t.Error(err)
	}
	// Each operand of Sum makes an op.
	sum := opNode("Sum" + strings.Repeat(" x", 30_000) + " -> y")
	if _, err := Read(modelOf(17, simple([]*onnxpb.NodeProto{sum})), ReadOptions{}); err == nil || !strings.Contains(err.Error(), "too many nodes for its size") {
		t.Errorf("Sum of 30,000 operands: error is %v", err)
	}
}

// TestSameInitializers reads a model with two initializers of one name: the last counts, and a note says so.
func TestSameInitializers(t *testing.T) {
	one, two := initializer("c", tensor.Of([]float32{1, 1, 1}, 3, 1, 1)), initializer("c", tensor.Of([]float32{2, 2, 2}, 3, 1, 1))
	r, err := Read(modelOf(17, simple([]*onnxpb.NodeProto{opNode("Add x c -> y")}, one, two)), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if v := r.Store.Lookup("c"); v == nil || v.Value().Float32s()[0] != 2 {
		t.Errorf("the variable is %v", v)
	}
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], `more than one initializer "c"`) {
		t.Errorf("notes are %q", r.Notes)
	}
}
