package jpeg

import (
	"slices"
	"testing"
)

// TestTableAgain checks that a decoder that has built another table before builds the table of the next file correctly.
func TestTableAgain(t *testing.T) {
	var all [][]byte
	for _, class := range standardTables {
		for _, text := range class {
			all = append(all, []byte(text))
		}
	}
	damaged := slices.Clone(all[1])
	damaged[0] = 200 // more codes of one bit than there are
	var h huffman
	for _, i := range []int{0, 0, 1, 0, 2, 2, 3, 2, 0, 1, 1} {
		dc := i < 2
		if _, err := h.build(damaged, dc); err == nil || h.ok {
			t.Fatal("a damaged table was built")
		}
		var want huffman
		n, err := want.build(all[i], dc)
		if err != nil || n != len(all[i]) {
			t.Fatal(n, err)
		}
		for range 2 {
			h.ok = false
			n, err := h.build(append(slices.Clone(all[i]), 1, 2, 3), dc)
			if err != nil || n != len(all[i]) || !h.ok || h.lut != want.lut || h.maxcode != want.maxcode || h.delta != want.delta || !slices.Equal(h.symbols[:n-16], want.symbols[:n-16]) {
				t.Fatalf("table %d: read %d bytes, %v, or another table", i, n, err)
			}
		}
	}
	if _, err := h.build(all[2], true); err == nil { // the same bytes as a table for DC have symbols that are too large
		t.Error("a table for AC was built as one for DC")
	}
}
