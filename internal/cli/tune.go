package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince/internal/mt19937"
	"github.com/lince-ml/lince/internal/tutorial"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/report"
)

// --tune is successive halving (Jamieson and Talwalkar, 2016): all trials train for one epoch, the best third of them for three epochs, and so on. A trial of a
// later rung trains from the beginning, because a schedule depends on the number of epochs. Each trial is a run in its own folder, and depends on the command line and
// its number alone. The time decides only how many trials there are in a rung.

// The shape of successive halving.
const (
	halving     = 3  // the ratio of trials and of epochs from rung to rung
	leastTrials = 3  // of the first rung
	mostTrials  = 27 // of the first rung
	rungs       = 3
)

// recordTune has the results of --tune.
type recordTune struct {
	Monitor string        `json:"monitor"`
	Mode    string        `json:"monitor_mode"`
	Trials  []trialResult `json:"trials"`
	Best    []string      `json:"best"`    // the flags of the best trial
	Seconds float64       `json:"seconds"` // of the trials
}

// trialResult is a trial of a rung.
type trialResult struct {
	Trial   int      `json:"trial"` // from 1; 1 has the settings of the command line
	Rung    int      `json:"rung"`  // from 1
	Epochs  int      `json:"epochs"`
	Flags   []string `json:"flags"`
	Value   *float64 `json:"value"` // the best of the epochs; null if the training diverged
	Seconds float64  `json:"seconds"`
}

// tuneFiles lists the files of --tune.
var tuneFiles = []outFile{
	{"tune.csv", "the trials"},
	{logName, "the output of the training"},
	{"run.json", "settings and results"},
}

// search is a run of --tune.
type search struct {
	*severalRuns
	c *trainCommand // of the run, also if it is resumed
}

// search returns the search that the command line asks for or resumes, or nil.
func (c *trainCommand) search(e *env, k *kong.Context) (*search, error) {
	s, err := c.severalRuns(e, k, tuneFiles, c.Tune > 0, func(r *record) bool { return r.Tune != nil })
	if s == nil {
		return nil, err
	}
	if !s.folder.keep {
		s.record.Tune = &recordTune{}
		return &search{s, c}, nil
	}
	was, err := s.record.settings()
	if err != nil {
		s.folder.close()
		return nil, unresumed(s.folder.dir, s.record, fmt.Errorf("--resume %s: %w", s.folder.dir, err))
	}
	return &search{s, was}, nil
}

// run runs the search and the training with the best settings.
func (s *search) run() error { return s.runAll(s.search) }

func (s *search) search() error {
	var numbers []int // the trials of the rung
	for n := 1; n <= mostTrials; n++ {
		numbers = append(numbers, n)
	}
	epochs := 1
	for rung := 1; rung <= s.rungs() && len(numbers) > 0; rung++ {
		least := 1
		if rung == 1 {
			least = leastTrials
		}
		done := 0
		for _, n := range numbers {
			// The trials that a resumed run finds are those that it had time for.
			if s.result(n, rung) == nil && done >= least && s.spent() >= s.c.Tune.Seconds()*float64(rung)/float64(s.rungs()) {
				break
			}
			if err := s.trial(n, rung, epochs); err != nil {
				return err
			}
			done++
		}
		ranked := s.ranked(rung)
		numbers = nil
		if epochs*halving <= s.c.Epochs {
			for _, t := range ranked[:len(ranked)/halving] {
				numbers = append(numbers, t.Trial)
			}
			epochs *= halving
		}
	}
	s.explainTime()
	return s.trainBest()
}

// rungs returns the number of rungs whose trials have at most --epochs epochs. They share the time.
func (s *search) rungs() int {
	n, epochs := 1, 1
	for n < rungs && epochs*halving <= s.c.Epochs {
		n, epochs = n+1, epochs*halving
	}
	return n
}

