package plot

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"maps"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func conv(filters, size int) layer.Conv2D {
	return layer.Conv2D{Filters: filters, Kernel: layer.Size{size, size}, Padding: layer.Same, Activation: layer.ReLU}
}

// chain, residual, uNet and nested are networks of the shapes that people draw.
func chain() *lince.Model {
	return must(lince.Sequential(layer.Input{Shape: []int{28, 28, 1}}, conv(16, 3), layer.MaxPool2D{Pool: layer.Size{2, 2}}, layer.Flatten{}, layer.Dropout{Rate: .5}, layer.Dense{Units: 10, Activation: layer.Softmax}))
}

func residual() *lince.Model {
	in := lince.Input(layer.Input{Shape: []int{32, 32, 3}})
	x := in.Then(conv(8, 3))
	for range 2 {
		y := x.Then(layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Padding: layer.Same}, layer.BatchNormalization{}, layer.ReLULayer{}, layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Padding: layer.Same}, layer.BatchNormalization{})
		x = lince.Apply(layer.Add{}, x, y).Then(layer.ReLULayer{})
	}
	return must(lince.Functional(in, x.Then(layer.GlobalAveragePool2D{}, layer.Dense{Units: 10})))
}

// uNet is like a U-Net, with zero padding in place of upsampling.
func uNet() *lince.Model {
	in := lince.Input(layer.Input{Shape: []int{32, 32, 3}})
	var skips []*lince.Symbol
	x := in
	for i := range 3 {
		x = x.Then(conv(8<<i, 3), conv(8<<i, 3))
		skips = append(skips, x)
		x = x.Then(layer.MaxPool2D{Pool: layer.Size{2, 2}})
	}
	x = x.Then(conv(64, 3))
	for i := 2; i >= 0; i-- {
		half := 2 << (2 - i)
		x = x.Then(conv(8<<i, 1), layer.ZeroPadding2D{Padding: &layer.Pads{{half, half}, {half, half}}})
		x = lince.Apply(layer.Concatenate{}, skips[i], x).Then(conv(8<<i, 3))
	}
	return must(lince.Options{Name: "unet"}.Functional(in, x.Then(conv(1, 1))))
}

func inception() *lince.Model {
	in := lince.Input(layer.Input{Shape: []int{32, 32, 3}})
	x := in
	for range 2 {
		x = lince.Apply(layer.Concatenate{}, x.Then(conv(4, 1)), x.Then(conv(4, 1), conv(4, 3)), x.Then(conv(4, 1), conv(4, 3), conv(4, 3)), x.Then(layer.AveragePool2D{Pool: layer.Size{3, 3}, Strides: layer.Size{1, 1}, Padding: layer.Same}, conv(4, 1)))
	}
	a, b := x.Then(layer.GlobalAveragePool2D{}), x.Then(layer.GlobalMaxPool2D{})
	return must(lince.Functional(in, lince.List(a.Then(layer.Dense{Units: 3, Name: "kind"}), b.Then(layer.Dense{Units: 1, Name: "size"}))))
}

func nested() *lince.Model {
	body := residual()
	a, b := lince.Input(layer.Input{Shape: []int{32, 32, 3}, Name: "left"}), lince.Input(layer.Input{Shape: []int{32, 32, 3}, Name: "right"})
	head := must(lince.Options{Name: "head"}.Sequential(layer.Input{Shape: []int{10}}, layer.Dense{Units: 4, Activation: layer.ReLU}, layer.Dense{Units: 1, Activation: layer.Sigmoid}))
	x := lince.Apply(layer.Subtract{}, lince.Apply(body, a), lince.Apply(body, b))
	return must(lince.Functional(lince.List(a, b), lince.Apply(head, x)))
}

// models are the networks that the tests draw.
var models = map[string]func() *lince.Model{"chain": chain, "residual": residual, "unet": uNet, "inception": inception, "nested": nested}

var every = Options{ShowShapes: true, ShowDType: true, ShowLayerNames: true, ShowLayerActivations: true, ShowTrainable: true}

// No box overlaps another, arrows go forward and pass no box, and all is inside the drawing.
func TestLayout(t *testing.T) {
	for name, model := range models {
		for _, o := range []Options{{}, every, {ShowLayerNames: true, ExpandNested: true}, {ShowShapes: true, ExpandNested: true, RankDir: LeftRight}} {
			checkGraph(t, name, must(network(t.Context(), model(), o)))
		}
	}
}

