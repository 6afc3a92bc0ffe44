package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/bounded"
)

// foldFlags are the flags of cross-validation.
type foldFlags struct {
	Folds int `placeholder:"K" help:"Cross-validation: divide the images into K folds with the same fractions of the classes (of images with several labels: at random), and train K times, each time with another fold as validation images. Each run is in a folder fold-N of the output folder; folds.csv has the means and standard deviations of their best epochs."`
	Fold  int `placeholder:"N" help:"With --folds: train only with fold N, from 1 to K, as validation images."`
}

// mistakes returns the mistakes in the flags.
func (f foldFlags) mistakes(given map[string]bool, find bool) error {
	var errs []error
	switch {
	case given["folds"] && f.Folds < 2:
		errs = append(errs, fmt.Errorf("--folds must be at least 2, got %d", f.Folds))
	case given["fold"] && f.Folds == 0:
		errs = append(errs, errors.New("--fold is for --folds"))
	case given["fold"] && (f.Fold < 1 || f.Fold > f.Folds):
		errs = append(errs, fmt.Errorf("--fold must be from 1 to %d, the number of --folds, got %d", f.Folds, f.Fold))
	}
	for _, name := range []string{"test-size", "stratify", "validation"} {
		if f.Folds > 0 && given[name] {
			errs = append(errs, fmt.Errorf("--folds and --%s cannot be combined: each fold is the validation part once, and has the same fraction of each class", name))
		}
	}
	if f.Folds > 0 && f.Fold == 0 && find {
		errs = append(errs, errors.New("--lr-find and --folds cannot be combined"))
	}
	return errors.Join(errs...)
}

// possible returns an error if a class has fewer images than there are folds, so that a fold would have none of them.
func (f foldFlags) possible(table *data.Table) error {
	switch {
	case f.Folds == 0:
		return nil
	case table.Len() < f.Folds:
		return fmt.Errorf("--folds %d: the %s are fewer than the folds", f.Folds, count(table.Len(), "image"))
	case table.Task() == data.MultiLabel:
		return nil
	}
	var small []string
	least := f.Folds
	for _, c := range table.Counts() {
		if c.N < f.Folds {
			small = append(small, fmt.Sprintf("%s (%s)", visibleLine(c.Label), count(c.N, "image")))
			least = min(least, c.N)
		}
	}
	if small == nil {
		return nil
	}
	what, whose := "class has", "this class"
	if len(small) > 1 {
		what, whose = "classes have", "these classes"
	}
	advice := fmt.Sprintf("use --folds %d, add images, or take %s out of the data", least, whose)
	if least < 2 {
		advice = fmt.Sprintf("add images, or take %s out of the data", whose)
	}
	return fmt.Errorf("--folds %d: each fold needs an image of each class, and %s fewer than the %d folds: %s; %s", f.Folds, what, f.Folds, shortList(small), advice)
}

// foldFiles lists the files of cross-validation.
var foldFiles = []outFile{
	{"folds.csv", "the best epoch of each fold, and the means and standard deviations"},
	{"predictions.csv", "the prediction for each image, by the model that was not trained on it"},
	{logName, "the output of the training"},
	{"run.json", "settings and results"},
}

// recordFolds has the results of cross-validation.
type recordFolds struct {
	Folds   int                 `json:"folds"`
	Results []foldResult        `json:"results"`
	Mean    map[string]*float64 `json:"mean"`
	Std     map[string]*float64 `json:"std"` // of the sample: divided by folds-1
}

// foldResult is the best epoch of a fold.
type foldResult struct {
	Fold   int                 `json:"fold"`       // from 1
	Epoch  int                 `json:"best_epoch"` // from 0; -1 if no epoch was completed
	Values map[string]*float64 `json:"values"`
}

// crossValidation is the training of all folds.
type crossValidation struct{ *severalRuns }

// crossValidation returns the cross-validation that the command line asks for or resumes, or nil.
func (c *trainCommand) crossValidation(e *env, k *kong.Context) (*crossValidation, error) {
	s, err := c.severalRuns(e, k, foldFiles, c.Folds > 0 && c.Fold == 0, func(r *record) bool { return r.Folds != nil })
	if s == nil {
		return nil, err
	}
	if !s.folder.keep {
		s.record.Folds = &recordFolds{Folds: c.Folds}
	}
	return &crossValidation{s}, nil
}

// run trains all folds that are not finished.
func (v *crossValidation) run() error {
	return v.runAll(v.train)
}

