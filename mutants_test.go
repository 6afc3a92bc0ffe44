package lince

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/internal/mutate"
)

// The readers of model files and weights get changed files. What opens can be written.
func TestMutants(t *testing.T) {
	var seeds [][]byte
	for _, c := range kindCases(t) {
		seeds = append(seeds, []byte(c.content))
	}
	t.Run("kinds", mutate.Runs{Seeds: seeds, Fuzz: "FuzzSniff", Read: sniffHostile}.Test)

	whole := bytesOf(t, trained(t))
	t.Run("archives", mutate.Runs{Seeds: [][]byte{whole, whole[:len(whole)/2]}, Fuzz: "FuzzRead", Read: readHostile}.Test)

	file := must(keras.Read(bytes.NewReader(whole), int64(len(whole))))
	t.Run("configs", mutate.Runs{Seeds: [][]byte{file.Config, []byte(functional)}, Fuzz: "FuzzConfig", Mutant: mutate.JSON, Read: func(t *testing.T, config []byte) {
		configHostile(t, config, file.Extra, file)
	}}.Test)
	t.Run("lince's metadata", mutate.Runs{Seeds: [][]byte{file.Extra}, Mutant: mutate.JSON, Read: func(t *testing.T, extra []byte) {
		configHostile(t, file.Config, extra, file)
	}}.Test)

	m, files := weightFiles(t)
	n := 0
	t.Run("weights", mutate.Runs{Seeds: files, Fuzz: "FuzzLoadWeights", Mutant: func(r *rand.Rand, b []byte) []byte {
		n = r.IntN(4)
		return mutate.Bytes(r, b)
	}, Read: func(t *testing.T, b []byte) {
		loadHostile(t, m, b, n&1 != 0, n&2 != 0)
	}}.Test)
}

func sniffHostile(_ *testing.T, b []byte) {
	_, _ = sniff(source{r: bytes.NewReader(b), size: int64(len(b))})
}

// readHostile reads a file that may be damaged, and writes the model if it is not.
func readHostile(t *testing.T, b []byte) {
	m, err := on(1).Read(bytes.NewReader(b), int64(len(b)))
	if err == nil {
		bytesOf(t, m)
	}
}

// configHostile reads a file with another config and metadata.
func configHostile(t *testing.T, config, extra []byte, file *keras.File) {
	_, _, _ = on(1).fromConfig(config)
	changed := &keras.File{Config: config, Extra: extra, Weights: file.Weights}
	m, err := reread(changed)
	if err != nil {
		return
	}
	if _, err := m.WriteTo(io.Discard); err != nil && !strings.Contains(err.Error(), "would lose settings") {
		t.Error(err)
	}
}

// weightFiles returns a model, and its weights in files of several kinds.
func weightFiles(t testing.TB) (*Model, [][]byte) {
	dir := t.TempDir()
	m := torchResidual(t, true, false)
	var files [][]byte
	for _, name := range []string{"m.weights.h5", "m.h5", "m.safetensors"} {
		path := filepath.Join(dir, name)
		if err := m.SaveWeights(path); err != nil {
			t.Fatal(err)
		}
		files = append(files, must(os.ReadFile(path)))
	}
	return m, append(files, must(os.ReadFile(filepath.Join("testdata", "torch", "residual.pth"))), []byte(`{"weight_map": {"x": "a.weights.h5"}}`))
}

// loadHostile loads weights from a file that may be damaged.
func loadHostile(t *testing.T, m *Model, b []byte, byName, skip bool) {
	o := WeightsOptions{ByName: byName, SkipMismatch: skip}
	r, err := m.loadFrom(source{r: bytes.NewReader(b), size: int64(len(b))}, o)
	if err == nil && !byName && !skip && len(r.Loaded) != len(m.Variables()) {
		t.Errorf("%+v, want %d variables", r, len(m.Variables()))
	}
}
