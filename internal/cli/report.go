package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/lince-ml/lince/report"
)

// reportCommand compares training runs.
type reportCommand struct {
	Runs      []string `arg:"" name:"run" predictor:"folder" help:"Folders of training runs, such as runs/train-1."`
	Out       path     `writes:"text" placeholder:"FILE" predictor:"file" help:"Also write the comparison, with the curves of the runs over each other, to this file. Its name ends in .html."`
	Overwrite bool     `help:"Replace the file of --out if it already exists."`
}

// Help returns the command's detailed help.
func (reportCommand) Help() string {
	return `Prints the results of training runs side by side, and the settings that differ. The results are those on the validation images; * marks the best one. Those of a run with --folds are the means and standard deviations of its folds, and those of a run with --tune are those of the training with the best settings. Folders that are no runs are skipped. The folder of each run also has a page about it, report.html.

Examples:
  lince report runs/train-1 runs/train-2
  lince report runs/* --out comparison.html`
}

// Validate implements kong's check of flags.
func (c *reportCommand) Validate() error {
	if c.Out != "" && !slices.Contains([]string{".html", ".htm"}, strings.ToLower(filepath.Ext(string(c.Out)))) {
		return mistakes(fmt.Errorf("--out must name a file that ends in .html, got %q", string(c.Out)))
	}
	return nil
}

// comparedRun is a run in the result of the command.
type comparedRun struct {
	Run      string              `json:"run"`
	Status   string              `json:"status"`
	Epochs   int                 `json:"epochs_done"`
	Results  map[string]*float64 `json:"results"`       // null if the run does not have the result
	Std      map[string]float64  `json:"std,omitempty"` // of the results of --folds, which are means
	Settings map[string]string   `json:"settings"`

	record  record
	several bool     // the results are those of parts
	parts   []record // the trainings of --folds
	notes   []string
}

// comparison is the command's result.
type comparison struct {
	Runs []comparedRun `json:"runs"`
	// Settings has the settings that differ, with the value of each run.
	Settings map[string][]string `json:"settings_that_differ"`
	Warnings []string            `json:"warnings"`

	page report.Comparison
}

// Run implements the command.
func (c *reportCommand) Run(e *env) error {
	if c.Out != "" && !c.Overwrite {
		if _, err := os.Stat(string(c.Out)); err == nil {
			return usageError{fmt.Errorf("--out: %s already exists; use another name, or --overwrite", c.Out)}
		}
	}
	r := &comparison{Settings: map[string][]string{}, Warnings: []string{}}
	var errs []error
	for _, dir := range c.Runs {
		x, err := readRecord(filepath.Join(dir, "run.json"))
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: not a training run: %w", dir, err))
			continue
		}
		run := comparedRun{Run: dir, Status: x.Status, Epochs: x.Epochs, Results: map[string]*float64{}, Std: map[string]float64{}, record: x}
		run.complete()
		run.Settings = comparedSettings(&run.record)
		r.Runs = append(r.Runs, run)
	}
	if len(r.Runs) == 0 {
		return errors.Join(errs...)
	}
	for _, err := range errs {
		r.Warnings = append(r.Warnings, fmt.Sprintf("skipped: %v", err))
	}
	r.compare()
	for _, w := range r.Warnings {
		e.warn(w)
	}
	if c.Out != "" {
		if err := e.writeFile("--out", c.Out, func(w io.Writer) error { return report.CompareHTML(w, r.page) }); err != nil {
			return err
		}
		e.printf("Wrote %s.\n\n", c.Out)
	}
	return e.result(r, r.print)
}

// comparedResult is a result of a training.
type comparedResult struct {
	name, key string
	order     int
	value     func(r *record) float64 // NaN if the run does not have it
	text      func(v float64) string
}

