package callback_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/tensor"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// fit trains a small model for some epochs.
func fit(epochs int, callbacks ...callback.Callback) *lince.History {
	x, y := tensor.New(tensor.Float32, 8, 2), tensor.New(tensor.Float32, 8, 1)
	for i := range 8 {
		x.Float32s()[2*i], y.Float32s()[i] = float32(i), float32(i%2)
	}
	ds, err := data.Tensors(x, y, data.TensorOptions{BatchSize: 4})
	check(err)
	model, err := lince.Sequential(layer.Input{Shape: []int{2}}, layer.Dense{Units: 1, Activation: layer.Sigmoid})
	check(err)
	check(model.Compile(lince.CompileOptions{Loss: loss.BinaryCrossentropy{}}))
	history, err := model.Fit(context.Background(), ds, lince.FitOptions{Epochs: epochs, Callbacks: callbacks, Verbose: lince.Silent})
	check(err)
	return history
}

// A custom callback that counts the steps and adds the count to the logs.
func ExampleFunc() {
	counter := callback.Func(func(run callback.Run) (callback.Hooks, error) {
		var state struct{ Steps int }
		return callback.Hooks{
			BatchEnd: func(int, *callback.Logs) error {
				state.Steps++
				return nil
			},
			EpochEnd: func(epoch int, logs *callback.Logs) error {
				logs.Set("steps", float64(state.Steps))
				return nil
			},
			State: &state, // stored in checkpoints
		}, nil
	})
	history := fit(3, counter)
	fmt.Println(history.Names(), history.Values("steps"))
	// Output: [loss steps] [2 4 6]
}

// One file per epoch.
func ExampleModelCheckpoint() {
	dir, err := os.MkdirTemp("", "lince")
	check(err)
	defer os.RemoveAll(dir)
	fit(3, callback.ModelCheckpoint{Path: filepath.Join(dir, "model-{epoch:02d}.keras")})
	files, err := os.ReadDir(dir)
	check(err)
	for _, f := range files {
		fmt.Println(f.Name())
	}
	// Output:
	// model-01.keras
	// model-02.keras
	// model-03.keras
}

// Halve the learning rate after every second epoch.
func ExampleLearningRateScheduler() {
	history := fit(5, callback.LearningRateScheduler{Schedule: func(epoch int, rate float64) float64 {
		if epoch > 0 && epoch%2 == 0 {
			return rate / 2
		}
		return rate
	}})
	fmt.Printf("%.5f\n", history.Values("learning_rate"))
	// Output: [0.00100 0.00100 0.00050 0.00050 0.00025]
}

// A History is also a callback. It gives access to the logs during training.
func ExampleHistory() {
	history := &callback.History{}
	progress := callback.Func(func(run callback.Run) (callback.Hooks, error) {
		return callback.Hooks{EpochEnd: func(epoch int, _ *callback.Logs) error {
			fmt.Printf("epoch %d of %d: %d in the history\n", epoch+1, run.Epochs(), len(history.Epochs))
			return nil
		}}, nil
	})
	fit(2, history, progress)
	// Output:
	// epoch 1 of 2: 1 in the history
	// epoch 2 of 2: 2 in the history
}

// Event files for TensorBoard: metrics of each epoch and batch, histograms of the weights, and the graph.
func ExampleTensorBoard() {
	dir, err := os.MkdirTemp("", "lince")
	check(err)
	defer os.RemoveAll(dir)
	fit(2, callback.TensorBoard{LogDir: filepath.Join(dir, "run-1"), HistogramFreq: 1, UpdateFreq: 1})
	folders, err := os.ReadDir(filepath.Join(dir, "run-1"))
	check(err)
	for _, f := range folders {
		fmt.Println(f.Name())
	}
	// Output: train
}

// One line of JSON for each epoch.
func ExampleRemoteMonitor() {
	dir, err := os.MkdirTemp("", "lince")
	check(err)
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "log.jsonl")
	fit(2, callback.RemoteMonitor{Filename: path})
	b, err := os.ReadFile(path)
	check(err)
	fmt.Println(strings.Count(string(b), "\n"), "lines")
	// Output: 2 lines
}

// The learning rate rises to 0.1 in the first 30 % of the steps, and falls to almost 0.
func ExampleOneCycle() {
	history := fit(5, callback.OneCycle{MaxLR: .1})
	fmt.Printf("%.4f\n", history.Values("learning_rate"))
	// Output: [0.0520 0.0950 0.0611 0.0188 0.0000]
}