// explainTime says why the search has ended before its time.
func (s *search) explainTime() {
	const most = .9
	if s.spent() >= most*s.c.Tune.Seconds() {
		return
	}
	first := 0
	for _, t := range s.record.Tune.Trials {
		if t.Rung == 1 {
			first++
		}
	}
	why := "the time of the first trials was used, and only the best third of them train for more epochs"
	if first == mostTrials {
		why = fmt.Sprintf("there are at most %d trials, of which the best third train for more epochs", mostTrials)
	}
	s.printf("\nThe search ended after %s of %v: %s.\n", report.FormatSeconds(s.spent()), s.c.Tune, why)
}

// spent returns the seconds that trials have taken, in all processes of the run.
func (s *search) spent() float64 { return s.record.Tune.Seconds }

// result returns the result of a trial, or nil.
func (s *search) result(n, rung int) *trialResult {
	for i, t := range s.record.Tune.Trials {
		if t.Trial == n && t.Rung == rung {
			return &s.record.Tune.Trials[i]
		}
	}
	return nil
}

// trial runs a trial, unless it has a result.
func (s *search) trial(n, rung, epochs int) error {
	if s.result(n, rung) != nil {
		return nil
	}
	s.at = "after " + count(len(s.record.Tune.Trials), "trial")
	began := time.Now()
	flags := s.flags(n)
	r, err := s.subRun(subRun{
		dir: s.folder.path(fmt.Sprintf("trial-%d-%d", n, epochs)), flags: slices.Concat(notTuned, flags, []string{"--epochs", strconv.Itoa(epochs)}), label: fmt.Sprintf("Trial %d", n),
		title: fmt.Sprintf("Trial %d, %s: %s", n, count(epochs, "epoch"), cmp.Or(strings.Join(flags, " "), "the settings of the command line")), brief: true,
	})
	result := trialResult{Trial: n, Rung: rung, Epochs: epochs, Flags: flags}
	switch {
	case divergedAt(err) != nil && !initially(err):
		s.printf("  diverged\n")
	case err != nil:
		return err
	default:
		m := r.monitor()
		s.record.Tune.Monitor, s.record.Tune.Mode = m.key, m.mode()
		if v, ok := m.bestOf(r.History); ok {
			result.Value = &v
		}
	}
	result.Seconds = time.Since(began).Seconds()
	s.record.Tune.Seconds += result.Seconds
	s.record.Tune.Trials = append(s.record.Tune.Trials, result)
	return errors.Join(s.folder.write("run.json", s.record.write), s.folder.write("tune.csv", s.csv))
}

// notTuned are the flags of a training of a search.
var notTuned = []string{"--tune", "0s"}

// flags returns the settings of a trial as flags. The first trial has those of the command line.
func (s *search) flags(n int) []string {
	var flags []string
	if n == 1 {
		return flags
	}
	random := mt19937.New(s.c.Seed + uint32(n)*7919)
	// All numbers are drawn, so that a flag that is given does not change the others.
	rate := s.usualRate() * math.Pow(10, random.Uniform(-1.5, 1))
	decay := []string{"", "1e-4", "1e-3", "1e-2"}[random.Intn(4)]
	augmentation := []string{"", "none", "shift=.05,hflip", "rotation=30,shift=.2,zoom=.7:1.3,brightness=.7:1.3,hflip"}[random.Intn(4)]
	shrink := []int{4, 3, 2}[random.Intn(3)]
	if !s.c.given["lr"] {
		v, _ := strconv.ParseFloat(strconv.FormatFloat(rate, 'e', 1, 64), 64) // it is a number
		flags = append(flags, "--lr", fmt.Sprint(v))
	}
	if !s.c.given["weight-decay"] && decay != "" {
		flags = append(flags, "--weight-decay", decay)
	}
	if !s.c.given["augment"] && !s.c.given["no-augment"] && augmentation == "none" {
		flags = append(flags, "--no-augment")
	} else if !s.c.given["augment"] && !s.c.given["no-augment"] && augmentation != "" {
		flags = append(flags, "--augment", augmentation)
	}
	if base := s.c.Size; s.c.ModelSource == tutorialName && !s.c.given["size"] && shrink < 4 {
		if base == (size{}) {
			base = size{tutorial.Side, tutorial.Side}
		}
		flags = append(flags, "--size", size{base[0] * shrink / 4, base[1] * shrink / 4}.String())
	}
	return flags
}

