package picture

import (
	"bufio"
	"fmt"
	"io"
)

// TerminalMode is the set of colors and characters that a terminal can show.
type TerminalMode uint8

// The terminal modes. The zero value needs the most capable terminal.
const (
	TrueColor TerminalMode = iota // 24-bit colors, two pixels in a character ("▀")
	Color256                      // the 256 colors of xterm, two pixels in a character
	ASCII                         // no colors: a ramp of characters for light text on a dark background
)

// ramp lists characters by brightness, for light text on a dark background.
const ramp = " .:-=+*#%@"

// Terminal draws an image as text, at most cols characters wide, or 80 if cols is not positive. It is never wider than the
// image's width in pixels. It keeps the aspect ratio for characters that are twice as high as wide. Alpha is ignored.
func Terminal(w io.Writer, img Image, cols int, mode TerminalMode) error {
	if err := img.check(); err != nil {
		return err
	}
	if mode > ASCII {
		return fmt.Errorf("unknown terminal mode %d", mode)
	}
	if cols <= 0 {
		cols = 80
	}
	cols = min(cols, img.W)
	height := max(1, (img.H*cols+img.W/2)/img.W)
	if mode == ASCII {
		height = max(1, (height+1)/2)
	}
	if img.C == 4 {
		img = dropAlpha(img)
	}
	small, err := Resize(img, height, cols, Box)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	switch mode {
	case ASCII:
		drawASCII(b, small)
	case Color256:
		drawBlocks(b, small, dither(small))
	default:
		drawBlocks(b, small, nil)
	}
	return b.Flush()
}

func dropAlpha(img Image) Image {
	out := Image{H: img.H, W: img.W, C: 3, Pix: make([]uint8, 0, img.H*img.W*3)}
	for i := 0; i < len(img.Pix); i += 4 {
		out.Pix = append(out.Pix, img.Pix[i:i+3]...)
	}
	return out
}

// at returns the color of a pixel of a 1- or 3-channel image.
func (img Image) at(y, x int) [3]uint8 {
	p := img.Pix[(y*img.W+x)*img.C:]
	if img.C == 1 {
		return [3]uint8{p[0], p[0], p[0]}
	}
	return [3]uint8(p)
}

func drawASCII(b *bufio.Writer, img Image) {
	for y := range img.H {
		for x := range img.W {
			p := img.at(y, x)
			i := int(toGray(p[0], p[1], p[2])) * len(ramp) / 256
			fmt.Fprint(b, ramp[i:i+1])
		}
		fmt.Fprint(b, "\n")
	}
}

// drawBlocks draws with 24-bit colors or, if palette is not nil, with palette's xterm color for each pixel. It writes a color only
// where it changes, and resets it at the end of each line.
func drawBlocks(b *bufio.Writer, img Image, palette []uint8) {
	code := func(ground, y, x int) string {
		if palette != nil {
			return fmt.Sprintf("%d;5;%d", ground, palette[y*img.W+x])
		}
		p := img.at(y, x)
		return fmt.Sprintf("%d;2;%d;%d;%d", ground, p[0], p[1], p[2])
	}
	for y := 0; y < img.H; y += 2 {
		var fg, bg string
		for x := range img.W {
			up, down := code(38, y, x), "49" // the terminal's background below an odd last row
			if y+1 < img.H {
				down = code(48, y+1, x)
			}
			switch {
			case up != fg && down != bg:
				fmt.Fprintf(b, "\x1b[%s;%sm", up, down)
			case up != fg:
				fmt.Fprintf(b, "\x1b[%sm", up)
			case down != bg:
				fmt.Fprintf(b, "\x1b[%sm", down)
			}
			fg, bg = up, down
			fmt.Fprint(b, "▀")
		}
		fmt.Fprint(b, "\x1b[0m\n")
	}
}

// dither chooses one of xterm's 256 colors for each pixel and distributes the error to the neighbors (Floyd and Steinberg). Without
// it, most of a photo would become gray.
func dither(img Image) []uint8 {
	out := make([]uint8, img.H*img.W)
	// row and next hold the errors to add to this row and the next, in 16ths, with a margin of one pixel on each side.
	row, next := make([][3]int, img.W+2), make([][3]int, img.W+2)
	for y := range img.H {
		for x := range img.W {
			p := img.at(y, x)
			var want [3]int
			for c := range want {
				want[c] = min(max(int(p[c])+(row[x+1][c]+8)>>4, 0), 255)
			}
			code, got := xterm256(want)
			out[y*img.W+x] = uint8(code)
			for c := range want {
				e := want[c] - got[c]
				row[x+2][c] += 7 * e
				next[x][c] += 3 * e
				next[x+1][c] += 5 * e
				next[x+2][c] += e
			}
		}
		row, next = next, row
		clear(next)
	}
	return out
}

// xterm256 returns the nearest color of xterm's 6x6x6 cube and its 24 grays.
func xterm256(p [3]int) (code int, color [3]int) {
	levels := [6]int{0, 95, 135, 175, 215, 255}
	cubeDist := 0
	for c, v := range p {
		best, d := 0, 1<<30
		for i, l := range levels {
			if e := (v - l) * (v - l); e < d {
				best, d = i, e
			}
		}
		code = 6*code + best
		color[c] = levels[best]
		cubeDist += d
	}
	index := min(max(((p[0]+p[1]+p[2])/3-3)/10, 0), 23)
	gray, grayDist := 8+10*index, 0
	for _, v := range p {
		grayDist += (v - gray) * (v - gray)
	}
	if grayDist < cubeDist {
		return 232 + index, [3]int{gray, gray, gray}
	}
	return 16 + code, color
}
