package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/lince-ml/lince/internal/escape"
)

// Limits of a page, which keep it readable and below 3 MB.
const (
	mostPairs      = 300    // rows of the table of confused classes
	mostThresholds = 200    // points of a threshold curve
	mostPoints     = 30_000 // points of the threshold curves of all classes
	leastPoints    = 24     // points of a threshold curve, if there are many classes
	mostSkipped    = 50     // rows of the table of skipped images
	mostBars       = 40     // bars of the counts of classes
	mostAbsent     = 10     // names of classes without images
)

// pageView is what the template of a page needs.
type pageView struct {
	Page
	Charts      []chart
	HistoryRows [][]string // the first row has the names
	Bars        []countBar
	FewBars     []countBar // with Bars, if there are many classes: those with the fewest images
	OtherCounts int
	SameCount   string // the number of images of each of many classes
	SkippedMore int
	PerClass    []classRow
	PerLabel    []labelRow
	Averages    []averageRow
	Plots       []numberPlot
	Groups      []numberGroup
	Matrix      *matrixView
	Pairs       []confusedPair
	AllPairs    int
	Absent      []string // some of the classes without images
	AbsentCount int
	Undefined   bool // a score is 0/0
	Predicted   bool // with MultiLabel, a class is predicted
	Wrong       int
	Diagrams    []diagramView
	EpochBars   []countBar
	EpochsMore  int
	NetworkURL  template.URL
	Script      pageData
}

// pageData is the data of the page's script.
type pageData struct {
	Charts     []chartData     `json:"charts"`
	Classes    []string        `json:"classes"`
	Thresholds []thresholdData `json:"thresholds"`
}

// thresholdData has the points of a class one after the other: threshold, true positives, false positives.
type thresholdData struct {
	Positives int       `json:"p"`
	Negatives int       `json:"n"`
	Points    []float64 `json:"points"`
	All       int       `json:"all"` // points before some were left out
}

// classRow is a row of the table of classes.
type classRow struct {
	Scores
	ranked
	defined
	Class     string
	Confused  string // the class that is predicted most often instead; "" if there is none
	ConfusedN int
}

// defined says which scores are not 0/0.
type defined struct{ HasPrecision, HasRecall, HasF1 bool }

// definedScores returns which scores of a class are defined, by the number of its images and of its predictions. It notes what the page says about the others.
func (v *pageView) definedScores(class string, support, predicted int) defined {
	if support == 0 {
		if v.AbsentCount++; len(v.Absent) < mostAbsent {
			v.Absent = append(v.Absent, class)
		}
	}
	v.Undefined = v.Undefined || support == 0 || predicted == 0
	return defined{HasPrecision: predicted > 0, HasRecall: support > 0, HasF1: support+predicted > 0}
}

// ranked has what the threshold curves of a class say.
type ranked struct {
	AUC, Average       float64 // NaN if undefined
	HasAUC, HasAverage bool
}

// confusedPair is a pair of classes that are confused.
type confusedPair struct {
	Label, Predicted string
	N                int
	Fraction         float64 // of the examples of the label
}

// countBar is a bar with its length, from 0 to 100.
type countBar struct {
	Name, Value string
	Length      float64
}

func newPageView(p Page) (*pageView, error) {
	v := &pageView{Page: p}
	if p.History != nil && len(p.History.Epochs) > 0 {
		if err := checkHistory(p.History); err != nil {
			return nil, err
		}
		for _, x := range pairsOf(p.History) {
			lines := []chartLine{}
			if x.training != nil {
				lines = append(lines, chartLine{Name: "training", Values: x.training})
			}
			if x.validation != nil {
				lines = append(lines, chartLine{Name: "validation", Values: x.validation, Style: 1})
			}
			v.Charts = append(v.Charts, newChartView(x.name, p.History.Epochs, p.Best, lines))
		}
		v.HistoryRows = historyRows(p.History)
	}
	for _, c := range v.Charts {
		v.Script.Charts = append(v.Script.Charts, c.data())
	}
	v.counts()
	if len(v.Skipped) > mostSkipped {
		v.SkippedMore = len(v.Skipped) - mostSkipped
		v.Skipped = v.Skipped[:mostSkipped]
	}
	if p.Results != nil {
		if err := checkConfusion(p.Results.Classes, p.Results.Confusion); err != nil {
			return nil, err
		}
		v.results()
	}
	if p.MultiLabel != nil {
		v.labels()
	}
	if v.AbsentCount > 0 {
		v.Notes = append(slices.Clone(v.Notes), fmt.Sprintf("Classes without images: %s of %s. In the means of the classes, such as the mean F1, they count as 0.", FormatCount(v.AbsentCount), FormatCount(len(v.PerClass)+len(v.PerLabel))))
	}
	if p.Regression != nil {
		if err := v.numbers(); err != nil {
			return nil, err
		}
	}
	if len(p.Probabilities) > 0 {
		if err := v.thresholds(); err != nil {
			return nil, err
		}
	}
	for _, c := range p.Calibration {
		v.Diagrams = append(v.Diagrams, newDiagramView(c))
	}
	if len(p.Network) > 0 {
		v.NetworkURL = dataURL("image/svg+xml", []byte(escape.Hidden(string(p.Network))))
	}
	v.EpochsMore = max(0, len(p.EpochSeconds)-mostBars)
	longest := 0.
	if len(p.EpochSeconds) > 0 {
		longest = slices.Max(p.EpochSeconds)
	}
	for i, s := range p.EpochSeconds[:min(len(p.EpochSeconds), mostBars)] {
		v.EpochBars = append(v.EpochBars, countBar{fmt.Sprintf("epoch %d", i+1), FormatSeconds(s), 100 * s / max(longest, 1e-9)})
	}
	return v, nil
}

