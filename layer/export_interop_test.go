package layer_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/tensor"
)

// TestONNX exports a model of every case to ONNX, in both opsets and both orders of dimensions. onnx's checker must accept the files, and
// ONNX Runtime must predict what Keras predicts.
func TestONNX(t *testing.T) {
	dir := t.TempDir()
	type array struct {
		Shape  []int     `json:"shape"`
		Values []float32 `json:"values"`
	}
	type job struct {
		Path   string  `json:"path"`
		Inputs []array `json:"inputs"`
	}
	type exported struct {
		name string
		want []float32
	}
	var jobs []job
	var of []exported
	for i, c := range kerasCases(t) {
		l := c.layer(t)
		m := c.model(t, l)
		for _, o := range []lince.ExportOptions{{}, {Opset: 21}, {ChannelsFirst: true}} {
			j := job{Path: filepath.Join(dir, fmt.Sprintf("%d-%d-%v.onnx", i, o.Opset, o.ChannelsFirst))}
			err := m.Export(j.Path, o)
			if c.Class == "ContrastLimitedAdaptiveHistogramEqualization" {
				if err == nil || !strings.Contains(err.Error(), "LocalEqualization") {
					t.Errorf("%s: error is %v, want one that names the op", c.name(), err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", c.name(), err)
				continue
			}
			for _, x := range c.inputs() {
				if o.ChannelsFirst && len(x.Shape()) == 4 {
					x = channelsFirst(x)
				}
				j.Inputs = append(j.Inputs, array{x.Shape(), x.Float32s()})
			}
			jobs, of = append(jobs, j), append(of, exported{fmt.Sprintf("%s (opset %d, channels first %v)", c.name(), o.Opset, o.ChannelsFirst), c.Output})
		}
	}
	list, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(dir, "jobs.json")
	if err := os.WriteFile(at, list, 0o600); err != nil {
		t.Fatal(err)
	}
	var outputs []struct {
		Output []float32
		Error  string
	}
	graphtest.Keras(t, `
import json, sys, numpy as np, onnx, onnxruntime
out = []
for job in json.load(open(json.load(sys.stdin))):
    try:
        onnx.checker.check_model(job["path"], full_check=True)
        s = onnxruntime.InferenceSession(job["path"], providers=["CPUExecutionProvider"])
        x = {i.name: np.array(v["values"], "float32").reshape(v["shape"]) for i, v in zip(s.get_inputs(), job["inputs"])}
        out.append({"Output": [float(v) for v in s.run(None, x)[0].reshape(-1)], "Error": ""})
    except Exception as e:
        out.append({"Output": [], "Error": str(e)})
print(json.dumps(out))
`, at, &outputs)
	for i, e := range of {
		if outputs[i].Error != "" {
			t.Errorf("%s: %s", e.name, outputs[i].Error)
			continue
		}
		near(t, e.name, outputs[i].Output, e.want, 1e-5)
	}
}

// channelsFirst returns images in the order (batch, channels, height, width).
func channelsFirst(x *tensor.Tensor) *tensor.Tensor {
	s := x.Shape()
	n, pixels, channels := s[0], s[1]*s[2], s[3]
	y := tensor.New(x.DType(), n, channels, s[1], s[2])
	for i := range n {
		for p := range pixels {
			for c := range channels {
				y.Float32s()[(i*channels+c)*pixels+p] = x.Float32s()[(i*pixels+p)*channels+c]
			}
		}
	}
	return y
}
