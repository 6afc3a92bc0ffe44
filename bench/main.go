// Command bench measures lince beside its peers: both on this machine, in turn, in processes
// of their own, several rounds, medians. It sets up what the peers need in a virtual
// environment of the user's cache, and prints a table; BENCHMARKS.md explains it all.
//
//	go run ./bench [-run REGEXP] [-rounds 5] [-long] [-write] [-list] [-threads N] [-python PYTHON]
//
// With -write it also stores the results in bench/results/CPU.json, and their tables in
// BENCHMARKS.md. "go run ./bench -tables" makes the tables of the stored results anew. Neither
// is written without these flags.
//
// Run it on a machine that does nothing else.
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

// options are the command's flags.
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
	selected      bool // -run was given
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

// bench measures the rows that are wanted and prints them; with -write it keeps them with
// earlier ones.
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
	now := &results{}
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
		now.put(res)
		all.put(res)
		if err := o.keep(all); err != nil { // after each row: ^C loses one
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
		now.putBalance(got)
		all.putBalance(got)
	}
	if len(now.Rows)+len(now.Balance) == 0 {
		return fmt.Errorf("-run %s: no row; -list lists them", o.run)
	}
	now.Limits = all.Limits
	return errors.Join(append(errs, o.keep(all), now.print(os.Stdout))...)
}

// keep writes the results, and BENCHMARKS.md of them, where -write says so.
func (o *options) keep(r *results) error {
	if !o.write {
		return nil
	}
	return errors.Join(r.save(o.root), writeDocument(o.root))
}

func parse() (*options, error) {
	o := &options{}
	pattern := flag.String("run", "", "only the rows whose name matches this regular expression")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each is measured")
	flag.IntVar(&o.threads, "threads", runtime.NumCPU(), "threads, on both sides")
	flag.StringVar(&o.python, "python", "", "a Python with bench/requirements.txt (default: one is set up)")
	flag.BoolVar(&o.long, "long", false, "the rows that take many minutes, too")
	flag.BoolVar(&o.list, "list", false, "list the rows and end")
	flag.BoolVar(&o.write, "write", false, "store the results in bench/results/CPU.json, and their tables in BENCHMARKS.md")
	flag.BoolVar(&o.tables, "tables", false, "write the tables of bench/results into BENCHMARKS.md anew, and end")
	flag.BoolVar(&o.measure, "measure", false, "lince's side of a row: what the bench runs itself with")
	flag.Parse()
	o.args, o.selected = flag.Args(), *pattern != ""
	var err error
	if o.run, err = regexp.Compile(*pattern); err != nil {
		return nil, fmt.Errorf("-run: %w", err)
	}
	switch {
	case o.rounds < 1:
		return nil, fmt.Errorf("-rounds %d: want at least 1", o.rounds)
	case o.threads < 1:
		return nil, fmt.Errorf("-threads %d: want at least 1", o.threads)
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

// sharedFolder is where photographs are, in its folder data: $LINCE_SHARED, or ../shared.
func sharedFolder(root string) string {
	if dir := os.Getenv("LINCE_SHARED"); dir != "" {
		return dir
	}
	return filepath.Join(root, "..", "shared")
}
