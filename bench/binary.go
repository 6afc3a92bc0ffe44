package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/lince-ml/lince/internal/machine"
)

// binary builds cmd/lince in a temporary folder, which the caller must remove.
func binary() (path, folder string, err error) {
	if folder, err = os.MkdirTemp("", "lince-bench-"); err != nil {
		return "", "", err
	}
	path = filepath.Join(folder, "lince")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	dir, err := root()
	if err != nil {
		return "", folder, err
	}
	build := exec.Command("go", "build", "-o", path, "./cmd/lince")
	build.Dir, build.Stderr = dir, os.Stderr
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	return path, folder, build.Run()
}

// wholeTutorial runs lince train on the photos. Its arguments are WHAT BATCH EPOCHS. If WHAT is
// seconds, it measures the times of the process and of an epoch. If WHAT is MiB, it measures the peak
// memory of a process that keeps no decoded images.
func wholeTutorial(args []string, threads int) (values, error) {
	path, folder, err := binary()
	defer func() { _ = os.RemoveAll(folder) }() // temporary
	if err != nil {
		return nil, err
	}
	out := filepath.Join(folder, "run")
	flags := []string{"train", photo(photos), "--quiet", "--out", out, "--batch", args[1], "--epochs", args[2], "--threads", strconv.Itoa(threads)}
	if args[0] == "MiB" {
		flags = append(flags, "--cache", "0")
	}
	c := exec.Command(path, flags...)
	c.Stderr = os.Stderr
	start := time.Now()
	if err := c.Run(); err != nil {
		return nil, err
	}
	took := time.Since(start).Seconds()
	if args[0] == "MiB" {
		peak, ok := machine.PeakMemory(c.ProcessState)
		if !ok {
			return nil, errors.New("this system does not report the peak memory of a process")
		}
		return values{"whole process": float64(peak) / (1 << 20)}, nil
	}
	text, err := os.ReadFile(filepath.Join(out, "run.json"))
	if err != nil {
		return nil, err
	}
	var record struct {
		Epochs []float64 `json:"epoch_seconds"`
	}
	if err := json.Unmarshal(text, &record); err != nil {
		return nil, err
	}
	if len(record.Epochs) == 0 {
		return nil, fmt.Errorf("run.json has no epoch times")
	}
	return values{"whole process": took, "an epoch": median(record.Epochs)}, nil
}

// transfer trains a classifier on a frozen body with lince train, and measures the time of the process. Its argument is the folder
// that peers/transfer_files.py has written.
func transfer(args []string, threads int) (values, error) {
	seconds, err := process(func(folder string) []string {
		return []string{"train", filepath.Join(args[0], "photos"), "--quiet", "--out", filepath.Join(folder, "run"), "--threads", strconv.Itoa(threads),
			"--model", "mobilenetv2", "--weights", filepath.Join(args[0], "body.weights.h5"), "--epochs", "5"}
	})
	return values{"whole process": seconds}, err
}

// firstPrediction measures the time of the process lince predict for one image. Its argument is the folder that
// peers/onnx_start_files.py has written.
func firstPrediction(args []string, threads int) (values, error) {
	seconds, err := process(func(string) []string {
		return []string{"predict", filepath.Join(args[0], "network.onnx"), filepath.Join(args[0], "image.jpg"), "--quiet", "--threads", strconv.Itoa(threads)}
	})
	return values{"first prediction": seconds}, err
}

// process builds lince, runs it with the arguments that args returns for a temporary folder, and returns its time in seconds.
func process(args func(folder string) []string) (float64, error) {
	path, folder, err := binary()
	defer func() { _ = os.RemoveAll(folder) }() // temporary
	if err != nil {
		return 0, err
	}
	c := exec.Command(path, args(folder)...)
	c.Stderr = os.Stderr
	start := time.Now()
	err = c.Run()
	return time.Since(start).Seconds(), err
}
