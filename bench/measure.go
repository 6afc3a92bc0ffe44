package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// kind is a way to measure lince. Its values have the same names as those of the peer's script.
type kind struct {
	measure func(args []string, threads int) (values, error)
	work    func(args []string) (map[string]work, error) // nil if the work is not counted
}

// work is the minimum work of a measured item.
type work struct {
	flops float64 // multiplications and additions of the direct algorithm
	bytes float64 // size of operands and results, each counted once
}

// kinds lists the ways to measure lince, by the first word of row.lince.
var kinds = map[string]kind{
	"step":         {measure: trainingStep, work: stepWork},
	"balance":      {measure: balanced},
	"predict":      {measure: prediction, work: predictionWork},
	"tutorial":     {measure: wholeTutorial},
	"train":        {measure: applicationStep, work: applicationStepWork},
	"infer":        {measure: applicationPrediction, work: applicationPredictionWork},
	"infersaved":   {measure: savedPrediction},
	"transfer":     {measure: transfer},
	"file":         {measure: filePrediction, work: filePredictionWork},
	"start":        {measure: firstStep},
	"predictstart": {measure: firstPrediction},
	"augment":      {measure: augmented},
	"jpeg":         {measure: decoding},
	"block":        {measure: blockForward, work: blockWork},
	"blockstep":    {measure: blockStep},
	"conv":         {measure: convolutions, work: convolutionWork},
	"dense":        {measure: denseProducts, work: denseWork},
}

func (k kind) workOf(args []string) (map[string]work, error) {
	if k.work == nil {
		return nil, nil
	}
	return k.work(args)
}

// measure measures lince's side of a row, and prints the values.
func measure(args []string, threads int) error {
	if len(args) == 0 {
		return fmt.Errorf("-measure needs arguments")
	}
	k, ok := kinds[args[0]]
	if !ok {
		return fmt.Errorf("unknown measurement %q", args[0])
	}
	v, err := k.measure(args[1:], threads)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(v)
}

// A step is run warm times to warm up, and then at least minSteps times and for at least minTime, as
// in peers/clock.py.
const (
	warm     = 2
	minSteps = 5
	minTime  = 100 * time.Millisecond
)

// milliseconds returns the median time of step.
func milliseconds(step func() error) (float64, error) {
	for range warm {
		if err := step(); err != nil {
			return 0, err
		}
	}
	var times []float64
	for end := time.Now().Add(minTime); len(times) < minSteps || time.Now().Before(end); {
		start := time.Now()
		if err := step(); err != nil {
			return 0, err
		}
		times = append(times, time.Since(start).Seconds()*1e3)
	}
	return median(times), nil
}
