// Command bench compares the speed of lince with that of its peers. In each of several rounds it
// measures lince and a peer on this machine, one after the other, in separate processes. It prints
// a table of the medians. It installs the peers into a virtual environment in the user's cache
// folder. BENCHMARKS.md describes the measurements.
//
//	go run ./bench [-run REGEXP] [-rounds 5] [-long] [-write] [-list] [-threads N] [-python PYTHON]
//
// With -write it also stores the results in bench/results/CPU.json and updates the tables in
// BENCHMARKS.md. "go run ./bench -tables" only updates the tables from the stored results. Without
// these flags it writes neither.
//
// Run it on an otherwise idle machine.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
)

// options holds the command's flags.
type options struct {
	run           *regexp.Regexp
	rounds        int
	threads       int
	python        string
	long          bool
	list          bool
	write         bool
	tables        bool
	measure       bool
	selected      bool // -run is set
	args          []string
	root, shared  string
	self, peerDir string
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	o, err := parse()
	switch {
	case err != nil:
		return err
	case o.measure:
		return measure(o.args, o.threads)
	case o.list:
		for _, r := range rows {
			fmt.Println(r.name)
		}
		for _, b := range balances {
			fmt.Println(b.name)
		}
		return nil
	case o.tables:
		return writeDocument(o.root)
	}
	return o.bench()
}

// bench measures the selected rows and prints them. With -write it merges them into the stored
// results.
func (o *options) bench() error {
	if o.python == "" {
		var err error
		if o.python, err = environment(o.root); err != nil {
			return err
		}
	}
	all, err := load(o.root)
	if err != nil {
		return err
	}
	measured := &results{}
	var errs []error
	for _, r := range rows {
		if !o.run.MatchString(r.name) || r.long && !o.long && !o.selected {
			continue
		}
		if err := all.measureLimits(o.threads); err != nil {
			return err
		}
		res := o.compare(r)
		if res.Error != "" {
			errs = append(errs, fmt.Errorf("%s: %s", r.name, res.Error))
			fmt.Fprintln(os.Stderr, errs[len(errs)-1])
		}
		measured.put(res)
		all.put(res)
		if err := o.keep(all); err != nil { // after each row, so that ^C loses only one
			return err
		}
	}
	for _, b := range balances {
		if !o.run.MatchString(b.name) {
			continue
		}
		got, err := o.balance(b.name, b.batch)
		if err != nil {
			return err
		}
		measured.putBalance(got)
		all.putBalance(got)
	}
	if len(measured.Rows)+len(measured.Balance) == 0 {
		return fmt.Errorf("no row matches -run %s; -list lists the rows", o.run)
	}
	measured.Limits = all.Limits
	return errors.Join(append(errs, o.keep(all), measured.print(os.Stdout))...)
}

// keep stores the results and updates BENCHMARKS.md, if -write is set.
func (o *options) keep(r *results) error {
	if !o.write {
		return nil
	}
	return errors.Join(r.save(o.root), writeDocument(o.root))
}

func parse() (*options, error) {
	o := &options{}
	pattern := flag.String("run", "", "measure only rows whose names match this regular expression")
	flag.IntVar(&o.rounds, "rounds", 5, "measure each row in this many rounds")
	flag.IntVar(&o.threads, "threads", runtime.NumCPU(), "number of threads of lince and of its peers")
	flag.StringVar(&o.python, "python", "", "Python interpreter with the packages of bench/requirements.txt (default: install them into a virtual environment)")
	flag.BoolVar(&o.long, "long", false, "also measure rows that take many minutes")
	flag.BoolVar(&o.list, "list", false, "list the rows and exit")
	flag.BoolVar(&o.write, "write", false, "store the results in bench/results/CPU.json and update the tables in BENCHMARKS.md")
	flag.BoolVar(&o.tables, "tables", false, "update the tables in BENCHMARKS.md from bench/results and exit")
	flag.BoolVar(&o.measure, "measure", false, "for internal use: measure lince's side of a row (the bench starts itself with this flag)")
	flag.Parse()
	o.args, o.selected = flag.Args(), *pattern != ""
	var err error
	if o.run, err = regexp.Compile(*pattern); err != nil {
		return nil, fmt.Errorf("-run: %w", err)
	}
	switch {
	case o.rounds < 1:
		return nil, fmt.Errorf("-rounds must be at least 1, got %d", o.rounds)
	case o.threads < 1:
		return nil, fmt.Errorf("-threads must be at least 1, got %d", o.threads)
	case len(o.args) > 0 && !o.measure:
		return nil, fmt.Errorf("unexpected argument %q", o.args[0])
	}
	if o.root, err = root(); err != nil {
		return nil, err
	}
	o.shared = sharedFolder(o.root)
	o.peerDir = filepath.Join(o.root, "bench", "peers")
	o.self, err = os.Executable()
	return o, err
}

// root returns the folder with go.mod: the working folder or one of its parents.
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
			return "", errors.New("there is no go.mod in the working folder or its parents; run the bench in the folder of the project")
		}
		dir = up
	}
}

// sharedFolder returns the folder whose subfolder data has the photos: $LINCE_SHARED, or
// ../shared.
func sharedFolder(root string) string {
	if dir := os.Getenv("LINCE_SHARED"); dir != "" {
		return dir
	}
	return filepath.Join(root, "..", "shared")
}
