package report

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// drawn returns the image that f writes, and checks that a second call writes the same bytes.
func drawn(t *testing.T, f func(io.Writer) error) *image.RGBA {
	t.Helper()
	var a, b bytes.Buffer
	if err := f(&a); err != nil {
		t.Fatal(err)
	}
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two images of the same data differ")
	}
	m, err := png.Decode(&a)
	if err != nil {
		t.Fatal(err)
	}
	return m.(*image.RGBA) // the type of a decoded opaque color image
}

// countPixels counts the pixels of a color in a rectangle of an image.
func countPixels(m *image.RGBA, r image.Rectangle, want color.RGBA) int {
	n := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if m.RGBAAt(x, y) == want {
				n++
			}
		}
	}
	return n
}

// plots returns the rectangles in which the panels of Curves draw their lines.
func plots(h *History) []image.Rectangle {
	img, panels := layCurves(h)
	height := img.Image().Bounds().Dy()
	var all []image.Rectangle
	for _, p := range panels {
		r := p.DataCanvas(p.at)
		all = append(all, image.Rect(int(r.Min.X), height-int(r.Max.Y), int(r.Max.X), height-int(r.Min.Y)))
	}
	return all
}

func TestCurves(t *testing.T) {
	nan := math.NaN()
	h := &History{Epochs: []int{0, 1, 2}, Series: []Series{
		{Name: "accuracy", Values: []float64{.5, .6, .7}}, {Name: "loss", Values: []float64{nan, .5, math.Inf(1)}},
		{Name: "val_accuracy", Values: []float64{.4, nan, .8}}, {Name: "val_loss", Values: []float64{nan, nan, nan}}}}
	m := drawn(t, func(w io.Writer) error { return Curves(w, h) })
	at := plots(h)
	accuracy, loss := at[0], at[1]
	if accuracy.Size() != loss.Size() || accuracy.Min.Y != loss.Min.Y || accuracy.Max.X >= loss.Min.X {
		t.Errorf("the panels %v and %v are not side by side", accuracy, loss)
	}
	third := accuracy.Dx() / 3
	left := image.Rect(0, 0, third, accuracy.Dy()).Add(accuracy.Min)
	mid := left.Add(image.Pt(third, 0))
	right := mid.Add(image.Pt(third, 0))
	for name, r := range map[string]image.Rectangle{"first": left, "second": mid, "third": right} {
		if countPixels(m, r, blue) < 200 {
			t.Errorf("no training accuracy in the %s epoch", name)
		}
	}
	if countPixels(m, left, orange) < 50 || countPixels(m, right, orange) < 50 {
		t.Error("a value without neighbors has no dot")
	}
	if n := countPixels(m, mid, orange); n != 0 {
		t.Errorf("%d pixels where there is a gap", n)
	}
	if n := countPixels(m, loss, blue); n < 50 || n > 200 {
		t.Errorf("%d pixels for the only finite loss", n)
	}
	if n := countPixels(m, loss, orange); n != 0 {
		t.Errorf("%d pixels for a validation loss that is never finite", n)
	}
	// .8 is higher than .4: in the top half, on the right.
	if half := accuracy.Dy() / 2; countPixels(m, image.Rect(right.Min.X, right.Min.Y, right.Max.X, right.Min.Y+half), orange) == 0 {
		t.Error("a high value is not at the top")
	}
}

