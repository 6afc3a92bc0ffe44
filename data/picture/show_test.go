package picture

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
)

func TestPrintAsNumPy(t *testing.T) {
	for _, row := range readGolden(t).Print {
		h, w, c, want := int(row[0].(float64)), int(row[1].(float64)), int(row[2].(float64)), row[3].(string)
		img := Image{H: h, W: w, C: c, Pix: make([]uint8, h*w*c)}
		for i := range img.Pix {
			img.Pix[i] = uint8(i * 7 % 251)
		}
		var b strings.Builder
		if err := Print(&b, img); err != nil {
			t.Fatal(err)
		}
		_, got, _ := strings.Cut(b.String(), "\n")
		got, _, _ = strings.Cut(got, "\n\nchannel")
		if got != want {
			t.Errorf("%dx%dx%d: printed\n%s\nNumPy prints\n%s", h, w, c, got, want)
		}
	}
}

func TestPrintStatistics(t *testing.T) {
	var b strings.Builder
	if err := Print(&b, Image{H: 1, W: 2, C: 3, Pix: []uint8{1, 20, 255, 4, 20, 0}}); err != nil {
		t.Fatal(err)
	}
	want := `(1, 2, 3) uint8
[[[  1  20 255]
  [  4  20   0]]]

channel  min    mean  max
red        1    2.50    4
green     20   20.00   20
blue       0  127.50  255
`
	if b.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", b.String(), want)
	}
}

func TestTerminal(t *testing.T) {
	// 2x3 pixels: white over black, red over green, and an odd last row of blue and white.
	img := Image{H: 3, W: 2, C: 3, Pix: []uint8{
		255, 255, 255, 255, 0, 0,
		0, 0, 0, 0, 255, 0,
		0, 0, 255, 255, 255, 255,
	}}
	for mode, want := range map[TerminalMode]string{
		TrueColor: "\x1b[38;2;255;255;255;48;2;0;0;0m▀\x1b[38;2;255;0;0;48;2;0;255;0m▀\x1b[0m\n" +
			"\x1b[38;2;0;0;255;49m▀\x1b[38;2;255;255;255m▀\x1b[0m\n",
		Color256: "\x1b[38;5;231;48;5;16m▀\x1b[38;5;196;48;5;46m▀\x1b[0m\n" +
			"\x1b[38;5;21;49m▀\x1b[38;5;231m▀\x1b[0m\n",
	} {
		var b strings.Builder
		if err := Terminal(&b, img, 80, mode); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("mode %d: %q, want %q", mode, b.String(), want)
		}
	}
	var b strings.Builder
	wide := Image{H: 8, W: 16, C: 1, Pix: bytes.Repeat([]uint8{0, 255}, 64)}
	if err := Terminal(&b, wide, 8, ASCII); err != nil {
		t.Fatal(err)
	}
	if want := strings.Repeat("++++++++\n", 2); b.String() != want {
		t.Errorf("8 columns of a 16x8 image: %q", b.String())
	}
	b.Reset()
	if err := Terminal(&b, Image{H: 1, W: 3, C: 1, Pix: []uint8{0, 128, 255}}, 3, ASCII); err != nil {
		t.Fatal(err)
	}
	if b.String() != " +@\n" {
		t.Errorf("ramp: %q", b.String())
	}
	if err := Terminal(&b, img, 3, 9); err == nil {
		t.Error("mode 9 accepted")
	}
}

func TestLayers(t *testing.T) {
	img := Image{H: 100, W: 200, C: 3, Pix: bytes.Repeat([]uint8{200, 100, 50}, 100*200)}
	out, err := Layers(img)
	if err != nil {
		t.Fatal(err)
	}
	y := out.H - 20 // within all panels
	for i, want := range [][3]uint8{{200, 100, 50}, {200, 0, 0}, {0, 100, 0}, {0, 0, 50}} {
		if got := out.at(y, out.W*(2*i+1)/8); got != want {
			t.Errorf("panel %d is %v, want %v", i, got, want)
		}
	}
	dark := 0 // pixels of the titles
	for x := range out.W {
		for y := range 28 {
			if p := out.at(y, x); p[0] < 100 {
				dark++
			}
		}
	}
	if dark < 200 {
		t.Errorf("only %d dark pixels where the titles should be", dark)
	}
	var b bytes.Buffer
	if err := WritePNG(&b, out); err != nil {
		t.Fatal(err)
	}
	if m, err := png.Decode(&b); err != nil || m.Bounds().Dx() != out.W {
		t.Errorf("the PNG file: %v %v", m.Bounds(), err)
	}
	for _, bad := range []Image{{}, {H: 1, W: 1, C: 2, Pix: []uint8{1, 2}}, {H: 2, W: 2, C: 1, Pix: []uint8{1}}} {
		if _, err := Layers(bad); err == nil {
			t.Errorf("%+v accepted", bad)
		}
	}
}
