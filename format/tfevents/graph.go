package tfevents

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// Node is a node of a graph: tensorflow.NodeDef.
type Node struct {
	// Name is unique in the graph. TensorBoard draws nodes whose names agree up to a slash as one box, which opens.
	Name string
	// Op is the kind of the node, such as "Conv2D".
	Op string
	// Inputs are the names of the nodes whose results the node takes.
	Inputs []string
	// Shape is the shape of the node's result, with -1 for an unknown size. TensorBoard writes it beside the edges. It is optional.
	Shape []int64
}

// The numbers of the fields in TensorFlow's messages.
const (
	eventGraph = 4 // the GraphDef, as bytes

	graphNode     = 1
	graphVersions = 4
	producer      = 1

	nodeName  = 1
	nodeOp    = 2
	nodeInput = 3
	nodeAttr  = 5

	mapKey, mapValue = 1, 2
	attrList         = 1
	listShape        = 7

	outputShapes = "_output_shapes" // the attribute that has the shapes of a node's results
)

// encodeGraph returns nodes as a tensorflow.GraphDef.
func encodeGraph(nodes []Node) []byte {
	var b []byte
	for _, n := range nodes {
		m := appendText(nil, nodeName, n.Name)
		m = appendText(m, nodeOp, n.Op)
		for _, in := range n.Inputs {
			m = appendBytes(m, nodeInput, []byte(in))
		}
		if n.Shape != nil {
			list := appendBytes(nil, listShape, encodeShape(n.Shape))
			attr := appendText(nil, mapKey, outputShapes)
			m = appendBytes(m, nodeAttr, appendBytes(attr, mapValue, appendBytes(nil, attrList, list)))
		}
		b = appendBytes(b, graphNode, m)
	}
	return appendBytes(b, graphVersions, appendInt(nil, producer, 22))
}

// encodeShape returns a tensorflow.TensorShapeProto.
func encodeShape(shape []int64) []byte {
	var b []byte
	for _, n := range shape {
		b = appendBytes(b, shapeDim, appendInt(nil, dimSize, n))
	}
	return b
}

// decodeGraph reads the nodes of a tensorflow.GraphDef, without their attributes.
func decodeGraph(b []byte) (nodes []Node, err error) {
	err = fields(b, func(field protowire.Number, typ protowire.Type, raw []byte, _ uint64) error {
		if field != graphNode || typ != protowire.BytesType {
			return nil
		}
		var n Node
		err := fields(raw, func(field protowire.Number, typ protowire.Type, raw []byte, _ uint64) error {
			if typ != protowire.BytesType {
				return nil
			}
			switch field {
			case nodeName:
				n.Name = text(raw)
			case nodeOp:
				n.Op = text(raw)
			case nodeInput:
				n.Inputs = append(n.Inputs, text(raw))
			}
			return nil
		})
		nodes = append(nodes, n)
		return err
	})
	return nodes, err
}
