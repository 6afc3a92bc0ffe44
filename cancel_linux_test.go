package lince

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/demo"
	"github.com/lince-ml/lince/data/picture"
)

// cancellations returns the number of trainings that TestCancellations cancels: LINCE_CANCELLATIONS, which .ci/soak sets to 500, or 20.
func cancellations(t *testing.T) int {
	t.Helper()
	text := os.Getenv("LINCE_CANCELLATIONS")
	if text == "" {
		return 20
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// descriptors returns the number of open files.
func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// imageFolder returns a dataset of image files, which goroutines read ahead.
func imageFolder(t *testing.T, dir string) *data.Flow {
	t.Helper()
	table, err := data.Open(t.Context(), dir, data.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return must(data.Images(table, data.ImageOptions{TargetSize: [2]int{6, 6}, ColorMode: picture.Grayscale, BatchSize: 4, Workers: 3}))
}

// Trainings on image files that are cancelled at any step, or in a validation, leave no goroutines and no open files.
func TestCancellations(t *testing.T) {
	dir := t.TempDir()
	set := demo.New(24, 1)
	for i := range 24 {
		name := filepath.Join(dir, set.Filename(i)[:3], set.Filename(i))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		f := must(os.Create(name))
		if err := set.WritePNG(f, i); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	train := func(at int) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n := 0
		count := func() {
			if n++; n == at {
				cancel()
			}
		}
		stop := callback.Func(func(callback.Run) (callback.Hooks, error) {
			return callback.Hooks{
				BatchEnd:       func(int, *Logs) error { count(); return nil },
				TestBatchBegin: func(int) error { count(); return nil },
			}, nil
		})
		m := smallModel(t, 7)
		_, err := m.Fit(ctx, imageFolder(t, dir), quiet(FitOptions{Epochs: 2, Validation: imageFolder(t, dir), Callbacks: []callback.Callback{stop}}))
		if at > 0 && !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled at %d: error is %v", at, err)
		}
	}
	train(1) // starts what stays
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	n := cancellations(t)
	for i := range n {
		train(1 + i%20)
	}
	// Goroutines of the last run may be about to end.
	if is := runtime.NumGoroutine(); is > goroutines+10 {
		t.Errorf("%d goroutines after %d cancellations, %d before", is, n, goroutines)
	}
	if is := descriptors(t); is > files+2 {
		t.Errorf("%d open files after %d cancellations, %d before", is, n, files)
	}
	t.Logf("%d cancellations: goroutines %d, then %d; open files %d, then %d", n, goroutines, runtime.NumGoroutine(), files, descriptors(t))
}
