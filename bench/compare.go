package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// values holds numbers by name, in the form that both sides print.
type values map[string]float64

// compare measures a row. In each round one side runs after the other; the side that runs first
// alternates from round to round. Errors are stored in the result.
func (o *options) compare(r row) result {
	res := result{Name: r.name, Unit: r.unit, Peer: r.peer, Goal: r.goal, Threads: o.threads, Date: time.Now().Format(time.DateOnly)}
	for _, name := range r.needs {
		if path := filepath.Join(o.shared, "data", name); !exists(path) {
			res.Error = fmt.Sprintf("needs the photos %s (set LINCE_SHARED to the folder with data/%s)", path, name)
			return res
		}
	}
	r, remove, err := o.withFile(r)
	if err != nil {
		res.Error = err.Error()
		return res
	}
	defer remove()
	rounds := o.rounds
	if r.long {
		rounds = 1
	}
	others := watchOthers()
	var ours, theirs []values
	for i := range rounds {
		fmt.Fprintf(os.Stderr, "%s: round %d of %d\n", r.name, i+1, rounds)
		self := func(into *[]values, args []string) error {
			return o.side(into, nil, o.self, append([]string{"-measure", "-threads", strconv.Itoa(o.threads)}, args...)...)
		}
		sides := []func() error{
			func() error { return self(&ours, r.lince) },
			func() error {
				if r.other != nil {
					return self(&theirs, r.other)
				}
				args := append([]string{filepath.Join(o.peerDir, r.script[0])}, r.script[1:]...)
				return o.side(&theirs, r.env, o.python, append(args, strconv.Itoa(o.threads))...)
			},
		}
		first := i % 2
		if err := errors.Join(sides[first](), sides[1-first]()); err != nil {
			res.Error = err.Error()
			return res
		}
	}
	res.Others = round(others())
	var w map[string]work
	w, err = kinds[r.lince[0]].workOf(r.lince[1:])
	if err == nil {
		res.Items, err = join(ours, theirs, w)
	}
	if err != nil {
		res.Error = err.Error()
	}
	return res
}

// watchOthers returns a function, which returns the fraction of the processor time since the call of
// watchOthers that processes other than the bench have used. The fraction is 0 if the system does not
// report processor times.
func watchOthers() func() float64 {
	all, used, ours, err := cpuTime()
	return func() float64 {
		all2, used2, ours2, err2 := cpuTime()
		if err != nil || err2 != nil || all2 <= all {
			return 0
		}
		return max(0, (used2-used)-(ours2-ours)) / (all2 - all)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// side runs a command whose last line of output is a JSON object of numbers, and appends the numbers
// to into.
func (o *options) side(into *[]values, env []string, name string, args ...string) error {
	c := exec.Command(name, args...)
	var out, errOut bytes.Buffer
	c.Stdout, c.Stderr = &out, &errOut
	c.Env = append(o.environ(), "BENCH_STARTED="+strconv.FormatFloat(float64(time.Now().UnixNano())/1e9, 'f', 6, 64))
	c.Env = append(c.Env, env...)
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, lastLines(errOut.String()))
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var v values
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &v); err != nil {
		return fmt.Errorf("%s %s: %w", filepath.Base(name), strings.Join(args, " "), err)
	}
	*into = append(*into, v)
	return nil
}

// environ returns the environment of both sides.
func (o *options) environ() []string {
	return append(os.Environ(),
		"LINCE_SHARED="+o.shared,
		"PYTHONDONTWRITEBYTECODE=1", // keep the tree free of .pyc files
	)
}

// lastLines returns the last three lines of a process's output.
func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], "; ")
}
