//go:build unix

package report

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/testenv"
)

// TestPageInBrowser opens pages in a real browser: the console has no errors, nothing is requested, no content is wider than a phone, and the script works. If LINCE_PAGES names a folder,
// the pages and their screenshots are written to it, to look at them.
func TestPageInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short runs")
	}
	b := testenv.OpenBrowser(t)
	folder := os.Getenv("LINCE_PAGES")
	keep := folder != ""
	if !keep {
		folder = t.TempDir()
	}
	for _, classes := range []int{2, 5, 37, 1000} {
		name := plainName
		if classes == 5 {
			name = hostileName
		}
		if classes == 37 {
			name = func(class int) string { return fmt.Sprintf("n%08d_a_long_name_of_a_class_%d", 2085620+class, class) }
		}
		p := samplePage(t, classes, min(20*classes+500, 6000), name)
		file := filepath.Join(folder, fmt.Sprintf("page-%d.html", classes))
		if err := os.WriteFile(file, []byte(page(t, p)), 0o666); err != nil {
			t.Fatal(err)
		}
		b.Open(file)
		for _, view := range []struct {
			width  int
			scheme string
		}{{1200, "light"}, {1200, "dark"}, {360, "light"}} {
			b.View(view.width, 900, view.scheme)
			var width int
			if b.Eval("document.documentElement.scrollWidth", &width); width > view.width {
				t.Errorf("%d classes: the page is %d pixels wide in a window of %d", classes, width, view.width)
			}
			if keep {
				b.Screenshot(filepath.Join(folder, fmt.Sprintf("page-%d-%d-%s.png", classes, view.width, view.scheme)))
			}
		}
		b.View(1200, 900, "light")
		checkTables(t, b, p)
		checkThresholds(t, b, p)
		checkChart(t, b)
		var bad []string
		b.Eval(`[...document.images].filter((m) => !m.hasAttribute("alt") || (m.complete && !m.naturalWidth)).map((m) => m.src.slice(0, 60))`, &bad)
		if len(bad) > 0 {
			t.Errorf("%d classes: images without alt text, or not loaded: %q", classes, bad)
		}
		if len(b.Errors) > 0 || len(b.Requests) > 0 {
			t.Fatalf("%d classes: errors %q, requests %q", classes, b.Errors, b.Requests)
		}
	}
}

// TestPageAbsentClass opens a page about images of which none has the first class: the threshold curves are first those of another class, and those of the first are left out with a word.
func TestPageAbsentClass(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short runs")
	}
	b := testenv.OpenBrowser(t)
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(page(t, absentPage(t))), 0o666); err != nil {
		t.Fatal(err)
	}
	b.Open(file)
	for _, want := range []struct{ class, roc, precision, text string }{{"1", "M", "M", ""}, {"0", "", "", "No image has this class, so there are no curves."}, {"2", "M", "M", ""}} {
		if want.class != "1" { // the first choice of the page
			b.Eval(fmt.Sprintf(`{ const select = document.querySelector("#ranking select"); select.value = %q; select.dispatchEvent(new Event("change")); }`, want.class), nil)
		}
		var got struct{ Class, Roc, Precision, Text string }
		b.Eval(`({class: document.querySelector("#ranking select").value, roc: document.querySelector("#roc-line").getAttribute("d").slice(0, 1), precision: document.querySelector("#pr-line").getAttribute("d").slice(0, 1), text: document.querySelector("#ranking-none").innerText})`, &got)
		if got.Class != want.class || got.Roc != want.roc || got.Precision != want.precision || got.Text != want.text {
			t.Errorf("the page shows %+v, want %+v", got, want)
		}
	}
	if len(b.Errors) > 0 {
		t.Error(b.Errors)
	}
}