// comparedResults lists the results of a run that are compared. order is that of report.ComparedResult. Results that no run has are left out.
var comparedResults = []comparedResult{
	{"accuracy", "accuracy", 1, ofClasses(func(c *report.Classification) float64 { return c.Accuracy }), report.FormatPercent},
	{"all classes right", "subset_accuracy", 1, ofLabels(func(m *report.MultiLabel) float64 { return m.SubsetAccuracy }), report.FormatPercent},
	{"wrong decisions", "hamming_loss", -1, ofLabels(func(m *report.MultiLabel) float64 { return m.HammingLoss }), report.FormatPercent},
	{"F1 of all decisions", "micro_f1", 1, ofLabels(func(m *report.MultiLabel) float64 { return m.MicroAverage.F1 }), report.FormatPercent},
	{"mean F1", "mean_f1", 1, func(r *record) float64 {
		if r.MultiLabel != nil {
			return r.MultiLabel.MacroAverage.F1
		}
		return ofClasses(func(c *report.Classification) float64 { return c.MacroAverage.F1 })(r)
	}, report.FormatPercent},
	{"mean absolute error", "mean_absolute_error", -1, ofNumbers(func(n *report.Regression) float64 { return n.MAE }), report.FormatNumber},
	{"root mean squared error", "root_mean_squared_error", -1, ofNumbers(func(n *report.Regression) float64 { return n.RMSE }), report.FormatNumber},
	{"R2 score", "r2_score", 1, ofNumbers(func(n *report.Regression) float64 {
		if n.R2 == nil {
			return math.NaN()
		}
		return *n.R2
	}), func(v float64) string { return fmt.Sprintf("%.4f", v) }},
	{"calibration error", "expected_calibration_error", -1, func(r *record) float64 {
		if r.Calibration == nil || r.Calibration.Before == nil {
			return math.NaN()
		}
		return r.Calibration.ofModel(r.Calibration.Stored["model.keras"] != 0).ExpectedError
	}, report.FormatPercent},
	{"lowest val_loss", "lowest_val_loss", -1, func(r *record) float64 {
		lowest := math.NaN()
		if r.History == nil {
			return lowest
		}
		for _, v := range r.History.Values("val_loss") {
			if finite(v) && !(lowest <= v) {
				lowest = v
			}
		}
		return lowest
	}, func(v float64) string {
		if v < 100 {
			return fmt.Sprintf("%.4f", v)
		}
		return report.FormatNumber(v)
	}},
	{"epochs", "epochs", 0, func(r *record) float64 { return float64(r.Epochs) }, countText},
	{"training time", "seconds", -1, func(r *record) float64 { return r.Seconds }, report.FormatSeconds},
	{"peak memory", "peak_memory_bytes", -1, func(r *record) float64 {
		if r.PeakMemory == 0 {
			return math.NaN()
		}
		return float64(r.PeakMemory)
	}, func(v float64) string { return byteSize(v).String() }},
	{"parameters", "params", 0, func(r *record) float64 { return float64(r.Model.Params) }, countText},
}

// ofFinished are the results by which only a finished run can be the best: one that ended early needed less time for less.
var ofFinished = []string{"seconds", "peak_memory_bytes"}

func countText(v float64) string {
	if v != math.Trunc(v) { // a mean
		return fmt.Sprintf("%.1f", v)
	}
	return report.FormatCount(int(v))
}

// ofClasses, ofLabels and ofNumbers return a result of the runs of a task. Other runs do not have it.
func ofClasses(f func(*report.Classification) float64) func(*record) float64 {
	return func(r *record) float64 {
		if r.Results == nil {
			return math.NaN()
		}
		return f(r.Results)
	}
}

func ofLabels(f func(*report.MultiLabel) float64) func(*record) float64 {
	return func(r *record) float64 {
		if r.MultiLabel == nil {
			return math.NaN()
		}
		return f(r.MultiLabel)
	}
}

func ofNumbers(f func(*report.Regression) float64) func(*record) float64 {
	return func(r *record) float64 {
		if r.Regression == nil {
			return math.NaN()
		}
		return f(r.Regression)
	}
}

// sameLoss reports whether the losses of runs measure the same.
func sameLoss(runs []comparedRun) bool {
	loss := func(x comparedRun) string {
		task := fmt.Sprint(x.record.MultiLabel != nil, x.record.Regression != nil)
		return strings.Join([]string{task, x.Settings["loss"], x.Settings["label_smoothing"], x.Settings["class_weight"]}, "\n")
	}
	return !slices.ContainsFunc(runs, func(x comparedRun) bool { return loss(x) != loss(runs[0]) })
}

// notCompared lists settings that say nothing about a run's results.
var notCompared = []string{"out", "resume", "overwrite", "quiet", "json", "profile", "tensorboard", "help", "version"}

// fingerprintSetting is the name of the data's fingerprint among the settings.
const fingerprintSetting = "data_fingerprint"

// shortFingerprints returns the values of a setting for a table, in which the first digits of a fingerprint are enough.
func shortFingerprints(name string, values []string) []string {
	if name != fingerprintSetting {
		return values
	}
	var list []string
	for _, v := range values {
		if len(v) > 12 {
			v = v[:12] + "…"
		}
		list = append(list, v)
	}
	return list
}

