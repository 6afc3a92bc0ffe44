package report

// labelRow is a row of the table of classes, for images with any number of them.
type labelRow struct {
	LabelScores
	ranked
	defined
	Class string
}

// averageRow is the mean of scores.
type averageRow struct {
	Name string
	Scores
}

// labels sets the tables of classes and averages.
func (v *pageView) labels() {
	m := v.MultiLabel
	for i, name := range m.Classes {
		s := m.PerClass[i]
		predicted := 0
		for _, row := range v.Probabilities {
			if i < len(row) && float64(row[i]) >= m.Threshold {
				predicted++
			}
		}
		v.Predicted = v.Predicted || predicted > 0
		v.PerLabel = append(v.PerLabel, labelRow{Class: name, LabelScores: s, defined: v.definedScores(name, s.Support, predicted)})
	}
	v.Averages = []averageRow{
		{"All decisions together", m.MicroAverage}, {"Mean of the classes", m.MacroAverage}, {"Mean, weighted by images", m.WeightedAverage}, {"Mean of the images", m.SamplesAverage},
	}
}
