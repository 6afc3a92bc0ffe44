// Command bench measures lince beside its peers: both on this machine, in turn, in processes
// of one tree, several rounds, medians. It sets up what the peers need in a virtual
// environment, prints a table, and writes bench/results/CPU.json.
//
//	go run ./bench [-rounds 5] [-python PYTHON]
//
// Run it on a machine that does nothing else.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// row is something to measure: a command of lince's and one of a peer's, each of which
// prints the median milliseconds of its steps.
type row struct {
	name, peer string
	lince      []string // arguments of this program
	script     []string // of Python, below bench/peers
}

// rows is the list of what is measured.
var rows = []row{
	{"training step of the tutorial's network, batch 15", "Keras", []string{"step", "15"}, []string{"keras_step.py", "15"}},
	{"training step of the tutorial's network, batch 32", "Keras", []string{"step", "32"}, []string{"keras_step.py", "32"}},
}

// result is a measured row, in milliseconds.
type result struct {
	Name      string    `json:"name"`
	Peer      string    `json:"peer"`
	Lince     float64   `json:"lince_ms"`
	Other     float64   `json:"peer_ms"`
	Ratio     float64   `json:"ratio"` // how many times faster lince is
	AllLince  []float64 `json:"lince_rounds"`
	AllOthers []float64 `json:"peer_rounds"`
}

func main() {
	rounds := flag.Int("rounds", 5, "how often each is measured")
	python := flag.String("python", "", "a Python with internal/golden/requirements.txt (default: one is set up)")
	flag.Parse()
	if flag.NArg() > 0 {
		if err := measure(flag.Args()); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(*rounds, *python); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(rounds int, python string) error {
	root, err := root()
	if err != nil {
		return err
	}
	if python == "" {
		if python, err = environment(root); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var results []result
	for _, r := range rows {
		res := result{Name: r.name, Peer: r.peer}
		for i := range rounds {
			fmt.Fprintf(os.Stderr, "%s: round %d of %d\n", r.name, i+1, rounds)
			ours, err := milliseconds(self, r.lince...)
			if err != nil {
				return err
			}
			args := append([]string{filepath.Join(root, "bench", "peers", r.script[0])}, r.script[1:]...)
			theirs, err := milliseconds(python, args...)
			if err != nil {
				return err
			}
			res.AllLince, res.AllOthers = append(res.AllLince, ours), append(res.AllOthers, theirs)
		}
		res.Lince, res.Other = median(res.AllLince), median(res.AllOthers)
		res.Ratio = res.Other / res.Lince
		results = append(results, res)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\tlince\tpeer\tfaster\n")
	for _, r := range results {
		fmt.Fprintf(w, "%s\t%.1f ms\t%s %.1f ms\t%.2fx\n", r.Name, r.Lince, r.Peer, r.Other, r.Ratio)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return save(root, results)
}

// root is the folder with go.mod, at or above the current one.
func root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("run me in the project's folder")
		}
		dir = up
	}
}

// environment makes a virtual environment with the peers, once.
func environment(root string) (python string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "lince", "bench")
	python = filepath.Join(dir, "bin", "python")
	if runtime.GOOS == "windows" {
		python = filepath.Join(dir, "Scripts", "python.exe")
	}
	if _, err := os.Stat(python); err != nil {
		if err := loud("python3", "-m", "venv", dir); err != nil {
			return "", err
		}
	}
	return python, loud(python, "-m", "pip", "install", "-q", "-r", filepath.Join(root, "internal", "golden", "requirements.txt"))
}

func loud(name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	return c.Run()
}

// milliseconds runs a command whose last line is a number.
func milliseconds(name string, args ...string) (float64, error) {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		var e *exec.ExitError
		if errors.As(err, &e) {
			err = fmt.Errorf("%w: %s", err, e.Stderr)
		}
		return 0, fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strconv.ParseFloat(lines[len(lines)-1], 64)
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

func save(root string, results []result) error {
	cpu := cpuName()
	name := strings.Trim(regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(cpu, "-"), "-")
	text, err := json.MarshalIndent(struct {
		CPU   string   `json:"cpu"`
		Cores int      `json:"cores"`
		Rows  []result `json:"rows"`
	}{cpu, runtime.NumCPU(), results}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "bench", "results", name+".json"), append(text, '\n'), 0o666)
}

// cpuName is the processor's name and model, where the system tells.
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
