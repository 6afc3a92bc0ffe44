package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/profile"
)

// balance says how evenly a training step is cut: how many times as fast as with one thread
// it would be with more, if threads cost nothing and shared nothing, by the times that its parts
// take one after the other.
type balance struct {
	Name    string    `json:"name"`
	Speedup []float64 `json:"speedup"` // for balanceThreads
}

var balanceThreads = []int{2, 4, 8, 16}

// balances are what is looked at so: training steps of the tutorial's network, by batch.
var balances = []struct{ name, batch string }{
	{"balance of the tutorial's training step, batch 15", "15"},
	{"balance of the tutorial's training step, batch 32", "32"},
}

// balanced measures the parts of a training step with one thread: BATCH.
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

// balance runs balanced, in a process of its own.
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

// putBalance adds b, or puts it in the place of an earlier one.
func (r *results) putBalance(b balance) {
	for i, old := range r.Balance {
		if old.Name == b.Name {
			r.Balance[i] = b
			return
		}
	}
	r.Balance = append(r.Balance, b)
}

// String is for a terminal and a page: "2 threads 1.98x, ...".
func (b balance) String() string {
	var parts []string
	for i, s := range b.Speedup {
		parts = append(parts, fmt.Sprintf("%d threads %.2fx", balanceThreads[i], s))
	}
	return b.Name + ": " + strings.Join(parts, ", ")
}
