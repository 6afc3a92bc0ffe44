package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/machine"
)

// results holds the measurements of a machine: a file in bench/results.
type results struct {
	CPU     string         `json:"cpu"`
	Cores   int            `json:"cores"`
	ISA     string         `json:"isa"`
	Go      string         `json:"go"`
	Limits  machine.Limits `json:"limits"` // with the number of threads of the rows
	One     machine.Limits `json:"limits_of_one_thread"`
	Balance []balance      `json:"balance,omitempty"`
	Rows    []result       `json:"rows"`
}

// result is a measured row, or the error that prevented its measurement.
type result struct {
	Name    string  `json:"name"`
	Unit    string  `json:"unit"`
	Peer    string  `json:"peer"`
	Goal    goal    `json:"goal"`
	Threads int     `json:"threads"`
	Date    string  `json:"date"`
	Others  float64 `json:"others,omitempty"` // fraction of the processor time that other processes used
	Error   string  `json:"error,omitempty"`
	Items   []item  `json:"items,omitempty"`
}

// item is one of the things that a row measures. It has the medians over the rounds, and the spreads,
// which are (maximum - minimum) / median.
type item struct {
	Name        string  `json:"name"`
	Lince       float64 `json:"lince"`
	Peer        float64 `json:"peer"`
	LinceSpread float64 `json:"lince_spread"`
	PeerSpread  float64 `json:"peer_spread"`
	Flops       float64 `json:"flops,omitempty"`
	Bytes       float64 `json:"bytes,omitempty"`
}

// ratio returns the speedup of lince over the peer.
func (i item) ratio() float64 { return i.Peer / i.Lince }

// join makes items from the values of the rounds. All rounds of both sides must have the same names.
func join(ours, theirs []values, w map[string]work) (list []item, err error) {
	for _, name := range names(append(slices.Clone(ours), theirs...)) {
		a, b := series(ours, name), series(theirs, name)
		if len(a) < len(ours) || len(b) < len(theirs) {
			return nil, fmt.Errorf("%q was not measured in each round on both sides", name)
		}
		list = append(list, item{
			Name: name, Lince: round(median(a)), Peer: round(median(b)), LinceSpread: round(spread(a)), PeerSpread: round(spread(b)),
			Flops: w[name].flops, Bytes: w[name].bytes,
		})
	}
	return list, nil
}

// names returns all names in the rounds, sorted.
func names(rounds []values) (list []string) {
	for _, v := range rounds {
		for name := range v {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func series(rounds []values, name string) (x []float64) {
	for _, v := range rounds {
		if f, ok := v[name]; ok {
			x = append(x, f)
		}
	}
	return x
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

func spread(x []float64) float64 { return (slices.Max(x) - slices.Min(x)) / median(x) }

// geomean returns the geometric mean.
func geomean(x []float64) float64 {
	sum := 0.
	for _, v := range x {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(x)))
}

// round rounds to four significant digits, more than the accuracy of the clock.
func round(x float64) float64 {
	x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64)
	return x
}

// load reads the stored results of this machine, if there are any.
func load(root string) (*results, error) {
	r := &results{CPU: cpuName()}
	switch text, err := os.ReadFile(r.path(root)); {
	case err == nil:
		if err := json.Unmarshal(text, r); err != nil {
			return nil, fmt.Errorf("%s: %w", r.path(root), err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	r.Cores, r.Go = runtime.NumCPU(), runtime.Version()
	return r, nil
}

// measureLimits measures the limits of the machine. It keeps the best value of all measurements,
// because other processes can only lower a value.
func (r *results) measureLimits(threads int) error {
	isa, err := kernel.Detect()
	if err != nil {
		return err
	}
	r.ISA = isa.String()
	r.Limits, r.One = better(r.Limits, machine.Measure(isa, threads)), better(r.One, machine.Measure(isa, 1))
	return nil
}

func better(a, b machine.Limits) machine.Limits {
	if a.Threads != b.Threads {
		return b
	}
	return machine.Limits{Threads: a.Threads, FMA: round(max(a.FMA, b.FMA)), Read: round(max(a.Read, b.Read)), Copy: round(max(a.Copy, b.Copy))}
}

// put adds the result of a row, in the order of rows, or replaces an earlier one. An error does not
// replace a result.
func (r *results) put(res result) {
	if res.Error != "" && slices.ContainsFunc(r.Rows, func(old result) bool { return old.Name == res.Name }) {
		return
	}
	order := map[string]int{}
	for i, row := range rows {
		order[row.name] = i
	}
	r.Rows = slices.DeleteFunc(r.Rows, func(old result) bool {
		_, is := order[old.Name]
		return old.Name == res.Name || !is
	})
	r.Rows = append(r.Rows, res)
	slices.SortFunc(r.Rows, func(a, b result) int { return order[a.Name] - order[b.Name] })
}

func (r *results) path(root string) string {
	name := strings.Trim(regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(r.CPU, "-"), "-")
	return filepath.Join(root, "bench", "results", name+".json")
}

// save writes the results as JSON with one item per line.
func (r *results) save(root string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	inner := regexp.MustCompile(`\{[^{}]*\}`).ReplaceAllFunc(text, func(object []byte) []byte {
		var line bytes.Buffer
		if json.Compact(&line, object) != nil {
			return object
		}
		return line.Bytes()
	})
	if err := os.MkdirAll(filepath.Dir(r.path(root)), 0o777); err != nil {
		return err
	}
	return os.WriteFile(r.path(root), append(inner, '\n'), 0o666)
}

// cpuName returns the processor's name and model, or the platform if the system does not report
// them.
func cpuName() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOOS + " " + runtime.GOARCH
	}
	parts := []string{}
	for _, key := range []string{"model name", "cpu family", "model"} {
		if m := regexp.MustCompile(`(?m)^` + key + `\s*: (.*)$`).FindSubmatch(text); m != nil {
			parts = append(parts, string(m[1]))
		}
	}
	return strings.Join(parts, " ")
}
