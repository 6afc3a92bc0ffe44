package callback

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lince-ml/lince/format/tfevents"
	"github.com/lince-ml/lince/tensor"
)

// TensorBoard writes event files for TensorBoard (keras.callbacks.TensorBoard). To see them, run
// tensorboard --logdir=logs. In FitOptions.Callbacks it must come after callbacks that add values to the logs.
//
// The folder LogDir/train has the metrics of training, LogDir/validation those of validation and of Evaluate:
//   - epoch_loss, epoch_accuracy and so on, for each epoch, with the epoch as the step. In the folder validation, the
//     names do not have val_.
//   - epoch_learning_rate.
//   - evaluation_loss_vs_iterations and so on, for each evaluation, with the number of the optimizer's steps as the step.
//   - batch_loss and so on, if UpdateFreq is set, with the number of batches of this Fit as the step.
//   - keras, the graph of the layers, which TensorBoard calls the conceptual graph. The same layers stand in the file as a graph of
//     operations, so that the Graphs page opens with them.
//   - conv2d/kernel/histogram and conv2d/kernel/image for each variable, if they are requested.
//   - first_batch/... and mistakes/..., if they are requested.
//
// A metric whose value is a vector, such as metric.F1Score, has a tag for each element: epoch_f1_score/0,
// epoch_f1_score/1 and so on. (Keras fails for such a metric.)
//
// As in Keras, each Fit adds a file to the folders, so use a LogDir for each training run, such as logs/run-1. Resumed
// training continues the files of the interrupted run: it truncates them to their size at the checkpoint, and writes
// the later events again.
//
// Unlike in Keras, metrics of epochs and evaluations are written for any UpdateFreq. Keras leaves them out if the number
// of batches so far is not a multiple of update_freq. Keras' profile_batch and embeddings_freq do not exist; see
// lince's FitOptions.Profile.
type TensorBoard struct {
	// LogDir is the folder of the files (log_dir). Missing folders are created. The default is "logs".
	LogDir string
	// HistogramFreq is the number of epochs from one histogram of each variable to the next (histogram_freq). The
	// first is that of epoch 0. The default, 0, means no histograms.
	HistogramFreq int
	// NoGraph leaves out the graph of the layers (write_graph=False).
	NoGraph bool
	// WriteImages also writes each variable as images, together with its histogram (write_images). It needs
	// HistogramFreq. A kernel of shape (3, 3, 1, 32) becomes images of 3x3 pixels, of which the first three are
	// written. Values from 0 to 1 are shown as black to white; values outside are clipped.
	WriteImages bool
	// WriteStepsPerSecond writes epoch_steps_per_second and, if UpdateFreq is set, batch_steps_per_second
	// (write_steps_per_second).
	WriteStepsPerSecond bool
	// UpdateFreq is the number of batches after which the metrics of the epoch so far are written (update_freq). 1 means
	// each batch (Keras' "batch"). The default, 0, means only after each epoch (Keras' "epoch").
	UpdateFreq int

	// FirstBatch is the number of images of the first batch to write, as the model gets them: augmented and resized.
	// It is for models of images. Keras has no such argument. The default is 0.
	FirstBatch int
	// Mistakes is the number of images of the validation data to write at the end of training, out of those that the
	// model classifies wrongly. Their tags have the file name and both classes. Keras has no such argument. The
	// default is 0. If more than 0, Fit fails unless it has validation data and the model classifies images.
	Mistakes int
}

type tensorBoardState struct {
	Train      eventFile `json:"train"`
	Validation eventFile `json:"validation"`
	Batches    int       `json:"batches"`     // of this Fit
	FirstBatch bool      `json:"first_batch"` // it has been written
}

// check returns all mistakes in the settings.
func (c TensorBoard) check() error {
	var errs []error
	for _, f := range []struct {
		name string
		n    int
	}{{"HistogramFreq", c.HistogramFreq}, {"UpdateFreq", c.UpdateFreq}, {"FirstBatch", c.FirstBatch}, {"Mistakes", c.Mistakes}} {
		if f.n < 0 {
			errs = append(errs, fmt.Errorf("TensorBoard: %s must be at least 0, got %d", f.name, f.n))
		}
	}
	if c.WriteImages && c.HistogramFreq == 0 {
		errs = append(errs, errors.New("TensorBoard: WriteImages needs HistogramFreq, as the images are written with the histograms"))
	}
	return errors.Join(errs...)
}

