package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// kind is a way to measure lince. Its numbers have the names that the peer's script gives.
type kind struct {
	measure func(args []string, threads int) (values, error)
	work    func(args []string) (map[string]work, error) // nil: not counted
}

// work is what a measured thing has to do at least.
type work struct {
	flops float64 // multiplications and additions, of the plain algorithm
	bytes float64 // read and written, each number once
}

// kinds is the list.
var kinds = map[string]kind{
	"step":     {measure: trainingStep, work: stepWork},
	"balance":  {measure: balanced},
	"predict":  {measure: prediction, work: predictionWork},
	"tutorial": {measure: wholeTutorial},
	"train":    {measure: applicationStep, work: applicationStepWork},
	"infer":    {measure: applicationPrediction, work: applicationPredictionWork},
	"start":    {measure: firstStep},
	"augment":  {measure: augmented},
	"jpeg":     {measure: decoding},
	"block":    {measure: blockForward, work: blockWork},
	"conv":     {measure: convolutions, work: convolutionWork},
	"dense":    {measure: denseProducts, work: denseWork},
}

func (k kind) workOf(args []string) (map[string]work, error) {
	if k.work == nil {
		return nil, nil
	}
	return k.work(args)
}

// measure runs lince's side of a row, and prints its numbers.
func measure(args []string, threads int) error {
	if len(args) == 0 {
		return fmt.Errorf("nothing to measure")
	}
	k, ok := kinds[args[0]]
	if !ok {
		return fmt.Errorf("%q is nothing to measure", args)
	}
	v, err := k.measure(args[1:], threads)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(v)
}

// A step is run a few times to warm up, then least times and for a while at least:
// as peers/clock.py does.
const (
	warm  = 2
	least = 5
	while = 100 * time.Millisecond
)

// milliseconds is the median of the times of step.
func milliseconds(step func() error) (float64, error) {
	for range warm {
		if err := step(); err != nil {
			return 0, err
		}
	}
	var times []float64
	for end := time.Now().Add(while); len(times) < least || time.Now().Before(end); {
		start := time.Now()
		if err := step(); err != nil {
			return 0, err
		}
		times = append(times, time.Since(start).Seconds()*1e3)
	}
	return median(times), nil
}
