package report

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/jpeg"
	"math"

	"golang.org/x/image/draw"
)

// imageSide is the largest side of an image in a page, in pixels. Images of at most pixelSide stay exact.
const (
	imageSide = 192
	pixelSide = 64
)

// imageURL returns an image as a data URL: PNG for small images, else JPEG on a background of mid-gray.
func imageURL(m image.Image) (template.URL, error) {
	b := m.Bounds()
	var out bytes.Buffer
	if max(b.Dx(), b.Dy()) <= pixelSide {
		if err := encode(&out, m); err != nil {
			return "", err
		}
		return dataURL("image/png", out.Bytes()), nil
	}
	w, h := b.Dx(), b.Dy()
	if most := max(w, h); most > imageSide {
		w, h = max(1, w*imageSide/most), max(1, h*imageSide/most)
	}
	to := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(to, to.Rect, image.NewUniform(color.Gray{128}), image.Point{}, draw.Src)
	draw.CatmullRom.Scale(to, to.Rect, m, b, draw.Over, nil)
	if err := jpeg.Encode(&out, to, &jpeg.Options{Quality: 85}); err != nil {
		return "", err
	}
	return dataURL("image/jpeg", out.Bytes()), nil
}

// dataURL returns a file as a URL.
func dataURL(kind string, file []byte) template.URL {
	return template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(file)) //nolint:gosec // base64 needs no escaping
}

// heatColors are the colors of heat maps from 0 to 1: matplotlib's inferno, at equal distances.
var heatColors = []color.RGBA{
	{0x00, 0x00, 0x04, 0xff}, {0x1f, 0x0c, 0x48, 0xff}, {0x55, 0x0f, 0x6d, 0xff}, {0x88, 0x22, 0x6a, 0xff}, {0xba, 0x36, 0x55, 0xff},
	{0xe3, 0x59, 0x33, 0xff}, {0xf9, 0x8c, 0x0a, 0xff}, {0xf9, 0xc9, 0x32, 0xff}, {0xfc, 0xff, 0xa4, 0xff},
}

// HeatMap returns an image with a heat map over it, such as one of Grad-CAM: black where the map is 0, bright yellow where it is largest. The map has height rows of width values, which are
// scaled to the image with bilinear interpolation and divided by the largest value. Negative values count as 0.
//
// It returns an error if a size is not positive, if the number of values is not height * width, or if a value is not finite.
func HeatMap(m image.Image, height, width int, values []float32) (image.Image, error) {
	if height <= 0 || width <= 0 || len(values) != height*width || m.Bounds().Empty() {
		return nil, fmt.Errorf("report: a heat map of %d values with the shape (%d, %d), for an image of %v", len(values), height, width, m.Bounds().Size())
	}
	largest := float32(0)
	for i, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return nil, fmt.Errorf("report: value %d of a heat map is %v", i, v)
		}
		largest = max(largest, v)
	}
	b := m.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Rect, m, b.Min, draw.Src)
	at := func(y, x int) float32 {
		return max(values[min(max(y, 0), height-1)*width+min(max(x, 0), width-1)], 0)
	}
	for y := range b.Dy() {
		v := (float32(y)+.5)*float32(height)/float32(b.Dy()) - .5
		y0 := int(math.Floor(float64(v)))
		fy := v - float32(y0)
		for x := range b.Dx() {
			u := (float32(x)+.5)*float32(width)/float32(b.Dx()) - .5
			x0 := int(math.Floor(float64(u)))
			fx := u - float32(x0)
			heat := float32(0)
			if largest > 0 {
				heat = ((at(y0, x0)*(1-fx)+at(y0, x0+1)*fx)*(1-fy) + (at(y0+1, x0)*(1-fx)+at(y0+1, x0+1)*fx)*fy) / largest
			}
			c := heatColor(heat)
			p := out.Pix[out.PixOffset(x, y):][:4]
			for i, v := range []uint8{c.R, c.G, c.B} {
				p[i] = uint8(.45*float32(p[i]) + .55*float32(v) + .5)
			}
			p[3] = 255
		}
	}
	return out, nil
}

// heatColor returns the color of a value from 0 to 1.
func heatColor(v float32) color.RGBA {
	at := min(max(v, 0), 1) * float32(len(heatColors)-1)
	i := min(int(at), len(heatColors)-2)
	f := at - float32(i)
	mix := func(a, b uint8) uint8 { return uint8(float32(a)*(1-f) + float32(b)*f + .5) }
	a, b := heatColors[i], heatColors[i+1]
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xff}
}

// matrixImage returns a confusion matrix as a data URL of a PNG with a pixel for each pair of classes, or of groups of classes: blue on a transparent background, the stronger the larger the
// fraction of the true class. It also returns the number of classes in a group.
func matrixImage(counts [][]int) (url template.URL, group int) {
	group = (len(counts) + maxCells - 1) / maxCells
	if group > 1 {
		_, _, counts = pool(make([]string, len(counts)), counts, group)
	}
	n := len(counts)
	palette := make(color.Palette, 256)
	for i := range palette {
		palette[i] = color.NRGBA{blue.R, blue.G, blue.B, uint8(i)}
	}
	m := image.NewPaletted(image.Rect(0, 0, n, n), palette)
	for i, row := range counts {
		support := 0
		for _, v := range row {
			support += v
		}
		for j, v := range row {
			if v > 0 {
				m.Pix[i*n+j] = uint8(75 + 180*math.Sqrt(float64(v)/float64(support)))
			}
		}
	}
	var out bytes.Buffer
	_ = encode(&out, m) // a bytes.Buffer does not fail
	return dataURL("image/png", out.Bytes()), group
}
