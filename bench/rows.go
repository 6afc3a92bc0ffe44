package main

import "fmt"

// row is a comparison of lince with a peer. lince's side is one of kinds, with its arguments. The peer's
// side is a Python script in bench/peers, or, in comparisons of lince with itself, one of kinds. Both print numbers by name; lower is better.
type row struct {
	name   string
	unit   string
	lince  []string
	peer   string
	script []string
	other  []string // one of kinds, instead of script
	file   []string // script that writes a file or folder, with its arguments and the name of the file; see withFile
	env    []string // environment variables of the script
	goal   goal
	needs  []string // archives of photos
	long   bool     // takes many minutes: it is measured in one round, and only with -long or -run
}

// goal is the goal of a row.
type goal struct {
	Ratio float64 `json:"ratio,omitempty"` // speedup over the peer, as the geometric mean of the items
	Floor float64 `json:"floor,omitempty"` // minimum of that speedup, less than Ratio
	Least float64 `json:"least,omitempty"` // minimum speedup of each item
	Most  float64 `json:"most,omitempty"`  // maximum of lince's value
}

const (
	photos      = "dogs-vs-cats.zip"
	largePhotos = "photos-original-size.zip"
	pytorch     = "PyTorch 2.15 (oneDNN)"
	onnxRuntime = "ONNX Runtime 1.32"
	keras       = "Keras 3.15 + TensorFlow 2.21"
	openVINO    = "OpenVINO 2026.4"
)

// keepMemory makes glibc keep freed memory in the rows with PyTorch. By default, glibc returns large
// arrays to the system after each call and gets new pages for the next call. This makes PyTorch up to
// twice as slow.
var keepMemory = []string{"MALLOC_MMAP_MAX_=0", "MALLOC_TRIM_THRESHOLD_=17179869184"}

// rows lists all comparisons.
var rows = concat(
	[]row{
		{name: "training step of the tutorial's network, batch 15", unit: "ms", lince: []string{"step", "15"},
			peer: keras, script: []string{"keras_step.py", "15"}, goal: goal{Ratio: 4, Floor: 3.5}},
		{name: "training step of the tutorial's network, batch 32", unit: "ms", lince: []string{"step", "32"},
			peer: keras, script: []string{"keras_step.py", "32"}, goal: goal{Ratio: 5, Floor: 4}},
		{name: "inference of the tutorial's network, batch 1", unit: "ms", lince: []string{"predict", "1"},
			peer: onnxRuntime, script: []string{"onnx_predict.py", "1"}, goal: goal{Ratio: 1.5}},
		{name: "inference of the tutorial's network, batch 32", unit: "ms", lince: []string{"predict", "32"},
			peer: onnxRuntime, script: []string{"onnx_predict.py", "32"}, goal: goal{Ratio: 2.5}},
		{name: "the whole tutorial, 12,500 photos, 3 epochs", unit: "s", lince: []string{"tutorial", "seconds", "15", "3"},
			peer: keras, script: []string{"keras_tutorial.py", "seconds", "15", "3"}, goal: goal{Ratio: 5}, needs: []string{photos}, long: true},
		{name: "peak memory of the tutorial's training, batch 32", unit: "MiB", lince: []string{"tutorial", "MiB", "32", "1"},
			peer: keras, script: []string{"keras_tutorial.py", "MiB", "32", "1"}, goal: goal{Most: 300}, needs: []string{photos}, long: true},
		{name: "from start to the first training step, demo data", unit: "s", lince: []string{"start"},
			peer: keras, script: []string{"keras_start.py"}, goal: goal{Most: .5}},
		{name: "from start to the first prediction of MobileNetV2", unit: "s", file: []string{"onnx_start_files.py", "files"}, lince: []string{"predictstart"},
			peer: onnxRuntime, script: []string{"onnx_start.py"}, goal: goal{Most: .2}},
		{name: "augmented batches, per image on one core", unit: "ms", lince: []string{"augment"},
			peer: "ImageDataGenerator", script: []string{"keras_augment.py"}, goal: goal{Ratio: 5}, needs: []string{photos}},
		{name: "JPEG to RGB, per photo on one core", unit: "ms", lince: []string{"jpeg"},
			peer: "libjpeg-turbo (simplejpeg)", script: []string{"jpeg.py"}, goal: goal{Ratio: .6, Least: .6}, needs: []string{photos, largePhotos}},
	},
	trainingRows(),
	transferRows(),
	inferenceRows(),
	fileRows(),
	blockRows(),
	blockStepRows(),
	convRows(),
	denseRows(),
)

