package picture

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// kindOfFile is what Pillow makes of a file.
type kindOfFile struct {
	RGB, L, RGBA string
	Mode         string // "" if it is not known
	Size         [2]int
}

func readKinds(t *testing.T, name string) map[string]kindOfFile {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var files map[string]kindOfFile
	if err := json.Unmarshal(data, &files); err != nil {
		t.Fatal(err)
	}
	if len(files) < 40 {
		t.Fatalf("only %d files in %s", len(files), name)
	}
	return files
}

// TestKindsAsPillow decodes the files of internal/golden/picture_kinds.py.
func TestKindsAsPillow(t *testing.T) {
	files := readKinds(t, "kinds.json")
	// libjpeg fills lost intervals with gray, and warns. Here they are an error.
	refused := map[string]bool{"restart-plus-6.jpg": true, "restart-plus-7.jpg": true}
	var shared Decoder
	for name, want := range files {
		t.Run(name, func(t *testing.T) {
			data := readFile(t, "kinds/"+name)
			for mode, sum := range map[ColorMode]string{RGB: want.RGB, Grayscale: want.L, RGBA: want.RGBA} {
				img, err := shared.Decode(data, mode)
				deep := strings.HasPrefix(name, "deep") && mode == Grayscale // 16 bits do not fit; see color.go
				switch {
				case deep && err == nil:
					t.Error("16 bits of gray became 8 bits in the color mode grayscale")
				case deep:
				case sum == "error" || refused[name]:
					if err == nil {
						t.Errorf("%v: Pillow refuses this file, this does not", mode)
					}
				case err != nil:
					t.Errorf("%v: %v", mode, err)
				case img.H != want.Size[0] || img.W != want.Size[1]:
					t.Errorf("%v: %dx%d, want %v", mode, img.H, img.W, want.Size)
				case hash(img.Pix) != sum:
					t.Errorf("%v: the pixels differ from Pillow's", mode)
				}
			}
		})
	}
}
