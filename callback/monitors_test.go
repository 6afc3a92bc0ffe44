package callback

import (
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/graphtest"
)

// request is what a server gets from a RemoteMonitor.
type request struct{ Method, Path, Type, Extra, Data string }

// server returns the address of a server, and the requests that it got.
func server(t *testing.T) (address string, got *[]request) {
	got = &[]request{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := request{r.Method, r.URL.Path, r.Header.Get("Content-Type"), r.Header.Get("X-Extra"), r.FormValue("data")}
		if q.Data == "" {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			q.Data = string(b)
		}
		*got = append(*got, q)
		w.WriteHeader(http.StatusTeapot) // as in Keras, the status does not matter
	}))
	t.Cleanup(s.Close)
	return s.URL, got
}

func TestRemoteMonitor(t *testing.T) {
	address, got := server(t)
	f := &fake{}
	f.run(t, RemoteMonitor{Root: address}, "loss", .5, math.NaN())
	f.run(t, RemoteMonitor{Root: address, Path: "/p", SendAsJSON: true, Headers: map[string]string{"X-Extra": "e"}}, "loss", 2)
	want := []request{
		{"POST", "/publish/epoch/end/", "application/x-www-form-urlencoded", "", `{"epoch": 0, "loss": 0.5}`},
		{"POST", "/publish/epoch/end/", "application/x-www-form-urlencoded", "", `{"epoch": 1, "loss": null}`},
		{"POST", "/p", "application/json", "e", `{"epoch": 0, "loss": 2}`},
	}
	if !slices.Equal(*got, want) || len(f.said) > 0 {
		t.Errorf("the server got %q, want %q; said %q", *got, want, f.said)
	}
	// A server that is not there does not end training.
	s := httptest.NewServer(nil)
	s.Close()
	f.run(t, RemoteMonitor{Root: s.URL}, "loss", 1, 2)
	if len(f.said) != 2 || !strings.HasPrefix(f.said[0], "RemoteMonitor: could not reach the server at http://127.0.0.1:") {
		t.Errorf("said %q", f.said)
	}
}

// Keras sends the same requests.
func TestRemoteMonitorAgainstKeras(t *testing.T) {
	address, got := server(t)
	var done bool
	graphtest.Keras(t, `
import sys, types, json, urllib.parse, urllib.request
def post(url, data=None, json=None, headers=None):
    # What the package requests sends.
    import json as j
    if json is not None:
        body, kind = j.dumps(json).encode(), "application/json"
    else:
        body, kind = urllib.parse.urlencode(data).encode(), "application/x-www-form-urlencoded"
    try:
        urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": kind, **(headers or {})}))
    except urllib.error.HTTPError:
        pass
sys.modules["requests"] = types.SimpleNamespace(post=post, exceptions=types.SimpleNamespace(RequestException=OSError))
import keras
root = json.load(sys.stdin)
keras.callbacks.RemoteMonitor(root).on_epoch_end(0, {"accuracy": 0.25, "loss": 0.5})
keras.callbacks.RemoteMonitor(root, path="/p", headers={"X-Extra": "e"}, send_as_json=True).on_epoch_end(3, {"accuracy": 0.25, "loss": 0.5})
print("true")
`, address, &done)
	keras := slices.Clone(*got)
	*got = nil
	logs := &Logs{}
	logs.Set("accuracy", .25)
	logs.Set("loss", .5)
	for epoch, c := range map[int]RemoteMonitor{0: {Root: address}, 3: {Root: address, Path: "/p", Headers: map[string]string{"X-Extra": "e"}, SendAsJSON: true}} {
		h, err := c.Begin(&fake{})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.EpochEnd(epoch, logs); err != nil {
			t.Fatal(err)
		}
	}
	slices.SortFunc(*got, func(a, b request) int { return strings.Compare(b.Path, a.Path) })
	slices.SortFunc(keras, func(a, b request) int { return strings.Compare(b.Path, a.Path) })
	if !slices.Equal(*got, keras) || len(keras) != 2 {
		t.Errorf("lince sends %q, Keras %q", *got, keras)
	}
}

func TestRemoteMonitorFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.jsonl")
	c := RemoteMonitor{Filename: path}
	f := &fake{}
	f.run(t, c, "val_loss", .1, math.Inf(1))
	f.run(t, c, "loss", 1e-9)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "{\"epoch\": 0, \"val_loss\": 0.1}\n{\"epoch\": 1, \"val_loss\": null}\n{\"epoch\": 0, \"loss\": 1e-09}\n"
	if string(b) != want {
		t.Errorf("the file is %q, want %q", b, want)
	}
	for line := range strings.Lines(string(b)) {
		if err := json.Unmarshal([]byte(line), new(map[string]any)); err != nil {
			t.Errorf("%q: %v", line, err)
		}
	}
	// Resumed after the first epoch, the file is cut and continued.
	h, err := c.Begin(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{"size": 30}`), h.State); err != nil {
		t.Fatal(err)
	}
	logs := &Logs{}
	logs.Set("loss", 3)
	if err := h.EpochEnd(1, logs); err != nil {
		t.Fatal(err)
	}
	if err := h.End(); err != nil {
		t.Fatal(err)
	}
	if b, _ = os.ReadFile(path); string(b) != want[:30]+"{\"epoch\": 1, \"loss\": 3}\n" {
		t.Errorf("after resuming, the file is %q", b)
	}
}

func TestOneCycle(t *testing.T) {
	f := &fake{epochs: 5} // of 2 steps
	c := OneCycle{MaxLR: .5, PctStart: .5}
	h, err := c.Begin(f)
	if err != nil {
		t.Fatal(err)
	}
	var rates []float64
	for i := range 10 {
		f.position = Position{Epoch: i / 2, Step: i % 2}
		if err := h.BatchBegin(i % 2); err != nil {
			t.Fatal(err)
		}
		rates = append(rates, float64(f.rate))
	}
	near := func(i int, want float64) {
		if math.Abs(rates[i]-want) > 1e-6*want {
			t.Errorf("the rate of step %d is %v, want %v", i, rates[i], want)
		}
	}
	near(0, .5/25)
	near(2, (.5/25+.5)/2) // halfway up
	near(4, .5)
	near(9, .5/25/1e4)
	// Step 6 is 2/5 of the way down: cos(2/5 pi) is 0.309016994374947.
	near(6, .5/25/1e4+(.5-.5/25/1e4)/2*(1+.309016994374947))
	for i := range 9 {
		if up := rates[i+1] > rates[i]; up != (i < 4) {
			t.Errorf("rates %v", rates)
		}
	}
	logs := &Logs{}
	if err := h.EpochEnd(4, logs); err != nil {
		t.Fatal(err)
	}
	if v, _ := logs.Get("learning_rate"); v != rates[9] {
		t.Errorf("learning_rate is %v in the logs", v)
	}
	for n := 1; n < 40; n++ { // every length has finite, positive rates
		for i := range n {
			for _, pct := range []float64{.1, .3, .5, .99} {
				if r := (OneCycle{1, pct, 25, 1e4}).rate(i, n); !(r > 0 && r <= 1) {
					t.Fatalf("the rate of step %d of %d is %v", i, n, r)
				}
			}
		}
	}
	for want, c := range map[string]Callback{
		"MaxLR must be greater than 0, got 0":                OneCycle{},
		"PctStart must be greater than 0 and less than 1":    OneCycle{MaxLR: 1, PctStart: 1},
		"must be at least 1, got 0.5 and 10000":              OneCycle{MaxLR: 1, DivFactor: .5},
		"Root must be an address":                            RemoteMonitor{Root: "localhost"},
		"no such file":                                       RemoteMonitor{Filename: filepath.Join("no", "such", "f")},
		"must end in .weights.h5 with SaveWeightsOnly":       ModelCheckpoint{Path: "a.keras", SaveWeightsOnly: true},
		"set SaveWeightsOnly to save the weights only":       ModelCheckpoint{Path: "a.weights.h5"},
		"Path must end in .keras, got \"a.h5\"":              ModelCheckpoint{Path: "a.h5"},
		"TensorBoard: HistogramFreq must be at least 0, got": TensorBoard{HistogramFreq: -2},
	} {
		if _, err := c.Begin(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: the error is %v, want one with %q", c, err, want)
		}
	}
}

func TestModelCheckpointWeights(t *testing.T) {
	dir := t.TempDir()
	f := &fake{validates: true}
	f.run(t, ModelCheckpoint{Path: filepath.Join(dir, "{epoch:02d}-{val_loss:.1f}.weights.h5"), SaveWeightsOnly: true, SaveBestOnly: true}, "val_loss", 3, 4, 2)
	if want := []string{filepath.Join(dir, "01-3.0.weights.h5"), filepath.Join(dir, "03-2.0.weights.h5")}; !slices.Equal(f.savedWeights, want) || len(f.saved) > 0 {
		t.Errorf("saved weights %v and models %v, want %v", f.savedWeights, f.saved, want)
	}
}
