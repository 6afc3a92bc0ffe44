package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/suggest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/zoo"
)

// featuresCommand computes the features of images: numbers inside a network.
type featuresCommand struct {
	Model       string `arg:"" predictor:"model" help:"A model file of any kind, such as .keras, .h5 or .onnx, the folder of a training run, or the name of a published network, such as vgg16, with --weights."`
	Source      string `arg:"" name:"data" predictor:"data" help:"Images: a folder, a zip archive, a CSV file, one image, or demo:cats-and-dogs."`
	sourceFlags `group:"data"`
	Strict      bool `group:"data" help:"Fail if an image cannot be read, instead of skipping it."`

	Layer       string `group:"model" placeholder:"NAME" help:"The layer whose output is the features (default: the input of the last Dense layer, or the output of a network without one). An output of shape (height, width, channels) is averaged over height and width."`
	Weights     string `group:"model" placeholder:"FILE|imagenet" predictor:"file" help:"Weights of a published network: a file, or imagenet for the file in Keras' folder of downloads."`
	Size        size   `group:"model" placeholder:"224x224" help:"Height x width to which images are resized for a published network (default: the size for which it was designed)."`
	rescaleFlag `group:"model"`
	inputShapeFlags
	Batch   int `group:"model" default:"32" help:"Batch size."`
	Threads int `group:"model" placeholder:"N" help:"Number of threads (default: all cores). It does not change results."`

	Out       path `writes:"new" group:"output" required:"" placeholder:"FILE" predictor:"file" help:"The file to write. Its name ends in .npy, .npz, .csv or .parquet."`
	Neighbors int  `group:"output" aliases:"neighbours" placeholder:"K" help:"Also write the K nearest other images of each image, by the cosine distance of their features, to a CSV file whose name ends in .neighbors.csv."`
	csvFlag   `group:"output"`
	Overwrite bool `group:"output" help:"Replace files that already exist."`
}

// Help returns the command's detailed help.
func (featuresCommand) Help() string {
	return `Computes the features (embeddings) of images, and writes them to a file with a row for each image, in the order of the data. The features of a classifier are the input of its last Dense layer. Images that cannot be read are skipped with a warning.

A .npy file is a float32 matrix of shape (images, features). Beside it is a .csv file of the same name, with the columns filename and category. A .npz file has this matrix as features, and the class index of each image as labels, by the sorted class names (-1 is no label), or a column of 0 and 1 for each class with --task multilabel, or the numbers with --task regress; the .csv file is beside it too. .csv and .parquet files have the columns filename, category, feature_0, feature_1, ...

The columns of --neighbors are filename, category, rank (from 1), neighbor, neighbor_category and distance (from 0 to 2). The search is exact.

Examples:
  lince features runs/train-1 photos/ --out features.npy
  lince features model.onnx photos.zip --label none --out features.parquet
  lince features model.keras photos/ --layer conv2d_1 --out features.csv
  lince features model.keras photos/ --out features.npy --neighbors 5
  lince features vgg16 photos/ --weights imagenet --out features.npz`
}

// Validate implements kong's check of flags.
func (c *featuresCommand) Validate() error {
	errs := []error{
		threadMistake(c.Threads), atLeast(bound{"--batch", c.Batch, 1}, bound{"--neighbors", c.Neighbors, 0}),
		c.sourceFlags.mistakes(), c.foreign().mistakes(),
	}
	if featureFormat(string(c.Out)) == nil {
		errs = append(errs, fmt.Errorf("--out must name a file that ends in %s, got %q", strings.Join(featureSuffixes(), ", "), string(c.Out)))
	}
	return mistakes(errs...)
}

func (c *featuresCommand) foreign() foreignFlags {
	return foreignFlags{rescaleFlag: c.rescaleFlag, inputShapeFlags: c.inputShapeFlags}
}

// featuresResult is the command's result.
type featuresResult struct {
	Model      string    `json:"model"`
	Data       string    `json:"data"`
	Features   string    `json:"features"` // where in the network they are
	Dimension  int       `json:"dimension"`
	Images     int       `json:"images"`
	Classes    []string  `json:"classes"` // of labels in a .npz file
	Dropped    int       `json:"dropped"` // files and rows that were left out when the data were opened
	Unreadable []badFile `json:"unreadable"`
	Files      []string  `json:"files"`
}

// featureTable has the features of images. Row i of matrix belongs to rows[i].
type featureTable struct {
	rows      []data.Row
	index     []int // of rows in the table
	matrix    []float32
	dimension int
	raw       bool // CSV files have texts as they are; see csvFlag
}

// Run implements the command.
func (c *featuresCommand) Run(e *env) error {
	if err := c.free(); err != nil {
		return err
	}
	m, err := c.open(e)
	if err != nil {
		return err
	}
	body, what, err := featureModel(m, c.Layer, c.Threads)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Model, err)
	}
	t, err := c.openData(e)
	if err != nil {
		return err
	}
	defer t.Close()
	f, err := featureFlow(m, t, c.Batch, c.Threads, c.Strict)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Model, err)
	}
	x, err := e.features(body, f, "Computing features")
	bad, err := e.skipped(f, err)
	if err != nil {
		return err
	}
	e.printf("Features: %s (%s)\n", what, count(x.dimension, "number"))
	r := &featuresResult{
		Model: c.Model, Data: c.Source, Features: what, Dimension: x.dimension, Images: len(x.rows), Classes: t.Classes(), Dropped: t.Dropped(), Unreadable: badFiles(bad),
	}
	if r.Classes == nil {
		r.Classes = []string{}
	}
	if err := c.write(e, x, t, r); err != nil {
		return err
	}
	return e.result(r, func(w io.Writer) error {
		for _, file := range r.Files {
			if _, err := fmt.Fprintf(w, "Wrote %s\n", file); err != nil {
				return err
			}
		}
		return nil
	})
}