// Begin implements Callback.
func (c TensorBoard) Begin(run Run) (Hooks, error) {
	if err := c.check(); err != nil {
		return Hooks{}, err
	}
	if c.Mistakes > 0 && run.Task() == Training {
		if _, err := run.Mistakes(0); err != nil {
			return Hooks{}, fmt.Errorf("TensorBoard: Mistakes: %w", err)
		}
	}
	if c.LogDir == "" {
		c.LogDir = "logs"
	}
	b := &board{c: c, run: run}
	b.train = eventWriter{dir: filepath.Join(c.LogDir, "train"), file: &b.state.Train}
	b.validation = eventWriter{dir: filepath.Join(c.LogDir, "validation"), file: &b.state.Validation}
	testEnd := func(logs *Logs) error { return tensorBoardError(b.testEnd(logs)) }
	switch run.Task() {
	case Prediction:
		return Hooks{}, nil
	case Evaluation:
		return Hooks{TestEnd: testEnd, End: func() error { return tensorBoardError(b.close()) }}, nil
	}
	return Hooks{
		State:      &b.state,
		EpochBegin: func(int) error { return tensorBoardError(b.epochBegin()) },
		BatchBegin: func(int) error { return tensorBoardError(b.batchBegin()) },
		BatchEnd:   func(_ int, logs *Logs) error { return tensorBoardError(b.batchEnd(logs)) },
		TestEnd:    testEnd,
		EpochEnd:   func(epoch int, logs *Logs) error { return tensorBoardError(b.epochEnd(epoch, logs)) },
		End:        func() error { return tensorBoardError(b.end()) },
	}, nil
}

func tensorBoardError(err error) error {
	if err != nil {
		return fmt.Errorf("TensorBoard: %w", err)
	}
	return nil
}

// board writes the files of a TensorBoard.
type board struct {
	c                 TensorBoard
	run               Run
	state             tensorBoardState
	train, validation eventWriter

	epochStart, batchStart time.Time
	iterations             int // at epochStart
}

func (b *board) epochBegin() error {
	if b.c.WriteStepsPerSecond {
		b.epochStart, b.iterations = time.Now(), b.run.Iterations()
	}
	b.train.name()
	b.validation.name()
	if b.c.NoGraph || b.state.Train.Size > 0 {
		return nil
	}
	network, err := b.run.Network()
	if err != nil {
		b.run.Printf("TensorBoard: the graph is left out: %v", err)
		return nil
	}
	if err := b.train.write(0, tfevents.KerasModel(network)); err != nil {
		return err
	}
	var nodes []tfevents.Node
	for _, n := range b.run.Nodes() {
		node := tfevents.Node{Name: n.Name, Op: n.Class, Inputs: n.Inputs, Shape: []int64{}}
		for _, size := range n.Shape {
			node.Shape = append(node.Shape, int64(size))
		}
		nodes = append(nodes, node)
	}
	return b.train.w.Write(tfevents.Event{WallTime: now(), Graph: nodes})
}

func (b *board) batchBegin() error {
	b.batchStart = time.Now()
	if b.c.FirstBatch == 0 || b.state.FirstBatch {
		return nil
	}
	b.state.FirstBatch = true
	return b.examples(&b.train, 0, "first_batch", b.run.Batch(b.c.FirstBatch))
}

func (b *board) batchEnd(logs *Logs) error {
	b.state.Batches++
	if b.c.UpdateFreq == 0 || b.state.Batches%b.c.UpdateFreq != 0 {
		return nil
	}
	if b.c.WriteStepsPerSecond {
		if err := b.train.write(b.state.Batches, tfevents.Scalar("batch_steps_per_second", perSecond(1, b.batchStart))); err != nil {
			return err
		}
	}
	return b.train.logs(b.state.Batches, "batch_", "", logs)
}

// perSecond returns n divided by the seconds since start.
func perSecond(n int, start time.Time) float64 {
	return float64(n) / max(time.Since(start).Seconds(), 1e-9)
}

func (b *board) testEnd(logs *Logs) error {
	return b.validation.logs(b.run.Iterations(), "evaluation_", "_vs_iterations", logs)
}

func (b *board) epochEnd(epoch int, logs *Logs) error {
	train, validation := &Logs{}, &Logs{}
	for name, v := range logs.All() {
		to, vector := train, logs.Vector(name)
		if val, ok := strings.CutPrefix(name, "val_"); ok {
			to, name = validation, val
		}
		if to.Set(name, v); vector != nil {
			to.SetVector(name, vector)
		}
	}
	if rate, err := b.run.LearningRate(); err == nil { // not every optimizer has one
		train.Set("learning_rate", rate)
	}
	if b.c.WriteStepsPerSecond && !b.epochStart.IsZero() { // it is zero in an epoch that was resumed
		train.Set("steps_per_second", perSecond(b.run.Iterations()-b.iterations, b.epochStart))
	}
	if err := b.train.logs(epoch, "epoch_", "", train); err != nil {
		return err
	}
	if err := b.validation.logs(epoch, "epoch_", "", validation); err != nil {
		return err
	}
	if b.c.HistogramFreq == 0 || epoch%b.c.HistogramFreq != 0 {
		return nil
	}
	return b.variables(epoch)
}