// historyRows returns the history as a table with a header.
func historyRows(h *History) [][]string {
	rows := [][]string{{"epoch"}}
	for _, s := range h.Series {
		rows[0] = append(rows[0], s.Name)
	}
	for i, e := range h.Epochs {
		row := []string{fmt.Sprint(e + 1)}
		for _, s := range h.Series {
			row = append(row, metricValue(s.Values[i]))
		}
		rows = append(rows, row)
	}
	return rows
}

// counts sets the bars of the classes. If there are many, these are the largest and the smallest, or none if all are equal.
func (v *pageView) counts() {
	most := 0
	for _, c := range v.Counts {
		most = max(most, c.N)
	}
	bars := func(list []Count) (all []countBar) {
		for _, c := range list {
			all = append(all, countBar{c.Class, FormatCount(c.N), 100 * float64(c.N) / float64(max(most, 1))})
		}
		return all
	}
	n := len(v.Counts)
	if n <= mostBars {
		v.Bars = bars(v.Counts)
		return
	}
	list := slices.Clone(v.Counts)
	slices.SortStableFunc(list, func(a, b Count) int { return cmp.Compare(b.N, a.N) })
	if list[n-1].N == most {
		v.SameCount = examplesText(most)
		return
	}
	v.Bars, v.FewBars, v.OtherCounts = bars(list[:mostBars/2]), bars(list[n-mostBars/2:]), n-mostBars
}

// results sets the tables of classes and confused pairs, and the matrix.
func (v *pageView) results() {
	r := v.Results
	for i, name := range r.Classes {
		predicted := 0
		for _, row := range r.Confusion {
			predicted += row[i]
		}
		row := classRow{Class: name, Scores: r.PerClass[i], defined: v.definedScores(name, r.PerClass[i].Support, predicted)}
		for j, n := range r.Confusion[i] {
			if i == j || n == 0 {
				continue
			}
			v.Wrong += n
			if n > row.ConfusedN {
				row.Confused, row.ConfusedN = r.Classes[j], n
			}
			v.Pairs = append(v.Pairs, confusedPair{name, r.Classes[j], n, float64(n) / float64(row.Support)})
		}
		v.PerClass = append(v.PerClass, row)
	}
	v.AllPairs = len(v.Pairs)
	slices.SortStableFunc(v.Pairs, func(a, b confusedPair) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(b.Fraction, a.Fraction)) })
	v.Pairs = v.Pairs[:min(len(v.Pairs), mostPairs)]
	v.Matrix = newMatrixView(r.Classes, r.Confusion)
}

// thresholds computes the threshold curves of all classes, on all cores.
func (v *pageView) thresholds() error {
	n := len(v.Targets)
	var names []string
	is := func(row, class int) bool { return v.Targets[row] == class }
	switch {
	case v.Results != nil:
		names = v.Results.Classes
	case v.MultiLabel != nil:
		names, n = v.MultiLabel.Classes, len(v.TargetSets)
		is = func(row, class int) bool { return slices.Contains(v.TargetSets[row], class) }
	}
	classes := len(names)
	if len(v.Probabilities) != n || classes == 0 {
		return fmt.Errorf("report: %d rows of probabilities for %d targets of %d classes, want the same number of rows, and Results or MultiLabel", len(v.Probabilities), n, classes)
	}
	for i, row := range v.Probabilities {
		if len(row) != classes {
			return fmt.Errorf("report: example %d has %d probabilities, want one for each of %d classes", i, len(row), classes)
		}
	}
	list, errs := make([]*Thresholds, classes), make([]error, classes)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), classes) {
		workers.Go(func() {
			scores, positive := make([]float32, n), make([]bool, n)
			for k := int(next.Add(1)) - 1; k < classes; k = int(next.Add(1)) - 1 {
				for i, row := range v.Probabilities {
					scores[i], positive[i] = row[k], is(i, k)
				}
				list[k], errs[k] = NewThresholds(scores, positive)
			}
		})
	}
	workers.Wait()
	points := min(max(mostPoints/classes, leastPoints), mostThresholds)
	for k, t := range list {
		if errs[k] != nil {
			return errs[k]
		}
		var row *ranked
		if v.Results != nil {
			row = &v.PerClass[k].ranked
		} else {
			row = &v.PerLabel[k].ranked
		}
		row.AUC, row.Average = t.AUC(), t.AveragePrecision()
		row.HasAUC, row.HasAverage = !math.IsNaN(row.AUC), !math.IsNaN(row.Average)
		thin := t.spread(points)
		d := thresholdData{Positives: t.Positives, Negatives: t.Negatives, All: len(t.Points)}
		for _, p := range thin.Points {
			d.Points = append(d.Points, shortest(p.Threshold), float64(p.TruePositives), float64(p.FalsePositives))
		}
		v.Script.Thresholds = append(v.Script.Thresholds, d)
	}
	v.Script.Classes = names
	return nil
}

// shortest returns the number whose shortest decimal form is that of v, which is short in JSON: 0.1 for float32(0.1).
func shortest(v float32) float64 {
	d, _ := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64) // it is a number
	return d
}
