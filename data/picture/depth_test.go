package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"testing"
)

// floatTIFF returns a TIFF file of one row of floating-point gray.
func floatTIFF(values ...float32) []byte { return grayTIFF(32, 3, values) }

// grayTIFF returns a TIFF file of one row of gray: values is a slice of numbers of bits bits, in the sample format 1 (whole numbers), 2 (signed) or 3 (floating-point).
func grayTIFF[T uint16 | int16 | uint32 | int32 | float32](bits, format uint32, values []T) []byte {
	order := binary.LittleEndian
	var b bytes.Buffer
	b.WriteString("II*\x00\x08\x00\x00\x00")
	tags := [][3]uint32{
		{256, 4, uint32(len(values))}, {257, 4, 1}, {258, 3, bits}, {259, 3, 1}, {262, 3, 1}, {273, 4, 0}, {277, 3, 1}, {278, 4, 1}, {279, 4, uint32(len(values)) * bits / 8}, {339, 3, format},
	}
	end := 8 + 2 + 12*len(tags) + 4
	_ = binary.Write(&b, order, uint16(len(tags)))
	for _, t := range tags {
		if t[0] == 273 {
			t[2] = uint32(end)
		}
		_ = binary.Write(&b, order, []uint16{uint16(t[0]), uint16(t[1])})
		_ = binary.Write(&b, order, []uint32{1, t[2]})
	}
	_ = binary.Write(&b, order, uint32(0))
	_ = binary.Write(&b, order, values)
	return b.Bytes()
}

// TestFloats decodes floating-point gray, whose values are cut off and lose their fractions, as Pillow's do. Levels describes them.
func TestFloats(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	var d Decoder
	for _, c := range []struct {
		values []float32
		pix    []byte
		lost   int
		said   string
	}{
		{[]float32{0, .25, .999, 1}, []byte{0, 0, 0, 1}, 0, "0 1"},
		{[]float32{-3, 1.9, 254.9, 300}, []byte{0, 1, 254, 255}, 2, "-3 300"},
		{[]float32{nan, inf, -inf, 7}, []byte{0, 255, 0, 7}, 3, "7 7"},
		{[]float32{nan}, []byte{0}, 1, "0 0"},
	} {
		file := floatTIFF(c.values...)
		img, err := d.Decode(file, Grayscale)
		l := d.Levels()
		if err != nil || !bytes.Equal(img.Pix, c.pix) || fmt.Sprint(l.Least, l.Most) != c.said || l.Lost != c.lost || l.Pixels != len(c.values) {
			t.Errorf("%v: %v %v, %+v, want %v, %d lost, and %s", c.values, img.Pix, err, l, c.pix, c.lost, c.said)
		}
		if DepthOf(file) != Floating {
			t.Errorf("%v: depth %v", c.values, DepthOf(file))
		}
	}
	if _, err := d.Decode([]byte("P5 1 1 255\n7"), Grayscale); err != nil {
		t.Error(err)
	}
	if l := d.Levels(); l != (Levels{}) {
		t.Errorf("an image of 8 bits has the levels of the image before: %+v", l)
	}
}