func TestCurvesStrange(t *testing.T) {
	values := []float64{0, 1, -1, math.NaN(), math.Inf(1), math.Inf(-1), 5e-324, math.MaxFloat64, -math.MaxFloat64, 1e-300, 1e299, -1e299, 1e15, 1e15 + 2}
	for i, a := range values {
		for _, b := range values[i:] {
			y := newPlot().Y
			ok := setValueAxis(&y, []float64{a}, []float64{b})
			if ok != (finite(a) || finite(b)) {
				t.Errorf("%v, %v: ok is %v", a, b, ok)
			}
			for _, v := range []float64{a, b} {
				if finite(v) {
					if p := y.Norm(v); math.IsNaN(p) || p < 0 || p > 1 {
						t.Errorf("%v of %v and %v stands at %v", v, a, b, p)
					}
				}
			}
			if !ok {
				continue
			}
			if n := len(y.Tick.Marker.Ticks(y.Min, y.Max)); n < 2 || n > 80 {
				t.Errorf("%v, %v: %d ticks", a, b, n)
			}
		}
	}
	h := &History{Epochs: []int{0, 1}, Series: []Series{{Name: "x", Values: []float64{1e-300, 1e299}}, {Name: "y", Values: []float64{math.MaxFloat64, math.NaN()}}}}
	count := func(h *History) (pixels int) {
		m := drawCurves(h).(*image.RGBA)
		for _, r := range plots(h) {
			pixels += countPixels(m, r, blue)
		}
		return pixels
	}
	if count(h) == 0 {
		t.Error("extreme values drew no curve")
	}
	// Epochs after a resumed run, many epochs, many metrics.
	long := &History{Series: []Series{{Name: "loss"}}}
	for i := range 600 {
		long.Epochs = append(long.Epochs, 1000+i)
		long.Series[0].Values = append(long.Series[0].Values, math.Sin(float64(i)))
	}
	if count(long) < 5000 {
		t.Error("600 epochs drew no curve")
	}
	many := &History{Epochs: []int{0}}
	for i := range 4 {
		many.Series = append(many.Series, Series{Name: fmt.Sprint("metric_", i), Values: []float64{float64(i)}})
	}
	if count(many) < 4*50 {
		t.Error("4 metrics drew too little")
	}
}

// TestCurvesTitles checks that the titles of metrics are whole, and that they are above the legends where they have no room beside them.
func TestCurvesTitles(t *testing.T) {
	for name, above := range map[string]bool{"accuracy": false, "binary_accuracy": false, "mean_absolute_error": true, "sparse_top_k_categorical_accuracy": true} {
		value := .5
		if above {
			value = 12345.5
		}
		h := &History{Epochs: []int{0}, Series: []Series{{Name: "loss", Values: []float64{1}}, {Name: name, Values: []float64{value}}, {Name: "val_" + name, Values: []float64{value}}}}
		_, panels := layCurves(h)
		p := panels[len(panels)-1]
		if p.above != above {
			t.Errorf("the title of %s is above the legend: %v, want %v", name, p.above, above)
		}
		data := p.DataCanvas(p.at)
		if width := panelTitleType.Width(p.title()); p.above && width > data.Max.X-data.Min.X {
			t.Errorf("the title of %s is %v wide, the panel %v", name, width, data.Max.X-data.Min.X)
		}
	}
	for name, want := range map[string]string{"auc": "AUC", "val_auc": "Validation AUC", "val_loss": "Validation loss", "mean_io_u": "Mean IoU", "r2_score": "R2 score", "loss": "Loss", "écart": "Écart", "": ""} {
		if got := metricTitle(name); got != want {
			t.Errorf("the title of %q is %q, want %q", name, got, want)
		}
	}
}

// TestCurvesLogarithmic checks that a logarithmic axis is mentioned in the title, and takes no room above the plot.
func TestCurvesLogarithmic(t *testing.T) {
	top := func(values ...float64) (vg.Length, string) {
		img, panels := layCurves(&History{Epochs: []int{0, 1}, Series: []Series{{Name: "loss", Values: values}}})
		_, height := img.Size()
		return height - panels[0].DataCanvas(panels[0].at).Max.Y, panels[0].title()
	}
	linear, _ := top(1, 2)
	logarithmic, title := top(1e8, 3e5)
	if title != "Loss (logarithmic scale)" || logarithmic > linear+panelTitle+2 {
		t.Errorf("the title is %q, and the plot begins at %v, want %v", title, logarithmic, linear)
	}
}

