package keras

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/tensor"
)

// networkFiles returns configs by real Keras from internal/golden/network_json.py, under names such as "3.15-nested".
func networkFiles(t testing.TB, pattern string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "networks", pattern+".json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	files := map[string][]byte{}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimSuffix(filepath.Base(path), ".json")] = b
	}
	return files
}

func readNetwork(t testing.TB, text []byte) *Network {
	t.Helper()
	n, err := ReadNetwork(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestNetworkWrittenAsKeras checks that Keras' configs are written byte for byte, except that the keys of dicts and of keyword arguments
// are sorted.
func TestNetworkWrittenAsKeras(t *testing.T) {
	for name, text := range networkFiles(t, "3.15-*") {
		got, err := WriteNetwork(readNetwork(t, text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := strings.TrimSpace(string(text)); name != "3.15-dicts" && name != "3.15-keywords" && string(got) != want {
			at := 0
			for at < min(len(got), len(want)) && got[at] == want[at] {
				at++
			}
			t.Errorf("%s: got ...%.200s, want ...%.200s", name, got[max(at-50, 0):], want[max(at-50, 0):])
		}
		if diff := cmp.Diff(parse[any](t, text), parse[any](t, got)); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", name, diff)
		}
	}
}

// wiring describes a network without the configs of its layers and without what only some versions of Keras write.
func wiring(n *Network) []string {
	lines := []string{fmt.Sprintf("%s %s: inputs %s, outputs %s", n.Class, n.Name, showEnds(n.Inputs), showEnds(n.Outputs))}
	for _, l := range n.Layers {
		line := l.Class + " " + l.Name
		if l.Class != "Sequential" { // Keras 2 does not write it
			line += fmt.Sprintf(" frozen %v", l.Frozen)
		}
		for _, c := range l.Calls {
			line += " call("
			for _, a := range c.Args {
				line += showArg(a) + ","
			}
			for _, key := range slices.Sorted(maps.Keys(c.Kwargs)) {
				if _, ok := c.Kwargs[key].(Constant); !ok {
					line += key + "=" + showArg(c.Kwargs[key]) + ","
				}
			}
			line += ")"
		}
		lines = append(lines, line)
		if l.Network != nil {
			for _, inner := range wiring(l.Network) {
				lines = append(lines, l.Name+"/"+inner)
			}
		}
	}
	slices.Sort(lines) // the order differs in Keras 2
	return lines
}

func showEnds(s Structure) string {
	var b strings.Builder
	for i, t := range s.Tensors {
		if s.Keys != nil {
			b.WriteString(s.Keys[i] + "=")
		}
		b.WriteString(showArg(t) + " ")
	}
	return b.String()
}

func showArg(a Arg) string {
	switch a := a.(type) {
	case TensorRef:
		return fmt.Sprintf("%s[%d][%d]", a.Layer, a.Node, a.Tensor)
	case ArgList:
		s := "["
		for _, x := range a {
			s += showArg(x) + " "
		}
		return s + "]"
	case Constant:
		return string(a)
	}
	return fmt.Sprintf("%v", a)
}

// TestNetworkVersions checks that all versions of Keras describe the same model in the same way.
func TestNetworkVersions(t *testing.T) {
	for _, name := range []string{"chain", "residual", "shared", "nested", "dicts", "keywords"} {
		latest := readNetwork(t, networkFiles(t, "3.15-"+name)["3.15-"+name])
		files := networkFiles(t, "*-"+name)
		if len(files) < 3 {
			t.Fatalf("%d versions of %s", len(files), name)
		}
		for file, text := range files {
			n := readNetwork(t, text)
			// Names with numbers of the session differ: the model's, and that of an unnamed Input.
			n.Name = latest.Name
			got, want := strings.Join(wiring(n), "\n"), strings.Join(wiring(latest), "\n")
			for _, s := range []*string{&got, &want} {
				*s = regexp.MustCompile(`InputLayer (input_layer|dense_1_input|input)(_1)?\b|conv2d_input`).ReplaceAllString(*s, "InputLayer NAME")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: want (3.15) -, got +:\n%s", file, diff)
			}
		}
	}
}

func TestNetworkInputShapes(t *testing.T) {
	for file, text := range networkFiles(t, "*") {
		n := readNetwork(t, text)
		for i, l := range n.Layers {
			keys := parse[map[string]any](t, first(l.Config, []byte("{}")))
			if _, ok := keys["batch_input_shape"]; ok {
				t.Errorf("%s: layer %d has a batch_input_shape: %s", file, i, l.Config)
			}
			if _, ok := keys["batch_shape"]; ok != (l.Class == "InputLayer") {
				t.Errorf("%s: layer %d: batch_shape: %s", file, i, l.Config)
			}
		}
	}
	// Keras 1 and 2 without an InputLayer in the file, and with the shape in two places.
	for text, want := range map[string]tensor.Shape{
		`{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense", "config": {"name": "d", "batch_input_shape": [null, 4]}}]}}`:                                 {tensor.Unknown, 4},
		`{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"batch_input_shape": [8, 4], "name": "d"}}]}`:                                                             {8, 4},
		`{"class_name": "Sequential", "config": {"name": "s", "build_input_shape": [null, 5], "layers": [{"class_name": "Dense", "config": {"batch_input_shape": [null, 4], "name": "d"}}]}}`: {tensor.Unknown, 5},
	} {
		n := readNetwork(t, []byte(text))
		if !n.BuildInputShape.Equal(want) || string(n.Layers[0].Config) != `{"name": "d"}` || n.Layers[0].Name != "d" {
			t.Errorf("%s: shape %v, config %s", text, n.BuildInputShape, n.Layers[0].Config)
		}
	}
}

func first(a, b []byte) []byte {
	if a != nil {
		return a
	}
	return b
}

func TestNetworkConstants(t *testing.T) {
	n := readNetwork(t, networkFiles(t, "3.15-constants")["3.15-constants"])
	var ops []string
	for _, l := range n.Layers {
		if l.Op() {
			ops = append(ops, l.Class)
		}
	}
	if diff := cmp.Diff([]string{"TrueDivide", "Subtract", "GetItem", "Add"}, ops); diff != "" {
		t.Error(diff)
	}
	for _, l := range n.Layers {
		if l.Class == "TrueDivide" && string(l.Calls[0].Args[1].(Constant)) != "127.5" {
			t.Errorf("%v", l.Calls)
		}
	}
	// Functions of TensorFlow become ops.
	n = readNetwork(t, networkFiles(t, "2.15-constants")["2.15-constants"])
	for _, l := range n.Layers {
		if l.Name == "tf.__operators__.add" {
			if diff := cmp.Diff("image[0][0]", showArg(l.Calls[0].Args[1])); diff != "" {
				t.Error(diff)
			}
		}
		if l.Name == "tf.math.truediv" && string(l.Calls[0].Args[1].(Constant)) != "127.5" {
			t.Errorf("%v", l.Calls)
		}
	}
}

// TestNetworkLegacyCalls reads Keras 2's forms of a call.
func TestNetworkLegacyCalls(t *testing.T) {
	for node, want := range map[string]string{
		`["x", 0, 0, {}]`:            "x[0][0]",
		`[["x", 0, 0, {}]]`:          "x[0][0]",
		`[["x", 0, 0]]`:              "x[0][0]",
		`[["x", 0, 0], ["x", 0, 0]]`: "[x[0][0] x[0][0] ]",
		`["_CONSTANT_VALUE", -1, 1.0, {"y": ["x", 0, 0], "name": null}]`: "1.0 name=null y=x[0][0]",
		`[["x", 0, 0, {"training": false, "axes": [1, 2]}]]`:             "x[0][0] axes=[1, 2] training=false",
		`{"key": ["x", 0, 0, {"mask": null}]}`:                           "map[key:{x 0 0 () }] mask=null",
	} {
		n := readNetwork(t, []byte(functionalText(`{"class_name": "Any", "config": {}, "name": "y", "inbound_nodes": [`+node+`]}`)))
		c := n.Layers[1].Calls[0]
		got := showArg(c.Args[0])
		for _, key := range slices.Sorted(maps.Keys(c.Kwargs)) {
			got += " " + key + "=" + showArg(c.Kwargs[key])
		}
		if got != want || len(c.Args) != 1 {
			t.Errorf("%s: got %s, want %s", node, got, want)
		}
		if ts := c.Tensors(); len(ts) == 0 || ts[0].Layer != "x" {
			t.Errorf("%s: takes %v", node, ts)
		}
	}
}

// functionalText returns the config of a Functional model with these layers between x and y.
func functionalText(layers ...string) string {
	return `{"class_name": "Functional", "config": {"name": "m", "layers": [{"class_name": "InputLayer", "config": {"batch_shape": [null, 2]}, "name": "x", "inbound_nodes": []}, ` +
		strings.Join(layers, ", ") + `], "input_layers": ["x", 0, 0], "output_layers": ["y", 0, 0]}}`
}

func entryText(name string, operands ...string) string {
	var args []string
	for _, o := range operands {
		args = append(args, fmt.Sprintf(`{"class_name": "__keras_tensor__", "config": {"shape": [null, 2], "dtype": "float32", "keras_history": [%s]}}`, o))
	}
	return fmt.Sprintf(`{"class_name": "Add", "config": {}, "name": %q, "inbound_nodes": [{"args": [[%s]], "kwargs": {}}]}`, name, strings.Join(args, ", "))
}

func TestNetworkMistakes(t *testing.T) {
	deep := `{"class_name": "Sequential", "config": {"layers": []}}`
	for range maxDepth + 1 {
		deep = `{"class_name": "Sequential", "config": {"name": "s", "layers": [` + deep + `]}}`
	}
	for name, test := range map[string]struct{ text, want string }{
		"no JSON":       {`{"class_name": x}`, "not JSON: byte 16: invalid character 'x'"},
		"cut short":     {`{"class_name"`, "not JSON: the text ends after 13 bytes"},
		"empty":         {``, "not JSON: the text ends after 0 bytes"},
		"no object":     {`[1]`, "the model: want a Keras object with class_name and config, got [1]"},
		"no class":      {`{}`, "class_name is missing"},
		"a number":      {`{"class_name": 5, "config": {}}`, "class_name is 5, want a string"},
		"a layer":       {`{"class_name": "Dense", "config": {}}`, `its class is "Dense", want Sequential or Functional`},
		"no config":     {`{"class_name": "Functional"}`, "config is null, want an object"},
		"no layers":     {`{"class_name": "Functional", "config": {"layers": {}}}`, "config.layers is {}, want a list"},
		"layer":         {`{"class_name": "Sequential", "config": {"layers": [7]}}`, "layer 0: want a Keras object with class_name and config, got 7"},
		"trainable":     {`{"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {"name": "d", "trainable": 1}}]}}`, `layer "d" (Dense): config.trainable is 1, want true or false`},
		"shape":         {`{"class_name": "Sequential", "config": {"layers": [], "build_input_shape": [-2]}}`, "build_input_shape is [-2]"},
		"names":         {`{"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {"name": "d"}}, {"class_name": "Dense", "config": {"name": "d"}}]}}`, `layer "d" (Dense): another layer has the same name`},
		"deep":          {deep, "nested more than 64 deep"},
		"deeper":        {strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), "nested more than 288 deep"},
		"unknown layer": {functionalText(entryText("y", `"x", 0, 0`, `"z", 0, 0`)), `layer "y" (Add): call 0: it refers to layer "z", which is not in the model`},
		"unknown call":  {functionalText(entryText("y", `"x", 1, 0`)), `layer "y" (Add): call 0: it refers to call 1 of layer "x"`},
		"negative":      {functionalText(entryText("y", `"x", 0, -1`)), "result -1"},
		"history":       {functionalText(entryText("y", `"x", 0`)), `keras_history is ["x", 0], want a list`},
		"cycle":         {functionalText(entryText("y", `"x", 0, 0`, `"z", 0, 0`), entryText("z", `"y", 0, 0`)), "is part of a cycle"},
		"itself":        {functionalText(entryText("y", `"y", 0, 0`)), `layer "y" is part of a cycle`},
		"nothing":       {functionalText(entryText("y", `"z", 0, 0`), entryText("z")), `depends on layer "z", which has no operands`},
		"no output":     {functionalText(entryText("z", `"x", 0, 0`)), `output_layers: it refers to layer "y"`},
		"nameless":      {functionalText(entryText("", `"x", 0, 0`)), "name is missing"},
		"nodes":         {functionalText(`{"class_name": "Add", "config": {}, "name": "y", "inbound_nodes": 3}`), "inbound_nodes is 3, want a list"},
		"slice":         {functionalText(`{"class_name": "GetItem", "config": {}, "name": "y", "inbound_nodes": [{"args": [{"class_name": "__slice__", "config": {"start": {"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}}}}]}]}`), `in an argument of class "__slice__"`},
		"ends":          {`{"class_name": "Functional", "config": {"layers": [], "input_layers": ["x"], "output_layers": []}}`, "input_layers is \"x\", want a tensor"},
	} {
		_, err := ReadNetwork([]byte(test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		} else if strings.Contains(err.Error(), "unmarshal") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// All mistakes are reported at once, up to a limit.
	bad := `{"class_name": "Dense", "config": 1}`
	_, err := ReadNetwork([]byte(`{"class_name": "Sequential", "config": {"layers": [` + bad + strings.Repeat(", "+bad, 99) + `]}}`))
	if err == nil || !strings.Contains(err.Error(), "layer 19") || !strings.Contains(err.Error(), "and 80 more mistakes") || strings.Contains(err.Error(), "layer 20") {
		t.Error(err)
	}
}

func TestWriteNetworkMistakes(t *testing.T) {
	dense := NetworkLayer{Class: "Dense", Name: "d", Config: json.RawMessage(`{}`)}
	call := func(ts ...Arg) NetworkLayer { l := dense; l.Calls = []NetworkCall{{Args: ts}}; return l }
	ends := Structure{Tensors: []TensorRef{{Layer: "d"}}}
	for name, test := range map[string]struct {
		n    Network
		want string
	}{
		"class":   {Network{Class: "Model"}, `its class is "Model"`},
		"names":   {Network{Class: "Sequential", Layers: []NetworkLayer{dense, dense}}, `two layers have the name "d"`},
		"config":  {Network{Class: "Sequential", Layers: []NetworkLayer{{Name: "d", Class: "Dense"}}}, `layer "d" (Dense): config: not JSON`},
		"list":    {Network{Class: "Sequential", Layers: []NetworkLayer{{Name: "d", Class: "Dense", Config: json.RawMessage("[]")}}}, "want an object"},
		"shape":   {Network{Class: "Functional", Layers: []NetworkLayer{call(TensorRef{Layer: "d"})}, Inputs: ends, Outputs: ends}, `layer "d" (Dense): call 0: its operand, a result of layer "d", has no shape`},
		"ref":     {Network{Class: "Functional", Layers: []NetworkLayer{call(TensorRef{Layer: "e", Shape: tensor.Shape{}})}, Inputs: ends, Outputs: ends}, `refers to layer "e"`},
		"ends":    {Network{Class: "Functional", Layers: []NetworkLayer{call()}}, "inputs: want at least one tensor"},
		"outputs": {Network{Class: "Functional", Layers: []NetworkLayer{call()}, Inputs: ends, Outputs: Structure{Tensors: []TensorRef{{Layer: "d", Node: 1}}}}, "outputs: it refers to call 1"},
		"nil":     {Network{Class: "Functional", Layers: []NetworkLayer{call(nil)}, Inputs: ends, Outputs: ends}, "an argument is nil"},
		"keys":    {Network{Class: "Functional", Layers: []NetworkLayer{call()}, Inputs: ends, Outputs: Structure{Tensors: ends.Tensors, Keys: []string{"a", "b"}}}, "Single or Keys"},
	} {
		if _, err := WriteNetwork(&test.n); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
	}
}

// TestOrder compares the order of random graphs with Keras' (internal/golden/network_json.py).
func TestOrder(t *testing.T) {
	type golden struct {
		Names           []string
		Operands        [][][][2]int
		Inputs, Outputs [][2]int
		Order, Depth    []int
		Connected       bool
		Config          json.RawMessage
	}
	graphs := parse[[]golden](t, readTestdata(t, "order.json"))
	if len(graphs) < 20 {
		t.Fatalf("%d graphs", len(graphs))
	}
	calls := func(list [][2]int) []Call {
		var out []Call
		for _, c := range list {
			out = append(out, Call{c[0], c[1]})
		}
		return out
	}
	shared, unused, configs, chains := 0, 0, 0, 0
	for i, want := range graphs {
		g := Graph{Names: want.Names, Inputs: calls(want.Inputs), Outputs: calls(want.Outputs)}
		for _, op := range want.Operands {
			var list [][]Call
			for _, c := range op {
				list = append(list, calls(c))
			}
			g.Operands = append(g.Operands, list)
			if len(list) > 1 {
				shared++
			}
		}
		order, depth, err := g.Order()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(order, want.Order) || !slices.Equal(depth, want.Depth) {
			t.Errorf("graph %d: order %v, want %v; depth %v, want %v", i, order, want.Order, depth, want.Depth)
		}
		chain, err := g.Chain()
		if err != nil {
			t.Fatal(err)
		}
		if chain == want.Connected {
			t.Errorf("graph %d: chain %v, Keras shows connections: %v", i, chain, want.Connected)
		}
		if chain {
			chains++
		}
		met := map[Call]bool{}
		list, err := g.Calls()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			for _, from := range g.Operands[c.Op][c.Node] {
				if !met[from] {
					t.Fatalf("graph %d: call %v before its operand %v", i, c, from)
				}
			}
			met[c] = true
		}
		for _, c := range g.Inputs {
			if !met[c] {
				t.Errorf("graph %d: input %v is not among the calls", i, c)
			}
		}
		for _, d := range want.Inputs {
			if want.Depth[d[0]] == 0 {
				unused++
			}
		}
		if want.Config == nil {
			continue
		}
		configs++
		n := readNetwork(t, want.Config)
		order, _, err = n.Graph().Order()
		if err != nil {
			t.Fatal(err)
		}
		for at, l := range order {
			if at != l {
				t.Errorf("graph %d: a config's layers are in order %v", i, order)
				break
			}
		}
	}
	if shared == 0 || unused == 0 || configs == 0 || chains < 2 {
		t.Errorf("%d shared layers, %d unused inputs, %d configs, %d chains", shared, unused, configs, chains)
	}
}

// TestNetworkLayerPaths compares the paths of all layers with Keras' (internal/golden/network_json.py).
func TestNetworkLayerPaths(t *testing.T) {
	var walk func(n *Network, at string, into map[string]string)
	walk = func(n *Network, at string, into map[string]string) {
		for i, path := range n.LayerPaths(at) {
			if path != "" {
				into[path] = n.Layers[i].Name
			}
			if inner := n.Layers[i].Network; inner != nil {
				walk(inner, path, into)
			}
		}
	}
	all := parse[map[string]map[string]string](t, readTestdata(t, "paths.json"))
	if len(all) < 10 {
		t.Fatalf("%d models", len(all))
	}
	for name, want := range all {
		got := map[string]string{}
		walk(readNetwork(t, networkFiles(t, "3.15-"+name)["3.15-"+name]), "", got)
		for path, layer := range want {
			if layer == "" {
				want[path] = got[path] // Keras lists only layers with variables
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", name, diff)
		}
	}
}

func FuzzReadNetwork(f *testing.F) {
	for _, text := range networkFiles(f, "*") {
		f.Add(text)
	}
	f.Add([]byte(functionalText(entryText("y", `"x", 0, 0`))))
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := ReadNetwork(text)
		if err != nil {
			if strings.Contains(err.Error(), "unmarshal") {
				t.Fatal(err)
			}
			return
		}
		if n.Class == functional {
			if _, _, err := n.Graph().Order(); err != nil {
				t.Fatal(err)
			}
		}
		again, err := WriteNetwork(n)
		if err != nil {
			return // a tensor without a shape, or an entry without a name
		}
		m, err := ReadNetwork(again)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, again)
		}
		if third, err := WriteNetwork(m); err != nil || string(third) != string(again) {
			t.Fatalf("%v\n%s\n%s", err, again, third)
		}
	})
}

