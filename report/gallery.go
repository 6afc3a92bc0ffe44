package report

import (
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"slices"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"gonum.org/v1/plot/vg"
)

// Tile is one image of a gallery, with the text below it.
type Tile struct {
	// Image may have any size: it is scaled to fit the tile. nil means an empty tile.
	Image image.Image
	// Caption is printed in bold below the image, Detail in smaller type below the caption.
	// Text that is wider than the tile continues in the next line. Text of more than 6 lines is shortened in the middle.
	Caption, Detail string
	// Color is the color of the caption and of a frame around the image. nil means a black
	// caption and no frame.
	Color color.Color
}

// Good and Bad are colors for tiles of correct and wrong predictions.
var (
	Good color.Color = color.RGBA{0x2a, 0x8c, 0x3f, 0xff}
	Bad  color.Color = color.RGBA{0xc6, 0x28, 0x28, 0xff}
)

// GalleryOptions configures the layout of a gallery.
type GalleryOptions struct {
	// Title is printed above the tiles, Subtitle in smaller type below the title.
	Title, Subtitle string
	// Columns is the number of tiles per row. The default, 0, chooses a number that makes the
	// gallery somewhat wider than it is high.
	Columns int
	// Empty is the text shown if there are no tiles. The default is "no images".
	Empty string
}

// maxTiles limits the memory of a gallery to about 250 MB.
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

// Gallery writes a PNG of tiles in rows.
//
// It returns an error if there are more than 1,000 tiles or if writing fails.
func Gallery(w io.Writer, tiles []Tile, o GalleryOptions) error {
	if len(tiles) > maxTiles {
		return fmt.Errorf("report: a gallery of %d tiles, want at most %d", len(tiles), maxTiles)
	}
	l := layGallery(tiles, o)
	width, height := l.width, l.height
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
			empty = "no images"
		}
		field := image.Rect(margin, l.top, width-margin, height-margin)
		c.fill(field, shadow)
		c.text(emptyType, width/2, (field.Min.Y+field.Max.Y)/2+8, shorten(emptyType, empty, vg.Length(field.Dx()-2*margin)))
		return encode(w, c.RGBA)
	}
	for i, t := range l.tiles {
		c.tile(t, margin+i%l.columns*(tileSize+tileGap), l.rows[i/l.columns])
	}
	return encode(w, c.RGBA)
}

// galleryLayout is the layout of a gallery, in pixels.
type galleryLayout struct {
	width, height int
	top           int // of the first row
	columns       int
	rows          []int // where each row begins
	tiles         []tileLines
}

// tileLines is a tile whose text is divided into lines.
type tileLines struct {
	Tile
	captionLines, detailLines []string
}

// The heights of text below tiles: of the first line, and of each other.
const (
	captionHeight, captionLine = 30, 24
	detailHeight, detailLine   = 26, 21
	tileTextLines              = 6
)

// textHeight returns the height of lines of text.
func textHeight(lines, first, other int) int {
	if lines == 0 {
		return 0
	}
	return first + (lines-1)*other
}

func (t tileLines) captionHeight() int {
	return textHeight(len(t.captionLines), captionHeight, captionLine)
}

func layGallery(tiles []Tile, o GalleryOptions) galleryLayout {
	l := galleryLayout{columns: o.Columns, top: margin}
	if l.columns <= 0 {
		l.columns = galleryColumns(len(tiles))
	}
	l.columns = max(1, min(l.columns, len(tiles)))
	if o.Title != "" {
		l.top += 48
	}
	if o.Subtitle != "" {
		l.top += 32
	}
	if l.top > margin {
		l.top += 18
	}
	for _, t := range tiles {
		l.tiles = append(l.tiles, tileLines{t, wrap(captionType, t.Caption), wrap(detailType, t.Detail)})
	}
	y := l.top
	for row := range slices.Chunk(l.tiles, l.columns) {
		text := 0
		for _, t := range row {
			text = max(text, t.captionHeight()+textHeight(len(t.detailLines), detailHeight, detailLine))
		}
		l.rows = append(l.rows, y)
		y += tileSize + text + tileGap
	}
	l.width = 2*margin + l.columns*(tileSize+tileGap) - tileGap
	l.height = y - tileGap + margin
	if len(tiles) == 0 {
		l.width, l.height = 760, l.top+200
	}
	// A title may be wider than the tiles, up to a limit.
	title := math.Max(titleType.Width(o.Title).Points(), subtitleType.Width(o.Subtitle).Points())
	l.width = max(l.width, min(2*margin+int(title+1), 1000))
	return l
}

// galleryColumns returns the number of columns of a gallery: at most 8, somewhat more than rows,
// and such that few tiles are missing in the last row.
func galleryColumns(tiles int) int {
	ideal := math.Min(math.Sqrt(1.6*float64(tiles)), 8)
	best, least := 0, math.Inf(1)
	for c := math.Ceil(.75 * ideal); c <= math.Min(1.5*ideal, 8); c++ {
		empty := math.Ceil(float64(tiles)/c)*c - float64(tiles)
		if cost := empty + math.Abs(c-ideal)/10; cost < least { // the second term breaks ties
			best, least = int(c), cost
		}
	}
	return best
}

func (c canvas) tile(t tileLines, x, y int) {
	field := image.Rect(x, y, x+tileSize, y+tileSize)
	c.fill(field, shadow)
	if t.Image != nil && !t.Image.Bounds().Empty() {
		c.scaled(field, t.Image)
	}
	caption := captionType
	if t.Color != nil {
		c.frame(field, 4, t.Color)
		caption.Color = t.Color
	}
	y += tileSize
	for i, line := range t.captionLines {
		c.text(caption, x+tileSize/2, y+29+i*captionLine, line)
	}
	y += t.captionHeight()
	for i, line := range t.detailLines {
		c.text(detailType, x+tileSize/2, y+25+i*detailLine, line)
	}
}

// scaled draws an image in the middle of a field, as large as fits, with its aspect ratio kept.
func (c canvas) scaled(field image.Rectangle, m image.Image) {
	b := m.Bounds()
	scale := math.Min(float64(field.Dx())/float64(b.Dx()), float64(field.Dy())/float64(b.Dy()))
	w := max(1, int(float64(b.Dx())*scale+.5))
	h := max(1, int(float64(b.Dy())*scale+.5))
	to := image.Rect(0, 0, w, h).Add(field.Min).Add(image.Pt((field.Dx()-w)/2, (field.Dy()-h)/2))
	scaler := draw.Scaler(draw.CatmullRom)
	if max(b.Dx(), b.Dy()) <= 64 {
		scaler = draw.NearestNeighbor // keep the pixels of small images visible
	}
	scaler.Scale(c.RGBA, to, m, b, draw.Over, nil)
}