// usualRate returns the default learning rate of the optimizer.
func (s *search) usualRate() float64 {
	if o, err := optimizer.Parse(cmp.Or(s.c.Optimizer, "rmsprop")); err == nil {
		if rate, ok := optimizer.ConfigOf(o)["learning_rate"].(float64); ok {
			return rate
		}
	}
	return 1e-3
}

// ranked returns the trials of a rung, the best first.
func (s *search) ranked(rung int) []trialResult {
	var list []trialResult
	for _, t := range s.record.Tune.Trials {
		if t.Rung == rung {
			list = append(list, t)
		}
	}
	m := monitored{s.record.Tune.Monitor, s.record.Tune.Mode == "max"}
	slices.SortStableFunc(list, func(a, b trialResult) int {
		switch {
		case b.Value == nil && a.Value == nil:
			return cmp.Compare(a.Trial, b.Trial)
		case b.Value == nil || a.Value != nil && m.better(*a.Value, *b.Value):
			return -1
		case a.Value == nil || m.better(*b.Value, *a.Value):
			return 1
		}
		return cmp.Compare(a.Trial, b.Trial)
	})
	return list
}

// trainBest trains with the settings of the best trial of the last rung.
func (s *search) trainBest() error {
	last := s.record.Tune.Trials[len(s.record.Tune.Trials)-1].Rung
	best := s.ranked(last)[0]
	if best.Value == nil {
		return errAllDiverged
	}
	s.record.Tune.Best = best.Flags
	s.at = "in the training with the best settings"
	dir, settings := s.folder.path("best"), cmp.Or(strings.Join(best.Flags, " "), "those of the command line")
	if _, err := s.subRun(subRun{dir: dir, flags: slices.Concat(notTuned, best.Flags), title: fmt.Sprintf("\nTraining with the settings of trial %d: %s", best.Trial, settings)}); err != nil {
		return err
	}
	return s.finish(severalResults{
		files: []severalFile{{"tune.csv", s.csv}},
		title: "Trials, the best of each rung first:", table: s.table, note: fmt.Sprintf("The files of the training with the best settings are in %s. Its settings: %s", dir, settings),
	})
}

// rows returns the table of trials, with its header.
func (s *search) rows() [][]string {
	rows := [][]string{{"trial", "epochs", cmp.Or(s.record.Tune.Monitor, "value"), "seconds", "settings"}}
	for rung := rungs; rung >= 1; rung-- {
		for _, t := range s.ranked(rung) {
			value := "diverged"
			if t.Value != nil {
				value = strconv.FormatFloat(*t.Value, 'g', 6, 64)
			}
			rows = append(rows, []string{strconv.Itoa(t.Trial), strconv.Itoa(t.Epochs), value, fmt.Sprintf("%.1f", t.Seconds), strings.Join(t.Flags, " ")})
		}
	}
	return rows
}

func (s *search) table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range s.rows() {
		last := len(row) - 1
		row[last] = cmp.Or(row[last], "those of the command line")
		fmt.Fprintln(t, strings.ReplaceAll(strings.Join(row, "\t"), "_", " "))
	}
	return t.Flush()
}

// csv writes tune.csv.
func (s *search) csv(w io.Writer) error {
	for _, row := range s.rows() {
		row[4] = `"` + row[4] + `"` // it has commas
		if _, err := fmt.Fprintln(w, strings.Join(row, ",")); err != nil {
			return err
		}
	}
	return nil
}
