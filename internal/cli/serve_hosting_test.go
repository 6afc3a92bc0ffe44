package cli

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
)

// TestHosted checks what the variables of hosting services change.
func TestHosted(t *testing.T) {
	none := func(string) string { return "" }
	h := hosted(none)
	if h.models == nil { // not in a container of SageMaker
		c := serveCommand{}
		if err := c.defaults(h); err == nil {
			t.Error("no model is no error")
		}
		c = serveCommand{Models: []string{"a.keras"}}
		if err := c.defaults(h); err != nil || c.Listen != "localhost:8080" {
			t.Errorf("%v, %q", err, c.Listen)
		}
	}
	c := serveCommand{}
	if err := c.defaults(hosting{listen: ":8080", models: []string{sageMakerModel}}); err != nil || c.Listen != ":8080" || !slices.Equal(c.Models, []string{sageMakerModel}) {
		t.Errorf("SageMaker: %v, %v", err, c)
	}

	vertex := map[string]string{"AIP_HTTP_PORT": "9000", "AIP_HEALTH_ROUTE": "/v1/endpoints/1", "AIP_PREDICT_ROUTE": "/v1/endpoints/1:predict"}
	h = hosted(func(name string) string { return vertex[name] })
	if h.listen != ":9000" {
		t.Errorf("listens on %q", h.listen)
	}
	c = serveCommand{Models: []string{"a.keras"}, Listen: "localhost:1"}
	if err := c.defaults(h); err != nil || c.Listen != "localhost:1" {
		t.Errorf("%v, %q", err, c.Listen)
	}
	var got []string
	handler := h.handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = append(got, r.URL.Path) }))
	for _, path := range []string{"/v1/endpoints/1", "/v1/endpoints/1:predict", "/health", "/v1/models"} {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, path, nil))
	}
	if want := []string{"/health", "/predict", "/health", "/v1/models"}; !slices.Equal(got, want) {
		t.Errorf("got the paths %v, want %v", got, want)
	}
}

// TestServeJSONLog checks that with --log json, warnings and errors are lines of JSON, too.
func TestServeJSONLog(t *testing.T) {
	workIn(t)
	m, err := lince.Sequential(layer.Input{Shape: []int{8, 8, 3}}, layer.GlobalAveragePool2D{}, layer.Dense{Units: 2})
	saved(t, "m.keras", m, err)
	o := run(t, "serve", "m.keras", "gone.keras", "--listen", "localhost:0", "--log", "json")
	if o.code != exitFailure || o.stdout != "" {
		t.Errorf("exit code %d, standard output %q", o.code, o.stdout)
	}
	levels := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(o.stderr), "\n") {
		var record struct{ Level, Msg string }
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Errorf("%q is no JSON: %v", line, err)
		}
		levels[record.Level] += record.Msg + "\n"
	}
	contains(t, "the warnings", levels["WARN"], "does not say how pixels are scaled")
	contains(t, "the errors", levels["ERROR"], "gone.keras")
	contains(t, "the text log", run(t, "serve", "m.keras", "gone.keras", "--listen", "localhost:0").stderr, "lince: warning: the model m.keras does not say", "lince: error: ")
}
