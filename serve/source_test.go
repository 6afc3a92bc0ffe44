package serve

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lince-ml/lince"
)

// save writes a model file. Each file gets another time.
func save(t testing.TB, seed uint64, path ...string) string {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := imageModel(t, seed).Save(file); err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1e9+int64(seed), 0)
	if err := os.Chtimes(file, at, at); err != nil {
		t.Fatal(err)
	}
	return file
}

// unpacked writes the members of a model's file to a folder. Each file gets the time of save.
func unpacked(t testing.TB, seed uint64, path ...string) string {
	t.Helper()
	folder := filepath.Join(path...)
	z, err := zip.OpenReader(save(t, seed, t.TempDir(), "m.keras"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1e9+int64(seed), 0)
	for _, f := range z.File {
		b, err := fs.ReadFile(z, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		member := filepath.Join(folder, f.Name)
		if err := errors.Join(os.WriteFile(member, b, 0o666), os.Chtimes(member, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// score returns a server's score of the first class for a photo.
func score(t testing.TB, s *Server) float32 {
	t.Helper()
	var got []label
	want(t, ask(t, s, "POST", "/", photo(t, 0)), 200, &got)
	for _, l := range got {
		if l.Label == "cat" {
			return l.Score
		}
	}
	return 0
}

// scoreOf returns the score of a model with a seed.
func scoreOf(t testing.TB, seed uint64) float32 {
	t.Helper()
	p, err := imageModel(t, seed).ClassifyImage(t.Context(), photo(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	return p.Probabilities[0]
}

func loaded(t testing.TB, path string, o Options) *Server {
	t.Helper()
	o.Poll = -1
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := s.Load("m", path); err != nil {
		t.Fatal(err)
	}
	return s
}

// answers checks the version and the predictions of a server.
func answers(t testing.TB, s *Server, number string, seed uint64) {
	t.Helper()
	if got, _ := s.registry.find("m").state(); got != number {
		t.Errorf("the version is %s, want %s", got, number)
	}
	if got, want := score(t, s), scoreOf(t, seed); got != want {
		t.Errorf("the score is %v, want %v, that of the model %d", got, want, seed)
	}
}

// TestNewest checks which file is the newest version.
func TestNewest(t *testing.T) {
	dir := t.TempDir()
	fails := func(path, text string) {
		t.Helper()
		if _, err := newest(path); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%v, want %q in it", err, text)
		}
	}
	is := func(path, number, file string) {
		t.Helper()
		f, err := newest(path)
		if err != nil || f.number != number || f.path != file {
			t.Errorf("%+v, %v; want the version %q in %s", f, err, number, file)
		}
	}
	fails(filepath.Join(dir, "none"), "no such file or folder")
	fails(dir, "the folder has no model")
	a := save(t, 1, dir, "a.keras")
	is(a, "", a)
	is(dir, "", a)
	save(t, 1, dir, "b.keras")
	fails(dir, "several models (a.keras, b.keras)")
	m := save(t, 1, dir, "model.keras")
	is(dir, "", m)
	best := save(t, 1, dir, "best.keras")
	is(dir, "", best)
	two := save(t, 1, dir, "2", "x.keras")
	is(dir, "2", two)
	ten := save(t, 1, dir, "10.keras")
	is(dir, "10", ten)
	if err := os.Mkdir(filepath.Join(dir, "11"), 0o777); err != nil {
		t.Fatal(err)
	}
	fails(dir, "the folder has no model")
	twelve := unpacked(t, 1, dir, "12.keras")
	is(dir, "12", twelve)
	is(dir, "13", unpacked(t, 1, dir, "13"))
	is(dir, "14", unpacked(t, 1, dir, "14", "model.keras"))
	is(dir, "15", unpacked(t, 1, dir, "15", "pets"))
	saved := filepath.Join(dir, "16")
	if err := os.Mkdir(saved, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(saved, "saved_model.pb"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	is(dir, "16", saved) // opening it says how to convert it
	is(twelve, "", twelve)
	several := t.TempDir()
	x := unpacked(t, 1, several, "x.keras")
	is(several, "", x)
	save(t, 1, several, "y.keras")
	fails(several, "several models (x.keras, y.keras)")
	is(several, "", unpacked(t, 1, several, "best.keras"))
}

// TestReload checks that a changed file is loaded when two polls find the same, and that a file that cannot be loaded leaves the model that is there.
func TestReload(t *testing.T) {
	var text bytes.Buffer
	file := save(t, 1, t.TempDir(), "m.keras")
	s := loaded(t, file, Options{Logger: slog.New(slog.NewJSONHandler(&text, nil))})
	answers(t, s, "1", 1)
	old := s.currentOf("m")
	s.poll()
	answers(t, s, "1", 1)
	save(t, 2, file)
	s.poll()
	answers(t, s, "1", 1) // the file may not be complete
	save(t, 3, file)
	s.poll()
	answers(t, s, "1", 1)
	s.poll()
	answers(t, s, "2", 3)
	<-old.freed

	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, broken := range [][]byte{[]byte("garbage"), whole[:len(whole)/2], {}} {
		if err := os.WriteFile(file, broken, 0o666); err != nil {
			t.Fatal(err)
		}
		text.Reset()
		for range 3 {
			s.poll()
		}
		answers(t, s, "2", 3)
		if n := strings.Count(text.String(), "could not be loaded"); n != 1 {
			t.Errorf("file %d: %d errors in the log, want 1: %s", i, n, &text)
		}
		var models struct {
			Models []struct{ Failure string }
		}
		w := ask(t, s, "GET", "/v1/models", nil)
		want(t, w, 200, &models)
		if models.Models[0].Failure == "" || strings.Contains(w.Body.String(), file) {
			t.Errorf("the status is %s", w.Body)
		}
		if m := ask(t, s, "GET", "/metrics", nil).Body.String(); !strings.Contains(m, `lince_model_stale{model="m"} 1`) || !strings.Contains(m, `lince_reloads_total{model="m",result="failed"} `+formatInt(i+1)) {
			t.Error("the metrics do not show the failure")
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.poll()
	}
	answers(t, s, "2", 3)
	save(t, 4, file)
	s.poll()
	s.poll()
	answers(t, s, "3", 4)
	if m := ask(t, s, "GET", "/metrics", nil).Body.String(); !strings.Contains(m, `lince_model_stale{model="m"} 0`) {
		t.Error("the metrics still show the failure")
	}
}

// TestReloadUnpacked checks that a .keras file that was unpacked to a folder is loaded again when one of its members changes, which does not change the time of the folder.
func TestReloadUnpacked(t *testing.T) {
	folder := unpacked(t, 1, t.TempDir(), "m.keras")
	s := loaded(t, folder, Options{})
	answers(t, s, "1", 1)
	unpacked(t, 2, folder)
	s.poll()
	answers(t, s, "1", 1) // the folder may not be complete
	s.poll()
	answers(t, s, "2", 2)
}

// TestVersions checks a folder of versions.
func TestVersions(t *testing.T) {
	dir := t.TempDir()
	save(t, 1, dir, "1", "model.keras")
	s := loaded(t, dir, Options{})
	answers(t, s, "1", 1)
	save(t, 2, dir, "7.keras")
	s.poll()
	s.poll()
	answers(t, s, "7", 2)
	if err := os.Remove(filepath.Join(dir, "7.keras")); err != nil { // back to the older one
		t.Fatal(err)
	}
	s.poll()
	s.poll()
	answers(t, s, "1", 1)
}

// TestRefused checks models that cannot be served.
func TestRefused(t *testing.T) {
	file := save(t, 1, t.TempDir(), "m.keras")
	open := lince.Open
	s := loaded(t, file, Options{Open: func(path string) (*lince.Model, error) { return open(path) }})
	open = func(string) (*lince.Model, error) {
		m := imageModel(t, 5)
		w := m.Weights()
		for i := range w[0].Float32s() {
			w[0].Float32s()[i] = 3e38
		}
		return m, m.SetWeights(w)
	}
	if err := s.reload(s.registry.find("m"), true); !errors.Is(err, errNotFinite) {
		t.Errorf("got %v, want errNotFinite", err)
	}
	open = func(string) (*lince.Model, error) { panic("a bug") }
	if err := s.reload(s.registry.find("m"), true); err == nil || !strings.Contains(err.Error(), "a bug") {
		t.Errorf("got %v, want the panic", err)
	}
	answers(t, s, "1", 1)
	if err := s.Load("m", file); err == nil {
		t.Error("a second model of the name is no error")
	}
	if err := s.Load("x", filepath.Join(t.TempDir(), "none")); err == nil || s.registry.find("x") != nil {
		t.Errorf("got %v for a file that is not there", err)
	}
}

// TestReloadsUnderLoad reloads a model while clients send requests. No request may fail, and no goroutine may be left.
func TestReloadsUnderLoad(t *testing.T) {
	before := runtime.NumGoroutine()
	file := save(t, 1, t.TempDir(), "m.keras")
	s := loaded(t, file, Options{})
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if w := ask(t, s, "POST", "/", photo(t, 0)); w.Code != 200 {
					t.Errorf("status %d: %s", w.Code, w.Body)
					return
				}
			}
		})
	}
	var freed []*version
	for range 50 {
		freed = append(freed, s.currentOf("m"))
		if err := s.reload(s.registry.find("m"), true); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	clients.Wait()
	for _, v := range freed {
		<-v.freed
	}
	answers(t, s, "51", 1)
	s.Close()
	for n := 0; runtime.NumGoroutine() > before+2 && n < 1e6; n++ { // the engine keeps its workers
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > before+2 {
		t.Errorf("%d goroutines, %d before", n, before)
	}
}