// TestNetworkBombs reads configs that are made to use much memory, and checks that their size bounds it.
func TestNetworkBombs(t *testing.T) {
	many := func(n int, text string) string { return strings.TrimSuffix(strings.Repeat(text+",", n), ",") }
	numbered := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format+",", i)
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	node := func(args, kwargs string) string {
		return functionalText(`{"class_name": "A", "config": {}, "name": "y", "inbound_nodes": [{"args": [` + args + `], "kwargs": {` + kwargs + `}}]}`)
	}
	tensor := `{"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}}`
	deep := `{"class_name": "Sequential", "config": {"layers": [` + numbered(9000, `{"class_name":"A","config":{"name":"%d"}}`) + `]}}`
	for i := range maxDepth {
		deep = fmt.Sprintf(`{"class_name": "Sequential", "config": {"name": "%0900d", "layers": [%s]}}`, i, deep)
	}
	for name, text := range map[string]string{
		"values":      `[` + many(900_000, "0") + `]`,
		"more values": `[` + many(5_000_000, "[]") + `]`,
		"layers":      `{"class_name": "Sequential", "config": {"layers": [` + many(400_000, "{}") + `]}}`,
		"calls":       functionalText(`{"class_name": "A", "config": {}, "name": "y", "inbound_nodes": [` + many(90_000, `[]`) + `]}`),
		"more calls":  functionalText(`{"class_name": "A", "config": {}, "name": "y", "inbound_nodes": [` + many(400_000, `[]`) + `]}`),
		"tensors":     node(many(90_000, tensor), ""),
		"lists":       node(many(90_000, "["+tensor+"]"), ""),
		"legacy":      functionalText(`{"class_name": "A", "config": {}, "name": "y", "inbound_nodes": [[` + many(150_000, `["x",0,0]`) + `]]}`),
		"constants":   node(many(400_000, "{}"), ""),
		"keywords":    node(tensor, numbered(400_000, `"k%d": 0`)),
		"ends":        `{"class_name": "Functional", "config": {"layers": [], "output_layers": [` + many(150_000, `["x",0,0]`) + `]}}`,
		"a dict":      `{"class_name": "Functional", "config": {"layers": [], "output_layers": {` + numbered(150_000, `"k%d":["x",0,0]`) + `}}}`,
		"deep":        deep,
		"shape":       `{"class_name": "Sequential", "config": {"layers": [], "build_input_shape": [` + many(900_000, "1") + `]}}`,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ReadNetwork([]byte(text))
		runtime.ReadMemStats(&after)
		grown, most := int(after.TotalAlloc-before.TotalAlloc), 16*len(text)+64<<20
		if grown > most {
			t.Errorf("%s: %d MiB for a config of %d KiB (%.100v)", name, grown>>20, len(text)>>10, err)
		}
		t.Logf("%s: %d KiB, %d MiB, %.80v", name, len(text)>>10, grown>>20, err)
	}
}