func checkGraph(t *testing.T, name string, g *graph) {
	t.Helper()
	if len(g.boxes) == 0 {
		t.Fatalf("%s: no boxes", name)
	}
	for i, a := range g.boxes {
		if a.x-a.width/2 < -.01 || a.y-a.height/2 < -.01 || a.x+a.width/2 > g.width+.01 || a.y+a.height/2 > g.height+.01 {
			t.Errorf("%s: %s is outside", name, a.title)
		}
		for _, b := range g.boxes[:i] {
			if math.Abs(a.x-b.x) < (a.width+b.width)/2 && math.Abs(a.y-b.y) < (a.height+b.height)/2 {
				t.Errorf("%s: %s and %s overlap", name, a.title, b.title)
			}
		}
		if a.inner != nil {
			checkGraph(t, name+"/"+a.title, a.inner)
		}
	}
	for _, r := range g.arrows {
		if r.from.y >= r.to.y {
			t.Errorf("%s: an arrow goes back", name)
		}
		if len(r.bends) != r.to.rank-r.from.rank-1 {
			t.Errorf("%s: an arrow over %d ranks has %d bends", name, r.to.rank-r.from.rank, len(r.bends))
		}
		for _, bend := range r.bends {
			for _, b := range g.boxes {
				if b.rank == bend.rank && math.Abs(b.x-bend.x) <= b.width/2 {
					t.Errorf("%s: an arrow passes through %s", name, b.title)
				}
			}
		}
	}
}

// In a chain, and beside the skip connections of a U-Net and a residual network, the boxes are in one straight column,
// and no arrows cross.
func TestStraightColumns(t *testing.T) {
	for _, name := range []string{"chain", "residual", "unet"} {
		g := must(network(t.Context(), models[name](), every))
		for _, b := range g.boxes {
			if math.Abs(b.x-g.boxes[0].x) > .01 {
				t.Errorf("%s: %s is at %v, the first box at %v", name, b.title, b.x, g.boxes[0].x)
			}
		}
	}
	// The order is that of the positions, so crossings can be counted in the finished layout.
	for name, model := range models {
		g := must(network(t.Context(), model(), Options{}))
		ranks := map[int][]*vertex{}
		met := map[*vertex]bool{}
		add := func(v *vertex) {
			if !met[v] {
				met[v] = true
				ranks[v.rank] = append(ranks[v.rank], v)
			}
		}
		for _, b := range g.boxes {
			add(b.vertex)
		}
		for _, a := range g.arrows {
			for _, b := range a.bends {
				add(b)
			}
		}
		var list [][]*vertex
		for _, k := range slices.Sorted(maps.Keys(ranks)) {
			slices.SortFunc(ranks[k], func(a, b *vertex) int { return cmp.Compare(a.x, b.x) })
			for i, v := range ranks[k] {
				v.order = float64(i)
			}
			list = append(list, ranks[k])
		}
		if n := crossings(list); n > 0 {
			t.Errorf("%s: %d crossings", name, n)
		}
	}
}

// texts returns the texts of an SVG, in order.
func texts(t *testing.T, b []byte) (list []string) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(b))
	inside := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inside = token.Name.Local == "text"
		case xml.CharData:
			if inside {
				list = append(list, string(token))
			}
		case xml.EndElement:
			inside = false
		}
	}
}