// openData opens the images. Unlike other commands, this one does not need labels.
func (c *featuresCommand) openData(e *env) (*data.Table, error) {
	t, ignored, err := e.open(c.Source, c.sourceFlags)
	if err == nil && c.Strict {
		if refused := allUsable(c.Source, t, ignored); refused != nil {
			_ = t.Close() // it was only read
			return nil, refused
		}
	}
	if err == nil {
		e.describePassed(t)
		return t, nil
	}
	if c.Label != data.Auto.String() || e.ctx.Err() != nil {
		return nil, err
	}
	unlabeled := c.sourceFlags
	unlabeled.Label = data.Unlabeled.String()
	t, _, again := e.open(c.Source, unlabeled)
	if again != nil {
		return nil, err
	}
	e.warn(fmt.Sprintf("the images have no labels: %v", err))
	e.describePassed(t)
	return t, nil
}

// open opens the model file, or makes the published network.
func (c *featuresCommand) open(e *env) (*lince.Model, error) {
	network, unknown := zoo.Find(c.Model)
	if _, err := os.Stat(c.Model); err == nil || unknown != nil {
		switch {
		case err != nil && c.Weights != "":
			return nil, usageError{unknown}
		case c.Weights != "" || c.Size != size{}:
			return nil, usageError{fmt.Errorf("--weights and --size are for published networks; %s is a model file", c.Model)}
		}
		return e.openTrained(c.Model, c.Threads, c.foreign())
	}
	switch {
	case c.Weights == "":
		return nil, usageError{fmt.Errorf("the network %s needs weights: set --weights to a file, or to imagenet", network.Title)}
	case c.Rescale != "" || len(c.InputShape) > 0:
		return nil, usageError{fmt.Errorf("--rescale and --input-shape are for model files; %s is a published network, whose preprocessing is known", network.Title)}
	}
	side := []int{network.Side, network.Side, 3}
	if c.Size != (size{}) {
		side = []int{c.Size[0], c.Size[1], 3}
	}
	return network.New(zoo.Options{NoTop: true, Weights: c.Weights, InputShape: side, Model: lince.Options{Threads: c.Threads}})
}

// featureFlow returns a dataset without targets for a model.
func featureFlow(m *lince.Model, t *data.Table, batch, workers int, strict bool) (*data.Flow, error) {
	o, err := imageOptions(m, batch, workers)
	if err != nil {
		return nil, err
	}
	o.Classes, o.ClassMode, o.Strict = nil, data.NoTargets, strict
	return data.Images(t, o)
}

// features computes the features of a dataset, and shows progress.
func (e *env) features(body *lince.Model, f *data.Flow, label string) (*featureTable, error) {
	counter := e.counter(label, f.Len())
	x := &featureTable{raw: e.raw}
	for p, err := range body.Predictions(e.ctx, f) {
		if err != nil {
			counter.Abandon()
			return nil, err
		}
		if row := notFiniteRow(p); row >= 0 {
			counter.Abandon()
			return nil, e.outputNotFinite(body, f, row, "features")
		}
		if len(p.Index) == 0 { // no image of the batch can be read
			continue
		}
		d := p.Output.Len() / len(p.Index)
		if x.dimension != 0 && d != x.dimension {
			counter.Abandon()
			return nil, fmt.Errorf("the features of a batch have %d numbers, those of an earlier one %d", d, x.dimension)
		}
		x.dimension = d
		x.matrix = append(x.matrix, p.Output.Float32s()...)
		for _, row := range p.Index {
			x.rows = append(x.rows, f.Table().Row(row))
			x.index = append(x.index, row)
			counter.Add(1)
		}
	}
	counter.Finish()
	return x, nil
}

// featureModel returns a model of the features of m's input, and a description of where they are in the network. name is
// the layer whose output they are. If it is empty, they are the input of the classifier, or the output of a model without one.
func featureModel(m *lince.Model, name string, threads int) (body *lince.Model, what string, err error) {
	if hasGraph(m) {
		if m, err = m.Layered(); err != nil {
			return nil, "", fmt.Errorf("features need layers: %w", err)
		}
	}
	var out *lince.Symbol
	if name != "" {
		l := m.Layer(name)
		if l == nil {
			return nil, "", usageError{fmt.Errorf("--layer: there is no layer %q%s; lince summary lists the layers", name, suggest.Hint(name, layerNames(m)))}
		}
		if out, what = l.Output(), fmt.Sprintf("the output of the layer %s (%s)", name, l.Class()); len(out.Values()) != 1 {
			return nil, "", usageError{errors.New("--layer: the layer has several outputs; choose one with a single output")}
		}
	} else {
		var classifier *lince.Layer
		if out, classifier, err = m.Features(); err != nil {
			return nil, "", fmt.Errorf("%w; choose a layer with --layer", err)
		}
		if classifier != nil {
			what = fmt.Sprintf("the input of the layer %s (%s)", classifier.Name(), classifier.Class())
		} else {
			what = fmt.Sprintf("the output of the layer %s (%s)", out.Layer().Name(), out.Layer().Class())
		}
	}
	switch len(out.Shape()) {
	case 4:
		if s := out.Shape(); s[1] != 1 || s[2] != 1 {
			what += ", averaged over height and width"
		}
		out = out.Then(layer.GlobalAveragePool2D{})
	case 3:
		what += ", averaged over the steps"
		out = out.Then(layer.GlobalAveragePool1D{})
	}
	body, err = lince.Options{Threads: threads}.Functional(m.Inputs(), out)
	return body, what, err
}

func layerNames(m *lince.Model) (names []string) {
	for _, l := range m.Layers() {
		names = append(names, l.Name())
	}
	return names
}
