package demo

import (
	"bytes"
	"flag"
	"hash/crc32"
	"image"
	"image/draw"
	"image/png"
	"os"
	"strings"
	"testing"
)

var sheet = flag.String("sheet", "", "write a PNG `file` with sixty of the images, to look at them")

// The pixels are the same on every machine. A change of the drawings needs a new Version.
func TestPixels(t *testing.T) {
	if Version != 1 {
		t.Error("the version has changed: update the sums")
	}
	s := New(2000, 1)
	for _, c := range []struct {
		i   int
		sum uint32
	}{
		{0, 0xb1b9469c}, {1, 0xb1bb0ce6}, {7, 0x44cd3788}, {1000, 0x64707fc9}, {1001, 0xfda473de}, {1999, 0x1e6ec6a7},
	} {
		if got := crc32.ChecksumIEEE(s.Image(c.i).Pix); got != c.sum {
			t.Errorf("{%d, %#x}", c.i, got)
		}
	}
}

func TestSet(t *testing.T) {
	s := New(5, 3)
	var names []string
	for i := range s.Len() {
		names = append(names, s.Filename(i))
		if !strings.HasPrefix(names[i], s.Label(i)+".") {
			t.Error(names[i], s.Label(i))
		}
	}
	if got := strings.Join(names, " "); got != "cat.0.png cat.1.png cat.2.png dog.0.png dog.1.png" {
		t.Error(got)
	}
	// A larger set begins with the images of a smaller one. Another seed gives another set.
	if !bytes.Equal(s.Image(4).Pix, New(100, 3).Image(51).Pix) || New(100, 3).Identity(51) != s.Identity(4) {
		t.Error("dog.1 depends on the number of images")
	}
	if bytes.Equal(s.Image(4).Pix, New(5, 4).Image(4).Pix) || New(5, 4).Identity(4) == s.Identity(4) {
		t.Error("dog.1 does not depend on the seed")
	}
	if bytes.Equal(s.Image(0).Pix, s.Image(1).Pix) {
		t.Error("two cats are the same")
	}
	var b bytes.Buffer
	if err := s.WritePNG(&b, 2); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	back := image.NewRGBA(img.Bounds())
	draw.Draw(back, back.Rect, img, image.Point{}, draw.Src)
	if img.Bounds() != image.Rect(0, 0, Size, Size) || !bytes.Equal(back.Pix, s.Image(2).Pix) {
		t.Error("the file has other pixels")
	}
}

// No image has nearly one color only: something is drawn in each.
func TestSomethingIsDrawn(t *testing.T) {
	s := New(60, 2)
	for i := range s.Len() {
		var sum, squares int
		p := s.Image(i).Pix
		for k := 1; k < len(p); k += 4 {
			sum += int(p[k])
			squares += int(p[k]) * int(p[k])
		}
		n := len(p) / 4
		if v := squares/n - sum/n*(sum/n); v < 100 {
			t.Errorf("%s: the variance of its green is %d", s.Filename(i), v)
		}
	}
}

func TestParse(t *testing.T) {
	for name, want := range map[string]string{
		"demo:cats-and-dogs":             "demo:cats-and-dogs?n=2000&seed=1",
		"demo:cats-and-dogs?n=10&seed=9": "demo:cats-and-dogs?n=10&seed=9",
		"demo:cats-and-dogs?seed=2":      "demo:cats-and-dogs?n=2000&seed=2",
	} {
		if s, err := Parse(name); err != nil || s.Name() != want {
			t.Errorf("%s: %v %v", name, s, err)
		}
	}
	for name, want := range map[string]string{
		"cats-and-dogs":                    "does not begin with demo:",
		"demo:lynxes":                      `unknown demo "lynxes"`,
		"demo:cats-and-dogs?n=x":           "want a number of images",
		"demo:cats-and-dogs?n=99999999999": "want a number of images",
		"demo:cats-and-dogs?seed=-1":       "want a whole number",
		"demo:cats-and-dogs?size=3":        `unknown setting "size"`,
		"demo:cats-and-dogs?%zz":           "invalid URL escape",
	} {
		if _, err := Parse(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

func TestSheet(t *testing.T) {
	if *sheet == "" {
		t.Skip("without -sheet FILE there is nothing to write")
	}
	const columns, side = 10, Size + 2
	s := New(2000, 1)
	img := image.NewRGBA(image.Rect(0, 0, columns*side, 6*side))
	for i := range 60 {
		at := image.Pt(i%columns*side, i/columns*side)
		draw.Draw(img, image.Rectangle{at, at.Add(image.Pt(Size, Size))}, s.Image(i/2+i%2*1000), image.Point{}, draw.Src)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*sheet, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkImage(b *testing.B) {
	s := New(2000, 1)
	for i := 0; b.Loop(); i++ {
		s.Image(i % s.Len())
	}
}

// Images that are too many to be kept are the same when they are drawn a second time.
func TestWritePNGTwice(t *testing.T) {
	s := New(10, 3)
	kept = files{size: maxKept - 3*(Size*Size*3+1000)} // room for three
	defer func() { kept = files{} }()
	var first [][]byte
	for round := range 2 {
		for i := range s.Len() {
			var b bytes.Buffer
			if err := s.WritePNG(&b, i); err != nil {
				t.Fatal(err)
			}
			if round == 0 {
				first = append(first, b.Bytes())
			} else if !bytes.Equal(b.Bytes(), first[i]) {
				t.Errorf("image %d differs", i)
			}
		}
	}
	if n := len(kept.list); n != 3 || kept.size > maxKept {
		t.Errorf("%d files with %d bytes are kept, want 3", n, kept.size)
	}
}