// comparedSettings returns the settings of a run, its data and versions as texts.
func comparedSettings(r *record) map[string]string {
	s := map[string]string{fingerprintSetting: r.Data.Fingerprint, "lince": r.Versions.Lince, "instruction_set": r.Versions.InstructionSet}
	for name, v := range r.Settings {
		if !slices.Contains(notCompared, name) {
			s[name] = settingText(name, v)
		}
	}
	if r.Model.Optimizer == "" {
		return s
	}
	for name, value := range map[string]string{
		"optimizer": strings.ToLower(r.Model.Optimizer), "lr": strconv.FormatFloat(r.Model.LearningRate, 'g', -1, 64), "size": r.Model.Size, "monitor": r.Model.Monitor,
	} {
		if cmp.Or(s[name], noSetting) == noSetting && value != "" { // what a default came to
			s[name] = value
		}
	}
	return s
}

// compare fills in what follows from the runs.
func (r *comparison) compare() {
	r.page.Title = fmt.Sprintf("Comparison of %s", count(len(r.Runs), "run"))
	names := map[string]bool{}
	for _, x := range r.Runs {
		run := report.ComparedRun{Name: x.Run}
		notes := x.notes
		if x.Status != finished {
			notes = append(slices.Clone(notes), x.Status)
		}
		run.Note = strings.Join(notes, ", ")
		if x.record.History != nil {
			run.History = plotted(x.record.History)
		}
		r.page.Runs = append(r.page.Runs, run)
		for name := range x.Settings {
			names[name] = true
		}
	}
	for _, c := range comparedResults {
		result := report.ComparedResult{Name: c.name, Order: c.order}
		if c.key == "lowest_val_loss" && !sameLoss(r.Runs) {
			result.Order = 0
		}
		has := false
		for i := range r.Runs {
			v, std := r.Runs[i].measure(c)
			text := noSetting
			r.Runs[i].Results[c.key] = nil
			if finite(v) {
				has, text, r.Runs[i].Results[c.key] = true, c.format(v, std), &v
			}
			if std > 0 {
				r.Runs[i].Std[c.key] = std
			}
			ranked := v
			if r.Runs[i].Status != finished && slices.Contains(ofFinished, c.key) {
				ranked = math.NaN()
			}
			result.Values, result.Texts = append(result.Values, ranked), append(result.Texts, text)
		}
		if has {
			r.page.Results = append(r.page.Results, result)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		var values []string
		for _, x := range r.Runs {
			values = append(values, cmp.Or(x.Settings[name], noSetting))
		}
		if len(slices.Compact(slices.Sorted(slices.Values(values)))) > 1 {
			r.Settings[name] = values
			r.page.Settings = append(r.page.Settings, report.ComparedSetting{Name: name, Values: shortFingerprints(name, values)})
		}
	}
	for _, name := range []string{fingerprintSetting, "validation", "part", "split", "limit", "folds", "fold", "test_size", "seed", "stratify"} { // they choose the validation images
		if r.Settings[name] != nil {
			r.Warnings = append(r.Warnings, "the runs were judged on different validation images ("+name+" differs), so their results cannot be compared exactly")
			break
		}
	}
	if len(r.Warnings) > 0 {
		warning := strings.Join(r.Warnings, "; ")
		r.page.Subtitle = strings.ToUpper(warning[:1]) + warning[1:] + "."
	}
}

// print writes the comparison for people.
func (r *comparison) print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "run")
	for _, c := range r.page.Results {
		fmt.Fprintf(table, "\t%s", c.Name)
	}
	fmt.Fprintln(table)
	for i, x := range r.page.Runs {
		fmt.Fprint(table, x.Name)
		if x.Note != "" {
			fmt.Fprintf(table, " (%s)", x.Note)
		}
		for _, c := range r.page.Results {
			mark := ""
			if c.Best(i) {
				mark = "*"
			}
			fmt.Fprintf(table, "\t%s%s", c.Texts[i], mark)
		}
		fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(r.Runs) == 1 {
		return nil
	}
	if len(r.page.Settings) == 0 {
		_, err := fmt.Fprintln(w, "\nAll settings are the same.")
		return err
	}
	fmt.Fprintln(w)
	fmt.Fprint(table, "settings that differ")
	for _, x := range r.page.Runs {
		fmt.Fprintf(table, "\t%s", x.Name)
	}
	fmt.Fprintln(table)
	for _, s := range r.page.Settings {
		fmt.Fprintf(table, "%s\t%s\n", s.Name, strings.Join(s.Values, "\t"))
	}
	return table.Flush()
}
