// Package plot draws the network of a model as SVG or PNG (keras.utils.plot_model). Each layer is a box, and arrows
// lead from a layer to the layers that take its result. Keras needs Graphviz for this; this package needs no other
// program.
//
//	err := plot.Save(ctx, "model.png", model, plot.Options{ShowShapes: true})
//
// docs/keras.md lists the arguments in Keras with their fields.
package plot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/atomicfile"
)

// Options configures a drawing: the arguments of Keras' plot_model. The zero value is Keras' default.
type Options struct {
	// ShowShapes shows the shapes of each layer's operands and results (show_shapes).
	ShowShapes bool
	// ShowDType shows the type of the numbers of each layer's result (show_dtype).
	ShowDType bool
	// ShowLayerNames shows the names of layers in addition to their classes (show_layer_names).
	ShowLayerNames bool
	// ShowLayerActivations shows the activation functions of layers that have one (show_layer_activations).
	ShowLayerActivations bool
	// ShowTrainable shows whether the weights of a layer are trained, for layers that have weights (show_trainable).
	// Keras shows it for all layers.
	ShowTrainable bool
	// ExpandNested draws the layers of nested models, in a frame (expand_nested). By default, a nested model is one
	// box.
	ExpandNested bool
	// RankDir is the direction in which the data flow (rankdir). The default is TopBottom.
	RankDir RankDir
	// DPI is the number of pixels of a PNG for each inch (dpi). Text has a height of about 1/6 inch. The default is 200.
	DPI int
}

// RankDir is the direction of a drawing.
type RankDir string

// The directions.
const (
	TopBottom RankDir = "TB" // from the top down
	BottomTop RankDir = "BT"
	LeftRight RankDir = "LR"
	RightLeft RankDir = "RL"
)

// Format is a file format.
type Format string

// The file formats.
const (
	SVG Format = "svg"
	PNG Format = "png"
)

// maxPixels limits the size of a PNG, which takes 4 bytes a pixel in memory.
const maxPixels = 1 << 28

// Model draws a model's network. The same model and options always give the same bytes. It returns an error if an
// option is out of range, a PNG would have more than 268 million pixels, too many arrows would be too long to be followed, ctx is done, or writing fails.
func Model(ctx context.Context, w io.Writer, m *lince.Model, f Format, o Options) error {
	if err := draw(ctx, w, m, f, o); err != nil {
		return fmt.Errorf("plotting the model: %w", err)
	}
	return nil
}

func draw(ctx context.Context, w io.Writer, m *lince.Model, f Format, o Options) error {
	switch {
	case m == nil || len(m.Layers()) == 0:
		return errors.New("the model has no layers")
	case f != SVG && f != PNG:
		return fmt.Errorf("the format must be %q or %q, got %q", SVG, PNG, f)
	case o.DPI < 0 || o.DPI > 10000:
		return fmt.Errorf("DPI must be from 1 to 10000, or 0 for 200, got %d", o.DPI)
	}
	if o.DPI == 0 {
		o.DPI = 200
	}
	switch o.RankDir {
	case "":
		o.RankDir = TopBottom
	case TopBottom, BottomTop, LeftRight, RightLeft:
	default:
		return fmt.Errorf("RankDir must be TB, BT, LR or RL, got %q", o.RankDir)
	}
	d, err := newDrawing(ctx, m, o)
	if err != nil {
		return err
	}
	if f == SVG {
		return d.svg(w)
	}
	return d.png(writer{ctx, w}, o.DPI)
}

// writer ends with its context. A large PNG is compressed and written for seconds.
type writer struct {
	ctx context.Context
	io.Writer
}

func (w writer) Write(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.Writer.Write(b)
}

// Save draws a model's network to a file whose name ends in .svg or .png. An existing file is replaced only if the
// drawing succeeds.
func Save(ctx context.Context, path string, m *lince.Model, o Options) error {
	ending := strings.ToLower(filepath.Ext(path))
	if ending != ".svg" && ending != ".png" {
		return fmt.Errorf("plotting the model: the file name must end in .svg or .png, got %q", path)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return Model(ctx, w, m, Format(ending[1:]), o) })
}
