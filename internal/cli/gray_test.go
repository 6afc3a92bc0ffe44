package cli

import (
	"bytes"
	bits "encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
)

// TestSixteenBits warns of 16-bit images, whose values are cut off.
func TestSixteenBits(t *testing.T) {
	plots(t)
	workIn(t)
	deep := func(seed int) []byte {
		m := image.NewGray16(image.Rect(0, 0, 40, 40))
		for i := range 1600 {
			m.SetGray16(i%40, i/40, color.Gray16{Y: uint16(100 + seed + i)})
		}
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	all := map[string][]byte{}
	for i := range 4 {
		all[fmt.Sprintf("set/a/%d.png", i)], all[fmt.Sprintf("set/b/%d.png", i)] = deep(i), deep(50+i)
	}
	put(t, ".", all)
	o := succeed(t, "train", "set", "--model", network("two.json"), "--epochs", "1", "--out", "r")
	contains(t, "the warning", o.stderr, "8 images have more than 8 bits of gray per pixel; 92% of the pixels are above 255 and become white, as in Keras", "train with --gray-range 0:4095, which scales")
	if d := runRecord(t).Data; d.Deep != 8 || d.CutPixels == 0 {
		t.Errorf("%+v", d)
	}
	// The images are not checked in advance.
	o = succeed(t, "train", "set", "--model", network("two.json"), "--epochs", "2", "--no-precheck", "--out", "r2")
	contains(t, "the warning", o.stderr, "8 images have more than 8 bits of gray per pixel; 92% of the pixels are above 255")
	if n := strings.Count(o.stderr, "more than 8 bits"); n != 1 {
		t.Errorf("%d warnings", n)
	}
	if d := decode[record](t, read(t, "r2", "run.json")).Data; d.Deep != 8 || d.CutPixels == 0 {
		t.Errorf("%+v", d)
	}
	for _, command := range [][]string{{"predict", "r/model.keras", "set"}, {"predict", "r/model.keras", "set", "--json"}, {"evaluate", "r/model.keras", "set"}, {"evaluate", "r/model.keras", "set", "--no-precheck"}, {"features", "r/model.keras", "set", "--out", "f.csv"}} {
		o := succeed(t, command...)
		if n := strings.Count(o.stderr, "8 images have more than 8 bits of gray per pixel; 92% of the pixels are above 255"); n != 1 {
			t.Errorf("%v: %d warnings: %s", command, n, o.stderr)
		}
	}
	contains(t, "show", succeed(t, "show", "set/a/0.png", "--no-image").stderr, "1 image has more than 8 bits of gray")
	contains(t, "data", succeed(t, "data", "set").stdout, "8 images have more than 8 bits of gray per pixel", "--gray-range")

	// With --gray-range, the values are scaled in every command that uses the model, and nothing is lost.
	for i, flags := range [][]string{nil, {"--cache", "0"}, {"--no-precheck"}} {
		o = succeed(t, append([]string{"train", "set", "--model", network("two.json"), "--epochs", "1", "--gray-range", "0:4095", "--out", fmt.Sprint("r", 3+i)}, flags...)...)
		if strings.Contains(o.stderr, "8 bits") {
			t.Errorf("%v: %s", flags, o.stderr)
		}
	}
	r := decode[record](t, read(t, "r3", "run.json"))
	if d := r.Data; d.Deep != 8 || d.CutPixels != 0 || r.Settings["gray_range"] != "0:4095" {
		t.Errorf("%+v, %v", d, r.Settings["gray_range"])
	}
	m, err := lince.Open("r3/model.keras")
	if err != nil {
		t.Fatal(err)
	}
	if d := m.Preprocessing[0].(preprocess.Decode); d.GrayRange != [2]float64{0, 4095} {
		t.Errorf("%+v", d)
	}
	for _, command := range [][]string{{"predict", "r3/model.keras", "set"}, {"evaluate", "r3/model.keras", "set"}, {"evaluate", "r3/model.keras", "set", "--no-precheck"}, {"features", "r3/model.keras", "set", "--out", "f3.csv"},
		{"show", "set/a/0.png", "--model", "r3/model.keras", "--no-image"}, {"show", "set/a/0.png", "--gray-range", "0:4095", "--no-image"}, {"train", "set", "--model", "r3/model.keras", "--epochs", "1", "--out", "r6"}} {
		if o := succeed(t, command...); strings.Contains(o.stderr, "8 bits") {
			t.Errorf("%v: %s", command, o.stderr)
		}
	}
	if read(t, ".", "f3.csv") == read(t, ".", "f.csv") {
		t.Error("the features do not depend on --gray-range")
	}
	// Values outside the range are counted.
	contains(t, "a window", succeed(t, "show", "set/a/0.png", "--gray-range", "0:1000", "--no-image").stderr, "44% of the pixels are outside the range 0:1000 of --gray-range and become black or white")
	for _, bad := range []string{"65535", "5:5", "9:1", "a:b", "0:Inf", "NaN:1"} {
		if o := run(t, "train", "set", "--gray-range", bad); o.code != exitUsage || !strings.Contains(o.stderr, "must be LOW:HIGH, the values that become black and white, such as 0:65535") {
			t.Errorf("%s: exit code %d: %s", bad, o.code, o.stderr)
		}
	}
	put(t, ".", map[string][]byte{"flat/a/1.ppm": []byte("P6 1 1 255\nabc"), "flat/b/1.ppm": []byte("P6 1 1 255\nxyz"), "flat/a/2.ppm": []byte("P6 1 1 255\nabd"), "flat/b/2.ppm": []byte("P6 1 1 255\nxyy")})
	contains(t, "8 bits", succeed(t, "train", "flat", "--model", network("two.json"), "--epochs", "1", "--gray-range", "0:4095", "--out", "r7").stderr, "--gray-range 0:4095 has no effect")
}

// floatTIFF returns a TIFF file of one row of floating-point gray.
func floatTIFF(values []float32) []byte {
	var b bytes.Buffer
	n := uint16(len(values))
	const entries, end = 10, 8 + 2 + 10*12 + 4
	_ = bits.Write(&b, bits.LittleEndian, []uint16{'I' | 'I'<<8, 42, 8, 0, entries})
	for _, tag := range [entries][2]uint16{{256, n}, {257, 1}, {258, 32}, {259, 1}, {262, 1}, {273, end}, {277, 1}, {278, 1}, {279, 4 * n}, {339, 3}} {
		_ = bits.Write(&b, bits.LittleEndian, []uint16{tag[0], 3, 1, 0, tag[1], 0})
	}
	_ = bits.Write(&b, bits.LittleEndian, uint32(0))
	_ = bits.Write(&b, bits.LittleEndian, values)
	return b.Bytes()
}

// TestFloatImages warns of floating-point images, whose values from 0 to 1 become black.
func TestFloatImages(t *testing.T) {
	workIn(t)
	all := map[string][]byte{}
	for i := range 8 {
		values := make([]float32, 64)
		for k := range values {
			values[k] = float32((k*(i+1))%64) / 126
		}
		all[fmt.Sprintf("set/%c/%d.tif", 'a'+i%2, i)] = floatTIFF(values)
	}
	put(t, ".", all)
	o := succeed(t, "train", "set", "--model", network("two.json"), "--epochs", "1", "--out", "r")
	contains(t, "the warning", o.stderr, "8 images have floating-point gray, with values from", "nearly all become 0 (black)", "train with --gray-range 0:1")
	if d := runRecord(t).Data; d.Floating != 8 || d.Deep != 0 {
		t.Errorf("%+v", d)
	}
	contains(t, "predict", succeed(t, "predict", "r/model.keras", "set/a").stderr, "4 images have floating-point gray, with values from 0 to")
	contains(t, "show", succeed(t, "show", "set/a/0.tif", "--no-image").stderr, "1 image has floating-point gray")
	contains(t, "data", succeed(t, "data", "set").stdout, "8 images have floating-point gray; values are cut off at 0 and 255")
	contains(t, "data --check", succeed(t, "data", "set", "--check").stdout, "8 images have floating-point gray, with values from 0 to 0.5 in the files;")
}

// TestDeepColors checks that colors of 16 bits with values of 12 bits, which become nearly black, are named with a way to scale them, and others are not.
func TestDeepColors(t *testing.T) {
	workIn(t)
	for i := range 8 {
		for folder, top := range map[string]int{"dark": 4095, "full": 65535} {
			m := image.NewNRGBA64(image.Rect(0, 0, 16, 16))
			for k := range 256 {
				v := uint16((k*31 + i*7) % 256 * top / 255)
				m.SetNRGBA64(k%16, k/16, color.NRGBA64{R: v, G: v / 2, B: v / 3, A: 65535})
			}
			var b bytes.Buffer
			if err := png.Encode(&b, m); err != nil {
				t.Fatal(err)
			}
			put(t, folder, map[string][]byte{fmt.Sprintf("%s.%d.png", []string{"cat", "dog"}[i%2], i): b.Bytes()})
		}
	}
	const says, how = "8 images have 16 bits per color", "gdal_translate -of PNG -ot Byte -scale 0 4095 0 255 FILE FILE.8.png"
	contains(t, "lince data", succeed(t, "data", "dark").stdout, says+", of which the upper 8 are kept, as in Keras")
	train := []string{"train", "--model", network("two.json"), "--epochs", "1", "-q", "--overwrite", "--out", "r"}
	contains(t, "training", succeed(t, append(train, "dark")...).stderr, says+", with values up to 4095 of 65535", how)
	contains(t, "--gray-range", succeed(t, append(train, "dark", "--gray-range", "0:4095")...).stderr, "has no effect", "does not change colors of 16 bits", how)
	contains(t, "lince predict", succeed(t, "predict", "r/best.keras", "dark").stderr, says, how)
	if o := succeed(t, append(train, "full")...); strings.Contains(o.stderr, "16 bits per color") {
		t.Error(o.stderr)
	}
}
