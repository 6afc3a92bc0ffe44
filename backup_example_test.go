package lince_test

import (
	"context"
	"fmt"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
)

// A training that survives a crash: run the program again, and it resumes where it stopped.
func ExampleModel_Fit_resume() {
	train := func(ctx context.Context, model *lince.Model, train data.Dataset) (*lince.History, error) {
		history, err := model.Fit(ctx, train, lince.FitOptions{
			Epochs:    20,
			Callbacks: []callback.Callback{callback.BackupAndRestore{Path: "backup.keras"}},
		})
		return history, err
	}
	fmt.Println(train != nil)
	// Output: true
}
