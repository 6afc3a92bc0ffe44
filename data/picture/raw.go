package picture

import (
	"bytes"
	"fmt"
	"slices"
)

// rawName begins the names of the formats in which cameras write the values of their sensors.
const rawName = "camera raw"

// Tags of TIFF files by which raw photos are recognized.
const (
	tiffKind       = 254 // bit 0: the image is a smaller version of another one
	tiffMake       = 271
	tiffSubfiles   = 330
	tiffDNGVersion = 50706
)

// sensorColors are the values of tiffPhotometric of the values of a sensor.
var sensorColors = []int{32803, 34892}

// rawMakers has the formats of makers of cameras, by the start of the maker's name.
var rawMakers = []struct{ maker, format string }{
	{"NIKON", "NEF"}, {"SONY", "ARW"}, {"PENTAX", "PEF"}, {"RICOH", "PEF"}, {"SAMSUNG", "SRW"}, {"HASSELBLAD", "3FR"}, {"EPSON", "ERF"}, {"KODAK", "DCR"}, {"EASTMAN KODAK", "DCR"}, {"CANON", "CR2"}, {"LEICA", "DNG"},
	{"PHASE ONE", "IIQ"}, {"LEAF", "MOS"}, {"MAMIYA", "MEF"},
}

// rawTIFF returns the name of the format if a TIFF file is a raw photo: then its first image is a small preview, or the values of the sensor. It returns "" for other files.
func rawTIFF(data []byte) string {
	t, ok := tiffDirectory(data)
	if !ok {
		return ""
	}
	one := func(tag uint16) int {
		if v, err := t.numbers(tag); err == nil && len(v) > 0 {
			return v[0]
		}
		return 0
	}
	has := func(tag uint16) bool {
		kind, _, _, err := t.value(tag)
		return err == nil && kind != 0
	}
	preview := one(tiffKind)&1 != 0
	sensor := slices.Contains(sensorColors, one(tiffPhotometric))
	_, _, maker, err := t.value(tiffMake)
	if err != nil {
		maker = nil
	}
	maker = bytes.ToUpper(bytes.TrimSpace(maker))
	switch {
	case len(data) > 9 && string(data[8:10]) == "CR":
		return rawName + " (CR2)"
	case (preview || sensor) && has(tiffDNGVersion):
		return rawName + " (DNG)"
	case sensor, preview && has(tiffSubfiles) && len(maker) > 0:
		for _, m := range rawMakers {
			if bytes.HasPrefix(maker, []byte(m.maker)) {
				return rawName + " (" + m.format + ")"
			}
		}
		return rawName
	}
	return ""
}

// rawError is the error of a raw photo in a TIFF file.
func rawError(name string, data []byte) error {
	err := unsupported(name)
	if t, ok := tiffDirectory(data); ok {
		w, _ := t.numbers(tiffWidth)
		h, _ := t.numbers(tiffHeight)
		if kind, _ := t.numbers(tiffKind); len(kind) > 0 && kind[0]&1 != 0 && len(w) == 1 && len(h) == 1 {
			return fmt.Errorf("the first image in the file is only a preview of %dx%d pixels: %w", w[0], h[0], err)
		}
	}
	return err
}
