package tflitegraph_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince/format/npy"
	"github.com/lince-ml/lince/internal/tflitecheck"
	"github.com/lince-ml/lince/tensor"
)

// TestFreeBatch: a batch that the file fixes becomes free if the network only carries it through. Otherwise it keeps its size, with the reason.
func TestFreeBatch(t *testing.T) {
	const across, reshape, slice = "computes along the batch", "cannot reshape", "cannot slice dimension 0"
	reasons := map[string]string{ // by file, which ends in the size of its batch
		"mean_4": across, "softmax_4": across, "products_1": across, "products_4": across, "order_4": across, "joined_1": across, "joined_4": across,
		"sums_4": across, "constant_4": across, "split_4": across,
		"moved_1": reshape, "softmax_1": reshape, "mixed_4": reshape, "without_1": reshape, "without_4": reshape,
		"first_4": slice,
	}
	files, err := filepath.Glob("testdata/fixed/*.tflite")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".tflite")
		m, r := modelOf(t, readFile(t, file))
		arrays, err := npy.ReadArchive(strings.TrimSuffix(file, ".tflite")+".npz", "x", "y")
		if err != nil {
			t.Fatal(err)
		}
		x, y, fixed := arrays["x"], arrays["y"], r.Graph.Inputs[0].Shape[0]
		reason, bound := reasons[name]
		if bound != (fixed != tensor.Unknown) || bound != (r.Bound != nil) || bound && !strings.Contains(r.Bound.Error(), reason) {
			t.Errorf("%s: the batch is %d, because %v; want bound: %v (%s)", name, fixed, r.Bound, bound, reason)
		}
		size, rows := x.Shape()[0], y.Shape()[0]
		step := size // a free batch takes all at once
		if fixed != tensor.Unknown {
			step = fixed
		}
		for i := 0; i < size; i += step {
			out, err := m.Call(x.Rows(i, i+step))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			tflitecheck.Near(t, name, out[0], y.Rows(i*rows/size, (i+step)*rows/size), 1e-5)
		}
	}
}
