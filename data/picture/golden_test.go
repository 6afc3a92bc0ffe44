package picture

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// golden is testdata/golden.json, which internal/golden/picture.py makes with Pillow, TensorFlow and NumPy.
type golden struct {
	Decode map[string]struct {
		RGB, Grayscale, RGBA string
		Size                 [2]int
	}
	Resize     [][5]any // color mode, method, height, width, hash
	TFBilinear [][3]int `json:"tf_bilinear"` // height, width, number of stored rows
	LoadImg    [][6]any `json:"load_img"`    // color mode, method, height, width, keep_aspect_ratio, hash
	Print      [][4]any // height, width, channels, text
}

func readGolden(t *testing.T) golden {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func hash(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// readPNG reads the RGB pixels of a PNG with the standard library alone.
func readPNG(t *testing.T, name string) Image {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(readFile(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	b := m.Bounds()
	img := Image{H: b.Dy(), W: b.Dx(), C: 3}
	for y := range img.H {
		for x := range img.W {
			r, g, b, _ := m.At(x, y).RGBA()
			img.Pix = append(img.Pix, byte(r>>8), byte(g>>8), byte(b>>8))
		}
	}
	return img
}

func TestDecodeAsPillow(t *testing.T) {
	g := readGolden(t)
	if len(g.Decode) < 100 {
		t.Fatalf("only %d files in golden.json", len(g.Decode))
	}
	var shared Decoder // a used Decoder must decode like a new one
	for name, want := range g.Decode {
		t.Run(name, func(t *testing.T) {
			data := readFile(t, "decode/"+name)
			for mode, sum := range map[ColorMode]string{RGB: want.RGB, Grayscale: want.Grayscale, RGBA: want.RGBA} {
				img, err := shared.Decode(data, mode)
				if sum == "error" {
					if err == nil {
						t.Errorf("%v: Pillow and Keras refuse this file, this does not", mode)
					}
					continue
				}
				if err != nil {
					t.Errorf("%v: %v", mode, err)
					continue
				}
				if img.H != want.Size[0] || img.W != want.Size[1] || img.C != mode.Channels() {
					t.Errorf("%v: %dx%dx%d, want %v", mode, img.H, img.W, img.C, want.Size)
					continue
				}
				if hash(img.Pix) == sum {
					continue
				}
				if mode != RGB {
					t.Errorf("%v: pixels differ from Pillow's", mode)
					continue
				}
				compare(t, img, readPNG(t, "decode/"+name+".png"))
			}
		})
	}
}

// compare reports how two images of the same size differ.
func compare(t *testing.T, got, want Image) {
	t.Helper()
	if len(got.Pix) != len(want.Pix) {
		t.Fatalf("%dx%dx%d, want %dx%dx%d", got.H, got.W, got.C, want.H, want.W, want.C)
	}
	n, most, first := 0, 0, -1
	for i, v := range want.Pix {
		if d := int(v) - int(got.Pix[i]); d != 0 {
			n++
			most = max(most, d, -d)
			if first < 0 {
				first = i
			}
		}
	}
	if n > 0 {
		p := first / want.C
		t.Errorf("%d of %d values differ, by %d at most; first at row %d column %d channel %d: %d, want %d",
			n, len(want.Pix), most, p/want.W, p%want.W, first%want.C, got.Pix[first], want.Pix[first])
	}
}

func TestResizeAsPillow(t *testing.T) {
	g := readGolden(t)
	data := readFile(t, "resize.png")
	for _, row := range g.Resize {
		mode, method, h, w, want := row[0].(string), row[1].(string), int(row[2].(float64)), int(row[3].(float64)), row[4].(string)
		how, err := ParseInterpolation(method)
		if err != nil {
			t.Fatal(err)
		}
		if mode == "ramp" {
			if got := nearestRamps(t, h); got != want {
				t.Errorf("nearest of %d pixels to 1..599 differs from Pillow's", h)
			}
			continue
		}
		m, err := ParseColorMode(mode)
		if err != nil {
			t.Fatal(err)
		}
		img, err := Load(data, Options{Height: h, Width: w, ColorMode: m, Interpolation: how})
		if err != nil {
			t.Fatal(err)
		}
		if hash(img.Pix) != want {
			t.Errorf("%s %s to %dx%d differs from Pillow's", mode, method, h, w)
		}
	}
}

// nearestRamps returns the hash of a ramp of n pixels resized to every width below 600.
func nearestRamps(t *testing.T, n int) string {
	ramp := Image{H: 1, W: n, C: 3}
	for i := range n {
		ramp.Pix = append(ramp.Pix, byte(i/256), byte(i), 0)
	}
	var all []byte
	for w := 1; w < 600; w++ {
		out, err := Resize(ramp, 1, w, Nearest)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, out.Pix...)
	}
	return hash(all)
}

func TestResizeAsTensorFlow(t *testing.T) {
	g := readGolden(t)
	blob := readFile(t, "tf_bilinear.bin")
	data := readFile(t, "resize.png")
	for _, row := range g.TFBilinear {
		h, w := row[0], row[1]
		got := make([]float32, h*w*3)
		var d Decoder
		if _, _, err := d.LoadFloat32(got, data, Options{Height: h, Width: w, Interpolation: BilinearTF}); err != nil {
			t.Fatal(err)
		}
		img, err := Decode(data, RGB)
		if err != nil {
			t.Fatal(err)
		}
		decoded := make([]float32, len(got))
		if err := ResizeTF(decoded, img, h, w); err != nil || !slices.Equal(decoded, got) {
			t.Errorf("%dx%d: ResizeTF and LoadFloat32 differ, error %v", h, w, err)
		}
		if err := ResizeTF(decoded[1:], img, h, w); err == nil {
			t.Errorf("%dx%d: a destination that is too short is taken", h, w)
		}
		most := 0.
		for i := range row[2] * w * 3 {
			want := math.Float32frombits(binary.LittleEndian.Uint32(blob))
			blob = blob[4:]
			most = max(most, math.Abs(float64(want-got[i])))
		}
		t.Logf("%dx%d: differs by %g at most", h, w, most)
		if most != 0 {
			t.Errorf("%dx%d differs from tf.image.resize by %g", h, w, most)
		}
	}
	if len(blob) != 0 {
		t.Errorf("%d bytes left over", len(blob))
	}
}

func TestLoadAsKeras(t *testing.T) {
	data := readFile(t, "resize.png")
	var d Decoder
	for _, row := range readGolden(t).LoadImg {
		mode, err := ParseColorMode(row[0].(string))
		if err != nil {
			t.Fatal(err)
		}
		how, err := ParseInterpolation(row[1].(string))
		if err != nil {
			t.Fatal(err)
		}
		o := Options{Height: int(row[2].(float64)), Width: int(row[3].(float64)), ColorMode: mode, Interpolation: how, KeepAspectRatio: row[4].(bool)}
		values := make([]float32, o.Height*o.Width*mode.Channels())
		if _, _, err := d.LoadFloat32(values, data, o); err != nil {
			t.Fatal(err)
		}
		var b []byte
		for _, v := range values {
			if how == BilinearTF {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
			} else {
				b = append(b, byte(v))
			}
		}
		if hash(b) != row[5].(string) {
			t.Errorf("%+v: differs from keras.utils.load_img", o)
		}
	}
}
