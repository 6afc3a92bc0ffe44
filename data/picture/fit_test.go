package picture

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestFit checks that Decode and Fit give the bits of Load for files of all formats.
func TestFit(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var one, two Decoder
	loaded := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []Options{
			{}, {Height: 13, Width: 40}, {Height: 13, Width: 40, Interpolation: Bilinear}, {Height: 40, Width: 9, Interpolation: Lanczos, KeepAspectRatio: true},
			{Height: 20, Width: 21, PadToAspectRatio: true}, {ShortSide: 11, Interpolation: Bicubic, Crop: [2]int{9, 14}}, {ShortSide: 17, Crop: [2]int{20, 20}},
		} {
			want, wantErr := one.Load(content, o)
			img, err := two.Decode(content, RGB)
			if err == nil {
				img, err = two.Fit(img, o, len(content))
			}
			switch {
			case (err == nil) != (wantErr == nil):
				t.Errorf("%s, %+v: error %v, of Load %v", file, o, err, wantErr)
			case err == nil && (img.H != want.H || img.W != want.W || !bytes.Equal(img.Pix, want.Pix)):
				t.Errorf("%s, %+v: the pixels differ from those of Load", file, o)
			case err == nil:
				loaded++
			}
		}
	}
	if loaded < 50 {
		t.Errorf("only %d images were loaded", loaded)
	}
	img := Image{H: 2, W: 2, C: 3, Pix: make([]byte, 12)}
	for _, o := range []Options{{ColorMode: Grayscale}, {Height: 3, Width: 3, Interpolation: BilinearTF}, {Height: -1, Width: 3}} {
		if _, err := one.Fit(img, o, 100); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	img.Pix = img.Pix[:11]
	if _, err := one.Fit(img, Options{}, 100); err == nil {
		t.Error("an image with too few bytes is accepted")
	}
}
