package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/profile"
)

// balance says how evenly the work of a training step is divided into parts. It is the speedup over
// one thread that several threads would reach without overhead and without shared resources, computed
// from the times of the parts on one thread.
type balance struct {
	Name    string    `json:"name"`
	Speedup []float64 `json:"speedup"` // for each of balanceThreads
}

var balanceThreads = []int{2, 4, 8, 16}

// balances lists the measured training steps of the tutorial's network, by batch size.
var balances = []struct{ name, batch string }{
	{"balance of the tutorial's training step, batch 15", "15"},
	{"balance of the tutorial's training step, batch 32", "32"},
}

// balanced measures the parts of a training step on one thread. Its argument is BATCH.
func balanced(args []string, _ int) (values, error) {
	p := &profile.Profile{MaxSpans: 1}
	if _, err := tutorialSteps(args[0], 1, p); err != nil {
		return nil, err
	}
	v := values{}
	for _, n := range balanceThreads {
		v[strconv.Itoa(n)] = profile.Speedup(p.Rows(), n)
	}
	return v, nil
}

// balance runs balanced in a separate process.
func (o *options) balance(name, batch string) (balance, error) {
	var got []values
	if err := o.side(&got, nil, o.self, "-measure", "balance", batch); err != nil {
		return balance{}, err
	}
	b := balance{Name: name}
	for _, n := range balanceThreads {
		b.Speedup = append(b.Speedup, round(got[0][strconv.Itoa(n)]))
	}
	return b, nil
}

// putBalance adds b, or replaces an earlier one.
func (r *results) putBalance(b balance) {
	for i, old := range r.Balance {
		if old.Name == b.Name {
			r.Balance[i] = b
			return
		}
	}
	r.Balance = append(r.Balance, b)
}

// String returns "NAME: 2 threads 1.98x, ...".
func (b balance) String() string {
	var parts []string
	for i, s := range b.Speedup {
		parts = append(parts, fmt.Sprintf("%d threads %.2fx", balanceThreads[i], s))
	}
	return b.Name + ": " + strings.Join(parts, ", ")
}