// TestNestedWithoutEnd checks that a short file cannot make a huge graph: with a model that calls another twice, which calls a third twice,
// and so on.
func TestNestedWithoutEnd(t *testing.T) {
	shape := tensor.Shape{tensor.Unknown, 4}
	ref := func(layer string, node int) TensorRef { return TensorRef{Layer: layer, Node: node, Shape: shape} }
	call := func(t TensorRef) NetworkCall { return NetworkCall{Args: []Arg{t}} }
	model := func(l NetworkLayer, last int) *Network {
		in := NetworkLayer{Class: inputLayer, Name: "in", Config: json.RawMessage(`{"batch_shape": [null, 4]}`)}
		return &Network{
			Class: functional, Name: "m", Layers: []NetworkLayer{in, l},
			Inputs: Structure{Tensors: []TensorRef{ref("in", 0)}}, Outputs: Structure{Tensors: []TensorRef{ref(l.Name, last)}},
		}
	}
	n := model(NetworkLayer{Class: "ReLU", Name: "x", Config: json.RawMessage("{}"), Calls: []NetworkCall{call(ref("in", 0))}}, 0)
	for depth := 1; depth <= 40; depth++ {
		n = model(NetworkLayer{Name: "x", Network: n, Calls: []NetworkCall{call(ref("in", 0)), call(ref("x", 0))}}, 1)
		text, err := WriteNetwork(n)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ReadNetwork(text)
		if few := depth < 15; few && err != nil || !few && depth > 17 && (err == nil || !strings.Contains(err.Error(), "called more than 100000 times")) {
			t.Fatalf("%d models, %d bytes: error is %v", depth, len(text), err)
		}
	}
}
