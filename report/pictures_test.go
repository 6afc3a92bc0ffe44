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
	"strings"
	"testing"
)

// drawn is the picture that f writes, which must be the same each time.
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
		t.Error("two pictures of the same differ")
	}
	m, err := png.Decode(&a)
	if err != nil {
		t.Fatal(err)
	}
	return m.(*image.RGBA) // what an opaque picture in colour is read as
}

// countPixels is the number of pixels of a colour in a part of a picture.
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

// plots is where the panel number i of Curves draws its lines.
func plots(i int) image.Rectangle {
	return image.Rect(0, 0, plotWidth, plotHeight).Add(image.Pt(24+plotLeft+i*(plotLeft+plotWidth+plotRight), 24+plotTop))
}

func TestCurves(t *testing.T) {
	nan := math.NaN()
	m := drawn(t, func(w io.Writer) error {
		return Curves(w, History{[]int{0, 1, 2}, []Series{
			{"accuracy", []float64{.5, .6, .7}}, {"loss", []float64{nan, .5, math.Inf(1)}},
			{"val_accuracy", []float64{.4, nan, .8}}, {"val_loss", []float64{nan, nan, nan}}}})
	})
	accuracy, loss := plots(0), plots(1)
	third := plotWidth / 3
	left := image.Rect(0, 0, third, plotHeight).Add(accuracy.Min)
	mid := left.Add(image.Pt(third, 0))
	right := mid.Add(image.Pt(third, 0))
	for name, r := range map[string]image.Rectangle{"first": left, "second": mid, "third": right} {
		if countPixels(m, r, blue) < 200 {
			t.Errorf("no training accuracy in the %s epoch", name)
		}
	}
	if countPixels(m, left, orange) < 50 || countPixels(m, right, orange) < 50 {
		t.Error("a value without neighbours has no dot")
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
	if half := plotHeight / 2; countPixels(m, image.Rect(right.Min.X, right.Min.Y, right.Max.X, right.Min.Y+half), orange) == 0 {
		t.Error("a high value is not at the top")
	}
}

func TestCurvesStrange(t *testing.T) {
	values := []float64{0, 1, -1, math.NaN(), math.Inf(1), math.Inf(-1), 5e-324, math.MaxFloat64, -math.MaxFloat64, 1e-300, 1e299, -1e299, 1e15, 1e15 + 2}
	for i, a := range values {
		for _, b := range values[i:] {
			y, ok := valueAxis([]float64{a, b})
			if ok != (finite(a) || finite(b)) {
				t.Errorf("%v, %v: ok is %v", a, b, ok)
			}
			for _, v := range []float64{a, b} {
				if p := y.position(v); finite(v) && (math.IsNaN(p) || p < 0 || p > 1) {
					t.Errorf("%v of %v and %v stands at %v", v, a, b, p)
				}
			}
			if len(y.marks) > 60 {
				t.Errorf("%v, %v: %d marks", a, b, len(y.marks))
			}
		}
	}
	h := History{[]int{0, 1}, []Series{{"x", []float64{1e-300, 1e299}}, {"y", []float64{math.MaxFloat64, math.NaN()}}}}
	if c := drawCurves(h); countPixels(c.RGBA, c.Bounds(), blue) == 0 {
		t.Error("extreme values drew no curve")
	}
	// Epochs after a resumed run, many epochs, many metrics.
	long := History{Series: []Series{{Name: "loss"}}}
	for i := range 600 {
		long.Epochs = append(long.Epochs, 1000+i)
		long.Series[0].Values = append(long.Series[0].Values, math.Sin(float64(i)))
	}
	if c := drawCurves(long); countPixels(c.RGBA, plots(0), blue) < 5000 {
		t.Error("600 epochs drew no curve")
	}
	many := History{Epochs: []int{0}}
	for i := range 4 {
		many.Series = append(many.Series, Series{fmt.Sprint("metric_", i), []float64{float64(i)}})
	}
	if c := drawCurves(many); countPixels(c.RGBA, c.Bounds(), blue) < 4*50 {
		t.Error("4 metrics drew too little")
	}
}

func TestCurvesErrors(t *testing.T) {
	for want, h := range map[string]History{
		"without epochs":            {nil, []Series{{"loss", nil}}},
		"without metrics":           {[]int{0}, nil},
		"loss has 1 values for 2":   {[]int{0, 1}, []Series{{"loss", []float64{1}}}},
		"two series named accuracy": {[]int{0}, []Series{{"accuracy", []float64{1}}, {"accuracy", []float64{1}}}},
	} {
		if err := Curves(io.Discard, h); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// Marks are in order, inside, told apart by their text, and neither too few nor too many.
func TestMarks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		low := r.NormFloat64() * math.Pow(10, float64(r.IntN(30)-15))
		high := low + math.Pow(10, r.Float64()*20-10)*math.Max(1e-9, math.Abs(low))
		marks := linearMarks(low, high, 6, []float64{1, 2, 2.5, 5})
		if len(marks) < 2 || len(marks) > 7 {
			t.Fatalf("%d marks from %g to %g", len(marks), low, high)
		}
		for i, m := range marks {
			if m.value < low-1e-9*(high-low) || m.value > high {
				t.Fatalf("%v from %g to %g", m, low, high)
			}
			if i > 0 && (m.text == marks[i-1].text || m.value <= marks[i-1].value) {
				t.Fatalf("%v after %v, from %g to %g", m, marks[i-1], low, high)
			}
		}
	}
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{0, 1, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{.58, .72, "0.600 0.625 0.650 0.675 0.700"},
		{-1, 1, "-1.0 -0.5 0.0 0.5 1.0"},
		{0, 2e-7, "0 5e-08 1e-07 1.5e-07 2e-07"},
		{0, 3e6, "0 5e+05 1e+06 1.5e+06 2e+06 2.5e+06 3e+06"},
		{1000000.1, 1000000.4, "1000000.1 1000000.2 1000000.3 1000000.4"},
	} {
		var got []string
		for _, m := range linearMarks(c.low, c.high, 6, []float64{1, 2, 2.5, 5}) {
			got = append(got, m.text)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("from %g to %g: %s, want %s", c.low, c.high, strings.Join(got, " "), c.want)
		}
	}
}

func TestEpochMarks(t *testing.T) {
	for _, n := range []int{1, 2, 3, 10, 11, 12, 50, 100, 1234} {
		epochs := make([]int, n)
		for i := range epochs {
			epochs[i] = i
		}
		a := epochAxis(epochs)
		if len(a.marks) == 0 || len(a.marks) > 11 {
			t.Errorf("%d epochs: %d marks", n, len(a.marks))
		}
		for _, m := range a.marks {
			if m.value != math.Trunc(m.value) || m.value < 1 || m.value > float64(n) || m.text != fmt.Sprint(m.value) {
				t.Errorf("%d epochs: mark %v", n, m)
			}
		}
	}
}

func TestConfusion(t *testing.T) {
	classes := []string{"cat", "dog", "fox"}
	m := drawn(t, func(w io.Writer) error {
		return Confusion(w, classes, [][]int{{50, 50, 0}, {0, 0, 0}, {0, 25, 75}})
	})
	l := layConfusion(classes)
	for i, row := range [][]float64{{.5, .5, 0}, {-1, -1, -1}, {0, .25, .75}} {
		for j, part := range row {
			want := shadow
			if part >= 0 {
				want = scaleColor(part)
			}
			x, y := l.left+j*l.cell+3, l.top+i*l.cell+3
			if got := m.At(x, y); got != want {
				t.Errorf("cell %d, %d is %v, want %v", i, j, got, want)
			}
		}
	}
	if b := m.Bounds(); b.Dx() != l.width || b.Dy() != l.height {
		t.Errorf("the picture is %v", b)
	}
}

func TestConfusionSizes(t *testing.T) {
	for _, n := range []int{1, 12, 26, maxCells + 1} {
		classes, counts := make([]string, n), make([][]int, n)
		for i := range classes {
			classes[i] = strings.Repeat("a long name ", 1+i%10) + fmt.Sprint(i)
			counts[i] = make([]int, n)
			counts[i][i] = 1 << 40
		}
		c := drawConfusion(classes, counts)
		if b := c.Bounds(); b.Dx() > 2300 || b.Dy() > 2300 {
			t.Errorf("%d classes: %v", n, b)
		}
		if countPixels(c.RGBA, c.Bounds(), scaleColor(1)) == 0 {
			t.Errorf("%d classes: no diagonal", n)
		}
	}
	if err := Confusion(io.Discard, []string{"a", "b"}, [][]int{{1, 2}}); err == nil {
		t.Error("no error for a matrix without its second row")
	}
}

func plainPicture(width, height int, c color.Color) image.Image {
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
			{Picture: plainPicture(128, 128, red), Caption: "cat", Detail: "cat.0.jpg"},
			{Picture: plainPicture(1000, 10, green), Caption: strings.Repeat("long ", 100), Color: Bad},
			{},
			{Picture: plainPicture(1, 1, green)},
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
		t.Error("a picture of one pixel does not fill its tile")
	}
}

