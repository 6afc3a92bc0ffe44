package report

import (
	"fmt"
	"image"
	"image/color"
	"io"
	"math"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"gonum.org/v1/plot/vg"
)

// Tile is one picture of a gallery with what stands under it.
type Tile struct {
	// Picture may have any size; nil is shown as an empty field.
	Picture image.Image
	// Caption is set in bold, Detail smaller under it; both are shortened to the width.
	Caption, Detail string
	// Color is that of the caption and the frame; nil is neutral.
	Color color.Color
}

// Good and Bad are colours for tiles of right and wrong predictions.
var (
	Good color.Color = color.RGBA{0x2a, 0x8c, 0x3f, 0xff}
	Bad  color.Color = color.RGBA{0xc6, 0x28, 0x28, 0xff}
)

// GalleryOptions say how a gallery is laid out.
type GalleryOptions struct {
	// Title stands above the tiles, Subtitle in smaller type under it.
	Title, Subtitle string
	// Columns is the number of tiles side by side; 0 chooses one.
	Columns int
	// Empty is what the picture says where there are no tiles; "" is "no pictures".
	Empty string
}

// maxTiles keeps the memory of a gallery to some 250 MB.
const maxTiles = 1000

const (
	tileSize = 256
	tileGap  = 24
)

var (
	captionType = centered(lettering(19, font.WeightBold, ink))
	detailType  = centered(lettering(17, font.WeightNormal, faded))
	emptyType   = centered(subtitleType)
)

// Gallery writes a PNG of the tiles in rows, at most 1,000 of them.
func Gallery(w io.Writer, tiles []Tile, o GalleryOptions) error {
	if len(tiles) > maxTiles {
		return fmt.Errorf("report: %d pictures in a gallery; show at most %d", len(tiles), maxTiles)
	}
	columns := o.Columns
	if columns <= 0 {
		columns = galleryColumns(len(tiles))
	}
	columns = max(1, min(columns, len(tiles)))
	captions, details := false, false
	for _, t := range tiles {
		captions = captions || t.Caption != ""
		details = details || t.Detail != ""
	}
	rowHeight := tileSize + tileGap
	if captions {
		rowHeight += 30
	}
	if details {
		rowHeight += 26
	}
	top := margin
	if o.Title != "" {
		top += 48
	}
	if o.Subtitle != "" {
		top += 32
	}
	if top > margin {
		top += 18
	}
	rows := (len(tiles) + columns - 1) / columns
	width := 2*margin + columns*(tileSize+tileGap) - tileGap
	height := top + rows*rowHeight - tileGap + margin
	if len(tiles) == 0 {
		width, height = 760, top+200
	}
	// A title that is wider than the tiles gets the room it needs, up to a limit.
	title := math.Max(titleType.Width(o.Title).Points(), subtitleType.Width(o.Subtitle).Points())
	width = max(width, min(2*margin+int(title+1), 1000))

	c := newCanvas(width, height)
	y := margin
	if o.Title != "" {
		c.text(titleType, margin, y+28, shorten(titleType, o.Title, vg.Length(width-2*margin)))
		y += 48
	}
	if o.Subtitle != "" {
		c.text(subtitleType, margin, y+18, shorten(subtitleType, o.Subtitle, vg.Length(width-2*margin)))
	}
	if len(tiles) == 0 {
		empty := o.Empty
		if empty == "" {
			empty = "no pictures"
		}
		field := image.Rect(margin, top, width-margin, height-margin)
		c.fill(field, shadow)
		c.text(emptyType, width/2, (field.Min.Y+field.Max.Y)/2+8, shorten(emptyType, empty, vg.Length(field.Dx()-2*margin)))
		return encode(w, c.RGBA)
	}
	for i, t := range tiles {
		x := margin + i%columns*(tileSize+tileGap)
		y := top + i/columns*rowHeight
		c.tile(t, x, y, captions)
	}
	return encode(w, c.RGBA)
}

// galleryColumns makes a gallery somewhat wider than high, at most 8 tiles wide, and its
// last row as full as it can.
func galleryColumns(tiles int) int {
	ideal := math.Min(math.Sqrt(1.6*float64(tiles)), 8)
	best, least := 0, math.Inf(1)
	for c := math.Ceil(.75 * ideal); c <= math.Min(1.5*ideal, 8); c++ {
		empty := math.Ceil(float64(tiles)/c)*c - float64(tiles)
		if cost := empty + math.Abs(c-ideal)/10; cost < least { // the latter decides between equals
			best, least = int(c), cost
		}
	}
	return best
}

func (c canvas) tile(t Tile, x, y int, captions bool) {
	field := image.Rect(x, y, x+tileSize, y+tileSize)
	c.fill(field, shadow)
	if t.Picture != nil && !t.Picture.Bounds().Empty() {
		c.picture(field, t.Picture)
	}
	caption := captionType
	if t.Color != nil {
		c.frame(field, 4, t.Color)
		caption.Color = t.Color
	}
	y += tileSize
	if captions {
		c.text(caption, x+tileSize/2, y+29, shorten(caption, t.Caption, tileSize))
		y += 30
	}
	c.text(detailType, x+tileSize/2, y+25, shorten(detailType, t.Detail, tileSize))
}

// picture fits a picture into a field: whole, in its proportions, in the middle.
func (c canvas) picture(field image.Rectangle, m image.Image) {
	b := m.Bounds()
	scale := math.Min(float64(field.Dx())/float64(b.Dx()), float64(field.Dy())/float64(b.Dy()))
	w := max(1, int(float64(b.Dx())*scale+.5))
	h := max(1, int(float64(b.Dy())*scale+.5))
	to := image.Rect(0, 0, w, h).Add(field.Min).Add(image.Pt((field.Dx()-w)/2, (field.Dy()-h)/2))
	scaler := draw.Scaler(draw.CatmullRom)
	if max(b.Dx(), b.Dy()) <= 64 {
		scaler = draw.NearestNeighbor // so small that its pixels are worth seeing
	}
	scaler.Scale(c.RGBA, to, m, b, draw.Over, nil)
}
