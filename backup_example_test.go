package lince_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
)

// interrupted is a dataset that cancels training at the beginning of an epoch, to simulate a crash.
type interrupted struct {
	data.Dataset
	epoch  int
	cancel func()
}

func (d interrupted) Batches(ctx context.Context, epoch, step int) iter.Seq2[data.Batch, error] {
	if epoch == d.epoch {
		d.cancel()
	}
	return d.Dataset.Batches(ctx, epoch, step)
}

// Training that can be interrupted: after a crash, run the program again, and training resumes from the last checkpoint.
func ExampleModel_Fit_resume() {
	defer inTemporaryFolder()()
	program := func(ctx context.Context, train data.Dataset) (*lince.History, error) {
		model := shapesModel()
		history, err := model.Fit(ctx, train, lince.FitOptions{
			Epochs:    20,
			Callbacks: []callback.Callback{callback.BackupAndRestore{Path: "backup.keras"}},
			Output:    os.Stderr,
		})
		return history, err
	}
	x, y := drawings(64)
	train, err := data.Tensors(x, y, data.TensorOptions{})
	check(err)

	ctx, cancel := context.WithCancel(context.Background())
	history, err := program(ctx, interrupted{train, 12, cancel})
	fmt.Println("interrupted:", errors.Is(err, context.Canceled), "after", len(history.Epochs), "epochs")

	history, err = program(context.Background(), train)
	check(err)
	fmt.Println("finished:", len(history.Epochs), "epochs")
	// Output:
	// interrupted: true after 12 epochs
	// finished: 20 epochs
}

// inTemporaryFolder changes to a temporary folder. The returned function changes back and removes it.
func inTemporaryFolder() (leave func()) {
	old, err := os.Getwd()
	check(err)
	dir, err := os.MkdirTemp("", "lince")
	check(err)
	check(os.Chdir(dir))
	return func() {
		check(os.Chdir(old))
		check(os.RemoveAll(dir))
	}
}
