package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/internal/patherr"
	"github.com/lince-ml/lince/internal/progress"
)

// showCommand shows an image.
type showCommand struct {
	Image   string `arg:"" predictor:"file" help:"An image file: JPEG, PNG, GIF, BMP, TIFF, WebP or PPM."`
	Size    size   `placeholder:"HxW" help:"Resize the image to this height and width."`
	Model   string `placeholder:"FILE" predictor:"model" help:"Decode, resize and crop the image as for this model."`
	Layers  path   `writes:"png" placeholder:"OUT.png" help:"Write a PNG of the image and its red, green and blue channels, side by side."`
	Width   int    `placeholder:"N" help:"Width of the drawing in columns (default: the width of the terminal, at most 120)."`
	Plain   bool   `help:"Draw with plain characters, without color."`
	NoImage bool   `help:"Do not draw the image."`

	Exif      bool      `help:"Turn the image by its EXIF orientation."`
	GrayRange grayRange `placeholder:"LOW:HIGH" help:"Scale the values of 16-bit, 32-bit and floating-point gray so that LOW becomes 0 and HIGH 255."`
	pixelsFlag
}

// Help returns the command's detailed help.
func (showCommand) Help() string {
	return `Prints the shape of the image, its pixel values in the format of NumPy, and the minimum, mean and maximum of each channel. Then draws the image with colored half blocks, or with plain characters if the output has no color.

Examples:
  lince show cat.0.jpg
  lince show cat.0.jpg --size 128x128 --layers layers.png
  lince show cat.0.jpg --model runs/train-1/best.keras`
}

// Validate implements kong's check of flags.
func (c *showCommand) Validate() error {
	var err error
	if c.Model != "" && c.Size != (size{}) {
		err = errors.New("--size and --model cannot be combined: the model file sets the size")
	}
	return mistakes(atLeast(bound{"--width", c.Width, 0}), c.mistake(), err)
}

// Run implements the command.
func (c *showCommand) Run(e *env) error {
	switch info, err := os.Stat(c.Image); {
	case err != nil:
		return fmt.Errorf("%s: %w", c.Image, patherr.Bare(err))
	case info.IsDir():
		return fmt.Errorf("%s: is a folder, want an image file", c.Image)
	case !info.Mode().IsRegular(): // reading a pipe or a device might never end
		return fmt.Errorf("%s: is not a regular file, want an image file", c.Image)
	}
	raw, err := os.ReadFile(c.Image)
	if err != nil {
		return err
	}
	o, err := c.options()
	if err != nil {
		return err
	}
	img, cut, err := load(raw, o, c.pixels())
	if err != nil {
		return fmt.Errorf("%s: %w", c.Image, err)
	}
	e.warnOfDepth(cut)
	if c.Layers != "" {
		layers, err := picture.Layers(img)
		if err == nil {
			err = e.writeFile("--layers", c.Layers, func(w io.Writer) error { return picture.WritePNG(w, layers) })
		}
		if err != nil {
			return err
		}
	}
	turn := picture.Orientation(raw)
	if picture.Format(raw) != "TIFF" && turn != 1 {
		e.printf("%s", describeTurned(1, o.Orient))
	}
	return e.rawResult(struct {
		File   string                 `json:"file"`
		Format string                 `json:"format"`
		Turn   int                    `json:"exif_orientation"`
		Shape  [3]int                 `json:"shape"`
		Layers []picture.ChannelStats `json:"channels"`
	}{c.Image, picture.Format(raw), turn, [3]int{img.H, img.W, img.C}, picture.Stats(img)}, func(w io.Writer) error {
		if err := picture.Print(w, img); err != nil || c.NoImage {
			return err
		}
		fmt.Fprintln(w)
		return picture.Terminal(w, img, c.columns(w), c.mode(w))
	})
}

// options returns the options for loading the image.
func (c *showCommand) options() (picture.Options, error) {
	if c.Model == "" {
		return picture.Options{Height: c.Size[0], Width: c.Size[1], Orient: c.Exif, GrayRange: c.GrayRange}, nil
	}
	m, err := openModel(c.Model, lince.Options{NoCompile: true})
	if err != nil {
		return picture.Options{}, err
	}
	steps := m.Preprocessing
	if steps == nil {
		if steps, err = defaultPreprocessing(m, size{}); err != nil {
			return picture.Options{}, fmt.Errorf("%s: %w", c.Model, err)
		}
	}
	p, err := decodeFlags{c.Exif, c.GrayRange}.decoded(steps).Compile()
	if err != nil {
		return picture.Options{}, fmt.Errorf("%s: %w", c.Model, err)
	}
	return p.Options(), nil
}

// load decodes an image. Values that are not whole, as BilinearTF gives them, are rounded. cut counts the pixels that were cut off. maxPixels is that of
// OpenOptions.
func load(raw []byte, o picture.Options, maxPixels int) (img picture.Image, cut data.Findings, err error) {
	d := picture.LargeDecoder(len(raw), maxPixels)
	if o.Interpolation != picture.BilinearTF {
		img, err = d.Load(raw, o)
		cut.AddDecoded(d)
		return img, cut, err
	}
	values, h, w, err := d.AppendFloat32(nil, raw, o)
	if err != nil {
		return picture.Image{}, cut, err
	}
	cut.AddDecoded(d)
	img = picture.Image{H: h, W: w, C: o.ColorMode.Channels(), Pix: make([]byte, len(values))}
	for i, v := range values {
		img.Pix[i] = byte(v + .5)
	}
	return img, cut, nil
}

func (c *showCommand) columns(w io.Writer) int {
	if c.Width > 0 {
		return c.Width
	}
	if f, ok := w.(*os.File); ok {
		if n := progress.Columns(f); n > 0 {
			return min(n, 120)
		}
	}
	return 80
}

// mode returns how the image can be drawn on the output.
func (c *showCommand) mode(w io.Writer) picture.TerminalMode {
	f, ok := w.(*os.File)
	_, noColor := os.LookupEnv("NO_COLOR")
	term := os.Getenv("TERM")
	switch {
	case c.Plain || noColor || !ok || !progress.IsTerminal(f):
		return picture.ASCII
	case strings.Contains(os.Getenv("COLORTERM"), "truecolor") || strings.Contains(os.Getenv("COLORTERM"), "24bit"):
		return picture.TrueColor
	case strings.Contains(term, "256color"):
		return picture.Color256
	}
	return picture.TrueColor
}