func TestCurvesErrors(t *testing.T) {
	for want, h := range map[string]*History{
		"no epochs":                 {Series: []Series{{Name: "loss"}}},
		"no metrics":                {Epochs: []int{0}},
		"loss has 1 values for 2":   {Epochs: []int{0, 1}, Series: []Series{{Name: "loss", Values: []float64{1}}}},
		"two series named accuracy": {Epochs: []int{0}, Series: []Series{{Name: "accuracy", Values: []float64{1}}, {Name: "accuracy", Values: []float64{1}}}},
	} {
		if err := Curves(io.Discard, h); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestValueTicks checks that labels are inside the range, distinct, correct, and neither too few
// nor too many.
func TestValueTicks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		low := r.NormFloat64() * math.Pow(10, float64(r.IntN(30)-15))
		high := low + math.Pow(10, r.Float64()*20-10)*math.Max(1e-9, math.Abs(low))
		seen := map[string]bool{}
		for _, k := range valueTicks(low, high) {
			if k.IsMinor() {
				continue
			}
			if k.Value < low-1e-9*(high-low) || k.Value > high+1e-9*(high-low) {
				t.Fatalf("%v from %g to %g", k, low, high)
			}
			if v, err := strconv.ParseFloat(k.Label, 64); err != nil || math.Abs(v-k.Value) > .01*(high-low) {
				t.Fatalf("%v from %g to %g", k, low, high)
			}
			if seen[k.Label] {
				t.Fatalf("two labels %s from %g to %g", k.Label, low, high)
			}
			seen[k.Label] = true
		}
		if len(seen) < 2 || len(seen) > 8 {
			t.Fatalf("%d labels from %g to %g", len(seen), low, high)
		}
	}
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{-.01, 1.01, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{.01, .47, "0.1 0.2 0.3 0.4"},
		{1.7, 3.7, "2.0 2.5 3.0 3.5"},
		{.45, .95, "0.5 0.6 0.7 0.8 0.9"},
		{2.30238, 2.30262, "2.30240 2.30245 2.30250 2.30255 2.30260"},
		{-1, 1, "-1.0 -0.5 0.0 0.5 1.0"},
		{0, 2e-7, "0 5e-08 1e-07 1.5e-07 2e-07"},
		{1000000, 1000002, "1000000 1000000.5 1000001 1000001.5 1000002"},
	} {
		if got := labels(valueTicks(c.low, c.high)); got != c.want {
			t.Errorf("from %g to %g: %s, want %s", c.low, c.high, got, c.want)
		}
	}
}

func labels(ticks []plot.Tick) string {
	var all []string
	for _, k := range ticks {
		if !k.IsMinor() {
			all = append(all, k.Label)
		}
	}
	return strings.Join(all, " ")
}

func TestLogTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{9e-6, .11, "1e-05 0.0001 0.001 0.01 0.1"},
		{1, 1e30, "1 100000 1e+10 1e+15 1e+20 1e+25 1e+30"},
	} {
		if got := labels(logTicks(c.low, c.high)); got != c.want {
			t.Errorf("from %g to %g: %s, want %s", c.low, c.high, got, c.want)
		}
	}
}

func TestEpochTicks(t *testing.T) {
	for n, want := range map[int]string{
		1: "1", 2: "1 2", 3: "1 2 3", 12: "1 2 3 4 5 6 7 8 9 10 11 12",
		13: "2 4 6 8 10 12", 50: "5 10 15 20 25 30 35 40 45 50", 100: "10 20 30 40 50 60 70 80 90 100",
		1234: "200 400 600 800 1000 1200",
	} {
		epochs := make([]int, n)
		for i := range epochs {
			epochs[i] = i
		}
		x := newPlot().X
		setEpochAxis(&x, epochs)
		if got := labels(x.Tick.Marker.Ticks(x.Min, x.Max)); got != want {
			t.Errorf("%d epochs: %s, want %s", n, got, want)
		}
	}
}

// at returns the color of a fraction.
func (s shades) at(fraction float64) color.Color { return s[int(fraction*float64(len(s)-1)+.5)] }

func TestConfusion(t *testing.T) {
	classes := []string{"cat", "dog", "fox"}
	counts := [][]int{{50, 50, 0}, {0, 0, 0}, {0, 25, 75}}
	m := drawn(t, func(w io.Writer) error { return Confusion(w, classes, counts) })
	_, cells := drawConfusion(classes, counts)
	if cells.Dx()%3 != 0 || cells.Dx() != cells.Dy() || !cells.In(m.Bounds()) {
		t.Fatalf("cells at %v in %v", cells, m.Bounds())
	}
	cell := cells.Dx() / 3
	for i, row := range [][]float64{{.5, .5, 0}, {-1, -1, -1}, {0, .25, .75}} {
		for j, part := range row {
			want := color.Color(shadow)
			if part >= 0 {
				want = blues.at(part)
			}
			for _, at := range []int{2, cell - 3} { // beside the gaps
				if got := m.At(cells.Min.X+j*cell+at, cells.Min.Y+i*cell+at); got != want {
					t.Errorf("cell %d, %d is %v, want %v", i, j, got, want)
				}
			}
		}
	}
}

