package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"testing"
)

// floatTIFF returns a TIFF file of one row of floating-point gray.
func floatTIFF(values ...float32) []byte {
	order := binary.LittleEndian
	var b bytes.Buffer
	b.WriteString("II*\x00\x08\x00\x00\x00")
	tags := [][3]uint32{
		{256, 4, uint32(len(values))}, {257, 4, 1}, {258, 3, 32}, {259, 3, 1}, {262, 3, 1}, {273, 4, 0}, {277, 3, 1}, {278, 4, 1}, {279, 4, uint32(4 * len(values))}, {339, 3, 3},
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

// TestFloats decodes floating-point gray, whose values are cut off and lose their fractions, as Pillow's do. FloatRange returns the range of the values.
func TestFloats(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	var d Decoder
	for _, c := range []struct {
		values []float32
		pix    []byte
		said   string
	}{
		{[]float32{0, .25, .999, 1}, []byte{0, 0, 0, 1}, "0 1 true"},
		{[]float32{-3, 1.9, 254.9, 300}, []byte{0, 1, 254, 255}, "-3 300 true"},
		{[]float32{nan, inf, -inf, 7}, []byte{0, 255, 0, 7}, "7 7 true"},
		{[]float32{nan}, []byte{0}, "0 0 false"},
	} {
		file := floatTIFF(c.values...)
		img, err := d.Decode(file, Grayscale)
		least, most, ok := d.FloatRange()
		if err != nil || !bytes.Equal(img.Pix, c.pix) || fmt.Sprint(least, most, ok) != c.said {
			t.Errorf("%v: %v %v, range %v %v %v, want %v and %s", c.values, img.Pix, err, least, most, ok, c.pix, c.said)
		}
		if DepthOf(file) != Floating {
			t.Errorf("%v: depth %v", c.values, DepthOf(file))
		}
	}
	if _, err := d.Decode([]byte("P5 1 1 255\n7"), Grayscale); err != nil {
		t.Error(err)
	}
	if _, _, ok := d.FloatRange(); ok {
		t.Error("an image of whole numbers has the range of the image before")
	}
}

// TestDepthOf finds the files whose values may not fit into 8 bits by their headers, in all formats.
func TestDepthOf(t *testing.T) {
	for name, want := range map[string]Depth{
		"tiff/float-be.tif": Floating, "tiff/float-le-predictor.tif": Floating, "tiff/gray16-be-0.tif": Deep, "tiff/unsigned32-be.tif": Deep,
		"tiff/rgb16-be-big.tif": Shallow, "tiff/gray8-0-order2.tif": Shallow,
	} {
		if got := DepthOf(readFile(t, name)); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	for text, want := range map[string]Depth{"P5 1 1 65535\n12": Deep, "P2 1 1 300 7": Deep, "P5 1 1 255\n7": Shallow, "P6 1 1 65535\n123456": Shallow, "P5": Shallow, "II*\x00": Shallow, "": Shallow} {
		if got := DepthOf([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