func svg(t *testing.T, m *lince.Model, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Model(t.Context(), &b, m, SVG, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Each option shows what Keras' argument of the same name shows.
func TestOptions(t *testing.T) {
	m := must(lince.Sequential(layer.Input{Shape: []int{4, 4, 1}}, conv(2, 3), layer.Flatten{}, layer.Dense{Units: 3, Frozen: true, Name: "a<b>&c"}))
	for want, o := range map[string]Options{
		"InputLayer|Conv2D|Flatten|Dense":                                           {},
		"input_layer (InputLayer)|conv2d (Conv2D)|flatten (Flatten)|a<b>&c (Dense)": {ShowLayerNames: true},
		"InputLayer|Conv2D|Activation: |relu|Flatten|Dense|Activation: |linear":     {ShowLayerActivations: true},
		"InputLayer|Conv2D|Trainable: |True|Flatten|Dense|Trainable: |False":        {ShowTrainable: true},
		"InputLayer|Output shape: |(None, 4, 4, 1)|Conv2D|Input shape: |(None, 4, 4, 1)|Output shape: |(None, 4, 4, 2)|" +
			"Flatten|Input shape: |(None, 4, 4, 2)|Output shape: |(None, 32)|Dense|Input shape: |(None, 32)|Output shape: |(None, 3)": {ShowShapes: true},
		"InputLayer|Output dtype: |float32|Conv2D|Output dtype: |float32|Flatten|Output dtype: |float32|Dense|Output dtype: |float32": {ShowDType: true},
	} {
		if got := strings.Join(texts(t, svg(t, m, o)), "|"); got != want {
			t.Errorf("%+v: texts %q, want %q", o, got, want)
		}
	}
	closed, open := texts(t, svg(t, nested(), Options{})), texts(t, svg(t, nested(), Options{ExpandNested: true}))
	if len(closed) != 6 || len(open) != 6+2*len(residual().Calls())+3 {
		t.Errorf("a nested model has %d texts, expanded %d", len(closed), len(open))
	}
}

// RankDir says in which direction the layers follow each other.
func TestDirections(t *testing.T) {
	m := chain()
	size := func(o Options) (w, h float64) { d := must(newDrawing(t.Context(), m, o)); return d.width, d.height }
	w, h := size(Options{RankDir: TopBottom})
	if a, b := size(Options{RankDir: BottomTop}); a != w || b != h || h < w {
		t.Errorf("BT is %v x %v, TB %v x %v", a, b, w, h)
	}
	if a, b := size(Options{RankDir: RightLeft}); a < b {
		t.Errorf("RL is %v x %v", a, b)
	}
	met := map[string]RankDir{}
	for _, dir := range []RankDir{TopBottom, BottomTop, LeftRight, RightLeft} {
		s := string(svg(t, m, Options{RankDir: dir}))
		if other, ok := met[s]; ok {
			t.Errorf("%s and %s are the same", dir, other)
		}
		met[s] = dir
		// The first box is drawn first. Its position is that of its text.
		first, last := position(t, s, "InputLayer"), position(t, s, "Dense")
		forward := map[RankDir]bool{TopBottom: last[1] > first[1], BottomTop: last[1] < first[1], LeftRight: last[0] > first[0], RightLeft: last[0] < first[0]}
		if !forward[dir] {
			t.Errorf("%s: the first layer is at %v, the last at %v", dir, first, last)
		}
	}
}

// position returns the place of a text on the page.
func position(t *testing.T, svg, text string) (at [2]float64) {
	t.Helper()
	m := regexp.MustCompile(`<text x="([-0-9.e]+)" y="([-0-9.e]+)"[^>]*>` + text).FindStringSubmatch(strings.ReplaceAll(svg, "\n", " "))
	if m == nil {
		t.Fatalf("no text %s in %s", text, svg)
	}
	for i := range at {
		at[i] = must(strconv.ParseFloat(m[1+i], 64))
	}
	return at
}

func TestPNG(t *testing.T) {
	var a, b bytes.Buffer
	for _, w := range []*bytes.Buffer{&a, &b} {
		if err := Model(t.Context(), w, residual(), PNG, Options{DPI: 72}); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two drawings of a network differ")
	}
	m := must(png.Decode(&a))
	d := must(newDrawing(t.Context(), residual(), Options{RankDir: TopBottom}))
	if s := m.Bounds().Size(); math.Abs(float64(s.X)-d.width) > 1 || math.Abs(float64(s.Y)-d.height) > 1 {
		t.Errorf("the PNG has %v pixels, the drawing %v x %v points", s, d.width, d.height)
	}
	// The title of the first box is dark, and its text light.
	dark, light := 0, 0
	box := d.g.boxes[0]
	for x := int(box.x - box.width/2 + 3); x < int(box.x+box.width/2-3); x++ {
		for y := 3; y < titleHeight-3; y++ {
			switch r, _, _, _ := m.At(margin+x, margin+y).RGBA(); {
			case r < 0x4000:
				dark++
			case r > 0xc000:
				light++
			}
		}
	}
	if dark < 4*light || light < 50 {
		t.Errorf("the title has %d dark and %d light pixels", dark, light)
	}
}

func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	m, ctx := chain(), t.Context()
	for want, err := range map[string]error{
		"plotting the model: the model has no layers":                           Model(ctx, io.Discard, nil, SVG, Options{}),
		`the format must be "svg" or "png", got "gif"`:                          Model(ctx, io.Discard, m, "gif", Options{}),
		"DPI must be from 1 to 10000, or 0 for 200, got -1":                     Model(ctx, io.Discard, m, PNG, Options{DPI: -1}),
		`RankDir must be TB, BT, LR or RL, got "XY"`:                            Model(ctx, io.Discard, m, SVG, Options{RankDir: "XY"}),
		"use SVG (a file whose name ends in .svg; or, in Go, a DPI of at most ": Model(ctx, io.Discard, m, PNG, Options{DPI: 10000}),
		`must end in .svg or .png, got "m.pdf"`:                                 Save(ctx, "m.pdf", m, Options{}),
		"no such file":                                                          Save(ctx, filepath.Join(dir, "no", "m.svg"), m, Options{}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
	for _, name := range []string{"m.svg", "m.PNG"} {
		if err := Save(ctx, filepath.Join(dir, name), m, Options{DPI: 20}); err != nil {
			t.Error(err)
		}
	}
	if files := must(filepath.Glob(filepath.Join(dir, "*"))); len(files) != 2 {
		t.Errorf("files %v", files)
	}
}
