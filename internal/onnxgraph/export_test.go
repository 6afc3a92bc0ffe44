package onnxgraph

import (
	"maps"
	"slices"
)

// Written lists the ops that have rules for writing.
func Written() []string { return slices.Sorted(maps.Keys(rules)) }
