package picture

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/lince-ml/lince/internal/testenv"
)

// TestMutantsAsPillow damages JPEG files. Files that this package and Pillow both accept must have the same pixels.
func TestMutantsAsPillow(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	mutants := map[string][]byte{}
	for _, path := range []string{
		"decode/pillow-420.jpg", "decode/pillow-444.jpg", "decode/pillow-gray.jpg", "decode/pillow-420-progressive.jpg", "decode/pillow-422.jpg",
		"decode/drawn-cmyk.jpg", "decode/drawn-ycck.jpg", "decode/drawn-420-scans.jpg", "kinds/arithmetic-pillow-420.jpg", "kinds/arithmetic-pillow-444-progressive.jpg",
		"kinds/arithmetic-drawn-440-restart.jpg",
	} {
		file, name := readFile(t, path), filepath.Base(path)
		for i := range 250 {
			m := bytes.Clone(file)
			for range 1 + random.IntN(4) {
				at := 2 + random.IntN(len(m)-4)
				m[at] ^= 1 << random.IntN(8)
			}
			key := fmt.Sprintf("%d-%s", i, name)
			mutants[key] = m
			if err := os.WriteFile(filepath.Join(dir, key), m, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	testenv.Python(t, "picture_mutants.py", dir)
	text, err := os.ReadFile(filepath.Join(dir, "hashes.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]string
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	both := 0
	for name, m := range mutants {
		img, err := Decode(m, RGB)
		if err != nil || want[name] == "error" {
			continue
		}
		both++
		if hash(img.Pix) != want[name] {
			t.Errorf("%s: the pixels differ from Pillow's", name)
		}
	}
	if both < 200 {
		t.Errorf("only %d files are accepted by both", both)
	}
}