// TestGrayRange scales a range of values to 8 bits, in all formats that have more, and counts those outside it. Without a range, values are cut off
// at 0 and 255.
func TestGrayRange(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		name string
		file []byte
		keep [2]float64
		want []byte
		lost int
	}{
		{"int16", grayTIFF(16, 2, []int16{-1024, -1, 0, 255, 256, 3071}), [2]float64{}, []byte{0, 0, 0, 255, 255, 255}, 4},
		{"int16 scaled", grayTIFF(16, 2, []int16{-1024, -1, 0, 255, 256, 3071}), [2]float64{-1024, 3071}, []byte{0, 64, 64, 80, 80, 255}, 0},
		{"uint16", grayTIFF(16, 1, []uint16{0, 255, 32768, 65535}), [2]float64{}, []byte{0, 255, 255, 255}, 2},
		{"uint16 scaled", grayTIFF(16, 1, []uint16{0, 128, 129, 385, 386, 32768, 65535}), [2]float64{0, 65535}, []byte{0, 0, 1, 1, 2, 128, 255}, 0},
		{"int32", grayTIFF(32, 2, []int32{-5, 7, 70000}), [2]float64{}, []byte{0, 7, 255}, 2},
		{"int32 scaled", grayTIFF(32, 2, []int32{-5, 7, 70000}), [2]float64{0, 70000}, []byte{0, 0, 255}, 1},
		{"uint32", grayTIFF(32, 1, []uint32{7, 1 << 31}), [2]float64{}, []byte{7, 0}, 1}, // Pillow takes them as signed
		{"uint32 scaled", grayTIFF(32, 1, []uint32{7, 1 << 31, 1<<32 - 1}), [2]float64{0, 1<<32 - 1}, []byte{0, 128, 255}, 0},
		{"float scaled", floatTIFF(0, .5, 1, 1.5, nan), [2]float64{0, 1}, []byte{0, 128, 255, 255, 0}, 2},
		{"PGM", []byte("P5 2 1 65535\n\x01\x00\xff\xff"), [2]float64{}, []byte{255, 255}, 2},
		{"PGM scaled", []byte("P5 2 1 65535\n\x01\x00\xff\xff"), [2]float64{0, 65535}, []byte{1, 255}, 0},
		{"8 bits", []byte("P5 2 1 255\n\x01\xff"), [2]float64{0, 65535}, []byte{1, 255}, 0},
		{"colors", []byte("P6 1 1 65535\n\x01\x00\x80\x00\xff\xff"), [2]float64{0, 1000}, []byte{1, 128, 255}, 0}, // as before
	} {
		var d Decoder
		img, err := d.Load(c.file, Options{GrayRange: c.keep})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var want []byte
		for _, v := range c.want {
			want = append(want, v, v, v)
		}
		if len(c.want) == img.H*img.W*img.C {
			want = c.want
		}
		if !bytes.Equal(img.Pix, want) || d.Levels().Lost != c.lost {
			t.Errorf("%s: %v, lost %d; want %v and %d", c.name, img.Pix, d.Levels().Lost, want, c.lost)
		}
		gray, err := d.Load(c.file, Options{GrayRange: c.keep, ColorMode: Grayscale})
		if scaled := c.keep != [2]float64{}; scaled && err != nil {
			t.Errorf("%s as grayscale: %v", c.name, err)
		} else if scaled && c.name != "colors" && !bytes.Equal(gray.Pix, c.want) {
			t.Errorf("%s as grayscale: %v", c.name, gray.Pix)
		}
	}
	for _, keep := range [][2]float64{{1, 1}, {5, 2}, {0, math.NaN()}, {0, math.Inf(1)}, {-math.MaxFloat64, math.MaxFloat64}} {
		if _, err := Load([]byte("P5 1 1 255\n7"), Options{GrayRange: keep}); err == nil {
			t.Errorf("%v: no error", keep)
		}
	}
}

// TestDepthOf finds the files whose values may not fit into 8 bits by their headers, in all formats.
func TestDepthOf(t *testing.T) {
	for name, want := range map[string]Depth{
		"tiff/float-be.tif": Floating, "tiff/float-le-predictor.tif": Floating, "tiff/gray16-be-0.tif": Deep, "tiff/unsigned32-be.tif": Deep,
		"tiff/rgb16-be-big.tif": DeepColors, "tiff/gray8-0-order2.tif": Shallow,
	} {
		if got := DepthOf(readFile(t, name)); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	for text, want := range map[string]Depth{"P5 1 1 65535\n12": Deep, "P2 1 1 300 7": Deep, "P5 1 1 255\n7": Shallow, "P6 1 1 65535\n123456": DeepColors, "P5": Shallow, "II*\x00": Shallow, "": Shallow} {
		if got := DepthOf([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// TestWarning checks what is said about images that lose values.
func TestWarning(t *testing.T) {
	for want, l := range map[string]Levels{
		"more than 8 bits of gray per pixel; 92% of the pixels are above 255 and become white, as in Keras":                                                                                                  {Depth: Deep, Pixels: 100, Lost: 92, Most: 4095},
		"more than 8 bits of gray per pixel; fewer than 1% of the pixels are outside the range 0:4095 of --gray-range and become black or white":                                                             {Depth: Deep, Pixels: 1000, Lost: 1, Most: 5000, Range: [2]float64{0, 4095}},
		"16 bits per color, with values up to 4095 of 65535. As in Keras, only the upper 8 bits are kept, so the images become nearly black, with values up to 15 of 255":                                    {Depth: DeepColors, Pixels: 4, Most: 4095},
		"floating-point gray, with values from 0 to 0.5. As in Keras, they are cut off at 0 and 255 and lose their fractions; nearly all become 0 (black)":                                                   {Depth: Floating, Pixels: 4, Most: .5},
		"floating-point gray, with values from -1 to 9. As in Keras, they are cut off at 0 and 255 and lose their fractions; 25% of the pixels are below 0 and become black; the images become nearly black": {Depth: Floating, Pixels: 4, Lost: 1, Least: -1, Most: 9},
	} {
		if got := l.Warning(); got != want {
			t.Errorf("%+v: %q, want %q", l, got, want)
		}
	}
	for _, l := range []Levels{{}, {Depth: DeepColors, Pixels: 9, Most: 8447}, {Depth: Deep, Pixels: 9, Most: 200}, {Depth: Floating, Pixels: 9, Most: 200}, {Depth: Floating, Pixels: 9, Most: 1, Range: [2]float64{0, 1}}} {
		if got := l.Warning(); got != "" {
			t.Errorf("%+v: %q, want nothing", l, got)
		}
	}
}