// trainingRows compares training steps of whole networks.
func trainingRows() (list []row) {
	for _, network := range torchvision {
		for _, p := range []struct {
			name        string
			script, env []string
		}{{pytorch, []string{"torch_train.py", "ms"}, keepMemory}, {keras, []string{"keras_train.py"}, nil}} {
			list = append(list, row{
				name: fmt.Sprintf("training step of %s, 128x128, batch 16, vs. %s", network.name, p.name), unit: "ms", lince: []string{"train", "ms", network.name, "16"},
				peer: p.name, script: append(p.script, network.name, "16"), env: p.env, goal: goal{Ratio: 1.5},
			})
		}
	}
	// The budget is 90% of half of PyTorch's memory. The program itself is not counted in it.
	for _, memory := range []struct {
		name   string
		budget []string
	}{{"", nil}, {", with a budget of 700 MiB", []string{"700"}}} {
		list = append(list, row{
			name: "peak memory of training steps of ResNet-50, 128x128, batch 16" + memory.name, unit: "MiB", lince: append([]string{"train", "MiB", "ResNet-50", "16"}, memory.budget...),
			peer: pytorch, script: []string{"torch_train.py", "MiB", "ResNet-50", "16"}, goal: goal{Ratio: 2},
		})
	}
	return list
}

// transferRows compares the training of a classifier on a frozen body.
func transferRows() (list []row) {
	for _, how := range []struct {
		name, script string
		ratio        float64
	}{{"with the features computed once", "cached", 3}, {"with the body in each step, as in its guide", "guide", 10}} {
		list = append(list, row{
			name: fmt.Sprintf("transfer learning, MobileNetV2, 2,000 photos, 5 epochs, vs. Keras %s", how.name), unit: "s",
			file: []string{"transfer_files.py", "files"}, lince: []string{"transfer"},
			peer: keras, script: []string{"keras_transfer.py", how.script}, goal: goal{Ratio: how.ratio}, needs: []string{photos},
		})
	}
	return list
}

// inferenceRows compares predictions of whole networks with several peers each.
func inferenceRows() (list []row) {
	for _, network := range []string{"ResNet-50", "MobileNetV2"} {
		for _, batch := range []string{"1", "8"} {
			for _, p := range []struct {
				name, script string
				env          []string
			}{{pytorch, "torch_infer.py", keepMemory}, {keras, "keras_infer.py", nil}, {onnxRuntime, "onnx_infer.py", nil}, {openVINO, "openvino_infer.py", nil}} {
				list = append(list, row{
					name: fmt.Sprintf("inference of %s, 224x224, batch %s, vs. %s", network, batch, p.name), unit: "ms", lince: []string{"infer", network, batch},
					peer: p.name, script: []string{p.script, network, batch}, env: p.env, goal: goal{Ratio: 1},
				})
			}
			list = append(list, row{
				name: fmt.Sprintf("inference of %s, 224x224, batch %s, opened from ONNX vs. from .keras", network, batch), unit: "ms",
				file: []string{"onnx_networks.py", network, batch, "network.onnx"}, lince: []string{"file", network, batch},
				peer: "lince, from .keras", other: []string{"infersaved", network, batch}, goal: goal{Ratio: 1, Floor: .97},
			})
		}
	}
	return list
}

// blockRows compares blocks of networks, in inference.
func blockRows() (list []row) {
	for _, block := range blocks {
		for _, batch := range []string{"1", "8"} {
			list = append(list, row{
				name: fmt.Sprintf("block %s, batch %s", block.name, batch), unit: "ms", lince: []string{"block", block.name, batch},
				peer: onnxRuntime, script: []string{"onnx_block.py", block.name, batch}, goal: goal{Ratio: 1},
			})
		}
	}
	return list
}

// blockStepRows compares training steps of blocks of networks.
func blockStepRows() (list []row) {
	for _, block := range []string{"MobileNetV3", "ConvNeXt"} {
		for _, p := range []struct {
			name, script string
			env          []string
		}{{pytorch, "torch_block_step.py", keepMemory}, {keras, "keras_block_step.py", nil}} {
			list = append(list, row{
				name: fmt.Sprintf("training step of a block of %s, batch 32, vs. %s", block, p.name), unit: "ms", lince: []string{"blockstep", block, "32"},
				peer: p.name, script: []string{p.script, block, "32"}, env: p.env, goal: goal{Ratio: 1.2},
			})
		}
	}
	return list
}

// convRows compares the convolutions of networks, in all directions.
func convRows() (list []row) {
	for _, network := range networks() {
		for _, batch := range []string{"1", "16"} {
			list = append(list, row{
				name: fmt.Sprintf("convolutions of %s, batch %s", network, batch), unit: "ms", lince: []string{"conv", network, batch},
				peer: pytorch, script: []string{"torch_conv.py", network, batch}, env: keepMemory, goal: goal{Ratio: 1, Least: .6},
			})
		}
	}
	return list
}

// denseRows compares the products of a dense layer.
func denseRows() (list []row) {
	for _, batch := range []string{"1", "16", "128"} {
		list = append(list, row{
			name: "dense 4096x4096, batch " + batch, unit: "ms", lince: []string{"dense", "4096", batch},
			peer: pytorch, script: []string{"torch_dense.py", "4096", batch}, env: keepMemory, goal: goal{Ratio: .9, Least: .9},
		})
	}
	return list
}

func concat(lists ...[]row) (all []row) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}
