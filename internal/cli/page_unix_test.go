//go:build unix

package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/testenv"
)

// TestPageOfRunInBrowser opens the page of a run, and that of a comparison, in a real browser.
func TestPageOfRunInBrowser(t *testing.T) {
	long(t)
	b := testenv.OpenBrowser(t)
	workIn(t)
	dir := trained(t)
	succeed(t, "report", dir, dir, "--out", "comparison.html")
	for _, file := range []string{filepath.Join(dir, pageName), "comparison.html"} {
		b.Open(file)
		for _, scheme := range []string{"light", "dark"} {
			b.View(400, 800, scheme)
			var width int
			if b.Eval("document.documentElement.scrollWidth", &width); width > 400 {
				t.Errorf("%s is %d pixels wide in a window of 400", file, width)
			}
		}
		var broken int
		b.Eval(`[...document.images].filter((m) => { m.loading = "eager"; return m.complete && !m.naturalWidth; }).length`, &broken)
		if broken > 0 || len(b.Errors) > 0 || len(b.Requests) > 0 {
			t.Errorf("%s: %d broken images, errors %q, requests %q", file, broken, b.Errors, b.Requests)
		}
	}
	var header string
	b.Eval(`document.querySelectorAll("#run-table thead button")[1].click(); document.querySelectorAll("#run-table thead th")[1].getAttribute("aria-sort")`, &header)
	if !strings.HasSuffix(header, "cending") {
		t.Errorf("the table of runs is not sorted: %q", header)
	}
}
