package preprocess

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data/picture"
)

type golden struct {
	Files map[string]string
	Cases []struct {
		File   string
		Steps  json.RawMessage
		Shape  [3]int
		SHA256 string
	}
}

// file returns the bytes of one of the image files.
func (g golden) file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(g.Files[name])
	if err != nil || len(b) == 0 {
		t.Fatalf("%s: %d bytes, %v", name, len(b), err)
	}
	return b
}

func readGolden(t testing.TB) golden {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Cases) < 100 {
		t.Fatalf("there are %d cases", len(g.Cases))
	}
	return g
}

func hash(t testing.TB, pix []float32) string {
	t.Helper()
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, pix); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:])
}

// TestAsPillowAndKeras checks that the values equal those of Pillow and Keras in every bit, and that each list of steps
// survives encoding and decoding.
func TestAsPillowAndKeras(t *testing.T) {
	g := readGolden(t)
	var d picture.Decoder
	var buffer []float32
	for _, c := range g.Cases {
		var steps Steps
		if err := json.Unmarshal(c.Steps, &steps); err != nil {
			t.Errorf("%s: %v", c.Steps, err)
			continue
		}
		p, err := steps.Compile()
		if err != nil {
			t.Errorf("%s: %v", c.Steps, err)
			continue
		}
		pix, h, w, err := d.AppendFloat32(buffer[:0], g.file(t, c.File), p.Options())
		if err != nil {
			t.Errorf("%s, %s: %v", c.File, c.Steps, err)
			continue
		}
		buffer = pix
		before := append([]float32(nil), pix...)
		p.Apply(pix)
		if got := [3]int{h, w, p.Channels()}; got != c.Shape || len(pix) != h*w*p.Channels() {
			t.Errorf("%s, %s: got %v, want %v", c.File, c.Steps, got, c.Shape)
		} else if hash(t, pix) != c.SHA256 {
			t.Errorf("%s, %s: other numbers: %v...", c.File, c.Steps, pix[:6])
		}
		if gh, gw := p.Size(); gh != 0 && (gh != h || gw != w) {
			t.Errorf("%s, %s: the size is %dx%d, Size says %dx%d", c.File, c.Steps, h, w, gh, gw)
		}
		p.Undo(pix)
		for i := range pix {
			if diff := pix[i] - before[i]; diff > 1e-4 || diff < -1e-4 {
				t.Errorf("%s, %s: undone, number %d is %v, was %v", c.File, c.Steps, i, pix[i], before[i])
				break
			}
		}
		text, err := json.Marshal(steps)
		if err != nil {
			t.Errorf("%s: %v", c.Steps, err)
		}
		var again Steps
		if err := json.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(steps, again) {
			t.Errorf("%s became %s and %+v, %v", c.Steps, text, again, err)
		}
	}
}

// TestDecoded checks that an image in memory gives the same values as its file.
func TestDecoded(t *testing.T) {
	g := readGolden(t)
	var d picture.Decoder
	for _, mode := range []picture.ColorMode{picture.RGB, picture.Grayscale, picture.RGBA} {
		for _, how := range []picture.Interpolation{picture.Nearest, picture.Bilinear, picture.BilinearTF} {
			p, err := Steps{Decode{ColorMode: mode}, Resize{ShortSide: 9, Interpolation: how}, CenterCrop{Height: 8, Width: 7}, Rescale{Scale: 2}}.Compile()
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"tall.png", "alpha.png", "none.png"} {
				file := g.file(t, name)
				want, _, _, err := d.AppendFloat32(nil, file, p.Options())
				if err != nil {
					t.Fatal(err)
				}
				m, err := png.Decode(bytes.NewReader(file))
				if err != nil {
					t.Fatal(err)
				}
				b := m.Bounds()
				kinds := map[string]image.Image{"as decoded": m}
				straight, shifted := image.NewNRGBA(b), image.NewNRGBA(b.Inset(-3))
				for y := range b.Dy() {
					for x := range b.Dx() {
						straight.Set(x, y, m.At(x, y))
						shifted.Set(x, y, m.At(x, y))
					}
				}
				kinds["NRGBA"], kinds["a part"], kinds["another kind"] = straight, shifted.SubImage(b), other{straight}
				for kind, m := range kinds {
					got, h, w, err := d.AppendImage(nil, m, p.Options())
					if err != nil || h != 8 || w != 7 || !reflect.DeepEqual(got, want) {
						t.Errorf("%s, %v, %v, %s: %dx%d, other numbers than of the file, %v", name, mode, how, kind, h, w, err)
					}
				}
			}
		}
	}
	for want, m := range map[string]image.Image{"nil": nil, "0x5": image.NewGray(image.Rect(0, 0, 0, 5)), "at most": image.White} {
		if _, _, _, err := d.AppendImage(nil, m, picture.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}

// other is an image type that package picture does not know.
type other struct{ image.Image }

func (o other) At(x, y int) color.Color { return o.Image.At(x, y) }
