//go:build unix

package serve

import (
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/report"
)

// wait waits until an expression of the page is true.
func wait(b *testenv.Browser, expression string) {
	b.Eval(`new Promise((done, failed) => {
		const end = performance.now() + 20000, look = () => (`+expression+`) ? done() : performance.now() > end ? failed(new Error("waited in vain: " + document.body.innerText)) : setTimeout(look, 10);
		look();
	})`, nil)
}

// TestPage opens the page in a real browser, gives it images in each way, and checks what it shows. If LINCE_PAGES names a folder, screenshots are written to it, to look at them.
func TestPage(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short runs")
	}
	b := testenv.OpenBrowser(t, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--proxy-server=direct://")
	s := newServer(t, Options{})
	if err := s.Add("conv", convModel(t)); err != nil {
		t.Fatal(err)
	}
	if err := s.Add("zahl", numberModel(t)); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	b.View(1200, 900, "light")
	b.Visit(server.URL + "/")
	wait(b, `models.length === 3 && document.getElementById("status").textContent.includes("2 classes")`)
	text := func(id string) (text string) {
		b.Eval(fmt.Sprintf("document.getElementById(%q).innerText", id), &text)
		return text
	}
	shot := func(name string) {
		if folder := os.Getenv("LINCE_PAGES"); folder != "" {
			b.Screenshot(filepath.Join(folder, name+".png"))
		}
	}
	// answered waits for the answer to the latest image, and returns the classes and scores that the page shows.
	answered := func() (rows [][2]string) {
		wait(b, `document.getElementById("status").textContent.startsWith("Answered in ")`)
		b.Eval(`[...document.querySelectorAll("#result tbody tr")].map(r => [r.cells[0].textContent, r.cells[2].textContent])`, &rows)
		return rows
	}
	same := func(rows [][2]string, model string) {
		t.Helper()
		p, err := s.currentOf(model).model.ClassifyImage(t.Context(), photo(t, 0))
		if err != nil {
			t.Fatal(err)
		}
		list := labels(p, 0)
		if len(rows) != len(list) {
			t.Fatalf("the page shows %q", rows)
		}
		for i, l := range list {
			if rows[i] != [2]string{l.Label, report.FormatPercent(float64(l.Score))} {
				t.Errorf("the page shows %q, want %v", rows[i], l)
			}
		}
	}
	shot("desktop-empty-light")

	// A file of a dialog. The network of this model has no feature map.
	file := fmt.Sprintf(`new File([Uint8Array.from(atob(%q), c => c.charCodeAt(0))], "my photo.png", {type: "image/png"})`, base64.StdEncoding.EncodeToString(photo(t, 0)))
	b.Eval(`{ const d = new DataTransfer(); d.items.add(`+file+`); const f = document.getElementById("file"); f.files = d.files; f.dispatchEvent(new Event("change")); }`, nil)
	same(answered(), "pets")
	wait(b, `!document.getElementById("camNote").hidden`)
	if got := text("camNote"); !strings.Contains(got, "no feature map") {
		t.Errorf("the note is %q", got)
	}

	// Another model, whose classes are no HTML. A pasted image. Grad-CAM of the most probable class, and of another one.
	b.Eval(`{ const m = document.getElementById("model"); m.value = "conv"; m.dispatchEvent(new Event("change")); }`, nil)
	b.Eval(`{ const d = new DataTransfer(); d.items.add(`+file+`); document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: d})); }`, nil)
	wait(b, `document.querySelectorAll("#result tbody tr").length === 3`)
	rows := answered()
	same(rows, "conv")
	wait(b, `!document.getElementById("cam").hidden`)
	for _, class := range []int{0, 2} {
		b.Eval(fmt.Sprintf(`{ const c = document.getElementById("camClass"); c.selectedIndex = %d; c.dispatchEvent(new Event("change")); }`, class), nil)
		wait(b, fmt.Sprintf(`document.getElementById("map").getAttribute("aria-label") === "Heat map for " + %q`, rows[class][0]))
		if got := text("camText"); !strings.Contains(got, "“"+rows[class][0]+"”") || !strings.Contains(got, "layer features") || !strings.Contains(got, "32x32") {
			t.Errorf("the caption is %q", got)
		}
	}
	var colors int
	b.Eval(`{ const m = document.getElementById("map"); new Set(new Uint32Array(m.getContext("2d").getImageData(0, 0, m.width, m.height).data.buffer)).size }`, &colors)
	if colors < 20 {
		t.Errorf("the heat map has %d colors", colors)
	}

	// A model that predicts a number.
	selectModel := func(name string) {
		b.Eval(fmt.Sprintf(`{ const m = document.getElementById("model"); m.value = %q; m.dispatchEvent(new Event("change")); }`, name), nil)
	}
	selectModel("zahl")
	wait(b, `!document.getElementById("number").hidden && document.getElementById("result").hidden`)
	if got := text("number"); !regexp.MustCompile(`^Predicted number: -?[0-9.e-]+$`).MatchString(got) {
		t.Errorf("the page shows %q", got)
	}
	if got := text("code"); !strings.Contains(got, "/v1/models/zahl:predict") || !strings.Contains(got, `{"b64": "%s"}`) {
		t.Errorf("the program is %s", got)
	}
	shot("number")
	selectModel("conv")
	wait(b, `document.querySelectorAll("#result tbody tr").length === 3 && !document.getElementById("result").hidden && !document.getElementById("cam").hidden`)

	// The request in a program, selected by keyboard.
	for _, c := range []struct{ key, tab, text string }{{"", "curl", `--data-binary "@my photo.png"`}, {"ArrowRight", "python", "requests.post("}, {"ArrowRight", "go", "http.NewRequest("}, {"ArrowLeft", "python", "requests.post("}} {
		if c.key == "" {
			b.Eval(`document.getElementById("tab-curl").focus()`, nil)
		} else {
			b.Press(c.key)
		}
		var active string
		b.Eval("document.activeElement.id", &active)
		if got := text("code"); active != "tab-"+c.tab || !strings.Contains(got, c.text) || !strings.Contains(got, server.URL+"/v1/models/conv:classify-image") {
			t.Errorf("%s: the focus is on %s, the code is %s", c.tab, active, got)
		}
	}

	// Everything that takes input has a name for screen readers, and the page is as wide as its window.
	var unnamed []string
	b.Eval(`[...document.querySelectorAll("button, input, select, canvas, img, video")].filter(e => !(e.innerText || e.alt || e.getAttribute("aria-label") || e.closest("label")?.innerText || e.hidden || !e.checkVisibility())).map(e => e.outerHTML)`, &unnamed)
	if len(unnamed) > 0 {
		t.Errorf("without a name: %q", unnamed)
	}
	for _, view := range []struct {
		width  int
		scheme string
	}{{1200, "light"}, {1200, "dark"}, {360, "light"}, {360, "dark"}} {
		b.View(view.width, 900, view.scheme)
		var width int
		if b.Eval("document.documentElement.scrollWidth", &width); width > view.width {
			t.Errorf("the page is %d pixels wide in a window of %d", width, view.width)
		}
		shot(fmt.Sprintf("page-%d-%s", view.width, view.scheme))
	}

	// The camera, by keyboard.
	b.View(1200, 900, "light")
	b.Eval(`document.getElementById("cameraOpen").focus()`, nil)
	b.Press("Enter")
	wait(b, `document.activeElement.id === "cameraTake" && document.getElementById("video").videoWidth > 0`)
	shot("camera")
	b.Press("Enter")
	wait(b, `name === "photo.jpg" && stream === null && document.getElementById("preview").naturalWidth > 0`)
	if rows := answered(); len(rows) != 3 {
		t.Errorf("a photo of the camera: %q", rows)
	}

	// A file that is no image.
	b.Eval(`use(new File(["no image"], "x.txt"))`, nil)
	wait(b, `document.getElementById("status").className === "error"`)
	for _, url := range b.Requests {
		if !strings.HasPrefix(url, server.URL+"/") && !strings.HasPrefix(url, "blob:"+server.URL+"/") {
			t.Errorf("the page requests %s", url)
		}
	}
	for _, text := range b.Errors {
		if !strings.Contains(text, "status of 422") { // Chromium logs the answers to the requests that are refused here
			t.Errorf("the console has %s", text)
		}
	}
}
