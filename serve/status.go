package serve

import (
	"cmp"
	"net/http"
	"runtime/debug"
	"sync"
	"time"
)

// serverRoutes is the table of the routes of the server itself.
func serverRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/", open: true, summary: "A page to try the first model.", handle: (*call).page},
		{method: http.MethodGet, path: "/v1/models", summary: "The models with their versions and classes.", handle: (*call).models},
		{method: http.MethodGet, path: "/livez", open: true, quiet: true, summary: "Whether the server runs.", handle: (*call).live},
		{method: http.MethodGet, path: "/readyz", open: true, quiet: true, summary: "Whether all models can answer.", handle: (*call).ready},
		{method: http.MethodGet, path: "/metrics", quiet: true, summary: "Metrics for Prometheus.", handle: (*call).metricsPage},
		{method: http.MethodGet, path: "/openapi.json", summary: "This document.", handle: (*call).openAPI},
	}
}

func (c *call) live() error { return c.ok(map[string]bool{"live": true}) }

func (c *call) ready() error {
	if !c.s.Ready() {
		return busy("the server is not ready")
	}
	return c.ok(map[string]bool{"ready": true})
}

func (c *call) models() error {
	type model struct {
		Name    string    `json:"name"`
		Version string    `json:"version"`
		Ready   bool      `json:"ready"`
		Loaded  time.Time `json:"loaded,omitzero"`
		Failure string    `json:"failure,omitempty"`
		Images  bool      `json:"images"` // whether it takes images
		Classes []string  `json:"classes,omitempty"`
		Number  bool      `json:"number,omitempty"` // whether it predicts a number
		Scores  bool      `json:"scores,omitempty"` // whether its outputs are scores, not probabilities
	}
	list := []model{}
	for _, e := range c.s.registry.list() {
		m := model{Name: e.name}
		_, m.Failure = e.state()
		if v := e.acquire(); v != nil {
			m.Version, m.Ready, m.Loaded, m.Images = v.number, true, v.loaded.UTC(), v.pipeline != nil
			m.Number = v.model.Regression
			if v.classifier {
				m.Classes, m.Scores = v.classes(), v.model.GivesScores()
			}
			v.release()
		}
		list = append(list, m)
	}
	return c.ok(map[string]any{"models": list})
}

func (c *call) metricsPage() error {
	w := &counted{ResponseWriter: c.w, c: c}
	c.s.metrics.page.ServeHTTP(w, c.r)
	return nil
}

// counted counts the bytes of an answer that another handler writes.
type counted struct {
	http.ResponseWriter
	c *call
}

// WriteHeader implements http.ResponseWriter.
func (w *counted) WriteHeader(status int) {
	w.c.started, w.c.rec.status = true, status
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *counted) Write(b []byte) (int, error) {
	if !w.c.started {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(b)
	w.c.rec.out += int64(n)
	return n, err
}

// serverVersion returns the version of lince in the program, or "(devel)".
var serverVersion = sync.OnceValue(func() string {
	const module = "github.com/lince-ml/lince"
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range append(info.Deps, &info.Main) {
			if d.Path == module {
				version = d.Version
			}
		}
	}
	return cmp.Or(version, "(devel)")
})
