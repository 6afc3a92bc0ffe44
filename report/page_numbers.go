package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
)

// Limits of the plots of numbers.
const (
	mostPlotDots = 1000 // examples that are dots; more are cells, which are dark where there are many
	plotCells    = 48   // cells along an axis
	errorBars    = 31   // bars of the histogram of errors
	numberGroups = 5    // rows of the table of errors by the size of the number
)

// numberPlot is a plot of predicted numbers: dots or cells for examples, or bars for numbers of examples.
type numberPlot struct {
	Title, Explained, XTitle, YTitle string
	Width, Height                    int
	Left, Right, Top, Bottom         float64
	X, Y                             []mark
	Line                             string // the SVG path of predictions without errors
	Dots                             []dot
	Cells                            []plotCell
	Bars                             bool // the cells are bars
}

// plotCell is a rectangle with a number of examples.
type plotCell struct {
	X, Y, Width, Height float64
	Opacity             string
	Text                string
}

// numberGroup is a row of the table of errors by the size of the number.
type numberGroup struct {
	From, To, Error, Mean string // Error is the mean absolute error, Mean the mean error
	N                     int
}

// Sizes of the plots of numbers, in the units of their SVG.
const (
	numbersSide = 360
	numbersLeft = 66
	numbersLow  = 46
)

// numbers sets the plots and the table of errors.
func (v *pageView) numbers() error {
	if len(v.Numbers) == 0 {
		return nil
	}
	targets, predicted, errs := make([]float64, len(v.Numbers)), make([]float64, len(v.Numbers)), make([]float64, len(v.Numbers))
	for i, n := range v.Numbers {
		targets[i], predicted[i] = float64(n.Target), float64(n.Predicted)
		if errs[i] = predicted[i] - targets[i]; math.IsNaN(errs[i]) || math.IsInf(errs[i], 0) {
			return fmt.Errorf("report: example %d has the target %v and the prediction %v, want finite numbers", i, n.Target, n.Predicted)
		}
	}
	low, high := math.Inf(1), math.Inf(-1)
	for i := range targets {
		low, high = min(low, targets[i], predicted[i]), max(high, targets[i], predicted[i])
	}
	against := newNumberPlot("Predicted against true", "true number", "predicted number", []float64{low, high}, []float64{low, high})
	against.Explained = "Predictions without errors are on the dashed line."
	against.line(low, low, high, high)
	against.examples(targets, predicted)
	residuals := newNumberPlot("Errors", "predicted number", "predicted - true", predicted, append([]float64{0}, errs...))
	residuals.Explained = "Above the dashed line, the prediction is too high. A trend or a funnel means that the errors depend on the number."
	residuals.line(slices.Min(predicted), 0, slices.Max(predicted), 0)
	residuals.examples(predicted, errs)
	v.Plots = []numberPlot{against.numberPlot, residuals.numberPlot, histogram(errs)}
	v.groups(targets, errs)
	return nil
}

// numberPlotter draws into a numberPlot.
type numberPlotter struct {
	numberPlot
	axes *plot.Plot
}

func newNumberPlot(title, x, y string, xs, ys []float64) *numberPlotter {
	p := &numberPlotter{axes: newPlot(), numberPlot: numberPlot{
		Title: title, XTitle: x, YTitle: y, Width: numbersSide, Height: numbersSide, Left: numbersLeft, Right: numbersSide - chartRight, Top: chartTop, Bottom: numbersSide - numbersLow,
	}}
	setLinearAxis(&p.axes.X, xs)
	setLinearAxis(&p.axes.Y, ys)
	p.mark()
	return p
}

// mark sets the ticks. Their labels get the room that they need: those of the Y axis beside its title, and the last one of the X axis beyond its end.
func (p *numberPlotter) mark() {
	wide := 0.
	for _, t := range marks(&p.axes.Y, p.y) {
		wide = max(wide, labelWidth(t.Label))
	}
	p.Left = max(numbersLeft, math.Ceil(wide)+24)
	p.Right = numbersSide - chartRight
	for _, t := range marks(&p.axes.X, p.x) {
		if beyond := t.At + labelWidth(t.Label)/2 - numbersSide; beyond > 0 {
			p.Right -= math.Ceil(beyond) + 1
		}
	}
	p.X, p.Y = apart(marks(&p.axes.X, p.x)), marks(&p.axes.Y, p.y)
}

// apart returns every tick, every second one and so on, such that their labels are apart.
func apart(ticks []mark) []mark {
	for every := 1; ; every++ {
		var list []mark
		for i := 0; i < len(ticks); i += every {
			list = append(list, ticks[i])
		}
		near := func(i int) bool {
			return list[i].At+labelWidth(list[i].Label)/2+4 > list[i+1].At-labelWidth(list[i+1].Label)/2
		}
		fits := true
		for i := range len(list) - 1 {
			fits = fits && !near(i)
		}
		if fits {
			return list
		}
	}
}

