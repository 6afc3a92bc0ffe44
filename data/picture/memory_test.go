package picture

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// TestLargeDecoder checks which images a Decoder and a LargeDecoder read, by their headers. Images with nearly MaxPixels pixels are white, and their files are as small as Pillow's.
func TestLargeDecoder(t *testing.T) {
	for _, c := range []struct {
		name        string
		w, h        int
		memory      int64 // of a pixel while it is decoded
		file        int
		usual, high bool
	}{
		{"white page at 600 dpi", 4961, 7016, 2, 48 << 10, true, true},
		{"white photo of 45 megapixels", 8192, 5464, 0, 600 << 10, true, true},
		{"photo of a phone", 12000, 9000, 0, 10_000_000, false, true},
		{"photo of a phone with all pixels", 16320, 12240, 0, 60_000_000, false, false}, // 200 megapixels are too many for Pillow, too
		{"JPEG", 16380, 10920, 0, 2_798_195, false, true},
		{"progressive JPEG", 16380, 10920, 3, 1_050_789, false, true},
		{"PNG", 16380, 10920, 4, 552_710, false, true},
		{"WebP", 16380, 10920, 8, 318_398, false, false}, // 1.4 GB
		{"WebP of 12 megapixels less", 15000, 10920, 8, 400_000, false, true},
		{"GIF", 16380, 10920, 5, 133_742, false, false},
		{"lossless WebP", 16380, 10920, 8, 6_892, false, false},
		{"TIFF with Group 4", 16380, 10920, 2, 11_402, false, false},
		{"drawing in a TIFF with Group 4", 14043, 9933, 2, 200_000, false, true},
		{"forged header", 16380, 10920, 4, 122, false, false},
		{"forged header of a large file", 13000, 13000, 24, 100 << 10, false, false},
		{"more than 2 GiB", 13000, 13000, 24, 50 << 20, false, false},
		{"more than 2 GiB in a file that is as large", 12000, 9000, 24, 200 << 20, true, true},
	} {
		check := func(d *Decoder) error {
			return d.checkSize("file", c.w, c.h, c.memory*int64(c.w)*int64(c.h), 3, c.file)
		}
		millions := (c.w*c.h + 999_999) / 1_000_000
		for _, d := range []struct {
			name string
			d    *Decoder
			ok   bool
		}{
			{"Decoder", new(Decoder), c.usual},
			{"LargeDecoder", LargeDecoder(c.file, 0), c.high},
			{"LargeDecoder with enough pixels", LargeDecoder(c.file, millions*1_000_000), true},
			{"LargeDecoder with too few pixels", LargeDecoder(c.file, c.w*c.h-1), false},
		} {
			err := check(d.d)
			if (err == nil) != d.ok {
				t.Errorf("%s of %dx%d pixels in %d bytes, %s: %v", c.name, c.w, c.h, c.file, d.name, err)
			}
			if want := fmt.Sprintf("use --max-pixels %d (in millions", millions); err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", c.name, err, want)
			}
		}
	}
}

// TestLargeResult checks the limits of images that become large when they are padded or resized.
func TestLargeResult(t *testing.T) {
	wide := Image{H: 400, W: 20000, C: 3}
	for _, c := range []struct {
		d    *Decoder
		o    Options
		want string
	}{
		{new(Decoder), Options{Height: 8, Width: 8, PadToAspectRatio: true},
			"an image of 20000x400 pixels would become, padded with zeros, 20000x20000 pixels: at most 178956970 pixels are supported; if the file is right, use --max-pixels 400 "},
		{new(Decoder), Options{Height: 10, Width: 20, PadToAspectRatio: true}, "20000x10000 pixels: at most"},
		{new(Decoder), Options{Height: 10, Width: 25, PadToAspectRatio: true}, "20000x8000 pixels: this needs 457 MiB of memory, and a file of 400000 bytes may use only 256 MiB; if"},
		{LargeDecoder(400_000, 0), Options{Height: 10, Width: 25, PadToAspectRatio: true}, ""},
		{LargeDecoder(400_000, 0), Options{Height: 10, Width: 20, PadToAspectRatio: true}, "at most"},
		{LargeDecoder(400_000, 200_000_000), Options{Height: 10, Width: 20, PadToAspectRatio: true}, ""},
		{new(Decoder), Options{ShortSide: 1500}, "would become, resized to a shorter side of 1500, 75000x1500 pixels: this needs 321 MiB"},
		{LargeDecoder(400_000, 0), Options{ShortSide: 1500}, ""},
		{LargeDecoder(400_000, math.MaxInt), Options{ShortSide: MaxPixels}, "at most"},
	} {
		img, h, w := wide, c.o.Height, c.o.Width
		var err error
		if c.o.PadToAspectRatio { // as pad, without its memory
			h, w = img.W*h/w, img.W
			err = c.d.checkResult("padded with zeros", img, h, w, img.C, 400_000)
		} else {
			_, _, err = c.d.target(img, c.o, img.C, 400_000)
		}
		var large *PixelsError
		switch {
		case c.want == "" && err != nil, c.want != "" && (!errors.As(err, &large) || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%+v, %+v: %v, want %q", c.d.large, c.o, err, c.want)
		}
	}
}

// TestMostMillions checks that a limit is proposed only if --max-pixels takes it.
func TestMostMillions(t *testing.T) {
	for side, want := range map[int]string{40000: "use --max-pixels 1600 ", 46000: "use --max-pixels 2116 ", 65535: "at most 2147 million with --max-pixels; if the file is right, make the image smaller"} {
		if err := (&PixelsError{Format: "GIF", Width: side, Height: side, Limit: MaxPixels}).Error(); !strings.Contains(err, want) {
			t.Errorf("%d: %s", side, err)
		}
	}
}