func (v *crossValidation) train() error {
	f := v.record.Folds
	f.Results = nil
	for n := 1; n <= f.Folds; n++ {
		v.at = fmt.Sprintf("in fold %d of %d", n, f.Folds)
		dir := v.dir(n)
		title := fmt.Sprintf("Fold %d of %d", n, f.Folds)
		r, err := v.subRun(subRun{
			dir: dir, flags: []string{"--fold", strconv.Itoa(n)}, label: title, title: fmt.Sprintf("%s (its output is in %s)", title, filepath.Join(dir, logName)), brief: true,
		})
		if err != nil {
			return err
		}
		f.Results = append(f.Results, bestOf(n, r))
	}
	f.summarize()
	return v.finish(severalResults{
		files: []severalFile{{"folds.csv", f.csv}, {"predictions.csv", v.predictions}},
		title: fmt.Sprintf("Cross-validation: the best epochs of %d folds", f.Folds), table: f.table, note: fmt.Sprintf("The files of each fold are in %s, and so on.", v.dir(1)),
	})
}

// dir returns the folder of a fold.
func (v *crossValidation) dir(fold int) string {
	return v.folder.path("fold-" + strconv.Itoa(fold))
}

// bestOf returns the validation values of the best epoch of a run.
func bestOf(fold int, r record) foldResult {
	f := foldResult{Fold: fold, Epoch: r.Epochs - 1, Values: map[string]*float64{}}
	if r.BestEpoch != nil {
		f.Epoch = *r.BestEpoch
	}
	if r.History == nil {
		return f
	}
	if epoch, ok := bestEpoch(r.History, nil, r.monitor()); ok && r.BestEpoch == nil { // best.keras is the initial model
		f.Epoch = epoch
	}
	i := slices.Index(r.History.Epochs, f.Epoch)
	for _, s := range r.History.Series {
		if i >= 0 && strings.HasPrefix(s.Name, "val_") {
			f.Values[s.Name] = finiteOrNil(s.Values)[i]
		}
	}
	return f
}

// names returns the names of the values. A fold without a completed epoch has none.
func (f *recordFolds) names() []string {
	var names []string
	for _, r := range f.Results {
		names = slices.AppendSeq(names, maps.Keys(r.Values))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// summarize computes the means and standard deviations. They are missing for values of which one is not finite.
func (f *recordFolds) summarize() {
	f.Mean, f.Std = map[string]*float64{}, map[string]*float64{}
	n := float64(len(f.Results))
	for _, name := range f.names() {
		sum, squares, missing := 0., 0., false
		for _, r := range f.Results {
			if v := r.Values[name]; v != nil {
				sum += *v
			} else {
				missing = true
			}
		}
		if missing {
			continue
		}
		for _, r := range f.Results {
			squares += (*r.Values[name] - sum/n) * (*r.Values[name] - sum/n)
		}
		f.Mean[name], f.Std[name] = new(sum/n), new(math.Sqrt(squares/(n-1)))
	}
}

// rows returns the table with its header; format formats a value.
func (f *recordFolds) rows(format func(*float64) string) [][]string {
	rows := [][]string{append([]string{"fold", "best_epoch"}, f.names()...)}
	add := func(first, second string, values map[string]*float64) {
		row := []string{first, second}
		for _, name := range f.names() {
			row = append(row, format(values[name]))
		}
		rows = append(rows, row)
	}
	for _, r := range f.Results {
		epoch := ""
		if r.Epoch >= 0 {
			epoch = strconv.Itoa(r.Epoch)
		}
		add(strconv.Itoa(r.Fold), epoch, r.Values)
	}
	add("mean", "", f.Mean)
	add("std", "", f.Std)
	return rows
}

// table writes the results for people, with epochs from 1.
func (f *recordFolds) table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, row := range f.rows(fourDigits) {
		if n, err := strconv.Atoi(row[1]); err == nil && i > 0 {
			row[1] = strconv.Itoa(n + 1)
		}
		fmt.Fprintln(t, strings.ReplaceAll(strings.Join(row, "\t"), "_", " "))
	}
	return t.Flush()
}

// csv writes folds.csv.
func (f *recordFolds) csv(w io.Writer) error {
	for _, row := range f.rows(func(v *float64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'g', -1, 64)
	}) {
		if _, err := fmt.Fprintln(w, strings.Join(row, ",")); err != nil {
			return err
		}
	}
	return nil
}

// predictions writes the predictions of all folds as one file.
func (v *crossValidation) predictions(w io.Writer) error {
	for n := 1; n <= v.record.Folds.Folds; n++ {
		b, err := bounded.ReadFile(filepath.Join(v.dir(n), "predictions.csv"), bounded.MaxFile)
		if err != nil {
			return err
		}
		text := string(b)
		if _, rows, ok := strings.Cut(text, "\n"); ok && n > 1 { // without the header
			text = rows
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	return nil
}
