package onnxgraph

import (
	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/tensor"
)

// attribute returns an attribute of the node, or nil if it has none of this name. In a function, an attribute
// can stand for one of the node that calls the function.
func (n *node) attribute(name string, t onnxpb.AttributeProto_AttributeType) *onnxpb.AttributeProto {
	for _, a := range n.pb.Attribute {
		if a.GetName() != name {
			continue
		}
		if ref := a.GetRefAttrName(); ref != "" {
			if a = n.call[ref]; a == nil {
				return nil
			}
		}
		// IR version 1 had no types of attributes.
		if a.GetType() != t && a.GetType() != onnxpb.AttributeProto_UNDEFINED {
			n.fail("attribute %s is of type %v, want %v", name, a.GetType(), t)
		}
		return a
	}
	return nil
}

// attrInt returns an attribute, or a default.
func (n *node) attrInt(name string, otherwise int) int {
	if a := n.attribute(name, onnxpb.AttributeProto_INT); a != nil {
		return int(a.GetI())
	}
	return otherwise
}

// attrFlag returns an attribute that is 0 or 1.
func (n *node) attrFlag(name string, otherwise bool) bool {
	if a := n.attribute(name, onnxpb.AttributeProto_INT); a != nil {
		return a.GetI() != 0
	}
	return otherwise
}

// attrInts returns an attribute, or nil if there is none.
func (n *node) attrInts(name string) []int {
	a := n.attribute(name, onnxpb.AttributeProto_INTS)
	if a == nil {
		return nil
	}
	x := make([]int, len(a.Ints))
	for i, v := range a.Ints {
		x[i] = int(v)
	}
	return x
}

// attrFloat returns an attribute, or a default.
func (n *node) attrFloat(name string, otherwise float64) float64 {
	if a := n.attribute(name, onnxpb.AttributeProto_FLOAT); a != nil {
		return float64(a.GetF())
	}
	return otherwise
}

// attrFloats returns an attribute, or nil if there is none.
func (n *node) attrFloats(name string) []float64 {
	a := n.attribute(name, onnxpb.AttributeProto_FLOATS)
	if a == nil {
		return nil
	}
	x := make([]float64, len(a.Floats))
	for i, v := range a.Floats {
		x[i] = float64(v)
	}
	return x
}

// attrString returns an attribute, or a default.
func (n *node) attrString(name, otherwise string) string {
	if a := n.attribute(name, onnxpb.AttributeProto_STRING); a != nil {
		return string(a.GetS())
	}
	return otherwise
}

// attrStrings returns an attribute, or nil if there is none.
func (n *node) attrStrings(name string) []string {
	a := n.attribute(name, onnxpb.AttributeProto_STRINGS)
	if a == nil {
		return nil
	}
	x := make([]string, len(a.Strings))
	for i, v := range a.Strings {
		x[i] = string(v)
	}
	return x
}

// attrTensor returns an attribute, or nil if there is none.
func (n *node) attrTensor(name string) *tensor.Tensor {
	a := n.attribute(name, onnxpb.AttributeProto_TENSOR)
	if a == nil {
		return nil
	}
	if a.GetT() == nil {
		n.fail("attribute %s has no tensor", name)
	}
	t, err := n.scope.tensor(a.GetT(), n.model.Tensor)
	if err != nil {
		n.fail("attribute %s: %w", name, err)
	}
	return t
}

// attrGraph returns an attribute that must be there.
func (n *node) attrGraph(name string) *onnxpb.GraphProto {
	a := n.attribute(name, onnxpb.AttributeProto_GRAPH)
	if a.GetG() == nil {
		n.fail("it has no attribute %s", name)
	}
	return a.GetG()
}

// attrAxes returns axes that are the attribute axes before an opset and operand 1 from then on, or nil if they are not given.
func (n *node) attrAxes(opset int) []int {
	if n.opset < opset {
		return n.attrInts("axes")
	}
	if n.has(1) {
		return n.ints(1)
	}
	return nil
}