// variables writes histograms of the variables and, if requested, images.
func (b *board) variables(epoch int) error {
	for _, v := range b.run.Variables() {
		values := float32s(v.Value)
		if err := b.train.write(epoch, tfevents.Histogram(v.Path+"/histogram", values)); err != nil {
			return err
		}
		if !b.c.WriteImages {
			continue
		}
		if m, ok := weightImages(v.Value.Shape(), values); ok {
			value, err := m.value(v.Path + "/image")
			if err != nil {
				return err
			}
			if err := b.train.write(epoch, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// examples writes images, each under its own tag.
func (b *board) examples(w *eventWriter, step int, group string, list []Example) error {
	for i, e := range list {
		tag := fmt.Sprintf("%s/%02d %s", group, i, e.Name)
		switch {
		case e.Predicted != "":
			sure := fmt.Sprintf("%.0f%%", 100*e.Probability)
			if e.Score != nil {
				sure = fmt.Sprintf("score %.4f", *e.Score)
			}
			tag += fmt.Sprintf(": %s, predicted %s (%s)", e.Label, e.Predicted, sure)
		case e.Label != "":
			tag += ": " + e.Label
		}
		v, err := exampleImage(e.Image).value(tag)
		if err != nil {
			return err
		}
		if err := w.write(step, v); err != nil {
			return err
		}
	}
	return nil
}

func (b *board) end() error {
	var err error
	if b.c.Mistakes > 0 && b.run.Finished() {
		var list []Example
		if list, err = b.run.Mistakes(b.c.Mistakes); err == nil {
			err = b.examples(&b.validation, max(b.run.Position().Epoch-1, 0), "mistakes", list)
		}
	}
	return errors.Join(err, b.close())
}

func (b *board) close() error { return errors.Join(b.train.close(), b.validation.close()) }

// eventFile is an event file in a State.
type eventFile struct {
	// Name is the name of the file in its folder. It is chosen before the first checkpoint, so that resumed training
	// finds a file that was made after the checkpoint.
	Name string `json:"name"`
	// Size is the size of the file. Resumed training continues at this offset.
	Size int64 `json:"size"`
}

// eventWriter writes an event file, which it makes when the first event comes.
type eventWriter struct {
	dir  string
	file *eventFile
	f    *os.File
	w    *tfevents.Writer
}

// now returns the time of an event.
func now() float64 { return float64(time.Now().UnixMicro()) / 1e6 }

// name chooses the name of the file, unless it continues that of an interrupted run. TensorBoard reads the files of a
// folder in the order of their names.
func (w *eventWriter) name() {
	if w.file.Name != "" {
		return
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	t := time.Now()
	w.file.Name = fmt.Sprintf("events.out.tfevents.%010d.%s.%d.%09d.v2", t.Unix(), host, os.Getpid(), t.Nanosecond())
}

// logs writes a scalar for each of the logs, and one for each element of a vector.
func (w *eventWriter) logs(step int, prefix, suffix string, logs *Logs) error {
	for name, v := range logs.All() {
		tag, vector := prefix+name+suffix, logs.Vector(name)
		if vector == nil {
			if err := w.write(step, tfevents.Scalar(tag, v)); err != nil {
				return err
			}
		}
		for i, v := range vector {
			if err := w.write(step, tfevents.Scalar(fmt.Sprintf("%s/%d", tag, i), v)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *eventWriter) write(step int, v tfevents.Value) error {
	if w.f == nil {
		if err := w.open(); err != nil {
			return err
		}
	}
	return w.w.Write(tfevents.Event{WallTime: now(), Step: int64(step), Values: []tfevents.Value{v}})
}

// open makes the file, or continues that of an interrupted run.
func (w *eventWriter) open() error {
	w.name()
	if err := os.MkdirAll(w.dir, 0o777); err != nil {
		return err
	}
	f, err := continueFile(filepath.Join(w.dir, filepath.Base(w.file.Name)), w.file.Size)
	if err != nil {
		return err
	}
	w.f, w.w = f, tfevents.NewWriter(counter{f, &w.file.Size})
	if w.file.Size > 0 {
		return nil
	}
	return w.w.Write(tfevents.Head(now(), "lince"))
}

func (w *eventWriter) close() error {
	if w.f == nil {
		return nil
	}
	err := w.f.Close()
	w.f = nil
	return err
}

// float32s returns the elements of a tensor of numbers.
func float32s(t *tensor.Tensor) []float32 {
	switch t.DType() {
	case tensor.Float32:
		return t.Float32s()
	case tensor.Int64:
		return converted[int64](t)
	case tensor.Int32:
		return converted[int32](t)
	case tensor.Float64:
		return converted[float64](t)
	}
	return nil
}

func converted[T int32 | int64 | float64](t *tensor.Tensor) []float32 {
	var to []float32
	for _, v := range tensor.Values[T](t) {
		to = append(to, float32(v))
	}
	return to
}