func TestGalleryEmpty(t *testing.T) {
	m := drawn(t, func(w io.Writer) error { return Gallery(w, nil, GalleryOptions{Empty: "no mistakes"}) })
	other := drawn(t, func(w io.Writer) error { return Gallery(w, nil, GalleryOptions{}) })
	if countPixels(m, m.Bounds(), faded) == 0 || countPixels(m, m.Bounds(), faded) == countPixels(other, other.Bounds(), faded) {
		t.Error("the picture does not say what it was told to")
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
		t.Errorf("grey: %v", err)
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
	c := newCanvas(0, 0)
	long := "folder/with/a/long/path/to/cat.1234.jpg"
	for width := 40; width < 500; width += 7 {
		s := c.shorten(detailType, long, width)
		if c.width(detailType, s) > width {
			t.Errorf("%q is %d wide, want %d", s, c.width(detailType, s), width)
		}
		if s != long && !strings.Contains(s, "…") {
			t.Errorf("%q does not say that it was cut", s)
		}
	}
	if got := c.shorten(detailType, long, 1000); got != long {
		t.Errorf("%q was cut", got)
	}
	if got := c.shorten(detailType, "", 0); got != "" {
		t.Errorf("nothing became %q", got)
	}
}

func TestPercent(t *testing.T) {
	for v, want := range map[float64]string{0: "0%", 1: "100%", .5: "50.0%", .0004: "<0.1%", .9996: ">99.9%", .9994: "99.9%", .0006: "0.1%"} {
		if got := percent(v); got != want {
			t.Errorf("percent(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestPicturesFull(t *testing.T) {
	for name, err := range map[string]error{
		"curves":    Curves(full{}, History{[]int{0}, []Series{{"loss", []float64{1}}}}),
		"confusion": Confusion(full{}, []string{"a"}, [][]int{{1}}),
		"gallery":   Gallery(full{}, nil, GalleryOptions{}),
	} {
		if !errors.Is(err, errFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
