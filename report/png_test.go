package report

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"testing"
)

// TestEncode compares the pixels that image/png reads with those that encode got.
func TestEncode(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := func(x, y int) color.RGBA {
		return color.RGBA{uint8(random.Uint32()), uint8(random.Uint32()), uint8(random.Uint32()), 255}
	}
	for _, c := range []struct {
		name          string
		width, height int
		at            func(x, y int) color.RGBA
	}{
		{"a pixel", 1, 1, noise},
		{"noise", 97, 31, noise},
		{"larger than a chunk", 300, 200, noise},
		{"flat", 64, 40, func(x, y int) color.RGBA { return paper }},
		{"rows", 64, 40, func(x, y int) color.RGBA { return color.RGBA{uint8(7 * y), uint8(y), 3, 255} }},
		{"columns", 64, 40, func(x, y int) color.RGBA { return color.RGBA{uint8(7 * x), uint8(x), 3, 255} }},
		{"a slope", 64, 40, func(x, y int) color.RGBA { return color.RGBA{uint8(7*x + 3*y), uint8(x + y), uint8(5*y - x), 255} }},
		{"transparent", 9, 9, func(x, y int) color.RGBA { return color.RGBA{1, 2, 3, uint8(3 + x)} }},
	} {
		// The image is a part of another one.
		whole := image.NewRGBA(image.Rect(-3, 5, c.width+4, c.height+9))
		m := whole.SubImage(image.Rect(0, 7, c.width, 7+c.height)).(*image.RGBA)
		for y := range c.height {
			for x := range c.width {
				m.SetRGBA(x, 7+y, c.at(x, y))
			}
		}
		var ours, theirs bytes.Buffer
		if err := encode(&ours, m); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if err := png.Encode(&theirs, m); err != nil {
			t.Fatal(err)
		}
		if ours.Len() > 2*theirs.Len() {
			t.Errorf("%s: %d bytes, image/png writes %d", c.name, ours.Len(), theirs.Len())
		}
		got, err := png.Decode(&ours)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		want, err := png.Decode(&theirs)
		if err != nil {
			t.Fatal(err)
		}
		for y := range c.height {
			for x := range c.width {
				if a, b := got.At(x, y), want.At(x, y); a != b {
					t.Fatalf("%s: pixel %d, %d is %v, want %v", c.name, x, y, a, b)
				}
			}
		}
	}
}

// failing is a writer that fails after some bytes.
type failing struct{ left int }

func (f *failing) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errors.New("full")
	}
	return len(b), nil
}

func TestEncodeFails(t *testing.T) {
	m := newCanvas(50, 40).RGBA
	var whole bytes.Buffer
	if err := encode(&whole, m); err != nil {
		t.Fatal(err)
	}
	for n := range whole.Len() {
		if err := encode(&failing{n}, m); err == nil {
			t.Fatalf("no error, although only %d of %d bytes were written", n, whole.Len())
		}
	}
}
