package picture

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestLoadNearest checks that Load, which skips parts of a JPEG file, gives the pixels of an image that is decoded as a whole, converted,
// and resized.
func TestLoadNearest(t *testing.T) {
	files, err := filepath.Glob("testdata/decode/*.jp*g")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	var d Decoder
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for mode := range colorModes {
			whole, err := Decode(data, ColorMode(mode))
			if err != nil {
				if _, err := d.Load(data, Options{Height: 5, Width: 4, ColorMode: ColorMode(mode)}); err == nil {
					t.Errorf("%s: Load reads what Decode does not: %v", name, err)
				}
				continue
			}
			for _, size := range [][2]int{{1, 1}, {7, 5}, {128, 128}, {whole.H, whole.W}, {whole.H, 3}, {2, whole.W + 9}, {whole.H + 1, whole.W + 1}, {3 * whole.H, 2 * whole.W}} {
				for _, o := range []Options{
					{Height: size[0], Width: size[1]},
					{Height: size[0], Width: size[1], KeepAspectRatio: true},
					{Height: size[0], Width: size[1], Crop: [2]int{5, 4}},
					{ShortSide: size[0]},
					{ShortSide: size[0], Crop: size},
				} {
					o.ColorMode = ColorMode(mode)
					got, err := d.Load(data, o)
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					want, err := new(Decoder).fit(whole, o, len(data))
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					if got.H != want.H || got.W != want.W || got.C != want.C || !bytes.Equal(got.Pix, want.Pix) {
						t.Errorf("%s, %+v: other pixels", name, o)
					}
				}
			}
		}
	}
}

// TestPickRow takes pixels from all places of rows of all lengths.
func TestPickRow(t *testing.T) {
	for _, c := range []int{1, 3, 4} {
		for n := 1; n < 7; n++ {
			src := make([]byte, n*c)
			for i := range src {
				src[i] = byte(i + 1)
			}
			for count := range 6 {
				xs := make([]int, count)
				dst := bytes.Repeat([]byte{255}, count*c)
				var want []byte
				for i := range xs {
					xs[i] = (i*7 + n + count) % n
					if i == 4 {
						xs[i] = -1
						want = append(want, make([]byte, c)...)
						continue
					}
					want = append(want, src[xs[i]*c:][:c]...)
				}
				if pickRow(dst, src, xs, c); !bytes.Equal(dst, want) {
					t.Errorf("%d channels, %v of %d pixels: got %v, want %v", c, xs, n, dst, want)
				}
			}
		}
	}
}
