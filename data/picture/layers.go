package picture

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// Layers returns an RGB image that shows img and its red, green and blue layers side by side. Each panel has a title, with the
// mean of the layer. A layer is shown in its color, with the other channels 0, so that the three add up to img. The layers of a gray image
// are equal. Alpha is ignored. A panel is at most 480 pixels wide and high.
func Layers(img Image) (Image, error) {
	if err := img.check(); err != nil {
		return Image{}, err
	}
	base := img
	switch img.C {
	case 4:
		base = dropAlpha(img)
	case 1:
		base = Image{H: img.H, W: img.W, C: 3, Pix: make([]uint8, 0, 3*len(img.Pix))}
		for _, v := range img.Pix {
			base.Pix = append(base.Pix, v, v, v)
		}
	}
	stats := Stats(base)
	const most, least = 480, 160
	small := base
	if w, h := fit(base.W, base.H, most); w != base.W {
		var err error
		if small, err = Resize(base, h, w, Box); err != nil {
			return Image{}, err
		}
	}
	// Enlarge a small image by a whole factor, to make its pixels visible.
	factor := max(1, least/max(small.W, small.H))
	pw, ph := max(small.W*factor, least), small.H*factor
	const margin, title = 12, 30
	canvas := image.NewRGBA(image.Rect(0, 0, 4*pw+5*margin, ph+title+margin))
	for i := range canvas.Pix {
		canvas.Pix[i] = 255
	}
	text, err := newLabel(canvas)
	if err != nil {
		return Image{}, err
	}
	for panel := range 4 {
		left := margin + panel*(pw+margin)
		name := fmt.Sprintf("original, %d x %d", img.W, img.H)
		if panel > 0 {
			name = fmt.Sprintf("%s, mean %.1f", channelNames[3][panel-1], stats[panel-1].Mean)
		}
		text.draw(left, title-10, name)
		for y := range ph {
			for x := range small.W * factor {
				p := small.at(y/factor, x/factor)
				for c := range p {
					if panel > 0 && c != panel-1 {
						p[c] = 0
					}
				}
				canvas.SetRGBA(left+x, title+y, color.RGBA{p[0], p[1], p[2], 255})
			}
		}
	}
	return fromRGBA(canvas), nil
}

// fit scales a size down so that neither side is longer than most. A smaller size is returned unchanged.
func fit(w, h, most int) (int, int) {
	if w <= most && h <= most {
		return w, h
	}
	if w >= h {
		return most, max(1, (h*most+w/2)/w)
	}
	return max(1, (w*most+h/2)/h), most
}

// label draws text on a canvas.
type label struct{ font.Drawer }

func newLabel(canvas *image.RGBA) (*label, error) {
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, err
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: 15, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, err
	}
	return &label{font.Drawer{Dst: canvas, Src: image.Black, Face: face}}, nil
}

func (l *label) draw(x, y int, text string) {
	l.Dot = fixed.P(x, y)
	l.DrawString(text)
}

func fromRGBA(m *image.RGBA) Image {
	return dropAlpha(Image{H: m.Rect.Dy(), W: m.Rect.Dx(), C: 4, Pix: m.Pix})
}

// WritePNG writes img as a PNG file: gray, RGB or RGBA.
func WritePNG(w io.Writer, img Image) error {
	if err := img.check(); err != nil {
		return err
	}
	r := image.Rect(0, 0, img.W, img.H)
	switch img.C {
	case 1:
		return png.Encode(w, &image.Gray{Pix: img.Pix, Stride: img.W, Rect: r})
	case 4:
		return png.Encode(w, &image.NRGBA{Pix: img.Pix, Stride: 4 * img.W, Rect: r})
	}
	m := image.NewRGBA(r)
	for i := range img.H * img.W {
		p, o := img.Pix[3*i:][:3], m.Pix[4*i:][:4]
		o[0], o[1], o[2], o[3] = p[0], p[1], p[2], 255
	}
	return png.Encode(w, m)
}