func TestConfusionSizes(t *testing.T) {
	for _, n := range []int{12, 26, maxCells + 1} {
		classes, counts := make([]string, n), make([][]int, n)
		for i := range classes {
			classes[i] = strings.Repeat("a long name ", 1+i%10) + fmt.Sprint(i)
			counts[i] = make([]int, n)
			counts[i][i] = 1 << 40
		}
		m, cells := drawConfusion(classes, counts)
		if b := m.Bounds(); b.Dx() > 2300 || b.Dy() > 2300 {
			t.Errorf("%d classes: %v", n, b)
		}
		if countPixels(m.(*image.RGBA), cells, blues.at(1).(color.RGBA)) < cells.Dx()/2 {
			t.Errorf("%d classes: no diagonal", n)
		}
	}
	if err := Confusion(io.Discard, []string{"a", "b"}, [][]int{{1, 2}}); err == nil {
		t.Error("no error for a matrix without its second row")
	}
}

func plainImage(width, height int, c color.Color) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.Set(x, y, c)
		}
	}
	return m
}

func TestGallery(t *testing.T) {
	red, green := color.RGBA{255, 0, 0, 255}, color.RGBA{0, 255, 0, 255}
	m := drawn(t, func(w io.Writer) error {
		return Gallery(w, []Tile{
			{Image: plainImage(128, 128, red), Caption: "cat", Detail: "cat.0.jpg"},
			{Image: plainImage(1000, 10, green), Caption: strings.Repeat("long ", 100), Color: Bad},
			{},
			{Image: plainImage(1, 1, green)},
		}, GalleryOptions{Columns: 2})
	})
	at := func(column int) image.Rectangle {
		return image.Rect(0, 0, tileSize, tileSize).Add(image.Pt(margin+column*(tileSize+tileGap), margin))
	}
	if n := countPixels(m, at(0), red); n != tileSize*tileSize {
		t.Errorf("%d pixels of the first tile", n)
	}
	if n := countPixels(m, at(1), green); n != 3*tileSize {
		t.Errorf("%d pixels of a strip a hundred times as wide as high", n)
	}
	if bad := countPixels(m, at(1).Inset(-4), Bad.(color.RGBA)); bad != 4*4*(tileSize+4) {
		t.Errorf("%d pixels of the frame", bad)
	}
	// The long caption stays under its tile.
	below := image.Rect(0, 0, tileGap/2, m.Bounds().Dy()).Add(image.Pt(at(1).Max.X+5, 0))
	if n := countPixels(m, below, paper); n != below.Dx()*below.Dy() {
		t.Error("a caption is wider than its tile")
	}
	if n := countPixels(m, m.Bounds(), green); n < 3*tileSize+tileSize*tileSize {
		t.Error("an image of one pixel does not fill its tile")
	}
}

func TestGalleryColumns(t *testing.T) {
	for tiles, want := range map[int]int{0: 0, 1: 1, 2: 2, 3: 3, 4: 2, 6: 3, 7: 4, 8: 4, 11: 4, 12: 4, 15: 5, 16: 4, 24: 6, 64: 8, 1000: 8} {
		if got := galleryColumns(tiles); got != want {
			t.Errorf("%d tiles: %d columns, want %d", tiles, got, want)
		}
	}
}

func TestGalleryEmpty(t *testing.T) {
	m := drawn(t, func(w io.Writer) error { return Gallery(w, nil, GalleryOptions{Empty: "no mistakes"}) })
	other := drawn(t, func(w io.Writer) error { return Gallery(w, nil, GalleryOptions{}) })
	if countPixels(m, m.Bounds(), faded) == 0 || countPixels(m, m.Bounds(), faded) == countPixels(other, other.Bounds(), faded) {
		t.Error("the image does not show the text of Empty")
	}
	if err := Gallery(io.Discard, make([]Tile, maxTiles+1), GalleryOptions{}); err == nil {
		t.Error("no error for too many tiles")
	}
}

