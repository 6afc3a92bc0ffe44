package hdf5

import (
	"bytes"
	"sync"
	"testing"
)

// TestConcurrent reads one File from several goroutines, for the race detector.
func TestConcurrent(t *testing.T) {
	b := readFile(t, "groups-earliest.h5")
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			root, err := f.Root()
			if err != nil {
				t.Error(err)
				return
			}
			for range 20 {
				if d, err := root.Dataset("annotated"); err != nil {
					t.Error(err)
				} else if _, err := d.Read(); err != nil {
					t.Error(err)
				}
				if v, err := root.Attr("texts"); err != nil || len(v.Text) != 3 {
					t.Errorf("%v, %v", v, err)
				}
			}
		})
	}
	wg.Wait()
}
