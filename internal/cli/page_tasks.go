package cli

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/report"
)

// fillLabels adds the results for images with any number of classes, the network and the use of the model to a page.
func (s pageSource) fillLabels(p *report.Page, r *report.MultiLabel) error {
	p.MultiLabel = r
	for _, x := range s.predictions {
		p.Probabilities, p.TargetSets = append(p.Probabilities, x.Probabilities), append(p.TargetSets, s.f.ClassSet(x.Row))
	}
	p.Facts = append(p.Facts,
		report.Fact{Name: "all classes right", Value: report.FormatPercent(r.SubsetAccuracy)},
		report.Fact{Name: "mean F1", Value: report.FormatPercent(r.MacroAverage.F1)},
		report.Fact{Name: "F1 of all decisions", Value: report.FormatPercent(r.MicroAverage.F1)},
		report.Fact{Name: "wrong decisions", Value: report.FormatPercent(r.HammingLoss)},
	)
	switch c, err := report.CalibrateLabels(p.Probabilities, p.TargetSets); {
	case s.model.GivesScores(): // common has a note on them
	case err == nil:
		p.Calibration = []report.NamedCalibration{{Name: "All decisions", Calibration: c}}
		p.Facts = append(p.Facts, report.Fact{Name: "calibration error", Value: report.FormatPercent(c.ExpectedError)})
	default: // outputs that are not probabilities
		p.Notes = append(p.Notes, "The calibration is not measured: "+err.Error())
	}
	p.Facts = append(p.Facts, report.Fact{Name: "images judged", Value: report.FormatCount(len(s.predictions))}, report.Fact{Name: "classes", Value: report.FormatCount(len(s.classes))})
	s.common(p)
	return s.decisions(p, r.Threshold)
}

// decisions adds the wrong decisions about classes that the model is the surest of, with heat maps.
func (s pageSource) decisions(p *report.Page, threshold float64) error {
	var extra, missed []lince.Classification // with the class of the decision
	for _, x := range s.predictions {
		truth := s.f.ClassSet(x.Row)
		for k, probability := range x.Probabilities {
			is, predicted := slices.Contains(truth, k), float64(probability) >= threshold
			if is == predicted {
				continue
			}
			x.Class = k
			if predicted {
				extra = append(extra, x)
			} else {
				missed = append(missed, x)
			}
		}
	}
	slices.SortStableFunc(extra, moreSure)
	slices.SortStableFunc(missed, func(a, b lince.Classification) int { return moreSure(b, a) })
	extra, missed = extra[:min(len(extra), pageExamples)], missed[:min(len(missed), pageExamples)]
	heat, err := s.heatMaps(p, slices.Concat(extra, missed))
	if err != nil {
		return err
	}
	for _, list := range []struct {
		from []lince.Classification
		to   *[]report.Example
	}{{extra, &p.Extra}, {missed, &p.Missed}} {
		for _, c := range list.from {
			var labels []string
			for _, k := range s.f.ClassSet(c.Row) {
				labels = append(labels, s.classes[k])
			}
			e, err := s.example(c, strings.Join(labels, ", "), heat)
			if err != nil {
				return err
			}
			*list.to = append(*list.to, e)
		}
	}
	return nil
}

// fillNumbers adds the results for numbers, the network and the use of the model to a page.
func (s pageSource) fillNumbers(p *report.Page, r *report.Regression, predictions []numberOf) error {
	p.Regression = r
	labels := s.f.Table().Numbers()
	for _, x := range predictions {
		p.Numbers = append(p.Numbers, report.NumberPair{Target: labels[x.row], Predicted: x.value})
	}
	p.Facts = append(p.Facts,
		report.Fact{Name: "mean absolute error", Value: report.FormatNumber(r.MAE)},
		report.Fact{Name: "root mean squared error", Value: report.FormatNumber(r.RMSE)},
		report.Fact{Name: "baseline RMSE (always the mean)", Value: report.FormatNumber(r.StandardDeviation)},
	)
	if r.R2 != nil {
		p.Facts = append(p.Facts, report.Fact{Name: "R2 score", Value: fmt.Sprintf("%.3f", *r.R2)})
	}
	p.Facts = append(p.Facts, report.Fact{Name: "mean of the true numbers", Value: report.FormatNumber(r.Mean)}, report.Fact{Name: "images judged", Value: report.FormatCount(len(predictions))})
	s.common(p)
	largest := slices.Clone(predictions)
	size := func(x numberOf) float64 { return math.Abs(float64(x.value) - float64(labels[x.row])) }
	slices.SortStableFunc(largest, func(a, b numberOf) int { return cmp.Compare(size(b), size(a)) })
	for _, x := range largest[:min(len(largest), pageExamples)] {
		row := s.f.Table().Row(x.row)
		img, err := thumbnail(s.f.Table(), row)
		if err != nil {
			return err
		}
		e, sign := float64(x.value)-float64(labels[x.row]), ""
		if e > 0 {
			sign = "+"
		}
		p.LargestErrors = append(p.LargestErrors, report.Example{
			Image: img, Filename: row.Filename, Label: numberText(labels[x.row]), Predicted: report.FormatNumber(float64(x.value)), Error: sign + report.FormatNumber(e),
		})
	}
	return nil
}
