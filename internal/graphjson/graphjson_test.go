package graphjson

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/engine"
	"github.com/lince-ml/lince/internal/mutate"
	"github.com/lince-ml/lince/tensor"
)

// sample returns a graph with many kinds of attributes.
func sample(t testing.TB) *graph.Graph {
	store := graph.NewStore()
	b := graph.NewBuilder(store, false)
	x := b.Input("x", tensor.Float32, tensor.Unknown, 6, 6, 2)
	k := b.In("conv", "").Variable(graph.Variable{Path: "kernel", Type: op.Type{DType: tensor.Float32, Shape: tensor.Shape{3, 3, 2, 4}}})
	w := op.Window{Size: [2]int{3, 3}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Padding: op.Same}
	y := b.Op(op.Conv2D{Window: w, Groups: 1}, x, k)
	y = b.Pad(y, []int{0, 1, 0, 0}, []int{0, 0, 1, 0}, math.Inf(-1))
	w.Size, w.Padding = [2]int{2, 2}, op.Valid
	y = b.MaxPool2D(y, w)
	y = b.Op(op.Resize{Size: [2]int{4, 5}, Method: op.Bilinear, Antialias: true}, y)
	y = b.Mul(y, b.Op(op.Const{Value: tensor.Of([]float32{1, 2, 3, 4}, 4)}))
	y = b.ReduceMaxKeep(b.Transpose(b.ReLU(y), 0, 3, 1, 2), 2)
	y = b.Softmax(b.Reshape(y, tensor.Unknown, 20))
	g, err := b.Finish(graph.Output{Key: "y", Value: y}, graph.Output{Key: "i", Value: b.Cast(b.ArgMax(y), tensor.Int32)})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestRoundTrip(t *testing.T) {
	g := sample(t)
	text, err := Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	h, err := Unmarshal(text)
	if err != nil {
		t.Fatal(err)
	}
	if g.String() != h.String() {
		t.Errorf("got\n%v\nwant\n%v", h, g)
	}
	again, err := Marshal(h)
	if err != nil || string(again) != string(text) {
		t.Errorf("the text differs the second time: %v", err)
	}
}

func TestMistakes(t *testing.T) {
	b := graph.NewBuilder(graph.NewStore(), true)
	v := b.Variable(graph.Variable{Path: "v", Type: op.Type{DType: tensor.Float32, Shape: tensor.Shape{1}}})
	b.Assign(v, b.Scale(v, 2))
	g, err := b.Finish(graph.Output{Key: "y", Value: v})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Marshal(g); err == nil || !strings.Contains(err.Error(), "Assign is not for predictions") {
		t.Errorf("an update: %v", err)
	}
	input := `{"op":"Input","attributes":{"Key":"x","Type":{"DType":"float32","Shape":[-1,4]}}}`
	for text, want := range map[string]string{
		`{`:             "unexpected end",
		`{"version":9}`: "version 9",
		`{"version":1,"nodes":[{"op":"System"}]}`:                                                                                 "unknown op",
		`{"version":1,"nodes":[{"op":"Unary","in":[[0,0]]}]}`:                                                                     "no result 0 of node 0",
		`{"version":1,"nodes":[` + input + `,{"op":"Unary","attributes":{"Fn":"ReLU"},"in":[[0,1]]}]}`:                            "no result 1",
		`{"version":1,"nodes":[` + input + `,{"op":"Transpose","attributes":{"Perm":[0,0]},"in":[[0,0]]}]}`:                       "not a permutation",
		`{"version":1,"nodes":[` + input + `,{"op":"Transpose","attributes":{"Perm":[0,0.5]},"in":[[0,0]]}]}`:                     "want a value of type int",
		`{"version":1,"nodes":[` + input + `,{"op":"Transpose","attributes":{"What":1},"in":[[0,0]]}]}`:                           `no attribute "What"`,
		`{"version":1,"nodes":[` + input + `,{"op":"Pad","attributes":{"Before":[0,16777217],"After":[0,1]},"in":[[0,0]]}]}`:      "want a value of type int",
		`{"version":1,"nodes":[{"op":"Const","attributes":{"Value":{"dtype":"float32","shape":[1099511627776],"data":"AAAA"}}}]}`: "does not fit the shape",
		`{"version":1,"nodes":[{"op":"Const"}]}`:                                                                                  "has no value",
		`{"version":1,"nodes":[{"op":"Variable","attributes":{"Path":"v","Type":{"Shape":[2]}}}]}`:                                "no element type",
		`{"version":1,"nodes":[` + input + `],"outputs":[{"key":"y","value":[3,0]}]}`:                                             `output "y"`,
	} {
		if _, err := Unmarshal([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

// TestAttributes draws attributes and operands at random: an op that a file can hold must refuse the impossible ones in
// Infer. Otherwise the kernels panic.
func TestAttributes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, o := range ops[3:] { // without sources
		typ := reflect.TypeOf(o)
		ran := 0
		for range 10000 {
			v := reflect.New(typ).Elem()
			draw(r, v)
			of := v.Interface().(op.Op)
			store := graph.NewStore()
			b := graph.NewBuilder(store, false)
			in := make([]*graph.Value, 1+r.IntN(4))
			var shapes []tensor.Shape
			dtype := []tensor.DType{tensor.Float32, tensor.Float32, tensor.Float32, tensor.Int32, tensor.Int64, tensor.Bool, tensor.Uint8}[r.IntN(7)]
			rank := 1 + r.IntN(4)
			var wanted []tensor.Shape // shapes with which the op can work
			if w := v.FieldByName("Window"); w.IsValid() && r.IntN(2) == 0 {
				size := w.Interface().(op.Window).Size
				wanted = []tensor.Shape{{1 + r.IntN(2), 1 + r.IntN(6), 1 + r.IntN(6), 1 + r.IntN(3)}, {size[0], size[1], 1 + r.IntN(3), 1 + r.IntN(3)}}
			}
			n := 1 + r.IntN(2)
			image := tensor.Shape{n, 1 + r.IntN(4), 1 + r.IntN(4), 1}
			switch of.(type) {
			case op.ProjectiveTransform:
				wanted = []tensor.Shape{image, {n, 8}}
			case op.MapCoordinates:
				wanted = []tensor.Shape{image, {n, 2, 3, 2}}
			case op.Homography:
				wanted = []tensor.Shape{{n, 4, 2}, {n, 4, 2}}
			}
			if wanted != nil {
				dtype, in = tensor.Float32, make([]*graph.Value, 1+r.IntN(2))
			}
			for i := range in {
				if r.IntN(4) == 0 {
					rank = r.IntN(5)
				}
				s := make(tensor.Shape, rank)
				for j := range s {
					s[j] = r.IntN(5)
				}
				if i < len(wanted) {
					s = wanted[i]
				}
				in[i] = b.Input(fmt.Sprint(i), dtype, s...)
				shapes = append(shapes, s)
				if r.IntN(4) == 0 && wanted == nil {
					dtype = tensor.Int32
				}
			}
			y := b.Op(of, in...)
			if !y.Valid() || !y.Shape.Known() || y.Shape.Elements() > 1<<16 {
				continue
			}
			g, err := b.Finish(graph.Output{Key: "y", Value: y})
			if err != nil {
				continue
			}
			func() {
				defer func() {
					if e := recover(); e != nil {
						t.Errorf("%#v of %v: %v", of, shapes, e)
						ran = -1 << 20
					}
				}()
				run(t, g, store, shapes)
				ran++
			}()
			if ran < 0 {
				break
			}
		}
		if ran == 0 {
			t.Errorf("%s: no attributes were valid", typ.Name())
		}
	}
}

// draw sets a value to small numbers, some of which are invalid.
func draw(r *rand.Rand, v reflect.Value) {
	switch v.Interface().(type) {
	case op.Window:
		if r.IntN(2) == 0 { // a valid one
			w := op.Window{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Padding: op.Padding(r.IntN(4))}
			for i := range 2 {
				w.Size[i] = 1 + r.IntN(3)
				if r.IntN(2) == 0 {
					w.Stride[0] = 1 + r.IntN(3)
				} else if w.Stride == [2]int{1, 1} {
					w.Dilation[1] = 1 + r.IntN(3)
				}
			}
			v.Set(reflect.ValueOf(w))
			return
		}
	case tensor.DType:
		v.SetUint(uint64([]tensor.DType{tensor.Float32, tensor.Int32, tensor.Int64, tensor.Uint8, tensor.Bool}[r.IntN(5)]))
		return
	case op.UnaryFn:
		v.SetString([]string{"ReLU", "Neg", "Abs", "Round", "Nonsense"}[r.IntN(5)])
		return
	case op.Fill:
		v.SetString(string([]op.Fill{op.FillConstant, op.FillNearest, op.FillReflect, op.FillWrap, "nonsense"}[r.IntN(5)]))
		return
	case op.BinaryFn:
		v.SetString([]string{"Add", "Div", "Max", "Less", "Nonsense"}[r.IntN(5)])
		return
	case op.ReduceFn:
		v.SetString([]string{"ReduceSum", "ReduceMax", "Nonsense"}[r.IntN(3)])
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int:
		v.SetInt(int64([]int{1, 1, 2, 3, 0, 1, 2, 4, -1, -2, 1 << 9}[r.IntN(11)]))
	case reflect.Uint8:
		v.SetUint(uint64([]int{0, 1, 2, 3, 4, 5, 7, 99}[r.IntN(8)]))
	case reflect.Float64:
		v.SetFloat([]float64{0, 1, -1, 1e-3, math.Inf(1), math.NaN()}[r.IntN(6)])
	case reflect.Struct:
		for i := range v.NumField() {
			draw(r, v.Field(i))
		}
	case reflect.Slice:
		n := r.IntN(5)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			draw(r, v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			draw(r, v.Index(i))
		}
	}
}

// FuzzUnmarshal also runs small graphs on the engine: attributes that Infer accepts must be valid for the kernels.
func FuzzUnmarshal(f *testing.F) {
	for _, text := range texts(f) {
		f.Add(text)
	}
	f.Fuzz(unmarshalHostile)
}

// TestMutants runs the reader on changed bytes, and on changed JSON.
func TestMutants(t *testing.T) {
	runs := mutate.Runs{Seeds: texts(t), Fuzz: "FuzzUnmarshal", Read: unmarshalHostile}
	t.Run("bytes", runs.Test)
	runs.Mutant = mutate.JSON
	t.Run("JSON", runs.Test)
}

func texts(t testing.TB) [][]byte {
	text, err := Marshal(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	return [][]byte{
		text,
		[]byte(`{"version":1,"nodes":[{"op":"Input","attributes":{"Key":"x","Type":{"DType":"float32","Shape":[-1,4]}}},{"op":"CumSum","in":[[0,0]]}],"outputs":[{"key":"y","value":[1,0]}]}`),
	}
}

// unmarshalHostile reads a graph that may be damaged. It runs what is valid and small.
func unmarshalHostile(t *testing.T, text []byte) {
	g, err := Unmarshal(text)
	if err != nil {
		return
	}
	if _, err := Marshal(g); err != nil {
		t.Error(err)
	}
	store := graph.NewStore()
	shapes := make([]tensor.Shape, len(g.Inputs))
	for i, v := range g.Inputs {
		shapes[i] = v.Shape.Clone()
		for j, d := range shapes[i] {
			if d == tensor.Unknown {
				shapes[i][j] = 2
			}
		}
	}
	c, err := g.Specialize(shapes)
	if err != nil {
		return
	}
	total := 0
	for _, n := range c.Nodes {
		for _, v := range n.Out {
			if n, err := v.Shape.CheckedElements(); err == nil && n < 1<<16 {
				total += n
			} else {
				return
			}
		}
		if v, ok := n.Op.(op.Variable); ok {
			if _, err := store.Declare(graph.Variable{Path: v.Path, Type: v.Type}); err != nil {
				return
			}
		}
	}
	if total > 1<<18 {
		return
	}
	run(t, g, store, shapes)
}

func run(t *testing.T, g *graph.Graph, store *graph.Store, shapes []tensor.Shape) {
	store.Initialize(1)
	e, err := engine.New(engine.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Compile(g, store)
	if err != nil {
		return
	}
	defer p.Close()
	in := make([]*tensor.Tensor, len(shapes))
	for i, s := range shapes {
		in[i] = tensor.New(g.Inputs[i].DType, s...)
	}
	_ = p.Run(in, make([]*tensor.Tensor, len(g.Outputs)))
}

// TestOpsAreComplete checks that each op of package op can be in a file, or is listed here.
func TestOpsAreComplete(t *testing.T) {
	training := []string{ // gradients, updates, random draws, and functions of the number of steps
		"SGD", "RMSprop", "Adam", "Assign", "MovingAverage", "AverageWeights", "When", "Every", "Schedule",
		"RandomUniform", "RandomNormal", "RandomPermutation", "RandomLogGamma",
	}
	files, err := filepath.Glob("../../graph/op/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no files of package op:", err)
	}
	infer := regexp.MustCompile(`(?m)^func \((?:\w+ )?(\w+)\) Infer\(`)
	known := types()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range infer.FindAllStringSubmatch(string(text), -1) {
			name := m[1]
			if known[name] == nil && !slices.Contains(training, name) && !regexp.MustCompile(`Grad(Input|Filter)?$`).MatchString(name) {
				t.Errorf("%s is not in the table ops; add it, or list it here if only training needs it", name)
			}
		}
	}
}

// TestGivenWeights checks an attribute that is a pointer.
func TestGivenWeights(t *testing.T) {
	b := graph.NewBuilder(graph.NewStore(), false)
	x := b.Input("x", tensor.Float32, tensor.Unknown, 2, 3, 1)
	rows, columns := op.Taps{First: []int{0, 1}, Weights: [][]float32{{.25, .75}, {1}}}, op.Taps{First: []int{2}, Weights: [][]float32{{-.1}}}
	y := b.Op(op.Resize{Method: op.Given, Given: &[2]op.Taps{rows, columns}}, x)
	g, err := b.Finish(graph.Output{Key: "y", Value: y})
	if err != nil {
		t.Fatal(err)
	}
	text, err := Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	h, err := Unmarshal(text)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := op.Attributes(h.Nodes[1].Op), op.Attributes(y.Node.Op); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
