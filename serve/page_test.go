package serve

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestPage opens the page in headless Chromium, chooses an image there, and checks the classes that it shows.
func TestPage(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short runs")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs chromium")
	}
	s := newServer(t, Options{})
	nonce := regexp.MustCompile(`script-src 'nonce-([A-Z0-9]+)'`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/photo.png":
			_, _ = w.Write(photo(t, 0)) // fails if the browser has gone
		case r.URL.Path == "/" && r.Method == http.MethodGet: // the page, with a script that chooses an image
			page := httptest.NewRecorder()
			s.ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/", nil))
			policy := page.Header().Get("Content-Security-Policy")
			w.Header().Set("Content-Security-Policy", policy)
			w.Header().Set("Content-Type", page.Header().Get("Content-Type"))
			script := fmt.Sprintf(`<script nonce="%s">fetch("photo.png").then(r => r.blob()).then(b => use(new File([b], "my photo.png")));</script></body>`, nonce.FindStringSubmatch(policy)[1])
			fmt.Fprint(w, strings.Replace(page.Body.String(), "</body>", script, 1))
		default:
			s.ServeHTTP(w, r)
		}
	}))
	defer server.Close()
	c := exec.Command(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(), "--virtual-time-budget=10000", "--dump-dom", server.URL+"/")
	c.Env = append(os.Environ(), "NO_PROXY=*")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	dom, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	p := predicted(t, s, 0)
	for _, l := range labels(p, 0) {
		row := fmt.Sprintf(`<th scope="row">%s</th>`, l.Label)
		score := fmt.Sprintf(`<td class="score">%.1f %%</td>`, 100*l.Score)
		if !strings.Contains(string(dom), row) || !strings.Contains(string(dom), score) {
			t.Errorf("the page has no %s with %s: %s", row, score, dom[:min(len(dom), 200)])
		}
	}
	for _, text := range []string{`<option value="pets">pets</option>`, "Answered in ", `--data-binary "@my photo.png"`, server.URL + "/v1/models/pets:classify-image"} {
		if !strings.Contains(string(dom), text) {
			t.Errorf("the page has no %s", text)
		}
	}
}
