package lince

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestModuleNames: by their names, modules run in the order of the numbers in them, and all of a container before those around it.
func TestModuleNames(t *testing.T) {
	modules := func(names ...string) (list []*torchModule) {
		for _, n := range names {
			list = append(list, &torchModule{name: n})
		}
		return list
	}
	for _, c := range []struct{ order, want string }{
		{"conv1 conv2 conv10", ""},
		{"conv2 conv1", "conv2"},
		{"conv1 conv10 conv2", "conv10"},
		{"layer1.0.conv1 layer1.0.conv2 layer1.1.conv1 layer2.0.conv1 fc", ""},
		{"layer1.1.conv1 layer1.0.conv1", "layer1.1.conv1"},
		{"layer2.0.conv1 layer1.0.conv1", "layer2.0.conv1"},
		{"layer1.0.conv1 fc layer1.0.bn", "fc"}, // the container has begun
		{"a1.x a1.y a2.x b1 b2 c", ""},
		{"a1.x a2.x a1.y", "a2.x"},
	} {
		order := strings.Fields(c.order)
		n := newModuleNames(modules(order...))
		got := ""
		for i, name := range order {
			if !n.ready(i) {
				got = name
				break
			}
			n.use(i, 1)
		}
		if got != c.want {
			t.Errorf("%s: %q must wait, want %q", c.order, got, c.want)
		}
	}

	// Memory is in proportion to the number of modules.
	var many []*torchModule
	for i := range 50_000 {
		many = append(many, &torchModule{name: fmt.Sprintf("block%d.layer%d", i%2, i)})
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	newModuleNames(many)
	runtime.ReadMemStats(&after)
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 1000*uint64(len(many)) {
		t.Errorf("%d modules take %d bytes", len(many), bytes)
	}
}
