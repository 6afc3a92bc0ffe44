package report

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"strconv"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	plotfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Colours that all pictures share.
var (
	ink    = color.RGBA{0x22, 0x26, 0x2b, 0xff} // titles and numbers
	faded  = color.RGBA{0x69, 0x70, 0x78, 0xff} // what explains them
	hair   = color.RGBA{0xdf, 0xe2, 0xe6, 0xff} // thin lines
	shadow = color.RGBA{0xf2, 0xf3, 0xf5, 0xff} // empty areas
	paper  = color.RGBA{0xff, 0xff, 0xff, 0xff}
	blue   = color.RGBA{0x1f, 0x77, 0xb4, 0xff} // matplotlib's first two colours
	orange = color.RGBA{0xff, 0x7f, 0x0e, 0xff}
)

// margin is the empty edge of all pictures, in pixels.
const margin = 40

// Of titles, and of what stands under them.
var (
	titleType    = lettering(34, font.WeightBold, ink)
	subtitleType = lettering(22, font.WeightNormal, faded)
)

// lettering is Liberation Sans of some pixels.
func lettering(size float64, weight font.Weight, c color.Color) draw.TextStyle {
	return draw.TextStyle{
		Color:   c,
		Font:    plotfont.Font{Typeface: "Liberation", Variant: "Sans", Weight: weight, Size: vg.Length(size)},
		Handler: plot.DefaultTextHandler,
	}
}

// centered is a lettering whose middle is put where the text is to stand.
func centered(t draw.TextStyle) draw.TextStyle {
	t.XAlign, t.YAlign = draw.XCenter, draw.YCenter
	return t
}

// newChart is a picture to plot on, whose unit of length is the pixel.
func newChart(width, height int) *vgimg.Canvas {
	return vgimg.NewWith(vgimg.UseWH(vg.Length(width), vg.Length(height)), vgimg.UseDPI(int(vg.Inch)))
}

// newPlot is an empty plot in the style of all.
func newPlot() *plot.Plot {
	p := plot.New()
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Padding = 0
		a.LineStyle = draw.LineStyle{Color: faded, Width: 1}
		a.Label.TextStyle.Font = lettering(20, font.WeightNormal, nil).Font
		a.Label.TextStyle.Color = ink
		a.Label.Padding = 10
		a.Tick.LineStyle = draw.LineStyle{Color: faded, Width: 1}
		a.Tick.Length = 7
		a.Tick.Label.Font = lettering(19, font.WeightNormal, nil).Font
		a.Tick.Label.Color = faded
	}
	return p
}

// fit is the part of c on which p has its data in the rectangle wanted.
func fit(p *plot.Plot, c draw.Canvas, want vg.Rectangle) draw.Canvas {
	// How far labels stick out depends a little on the size, so that it takes some rounds.
	for range 5 {
		is := p.DataCanvas(c)
		c = draw.Crop(c, want.Min.X-is.Min.X, want.Max.X-is.Max.X, want.Min.Y-is.Min.Y, want.Max.Y-is.Max.Y)
	}
	return c
}

// shorten puts an ellipsis in the middle of a text that is too wide: the ends of a file
// name say most.
func shorten(t draw.TextStyle, s string, width vg.Length) string {
	if t.Width(s) <= width {
		return s
	}
	r := []rune(s)
	// Binary search: the width grows with what is kept.
	low, high := 0, len(r)-1
	cut := func(keep int) string {
		head := (keep + 1) / 2
		return string(r[:head]) + "…" + string(r[len(r)-(keep-head):])
	}
	for low < high {
		keep := (low + high + 1) / 2
		if t.Width(cut(keep)) <= width {
			low = keep
		} else {
			high = keep - 1
		}
	}
	return cut(low)
}

// encode writes a picture as PNG.
func encode(w io.Writer, m image.Image) error {
	if err := png.Encode(w, m); err != nil {
		return fmt.Errorf("writing a picture: %w", err)
	}
	return nil
}

// thousands writes 12345 as 12,345.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// percent writes a part with as many digits as it is worth.
func percent(part float64) string {
	if part == 0 || part == 1 {
		return fmt.Sprintf("%.0f%%", 100*part)
	}
	s := fmt.Sprintf("%.1f%%", 100*part)
	switch s { // nothing rounds to all or nothing
	case "0.0%":
		return "<0.1%"
	case "100.0%":
		return ">99.9%"
	}
	return s
}

// nice is the next of 1, 2, 5, 10, 20, 50, ... that is not below n.
func nice(n int) int {
	for unit := 1; ; unit *= 10 {
		for _, m := range []int{1, 2, 5} {
			if m*unit >= n {
				return m * unit
			}
		}
	}
}
