package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/lince-ml/lince"
)

// torchvision lists networks of torchvision with their multiply-adds for an image of 224x224. peers/torchvision_onnx.py
// writes them as ONNX files.
var torchvision = []struct {
	name string
	gmac float64 // 10^9, as torchvision's documentation states them
}{
	{"ResNet-50", 4.09}, {"MobileNetV2", .3}, {"EfficientNet-B0", .39}, {"VGG-16", 15.47}, {"DenseNet-121", 2.83}, {"MobileNetV3-Small", .057}, {"ConvNeXt-Tiny", 4.46},
}

// fileRows compares predictions of ONNX files. Both sides open the same file.
func fileRows() (list []row) {
	for _, network := range torchvision {
		for _, batch := range []string{"1", "8"} {
			list = append(list, row{
				name: fmt.Sprintf("inference of an ONNX file: torchvision's %s, 224x224, batch %s", network.name, batch), unit: "ms",
				file: []string{"torchvision_onnx.py", network.name, "network.onnx"}, lince: []string{"file", network.name, batch},
				peer: "the faster of " + onnxRuntime + " and " + openVINO, script: []string{"onnx_file.py", batch}, goal: goal{Ratio: 1.1, Floor: .9},
			})
		}
	}
	return list
}

// withFile returns the row with the path of a new file or folder as the last argument of both sides, and a function that removes
// it. A row without a file is returned unchanged.
func (o *options) withFile(r row) (_ row, remove func(), err error) {
	if r.file == nil {
		return r, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "lince-bench")
	if err != nil {
		return r, nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	last := len(r.file) - 1
	path := filepath.Join(dir, r.file[last])
	args := append([]string{filepath.Join(o.peerDir, r.file[0])}, r.file[1:last]...)
	c := exec.Command(o.python, append(args, path)...)
	c.Stderr, c.Env = os.Stderr, o.environ()
	if err := c.Run(); err != nil {
		remove()
		return r, nil, fmt.Errorf("writing the file: %w", err)
	}
	r.lince = append(slices.Clone(r.lince), path)
	if r.script != nil {
		r.script = append(slices.Clone(r.script), path)
	}
	return r, remove, nil
}

// filePrediction measures PredictBatch of a model file. Its arguments are NETWORK BATCH FILE.
func filePrediction(args []string, threads int) (values, error) {
	batch, err := strconv.Atoi(args[1])
	if err != nil {
		return nil, err
	}
	m, err := lince.Options{Threads: threads}.Open(args[2])
	if err != nil {
		return nil, err
	}
	return predict(m, batch)
}

// filePredictionWork returns the work of a prediction. Its arguments are NETWORK BATCH, and others that do not matter.
func filePredictionWork(args []string) (map[string]work, error) {
	batch, err := strconv.Atoi(args[1])
	if err != nil {
		return nil, err
	}
	for _, network := range torchvision {
		if network.name == args[0] {
			return map[string]work{"predict": {flops: 2e9 * network.gmac * float64(batch)}}, nil
		}
	}
	return nil, fmt.Errorf("there is no network %q", args[0])
}
