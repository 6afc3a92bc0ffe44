package onnxgraph

import (
	"fmt"
	"strings"

	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/format/onnx/onnxpb"
)

// Text lists a model's inputs, weights, nodes and outputs, a line each. Weights are listed by type and shape, without their
// values, except for short lists of integers.
func Text(m *onnx.Model) string {
	var b strings.Builder
	g := m.Graph
	for _, o := range m.OpsetImport {
		fmt.Fprintf(&b, "opset %s%d, IR version %d\n", domain(o.GetDomain()), o.GetVersion(), m.GetIrVersion())
	}
	for _, p := range m.MetadataProps {
		fmt.Fprintf(&b, "metadata %s = %s\n", p.GetKey(), p.GetValue())
	}
	for _, v := range g.Input {
		fmt.Fprintf(&b, "input %s\n", described(v))
	}
	for _, t := range g.Initializer {
		fmt.Fprintf(&b, "weight %s %s %v\n", t.GetName(), strings.ToLower(onnxpb.TensorProto_DataType(t.GetDataType()).String()), t.Dims)
	}
	for _, n := range g.Node {
		fmt.Fprintf(&b, "%s = %s%s(%s)", strings.Join(n.Output, ", "), domain(n.GetDomain()), n.GetOpType(), strings.Join(n.Input, ", "))
		for i, a := range n.Attribute {
			if i == 0 {
				b.WriteString(" {")
			} else {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%s: %s", a.GetName(), attribute(a))
		}
		if len(n.Attribute) > 0 {
			b.WriteString("}")
		}
		b.WriteByte('\n')
	}
	for _, v := range g.Output {
		fmt.Fprintf(&b, "output %s\n", described(v))
	}
	return b.String()
}

func domain(name string) string {
	if name == "" || name == "ai.onnx" {
		return ""
	}
	return name + "."
}

func described(v *onnxpb.ValueInfoProto) string {
	t := v.GetType().GetTensorType()
	var dims []string
	for _, d := range t.GetShape().GetDim() {
		switch {
		case d.GetDimParam() != "":
			dims = append(dims, d.GetDimParam())
		case d.Value == nil:
			dims = append(dims, "?")
		default:
			dims = append(dims, fmt.Sprint(d.GetDimValue()))
		}
	}
	return fmt.Sprintf("%s %s [%s]", v.GetName(), strings.ToLower(onnxpb.TensorProto_DataType(t.GetElemType()).String()), strings.Join(dims, " "))
}

func attribute(a *onnxpb.AttributeProto) string {
	switch a.GetType() {
	case onnxpb.AttributeProto_INT:
		return fmt.Sprint(a.GetI())
	case onnxpb.AttributeProto_FLOAT:
		return fmt.Sprint(a.GetF())
	case onnxpb.AttributeProto_STRING:
		return fmt.Sprintf("%q", a.S)
	case onnxpb.AttributeProto_INTS:
		return fmt.Sprint(a.Ints)
	case onnxpb.AttributeProto_FLOATS:
		return fmt.Sprint(a.Floats)
	}
	return a.GetType().String()
}