// checkTables sorts and searches the table of classes.
func checkTables(t *testing.T, b *testenv.Browser, p Page) {
	t.Helper()
	column := func(index int) (values []float64) {
		b.Eval(fmt.Sprintf(`[...document.querySelectorAll("#class-table tbody tr")].map((r) => Number(r.cells[%d].dataset.v))`, index), &values)
		return values
	}
	const recall = 3
	before := column(recall)
	for i, s := range p.Results.PerClass {
		if before[i] != s.Recall {
			t.Fatalf("row %d has the recall %v, want %v", i, before[i], s.Recall)
		}
	}
	for _, want := range []string{"descending", "ascending"} {
		b.Eval(`document.querySelectorAll("#class-table thead button")[3].focus()`, nil)
		b.Press("Enter")
		after, sorted := column(recall), slices.Sorted(slices.Values(before))
		if want == "descending" {
			slices.Reverse(sorted)
		}
		var got string
		b.Eval(`document.querySelectorAll("#class-table thead th")[3].getAttribute("aria-sort")`, &got)
		if !slices.Equal(after, sorted) || got != want {
			t.Errorf("the table is not sorted by recall (%s): aria-sort is %q, %.3v...", want, got, after[:2])
		}
	}
	if len(p.Results.Classes) <= 20 {
		return
	}
	wanted := p.Results.Classes[len(p.Results.Classes)-1]
	var shown []string
	b.Eval(fmt.Sprintf(`{
		const field = document.querySelector("input[data-search=class-table]");
		field.value = %q;
		field.dispatchEvent(new Event("input"));
		[...document.querySelectorAll("#class-table tbody tr")].filter((r) => r.offsetParent).map((r) => r.textContent.trim());
	}`, strings.ToUpper(wanted)), &shown)
	if len(shown) == 0 || len(shown) > len(p.Results.Classes)/2 || !slices.ContainsFunc(shown, func(row string) bool { return strings.Contains(row, wanted) }) {
		t.Errorf("a search for %q shows %d rows: %.300q", wanted, len(shown), shown)
	}
}

// checkThresholds moves the slider by the keyboard, and compares what the page shows with the predictions.
func checkThresholds(t *testing.T, b *testenv.Browser, p Page) {
	t.Helper()
	class := len(p.Results.Classes) - 1
	var places []string
	for _, key := range []string{"Home", "PageUp", "End", "PageDown"} {
		var got struct {
			Threshold, Slider     float32
			Tp, Fp, Fn, Tn, Place string
		}
		b.Eval(fmt.Sprintf(`{
			const select = document.querySelector("#ranking select");
			if (select.value !== "%d") { select.value = "%[1]d"; select.dispatchEvent(new Event("change")); }
			document.querySelector("#ranking input").focus();
		}`, class), nil)
		b.Press(key)
		b.Eval(`Object.fromEntries([["threshold", Number(document.querySelector("#ranking output").dataset.v)], ["slider", Number(document.querySelector("#ranking input").value)],
			...["tp", "fp", "fn", "tn"].map((n) => [n, document.querySelector("[data-result=" + n + "]").textContent.replaceAll(",", "")]),
			["place", document.querySelector("#roc-point").getAttribute("cx") + " " + document.querySelector("#roc-point").getAttribute("cy")]])`, &got)
		var tp, fp, fn, tn, wantTP, wantFP, positives int
		if _, err := fmt.Sscan(strings.Join([]string{got.Tp, got.Fp, got.Fn, got.Tn}, " "), &tp, &fp, &fn, &tn); err != nil {
			t.Fatalf("%+v", got)
		}
		for i, row := range p.Probabilities {
			at := row[class] >= got.Threshold
			switch {
			case p.Targets[i] != class && at:
				wantFP++
			case p.Targets[i] == class:
				positives++
				if at {
					wantTP++
				}
			}
		}
		if tp != wantTP || fp != wantFP {
			t.Errorf("%s: at the threshold %v the page has %d true and %d false positives, want %d and %d", key, got.Threshold, tp, fp, wantTP, wantFP)
		}
		if tp+fn != positives || tp+fp+fn+tn != len(p.Targets) {
			t.Errorf("%s: the counts %+v are not those of %d examples", key, got, len(p.Targets))
		}
		if want := map[string]float32{"Home": 0, "PageUp": .1, "End": 1, "PageDown": .9}[key]; got.Slider != want || got.Threshold < got.Slider {
			t.Errorf("%s: the slider is at %v, want %v, and the threshold is %v", key, got.Slider, want, got.Threshold)
		}
		if (key == "Home") != (fn == 0 && tn == 0) {
			t.Errorf("%s: %+v", key, got)
		}
		if key == "End" && got.Place == places[0] { // at the values between, there may be no probabilities
			t.Errorf("%s: the point does not move", key)
		}
		places = append(places, got.Place)
	}
}

// checkChart reads the values of the first epoch by the keyboard.
func checkChart(t *testing.T, b *testenv.Browser) {
	t.Helper()
	b.Eval(`document.querySelector("svg.chart").focus()`, nil)
	b.Press("Home")
	var legend string
	b.Eval(`document.querySelector("figure[data-chart] .legend").textContent`, &legend)
	if !strings.Contains(legend, "epoch 1") || !strings.Contains(legend, "training 0.5000") || !strings.Contains(legend, "validation 0.4500") {
		t.Errorf("the legend says %q", legend)
	}
}