func TestPixels(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	m, err := Pixels(1, 2, 3, []float32{0, 127.6, 255, nan, inf, -5})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.At(0, 0), (color.NRGBA{0, 128, 255, 255}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := m.At(1, 0), (color.NRGBA{0, 255, 0, 255}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if m, err = Pixels(2, 1, 1, []uint8{7, 8}); err != nil || m.At(0, 1) != (color.NRGBA{8, 8, 8, 255}) {
		t.Errorf("gray: %v", err)
	}
	if m, err = Pixels(1, 1, 4, []uint8{1, 2, 3, 4}); err != nil || m.At(0, 0) != (color.NRGBA{1, 2, 3, 4}) {
		t.Errorf("alpha: %v", err)
	}
	for _, s := range [][4]int{{1, 1, 2, 2}, {0, 1, 3, 0}, {1, -1, 3, 3}, {1, 1, 3, 4}, {math.MaxInt, math.MaxInt, 3, 3}} {
		if _, err := Pixels(s[0], s[1], s[2], make([]uint8, s[3])); err == nil {
			t.Errorf("no error for %v", s)
		}
	}
}

func TestShorten(t *testing.T) {
	long := "folder/with/a/long/path/to/cat.1234.jpg"
	for width := vg.Length(40); width < 500; width += 7 {
		s := shorten(detailType, long, width)
		if detailType.Width(s) > width {
			t.Errorf("%q is %v wide, want %v", s, detailType.Width(s), width)
		}
		if s != long && !strings.Contains(s, "…") {
			t.Errorf("%q does not say that it was cut", s)
		}
	}
	if got := shorten(detailType, long, 1000); got != long {
		t.Errorf("%q was cut", got)
	}
	if got := shorten(detailType, "", 0); got != "" {
		t.Errorf("nothing became %q", got)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text string
		want int // lines; 0 is any number
	}{
		{"", 0}, {"  \n ", 0}, {"cat", 1}, {"cat, predicted dog (97%)", 1}, {"golden retriever, predicted Labrador retriever (97%)", 2},
		{"n02099601-golden_retriever, predicted n02099712-Labrador_retriever (97%)", 0}, {strings.Repeat("x", 60), 3}, {strings.Repeat("ñandú ", 900), tileTextLines},
		{strings.Repeat("_", 5000), tileTextLines}, {"a" + strings.Repeat(" ", 500) + "b", 1},
	} {
		got := wrap(captionType, c.text)
		if c.want > 0 && len(got) != c.want || len(got) > tileTextLines {
			t.Errorf("%.60q has %d lines: %q", c.text, len(got), got)
		}
		for _, line := range got {
			if captionType.Width(line) > tileSize || line == "" {
				t.Errorf("the line %q is %v wide", line, captionType.Width(line))
			}
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if all := squeeze(strings.Join(got, "")); !strings.Contains(all, "…") && all != squeeze(c.text) {
			t.Errorf("%.60q became %q", c.text, got)
		}
	}
	if got := wrap(captionType, "İstanbul, predicted cats (38.3%)"); len(got) != 2 || got[1] != "(38.3%)" {
		t.Errorf("a number is divided: %q", got)
	}
	if got := wrap(captionType, "n02099601-golden_retriever, predicted n02099712-Labrador_retriever (97%)"); len(got) < 2 || !strings.HasSuffix(got[0], ",") && !strings.HasSuffix(got[0], "_") && !strings.HasSuffix(got[0], "-") {
		t.Errorf("the lines do not end between words: %q", got)
	}
}

// TestGalleryLongNames checks that long captions are complete, and that other rows stay as low as they were.
func TestGalleryLongNames(t *testing.T) {
	long := Tile{Image: plainImage(8, 8, blue), Caption: "Staffordshire bullterrier, predicted American Staffordshire terrier (97%)", Detail: "images/n02093256-Staffordshire_bullterrier/n02093256_1234.jpg"}
	short := Tile{Image: plainImage(8, 8, blue), Caption: "cat", Detail: "cat.0.jpg"}
	l := layGallery([]Tile{short, short, long, short}, GalleryOptions{Columns: 2})
	if n := len(l.tiles[2].captionLines); n < 2 || strings.Contains(strings.Join(append(l.tiles[2].captionLines, l.tiles[2].detailLines...), ""), "…") {
		t.Errorf("the caption is %q, the detail %q", l.tiles[2].captionLines, l.tiles[2].detailLines)
	}
	one := layGallery([]Tile{short, short, short, short}, GalleryOptions{Columns: 2})
	if l.rows[1] != one.rows[1] || l.height <= one.height {
		t.Errorf("the rows begin at %v with a long caption, at %v without; the heights are %d and %d", l.rows, one.rows, l.height, one.height)
	}
}

func TestPercent(t *testing.T) {
	for v, want := range map[float64]string{0: "0%", 1: "100%", .5: "50.0%", .0004: "<0.1%", .9996: ">99.9%", .9994: "99.9%", .0006: "0.1%"} {
		if got := FormatPercent(v); got != want {
			t.Errorf("FormatPercent(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestFormatSeconds(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0 ms", .0042: "4 ms", .9994: "999 ms", .9996: "1.00 s", 9.99: "9.99 s", 9.996: "10.0 s", 59.94: "59.9 s", 59.96: "1 min 0 s", 119.6: "2 min 0 s", 3599.4: "59 min 59 s", 3599.6: "1 h 0 min", 5400: "1 h 30 min", 4e6: "1,111 h 7 min",
	} {
		if got := FormatSeconds(v); got != want {
			t.Errorf("FormatSeconds(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestMetricValue(t *testing.T) {
	for v, want := range map[float64]string{0: "0", .9: "0.9000", .0005: "5.00e-04", 999.5: "999.5000", 69803.5156: "69803.5", -1234.5678: "-1234.6", 2e6: "2.00e+06"} {
		if got := metricValue(v); got != want {
			t.Errorf("metricValue(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestFormatNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1", .5: "0.5", 1.0 / 3: "0.3333", -2.0 / 3: "-0.6667", 207213.4: "207213", 1234.56: "1235", 999.96: "1000", .0012345: "0.001234", 12: "12", 100: "100", 1e9: "1e+09", 1e-7: "1e-07", 123456789: "123456789",
	} {
		if got := FormatNumber(v); got != want {
			t.Errorf("FormatNumber(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestImagesFull(t *testing.T) {
	for name, err := range map[string]error{
		"curves":    Curves(full{}, &History{Epochs: []int{0}, Series: []Series{{Name: "loss", Values: []float64{1}}}}),
		"confusion": Confusion(full{}, []string{"a"}, [][]int{{1}}),
		"gallery":   Gallery(full{}, nil, GalleryOptions{}),
	} {
		if !errors.Is(err, errFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDrawable checks that no character of a name is lost.
func TestDrawable(t *testing.T) {
	for text, want := range map[string]string{
		"café au lait – 5°": "café au lait – 5°",
		"Ελλάδα, кошка":     "Ελλάδα, кошка",
		"日本 x":              `\u65e5\u672c x`,
		"🐈":                 `\U0001f408`,
		"a\u200db":          `a\u200db`,
		"e\u0301":           "é",
	} {
		if got := drawable(captionType, text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if got := wrap(captionType, "猫"); !slices.Equal(got, []string{`\u732b`}) {
		t.Errorf("a caption: %q", got)
	}
}

// TestVisual checks the order in which the characters of a line are drawn.
func TestVisual(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "",
		"cat (1)":             "cat (1)",
		"שלום":                "םולש",
		"שלום, predicted cat": "םולש, predicted cat",
		"a שלום b":            "a םולש b",
		"שלום/005.png":        "םולש/005.png",
		"שלום/אב/1.png":       "םולש/בא/1.png",
		"שלום עולם 12":        "םלוע םולש 12",
		"שלום (אב)":           "(בא) םולש",
	} {
		if got := visual(text); got != want {
			t.Errorf("%q is drawn as %q, want %q", text, got, want)
		}
	}
}

// TestConfusionNames checks that names fit their room, and that both names of pooled classes can be read.
func TestConfusionNames(t *testing.T) {
	long, short := strings.Repeat("many ", 30), "cat"
	style := lettering(18, font.WeightNormal, ink)
	m := matrix{classes: []string{long, long, short, short, "日本", short}, lasts: []string{"other " + long, short, long, short, "日本", "dog"}}
	for i, want := range []string{" to ", " to cat", "cat to ", "cat", `\u65e5\u672c`, "cat to dog"} {
		got := m.label(style, i, 300)
		if !strings.Contains(got, want) || style.Width(got) > 300 {
			t.Errorf("label %d is %q, %v wide, want %q in 300", i, got, style.Width(got), want)
		}
	}
	if head, tail, _ := strings.Cut(m.label(style, 0, 300), " to "); !strings.Contains(head, "…") || !strings.Contains(tail, "…") {
		t.Errorf("the names of two long classes are %q and %q", head, tail)
	}
	// A matrix of names that the font does not have is as wide as their escapes need.
	_, cells := drawConfusion([]string{"日本", "猫"}, [][]int{{1, 0}, {0, 1}})
	if need := margin + int(lettering(22, font.WeightNormal, ink).Width(`\u65e5\u672c`)); cells.Min.X < need {
		t.Errorf("the cells begin at %d, but the names need %d", cells.Min.X, need)
	}
}
