package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"image"
	"image/color"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/lince-ml/lince/callback"
)

// samplePage returns a page of made-up results of a number of classes. name returns the name of a class.
func samplePage(t testing.TB, classes, examples int, name func(class int) string) Page {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(classes), 7))
	p := Page{
		Title: "A training run", Subtitle: "photos.zip, cnn", Best: 2,
		Notes: []string{"The run was interrupted after epoch 4 of 5."},
		Facts: []Fact{{"accuracy", "91.2%"}, {"expected calibration error", "2.3%"}, {"images", "25,000"}, {"training time", "4 min 12 s"}},
		Data:  []Fact{{"source", "photos.zip"}, {"fingerprint", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}},
		History: &History{Epochs: []int{0, 1, 2, 3}, Series: []Series{
			{Name: "accuracy", Values: []float64{.5, .7, .8, .9}}, {Name: "loss", Values: []float64{2.1, .8, .5, math.NaN()}},
			{Name: "val_accuracy", Values: []float64{.45, .6, .72, .7}}, {Name: "val_loss", Values: []float64{2.3, 1.1, .9, .95}}}},
		HeatMaps:     "The heat map shows which regions the prediction depends on (Grad-CAM, layer conv2d_1).",
		Cost:         []Fact{{"training", "4 min 12 s"}, {"peak memory", "512 MiB"}},
		EpochSeconds: []float64{65, 60, 61, 63},
		Usage:        []Snippet{{"Go", "model, err := lince.Open(\"best.keras\")"}},
		Settings:     []Setting{{"batch", "32", true}, {"seed", "42", false}},
		Skipped:      []Fact{{"broken.jpg", "unexpected EOF"}},
		Layers:       []Layer{{"conv2d", "Conv2D", "(None, 126, 126, 64)", 1792}},
	}
	p.History.Partial = &callback.Partial{Epoch: 4, Steps: 1, Logs: &callback.Logs{}} // the run was interrupted
	p.History.Partial.Logs.Set("loss", .4)
	var names []string
	for c := range classes {
		names = append(names, name(c))
		p.Counts = append(p.Counts, Count{names[c], 50 + r.IntN(100)})
	}
	var predictions []int
	for range examples {
		target := r.IntN(classes)
		row := make([]float32, classes)
		total := float32(0)
		for c := range row {
			row[c] = float32(math.Exp(r.NormFloat64()))
			if c == target {
				row[c] *= min(float32(classes)*2, 40)
			}
			total += row[c]
		}
		best := 0
		for c := range row {
			row[c] /= total
			if row[c] > row[best] {
				best = c
			}
		}
		p.Probabilities, p.Targets = append(p.Probabilities, row), append(p.Targets, target)
		predictions = append(predictions, best)
	}
	var err error
	if p.Results, err = Classify(names, p.Targets, predictions); err != nil {
		t.Fatal(err)
	}
	c, err := Calibrate(p.Probabilities, p.Targets)
	if err != nil {
		t.Fatal(err)
	}
	p.Calibration = []NamedCalibration{{"Without temperature", c}}
	for i := range 12 {
		m := image.NewRGBA(image.Rect(0, 0, 96, 72))
		for k := range m.Pix {
			m.Pix[k] = uint8(k/4*(i+3) + k%4*40)
		}
		heat, err := HeatMap(m, 3, 4, []float32{0, 0, .2, 0, .1, .5, 1, .3, 0, .1, .3, 0})
		if err != nil {
			t.Fatal(err)
		}
		e := Example{m, heat, fmt.Sprintf("train/%s.%d.jpg", names[i%classes], i), names[i%classes], names[(i+1)%classes], .99 - float64(i)*.01, nil, ""}
		p.Mistakes = append(p.Mistakes, e)
		e.Probability -= .4
		p.Unsure = append(p.Unsure, e)
		p.Batch = append(p.Batch, Tile{Image: m, Caption: names[i%classes], Detail: e.Filename})
	}
	return p
}

