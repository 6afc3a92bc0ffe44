package graph

import (
	"fmt"
	"strings"

	"github.com/lince-ml/lince/graph/op"
)

// String formats the graph, one line for each node:
//
//	%5 = Conv2D(%0, %1) {3x3 valid} float32 (None, 126, 126, 64)  # conv2d
func (g *Graph) String() string {
	var s strings.Builder
	names := map[*Value]string{}
	next := 0
	for _, n := range g.Nodes {
		for _, v := range n.Out {
			names[v] = fmt.Sprintf("%%%d", next)
			next++
		}
	}
	for _, n := range g.Nodes {
		for i, v := range n.Out {
			if i > 0 {
				s.WriteString(", ")
			}
			s.WriteString(names[v])
		}
		if len(n.Out) > 0 {
			s.WriteString(" = ")
		}
		s.WriteString(n.Op.Name())
		s.WriteByte('(')
		for i, v := range n.In {
			if i > 0 {
				s.WriteString(", ")
			}
			s.WriteString(names[v])
		}
		s.WriteByte(')')
		if a := op.Attributes(n.Op); a != "" {
			s.WriteString(" {" + a + "}")
		}
		for i, v := range n.Out {
			if i > 0 {
				s.WriteByte(',')
			}
			s.WriteString(" " + v.String())
		}
		if n.Layer != "" {
			s.WriteString("  # " + n.Layer)
		}
		s.WriteByte('\n')
	}
	for _, o := range g.Outputs {
		fmt.Fprintf(&s, "output %s = %s\n", o.Key, names[o.Value])
	}
	return s.String()
}
