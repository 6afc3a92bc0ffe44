package report

import (
	"fmt"
	"io"
	"math"
	"slices"
)

// Comparison compares runs; see CompareHTML.
type Comparison struct {
	// Title is the title of the page, and Subtitle the line below it.
	Title, Subtitle string
	Runs            []ComparedRun
	Results         []ComparedResult
	Settings        []ComparedSetting
}

// ComparedRun is a run. Note is a remark, such as that the run was interrupted.
type ComparedRun struct {
	Name, Note string
	History    *History // nil if there is none
}

// ComparedResult is a result of all runs.
type ComparedResult struct {
	Name string
	// Values has a value for each run. NaN means that the run has none.
	Values []float64
	// Texts has the values in the form in which they are shown.
	Texts []string
	// Order says which value is the best: 1 the highest, -1 the lowest, 0 none.
	Order int
}

// ComparedSetting is a setting with its value in each run.
type ComparedSetting struct {
	Name   string
	Values []string
}

// Best reports whether the value of a run is the best of a result. No value is the best if all are equal.
func (r ComparedResult) Best(run int) bool {
	v := r.Values[run]
	if r.Order == 0 || math.IsNaN(v) {
		return false
	}
	worse := false
	for _, other := range r.Values {
		switch difference := (other - v) * float64(r.Order); {
		case difference > 0:
			return false
		case difference < 0:
			worse = true
		}
	}
	return worse
}

func (c Comparison) check() error {
	if len(c.Runs) == 0 {
		return fmt.Errorf("report: no runs to compare")
	}
	for _, r := range c.Runs {
		if r.History != nil && len(r.History.Epochs) > 0 {
			if err := checkHistory(r.History); err != nil {
				return fmt.Errorf("%s: %w", r.Name, err)
			}
		}
	}
	for _, r := range c.Results {
		if len(r.Values) != len(c.Runs) || len(r.Texts) != len(c.Runs) {
			return fmt.Errorf("report: the result %s has %d values and %d texts for %d runs", r.Name, len(r.Values), len(r.Texts), len(c.Runs))
		}
	}
	for _, s := range c.Settings {
		if len(s.Values) != len(c.Runs) {
			return fmt.Errorf("report: the setting %s has %d values for %d runs", s.Name, len(s.Values), len(c.Runs))
		}
	}
	return nil
}

// comparisonView is what the template of a comparison needs.
type comparisonView struct {
	Comparison
	Columns []string
	Rows    []comparisonRow
	Charts  []chart
	Script  pageData
}

type comparisonRow struct {
	Name, Note string
	Style      int
	Dashed     bool
	Cells      []comparisonCell
}

type comparisonCell struct {
	Value, Text string
	Best        bool
}

// CompareHTML writes a page that compares runs: a table of results, the settings that differ, and the curves of the runs over each other. The page has the properties of those that HTML
// writes.
//
// It returns an error if there are no runs, if a history is not consistent, if a result or setting does not have a value for each run, or if writing fails.
func CompareHTML(w io.Writer, c Comparison) error {
	if err := c.check(); err != nil {
		return err
	}
	c = seen(c)
	v := comparisonView{Comparison: c}
	for _, r := range c.Results {
		v.Columns = append(v.Columns, r.Name)
	}
	for i, r := range c.Runs {
		row := comparisonRow{Name: r.Name, Note: r.Note, Style: i % lineStyles, Dashed: i >= lineStyles}
		for _, x := range c.Results {
			cell := comparisonCell{Text: x.Texts[i], Best: x.Best(i)}
			if !math.IsNaN(x.Values[i]) {
				cell.Value = fmt.Sprint(x.Values[i])
			}
			row.Cells = append(row.Cells, cell)
		}
		v.Rows = append(v.Rows, row)
	}
	v.Charts = compareCharts(c.Runs)
	for _, x := range v.Charts {
		v.Script.Charts = append(v.Script.Charts, x.data())
	}
	return executePage(w, "comparison", v)
}

// compareCharts returns a chart for each series of any run, in the order in which they first occur. Each run is a line.
func compareCharts(runs []ComparedRun) []chart {
	var epochs []int
	var names []string
	for _, r := range runs {
		if r.History == nil {
			continue
		}
		epochs = append(epochs, r.History.Epochs...)
		for _, s := range r.History.Series {
			if !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
		}
	}
	slices.Sort(epochs)
	epochs = slices.Compact(epochs)
	var charts []chart
	for _, name := range names {
		var lines []chartLine
		for i, r := range runs {
			if r.History == nil {
				continue
			}
			at := slices.IndexFunc(r.History.Series, func(s Series) bool { return s.Name == name })
			if at < 0 {
				continue
			}
			values := make([]float64, len(epochs))
			for k, e := range epochs {
				values[k] = math.NaN()
				if j := slices.Index(r.History.Epochs, e); j >= 0 {
					values[k] = r.History.Series[at].Values[j]
				}
			}
			lines = append(lines, chartLine{Name: r.Name, Values: values, Style: i, Last: lastFinite(values)})
		}
		charts = append(charts, newChartView(name, epochs, -1, lines))
	}
	return charts
}

// lastFinite formats the last value that is finite. A run that ended earlier than others has none in later epochs.
func lastFinite(values []float64) string {
	for _, v := range slices.Backward(values) {
		if finite(v) {
			return metricValue(v)
		}
	}
	return lastValue(values)
}