func page(t testing.TB, p Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func plainName(class int) string { return fmt.Sprintf("class %d", class) }

// hostileName is a name that is code where it is not escaped, and has characters that cannot be seen.
func hostileName(class int) string {
	return fmt.Sprintf("%d</script><script>alert(1)</script><img src=x onerror=alert(2)>\" onload='alert(3)' \u202eevil\u200b\x1b]0;x\a\x00\u2028{{.}}", class)
}

// TestHTML checks the size of pages, and that the same input gives the same bytes.
func TestHTML(t *testing.T) {
	for classes, most := range map[int]int{2: 400_000, 5: 400_000, 37: 900_000, 1000: 3_000_000} {
		if testing.Short() && classes > 37 {
			continue
		}
		p := samplePage(t, classes, min(20*classes+500, 6000), plainName)
		text := page(t, p)
		if text != page(t, p) {
			t.Errorf("%d classes: two pages of the same input differ", classes)
		}
		if len(text) > most {
			t.Errorf("%d classes: the page has %d bytes, want at most %d", classes, len(text), most)
		}
		for _, external := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(external[1], "data:") && !strings.HasPrefix(external[1], "#") {
				t.Errorf("%d classes: the page refers to %q", classes, external[1])
			}
		}
		if strings.Contains(text, "ZgotmplZ") || strings.Contains(text, " style=") {
			t.Errorf("%d classes: the page has a URL that the template refused, or a style that its policy forbids", classes)
		}
		if dir := os.Getenv("LINCE_PAGES"); dir != "" { // to look at them
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("page-%d.html", classes)), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestHTMLHostile checks that names are neither code nor invisible.
func TestHTMLHostile(t *testing.T) {
	p := samplePage(t, 5, 300, hostileName)
	bad := hostileName(9)
	p.Title, p.Subtitle, p.Notes, p.HeatMaps = bad, bad, []string{bad}, bad
	p.Facts, p.Data, p.Cost, p.Skipped = []Fact{{bad, bad}}, []Fact{{bad, bad}}, []Fact{{bad, bad}}, []Fact{{bad, bad}}
	p.Usage, p.Settings, p.Layers = []Snippet{{bad, bad}}, []Setting{{bad, bad, true}}, []Layer{{bad, bad, bad, 1}}
	p.History.Series[0].Name = bad
	p.Calibration[0].Name = bad
	p.Network = []byte("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(4)</script></svg>")
	text := page(t, p)
	checkHostile(t, text)
	if p.Title != bad || p.Results.Classes[0] != hostileName(0) {
		t.Error("HTML changed its input")
	}
	c := Comparison{
		Title: bad, Subtitle: bad, Runs: []ComparedRun{{bad, bad, p.History}},
		Results: []ComparedResult{{bad, []float64{1}, []string{bad}, 1}}, Settings: []ComparedSetting{{bad, []string{bad}}},
	}
	var b bytes.Buffer
	if err := CompareHTML(&b, c); err != nil {
		t.Fatal(err)
	}
	checkHostile(t, b.String())
}

func checkHostile(t *testing.T, text string) {
	t.Helper()
	if n := strings.Count(text, "<script"); n != 2 {
		t.Errorf("the page has %d scripts, want 2", n)
	}
	for _, part := range []string{"<img src=x", "<script>alert"} {
		if strings.Contains(text, part) {
			t.Errorf("the page has %q", part)
		}
	}
	for _, tag := range regexp.MustCompile(`<[a-zA-Z][^>]*>`).FindAllString(text, -1) {
		if strings.Contains(html.UnescapeString(tag), "alert") && !strings.Contains(tag, "aria-label=") || regexp.MustCompile(`\son[a-z]+=`).MatchString(regexp.MustCompile(`"[^"]*"`).ReplaceAllString(tag, `""`)) {
			t.Errorf("a name became part of a tag: %s", tag)
		}
	}
	for i, r := range text {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			t.Fatalf("the character %q cannot be seen, at %q", r, text[max(0, i-60):i])
		}
	}
	if !strings.Contains(text, `\u202eevil\u200b\x1b]0;x\a\x00\u2028`) {
		t.Error("the characters that cannot be seen were removed, not escaped")
	}
	data := regexp.MustCompile(`(?s)<script type="application/json" id="data">(.*?)</script>`).FindStringSubmatch(text)
	var v pageData
	if err := json.Unmarshal([]byte(data[1]), &v); err != nil {
		t.Errorf("the data of the script: %v", err)
	}
}

// TestHTMLParts checks that sections without content are left out, and the contents of others.
func TestHTMLParts(t *testing.T) {
	empty := page(t, Page{Title: "nothing", Best: -1})
	if strings.Contains(empty, "<section") {
		t.Error("an empty page has a section")
	}
	p := samplePage(t, 3, 200, plainName)
	text := page(t, p)
	for _, part := range []string{
		"Content-Security-Policy", "prefers-color-scheme", `name="viewport"`, `<html lang="en">`, "The run was interrupted after epoch 4 of 5.",
		"train/class 0.0.jpg", "(Grad-CAM, layer conv2d_1)", "broken.jpg", "unexpected EOF", `class="changed"`, "512 MiB", "(None, 126, 126, 64)",
		fmt.Sprintf(`data-v="%v"`, p.Results.PerClass[1].Recall), FormatPercent(p.Results.PerClass[1].F1),
	} {
		if !strings.Contains(text, part) {
			t.Errorf("the page does not have %q", part)
		}
	}
	if strings.Contains(text, "Labels that are probably wrong") || !strings.Contains(text, "Look at the labels here first") {
		t.Error("the page has wrong labels, or does not say where they may be")
	}
	p.WrongLabels, p.Network, p.NoNetwork = p.Mistakes[2:3], nil, "A drawing of 300 layers could not be read."
	for _, part := range []string{"Labels that are probably wrong", p.NoNetwork, "<details open>"} {
		if text = page(t, p); !strings.Contains(text, part) || strings.Contains(text, "Look at the labels here first") {
			t.Errorf("the page does not have %q, or it has the advice for a page without wrong labels", part)
		}
	}
	p.WrongLabels = nil
	p.Mistakes, p.HeatMaps = nil, "The network has no feature map."
	if text := page(t, p); !strings.Contains(text, "No prediction is wrong.") || !strings.Contains(text, "The network has no feature map.") {
		t.Error("the page does not say that there is nothing to show")
	}
}

func TestHTMLErrors(t *testing.T) {
	for want, change := range map[string]func(p *Page){
		"loss has 3 values for 4 epochs":     func(p *Page) { p.History.Series[1].Values = []float64{1, 2, 3} },
		"199 rows of probabilities for 200":  func(p *Page) { p.Probabilities = p.Probabilities[1:] },
		"has 1 probabilities, want one for":  func(p *Page) { p.Probabilities[3] = []float32{1} },
		"is NaN":                             func(p *Page) { p.Probabilities[3][1] = float32(math.NaN()) },
		"want one for each of 3 classes":     func(p *Page) { p.Results.Confusion = p.Results.Confusion[1:] },
		"of 0 classes, want the same number": func(p *Page) { p.Results = nil },
	} {
		p := samplePage(t, 3, 200, plainName)
		change(&p)
		if err := HTML(io.Discard, p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := HTML(full{}, samplePage(t, 2, 100, plainName)); err == nil {
		t.Error("no error of a full disk")
	}
}

// TestHeatMap checks the colors at the places of the values.
func TestHeatMap(t *testing.T) {
	gray := image.NewGray(image.Rect(5, 5, 45, 25)) // black, with an offset
	m, err := HeatMap(gray, 1, 2, []float32{-3, 2})
	if err != nil {
		t.Fatal(err)
	}
	if m.Bounds() != image.Rect(0, 0, 40, 20) {
		t.Errorf("the bounds are %v", m.Bounds())
	}
	part := func(c color.RGBA) color.RGBA {
		f := func(v uint8) uint8 { return uint8(.55*float32(v) + .5) }
		return color.RGBA{f(c.R), f(c.G), f(c.B), 255}
	}
	for x, want := range map[int]color.RGBA{0: part(heatColors[0]), 9: part(heatColors[0]), 30: part(heatColors[8]), 39: part(heatColors[8])} {
		if got := m.At(x, 3); got != want {
			t.Errorf("column %d is %v, want %v", x, got, want)
		}
	}
	// The middle has the value 0.5, between the columns 19 and 20.
	a, b := m.At(19, 3).(color.RGBA), m.At(20, 3).(color.RGBA)
	if mid := part(heatColors[4]); a.R > mid.R || mid.R > b.R {
		t.Errorf("the middle is between %v and %v, want %v", a, b, mid)
	}
	none, err := HeatMap(gray, 1, 2, []float32{0, 0})
	if err != nil || none.At(3, 3) != part(heatColors[0]) {
		t.Errorf("a map of zeros is %v, %v", none.At(3, 3), err)
	}
	for want, f := range map[string]func() (image.Image, error){
		"3 values with the shape (1, 2)": func() (image.Image, error) { return HeatMap(gray, 1, 2, make([]float32, 3)) },
		"value 1 of a heat map is NaN":   func() (image.Image, error) { return HeatMap(gray, 1, 2, []float32{0, float32(math.NaN())}) },
	} {
		if _, err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func BenchmarkHTML(b *testing.B) {
	for _, classes := range []int{2, 37, 1000} {
		p := samplePage(b, classes, 12_500, plainName)
		b.Run(fmt.Sprintf("%d classes", classes), func(b *testing.B) {
			for b.Loop() {
				if err := HTML(io.Discard, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestSplitPath checks which paths a page writes in parts.
func TestSplitPath(t *testing.T) {
	for path, want := range map[string]int{"": 1, "train/cat/1.jpg": 1, "日本/1.jpg": 1, "عربي/000.png": 2, "a/שלום/1.jpg": 3} {
		if got := splitPath(path); len(got) != want || strings.Join(got, "/") != path {
			t.Errorf("%q is divided into %q, want %d parts", path, got, want)
		}
	}
}

// TestNumberPlotLabels checks that no label of an axis is cut off or covers the axis' title.
func TestNumberPlotLabels(t *testing.T) {
	for _, scale := range []float64{1e-7, .0123, 1, 1e5, 1234567, 3e9} {
		numbers := []float64{2 * scale, 2.5 * scale, 3 * scale}
		for _, p := range []*numberPlotter{newNumberPlot("", "x", "y", numbers, numbers), newNumberPlot("", "x", "y", numbers, []float64{-scale, scale})} {
			for i, m := range p.X {
				if i > 0 && m.At-labelWidth(m.Label)/2 < p.X[i-1].At+labelWidth(p.X[i-1].Label)/2 {
					t.Errorf("scale %v: the labels %s and %s overlap", scale, p.X[i-1].Label, m.Label)
				}
				if at := m.At + labelWidth(m.Label)/2; at > numbersSide {
					t.Errorf("scale %v: the label %s ends at %v of %d", scale, m.Label, at, numbersSide)
				}
			}
			for _, m := range p.Y {
				if at := p.Left - 6 - labelWidth(m.Label); at < 16 {
					t.Errorf("scale %v: the label %s begins at %v, in the title", scale, m.Label, at)
				}
			}
		}
	}
	c := newChartView("loss", []int{0, 1}, -1, []chartLine{{Name: "training", Values: []float64{1.23456e-5, 1.23461e-5}}})
	for _, m := range c.Y {
		if at := c.Left - 6 - labelWidth(m.Label); at < 0 {
			t.Errorf("the label %s of a chart begins at %v", m.Label, at)
		}
	}
}
