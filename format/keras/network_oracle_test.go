package keras

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/tensor"
)

// handMade returns networks as a program makes them: with minimal configs and without Kwargs.
func handMade() []*Network {
	none := tensor.Unknown
	ref := func(layer string, node int, shape ...int) TensorRef {
		return TensorRef{Layer: layer, Node: node, Shape: append(tensor.Shape{none}, shape...)}
	}
	calls := func(args ...Arg) []NetworkCall {
		var out []NetworkCall
		for _, a := range args {
			out = append(out, NetworkCall{Args: []Arg{a}})
		}
		return out
	}
	layer := func(class, name, config string, calls []NetworkCall) NetworkLayer {
		return NetworkLayer{Class: class, Name: name, Config: json.RawMessage(config), Calls: calls}
	}
	input := func(name string) NetworkLayer {
		return layer("InputLayer", name, `{"batch_shape": [null, 4, 4, 2], "dtype": "float32"}`, nil)
	}
	body := &Network{Class: "Sequential", Name: "body", BuildInputShape: tensor.Shape{none, 4, 4, 2}, Layers: []NetworkLayer{
		input("body_input"),
		layer("Conv2D", "conv", `{"filters": 3, "kernel_size": [2, 2]}`, nil),
		layer("BatchNormalization", "norm", `{}`, nil),
		layer("SpatialDropout2D", "drop", `{"rate": 0.5, "trainable": true}`, nil),
	}}
	body.Layers[1].Frozen = true
	two := &Network{
		Class: "Functional", Name: "two",
		Layers: []NetworkLayer{
			layer("InputLayer", "features", `{"batch_shape": [null, 3, 3, 3], "dtype": "float32"}`, nil),
			layer("GlobalAveragePooling2D", "pool", `{}`, calls(ref("features", 0, 3, 3, 3))),
			layer("Dense", "p", `{"units": 2}`, calls(ref("pool", 0, 3))),
			layer("Dense", "q", `{"units": 2}`, calls(ref("pool", 0, 3))),
		},
		Inputs:  Structure{Tensors: []TensorRef{{Layer: "features"}}, Single: true},
		Outputs: Structure{Tensors: []TensorRef{{Layer: "p"}, {Layer: "q"}}},
	}
	second := ref("two", 1, 2)
	second.Tensor = 1
	pair := &Network{
		Class: "Functional", Name: "pair",
		Layers: []NetworkLayer{
			input("a"), input("b"),
			{Class: "Sequential", Name: "body", Network: body, Calls: calls(ref("a", 0, 4, 4, 2), ref("b", 0, 4, 4, 2))},
			{Class: "Functional", Name: "two", Network: two, Frozen: true, Calls: calls(ref("body", 0, 3, 3, 3), ref("body", 1, 3, 3, 3))},
			layer("Add", "add", `{}`, calls(ArgList{ref("two", 0, 2), second})),
			layer("Dropout", "dropout", `{"rate": 0.5}`, calls(ref("add", 0, 2))),
		},
		Inputs:  Structure{Tensors: []TensorRef{{Layer: "a"}, {Layer: "b"}}, Keys: []string{"a", "b"}},
		Outputs: Structure{Tensors: []TensorRef{{Layer: "dropout"}, {Layer: "two", Node: 1}}},
	}
	unbuilt := &Network{Class: "Sequential", Name: "unbuilt", Layers: []NetworkLayer{layer("Dense", "dense", `{"units": 2}`, nil)}}
	return []*Network{pair, unbuilt}
}

// TestRealKerasNetworks lets Keras make models from hand-made networks.
func TestRealKerasNetworks(t *testing.T) {
	python := os.Getenv("LINCE_PYTHON")
	if python == "" {
		t.Skip("needs a Python with the packages of internal/golden/requirements.txt: set LINCE_PYTHON to it")
	}
	networks := handMade()
	var texts []string
	for _, n := range networks {
		b, err := WriteNetwork(n)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(b))
	}
	in, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, filepath.Join("testdata", "check_network.py"))
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &stderr
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	_, result, _ := strings.Cut(string(stdout), "RESULT ")
	models := parse[[]struct {
		JSON  string
		Paths []string
	}](t, []byte(result))
	if len(models) != len(networks) {
		t.Fatalf("%d models of %d networks", len(models), len(networks))
	}
	for i, n := range networks {
		back := readNetwork(t, []byte(models[i].JSON))
		if diff := cmp.Diff(wiring(n), wiring(back)); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", n.Name, diff)
		}
		// Keras' order and keyword arguments must be the same.
		again, err := WriteNetwork(back)
		if err != nil || string(again) != models[i].JSON && n.Inputs.Keys == nil {
			t.Errorf("%s: %v\n%s\n%s", n.Name, err, again, models[i].JSON)
		}
		for k, l := range back.Layers {
			if l.Name != n.Layers[k].Name {
				t.Errorf("%s: layer %d is %s, want %s", n.Name, k, l.Name, n.Layers[k].Name)
			}
			for _, c := range l.Calls {
				want := usualKwargs[l.Class]
				if len(c.Kwargs) != len(want) {
					t.Errorf("%s: %s has keyword arguments %v, want %v", n.Name, l.Name, c.Kwargs, want)
				}
			}
		}
		var paths []string
		var walk func(n *Network, at string)
		walk = func(n *Network, at string) {
			for k, path := range n.LayerPaths(at) {
				if path != "" {
					paths = append(paths, path)
				}
				if inner := n.Layers[k].Network; inner != nil {
					walk(inner, path)
				}
			}
		}
		walk(n, "")
		slices.Sort(paths)
		if built := models[i].Paths != nil; built && !slices.Equal(paths, models[i].Paths) {
			t.Errorf("%s: paths %v, want %v", n.Name, paths, models[i].Paths)
		}
	}
}
