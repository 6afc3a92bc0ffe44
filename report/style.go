package report

import (
	"fmt"
	"image/color"
	"math"
	"strconv"
	"strings"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	plotfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// The colors of all plots and galleries.
var (
	ink    = color.RGBA{0x22, 0x26, 0x2b, 0xff} // titles and values
	faded  = color.RGBA{0x69, 0x70, 0x78, 0xff} // explanations
	hair   = color.RGBA{0xdf, 0xe2, 0xe6, 0xff} // thin lines
	shadow = color.RGBA{0xf2, 0xf3, 0xf5, 0xff} // empty areas
	paper  = color.RGBA{0xff, 0xff, 0xff, 0xff}
	blue   = color.RGBA{0x1f, 0x77, 0xb4, 0xff} // matplotlib's first two colors
	orange = color.RGBA{0xff, 0x7f, 0x0e, 0xff}
)

// margin is the empty border of all plots and galleries, in pixels.
const margin = 40

// The text styles of titles and subtitles.
var (
	titleType    = lettering(34, font.WeightBold, ink)
	subtitleType = lettering(22, font.WeightNormal, faded)
)

// lettering returns a text style: Liberation Sans of a size in pixels.
func lettering(size float64, weight font.Weight, c color.Color) draw.TextStyle {
	return draw.TextStyle{
		Color:   c,
		Font:    plotfont.Font{Typeface: "Liberation", Variant: "Sans", Weight: weight, Size: vg.Length(size)},
		Handler: plot.DefaultTextHandler,
	}
}

// centered returns t with the text centered at its position.
func centered(t draw.TextStyle) draw.TextStyle {
	t.XAlign, t.YAlign = draw.XCenter, draw.YCenter
	return t
}

// newChart returns an image for plots. Its unit of length is the pixel.
func newChart(width, height int) *vgimg.Canvas {
	return vgimg.NewWith(vgimg.UseWH(vg.Length(width), vg.Length(height)), vgimg.UseDPI(int(vg.Inch)))
}

// newPlot returns an empty plot in the style of this package.
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

// fit returns the part of c on which p draws its data into the rectangle want.
func fit(p *plot.Plot, c draw.Canvas, want vg.Rectangle) draw.Canvas {
	// The size of labels depends slightly on the size of the plot, so iterate.
	for range 5 {
		is := p.DataCanvas(c)
		c = draw.Crop(c, want.Min.X-is.Min.X, want.Max.X-is.Max.X, want.Min.Y-is.Min.Y, want.Max.Y-is.Max.Y)
	}
	return c
}

// FormatCount formats 12345 as 12,345.
func FormatCount(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// FormatPercent formats a fraction as a percentage, as the pages and plots of this package do. Only 0 and 1 are formatted as 0% and 100%.
func FormatPercent(fraction float64) string {
	if fraction == 0 || fraction == 1 {
		return fmt.Sprintf("%.0f%%", 100*fraction)
	}
	s := fmt.Sprintf("%.1f%%", 100*fraction)
	switch s {
	case "0.0%":
		return "<0.1%"
	case "100.0%":
		return ">99.9%"
	}
	return s
}

// FormatNumber formats a number with four digits, or more if its integer part has more: 1234567 and 0.001235. Very small and very large numbers have an exponent.
func FormatNumber(v float64) string {
	size := math.Abs(v)
	if size != 0 && (size < 1e-4 || size >= 1e9) || math.IsNaN(size) {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	decimals := 3
	if size > 0 {
		decimals = max(0, 3-int(math.Floor(math.Log10(size))))
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// FormatSeconds formats a time: 0 ms to 999 ms, then 1.00 s to 9.99 s, 10.0 s to 59.9 s, 1 min 0 s and 1 h 0 min.
func FormatSeconds(seconds float64) string {
	switch whole := int64(math.Round(seconds)); {
	case math.IsNaN(seconds) || seconds >= 1e15:
		return strconv.FormatFloat(seconds, 'g', 4, 64) + " s"
	case seconds < .9995:
		return fmt.Sprintf("%.0f ms", 1000*seconds)
	case seconds < 9.995:
		return fmt.Sprintf("%.2f s", seconds)
	case seconds < 59.95:
		return fmt.Sprintf("%.1f s", seconds)
	case whole < 3600:
		return fmt.Sprintf("%d min %d s", whole/60, whole%60)
	default:
		minutes := (whole + 30) / 60
		return fmt.Sprintf("%s h %d min", FormatCount(int(minutes/60)), minutes%60)
	}
}

// nice returns the smallest of 1, 2, 5, 10, 20, 50, ... that is at least n.
func nice(n int) int {
	for unit := 1; ; unit *= 10 {
		for _, m := range []int{1, 2, 5} {
			if m*unit >= n {
				return m * unit
			}
		}
	}
}
