package kernel

import "testing"

// TestHeights checks that Cut uses only heights of the set, and at most 1.5 times the minimum number of tiles
// plus two.
func TestHeights(t *testing.T) {
	for _, h := range []Heights{upTo6, upTo8, upTo12, upTo14, narrow, upTo14.Limit(7), upTo6.Limit(7)} {
		for rows := range 300 {
			sum, tiles := 0, 0
			for _, c := range h.Cut(rows) {
				if c.Count > 0 && !h.Has(c.Height) {
					t.Errorf("%b: %d rows are cut into tiles of %d", h, rows, c.Height)
				}
				sum += c.Height * c.Count
				tiles += c.Count
			}
			if sum != rows {
				t.Errorf("%b: %d rows are cut into %d", h, rows, sum)
			}
			if least := CeilDiv(rows, h.Max()); tiles > least*3/2+2 {
				t.Errorf("%b: %d rows are cut into %d tiles; the minimum is %d", h, rows, tiles, least)
			}
		}
	}
	if got := upTo14.Cut(61); got != [3]Tiles{{14, 3}, {10, 1}, {9, 1}} {
		t.Errorf("61 rows are cut into %v", got)
	}
	if got := upTo14.Limit(7).Max(); got != 7 {
		t.Errorf("up to 7 is up to %d", got)
	}
}