// setLinearAxis sets the range and the ticks of an axis without a logarithmic scale.
func setLinearAxis(a *plot.Axis, values []float64) {
	low, high := slices.Min(values), slices.Max(values)
	room := (high - low) * .05
	if room <= 1e-12*max(math.Abs(low), math.Abs(high)) {
		room = max(math.Abs(high)*.05, 1e-6)
	}
	a.Min, a.Max = low-room, high+room
	a.Tick.Marker = plot.ConstantTicks(valueTicks(a.Min, a.Max))
}

func (p *numberPlotter) x(v float64) float64 {
	return tenth(p.Left + p.axes.X.Norm(v)*(p.Right-p.Left))
}
func (p *numberPlotter) y(v float64) float64 {
	return tenth(p.Bottom - p.axes.Y.Norm(v)*(p.Bottom-p.Top))
}

// line draws the line of predictions without errors.
func (p *numberPlotter) line(x1, y1, x2, y2 float64) {
	p.Line = fmt.Sprintf("M%v %vL%v %v", p.x(x1), p.y(y1), p.x(x2), p.y(y2))
}

// examples draws a dot for each example, or cells if there are many.
func (p *numberPlotter) examples(xs, ys []float64) {
	if len(xs) <= mostPlotDots {
		for i := range xs {
			p.Dots = append(p.Dots, dot{p.x(xs[i]), p.y(ys[i])})
		}
		return
	}
	w, h := (p.Right-p.Left)/plotCells, (p.Bottom-p.Top)/plotCells
	var counts [plotCells][plotCells]int
	most := 0
	for i := range xs {
		c := min(int((p.x(xs[i])-p.Left)/w), plotCells-1)
		r := min(int((p.y(ys[i])-p.Top)/h), plotCells-1)
		counts[r][c]++
		most = max(most, counts[r][c])
	}
	for r, row := range counts {
		for c, n := range row {
			if n > 0 {
				p.Cells = append(p.Cells, plotCell{
					X: tenth(p.Left + float64(c)*w), Y: tenth(p.Top + float64(r)*h), Width: tenth(w), Height: tenth(h),
					Opacity: strconv.FormatFloat(.2+.8*math.Sqrt(float64(n)/float64(most)), 'f', 2, 64), Text: examplesText(n),
				})
			}
		}
	}
	p.Explained += " The darker a cell, the more images are in it."
}

func examplesText(n int) string {
	if n == 1 {
		return "1 image"
	}
	return FormatCount(n) + " images"
}

// histogram plots how many examples have which error. Its middle bar has the errors around 0.
func histogram(errs []float64) numberPlot {
	largest := 0.
	for _, e := range errs {
		largest = max(largest, math.Abs(e))
	}
	if largest == 0 {
		largest = 1
	}
	var counts [errorBars]int
	for _, e := range errs {
		counts[min(int((e+largest)/(2*largest)*errorBars), errorBars-1)]++
	}
	most := slices.Max(counts[:])
	p := newNumberPlot("How often errors occur", "predicted - true", "images", []float64{-largest, largest}, []float64{0, float64(most)})
	p.axes.Y.Min = 0
	p.axes.Y.Tick.Marker = plot.ConstantTicks(stepTicks(0, p.axes.Y.Max, 1))
	p.mark()
	p.Bars = true
	p.line(0, 0, 0, p.axes.Y.Max)
	width := 2 * largest / errorBars
	for i, n := range counts {
		if n == 0 {
			continue
		}
		from := -largest + float64(i)*width
		left, top := p.x(from), p.y(float64(n))
		p.Cells = append(p.Cells, plotCell{
			X: tenth(left + .5), Y: top, Width: tenth(p.x(from+width) - left - 1), Height: tenth(p.Bottom - top), Opacity: "1",
			Text: fmt.Sprintf("%s to %s: %s", FormatNumber(from), FormatNumber(from+width), examplesText(n)),
		})
	}
	return p.numberPlot
}

// groups divides the examples by their true numbers, which are equal within a group as far as possible.
func (v *pageView) groups(targets, errs []float64) {
	order := make([]int, len(targets))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(targets[a], targets[b]) })
	n := len(order)
	for start, k := 0, 1; start < n; k++ {
		end := max(start+1, n*k/numberGroups)
		for end < n && targets[order[end]] == targets[order[end-1]] { // equal numbers are in one group
			end++
		}
		end = min(end, n)
		var absolute, mean sum
		for _, i := range order[start:end] {
			absolute.add(math.Abs(errs[i]))
			mean.add(errs[i])
		}
		size := end - start
		sign := ""
		if m := mean.mean(size); m > 0 {
			sign = "+"
		}
		v.Groups = append(v.Groups, numberGroup{FormatNumber(targets[order[start]]), FormatNumber(targets[order[end-1]]), FormatNumber(absolute.mean(size)), sign + FormatNumber(mean.mean(size)), size})
		start = end
	}
}
