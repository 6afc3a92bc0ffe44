package bounded

import (
	"bytes"
	"testing"
)

// TestReadAll: memory is at most twice what has arrived, and never more than the limit needs.
func TestReadAll(t *testing.T) {
	const limit = 4000
	for _, size := range []int{0, 1, 511, 512, 513, 1100, 2500, limit} {
		want := bytes.Repeat([]byte{7}, size)
		got, err := ReadAll(nil, bytes.NewReader(want), 0, limit)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d, %v", size, len(got), err)
		}
		if most := min(max(2*size, 1024), limit+1); cap(got) > most {
			t.Errorf("%d bytes: memory for %d, want at most %d", size, cap(got), most)
		}
	}
	if got, err := ReadAll(nil, bytes.NewReader(make([]byte, limit+1)), 0, limit); err == nil {
		t.Errorf("more than the limit: got %d bytes", len(got))
	}
}
