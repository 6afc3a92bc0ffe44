package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/check"
	"github.com/lince-ml/lince/internal/machine"
	"github.com/lince-ml/lince/internal/shell"
	"github.com/lince-ml/lince/plot"
	"github.com/lince-ml/lince/report"
)

// pageName is the page about a run or an evaluation.
const pageName = "report.html"

// The number of examples in each list of the page, and of layers in the drawing of a network: larger drawings cannot be read.
const (
	pageExamples = 12
	pageTiles    = 24
	pageLayers   = 250
)

// pageSource has what the pages about a training and an evaluation have in common.
type pageSource struct {
	*env
	model       *lince.Model
	file        string // of the model
	classes     []string
	threads     int
	f           *data.Flow // of the predictions
	predictions []lince.Classification
	results     *report.Classification
	calibration *calibration // nil if the outputs are not probabilities
	calibrated  bool         // the model has the temperature of the calibration
	bad         []data.BadFile
}

// fillClasses adds the results, the network and the use of the model to a page.
func (s pageSource) fillClasses(p *report.Page) error {
	p.Results = s.results
	largest := 0
	for _, c := range s.results.PerClass {
		largest = max(largest, c.Support)
	}
	p.Facts = append(p.Facts,
		report.Fact{Name: "accuracy", Value: report.FormatPercent(s.results.Accuracy)},
		report.Fact{Name: "baseline (largest class)", Value: report.FormatPercent(float64(largest) / float64(s.results.MacroAverage.Support))},
		report.Fact{Name: "mean F1", Value: report.FormatPercent(s.results.MacroAverage.F1)},
	)
	if c := s.calibration; c != nil {
		p.Calibration = c.diagrams()
		p.Facts = append(p.Facts, report.Fact{Name: "calibration error", Value: report.FormatPercent(c.ofModel(s.calibrated).ExpectedError)})
		indexes := s.f.ClassIndexes()
		for _, x := range s.predictions {
			p.Probabilities, p.Targets = append(p.Probabilities, x.Probabilities), append(p.Targets, indexes[x.Row])
		}
	}
	p.Facts = append(p.Facts, report.Fact{Name: "images judged", Value: report.FormatCount(len(s.predictions))}, report.Fact{Name: "classes", Value: report.FormatCount(len(s.classes))})
	s.common(p)
	return s.examples(p)
}

// common adds what the pages of all tasks have.
func (s pageSource) common(p *report.Page) {
	for _, b := range badFiles(s.bad) {
		p.Skipped = append(p.Skipped, report.Fact{Name: b.Filename, Value: b.Error})
	}
	if !s.model.Regression && s.model.GivesScores() {
		p.Notes = append(p.Notes, "The outputs of the model are scores, not probabilities: they say which class fits best, not how often it is right.")
	}
	s.network(p)
	p.Usage = usage(s.model, s.file, s.classes)
}

// examples adds the surest mistakes and the least sure predictions, with heat maps.
func (s pageSource) examples(p *report.Page) error {
	wrong := wrongPredictions(s.f, s.predictions)
	wrong = wrong[:min(len(wrong), pageExamples)]
	unsure := slices.Clone(s.predictions)
	slices.SortStableFunc(unsure, func(a, b lince.Classification) int { return moreSure(b, a) })
	unsure = unsure[:min(len(unsure), pageExamples)]
	suspects, note, err := s.wrongLabels(wrong)
	if err != nil {
		return err
	}
	p.LabelsNote = note
	heat, err := s.heatMaps(p, slices.Concat(wrong, unsure, suspects))
	if err != nil {
		return err
	}
	for _, list := range []struct {
		from []lince.Classification
		to   *[]report.Example
	}{{wrong, &p.Mistakes}, {unsure, &p.Unsure}, {suspects, &p.WrongLabels}} {
		for _, c := range list.from {
			e, err := s.example(c, s.f.Table().Row(c.Row).Label, heat)
			if err != nil {
				return err
			}
			*list.to = append(*list.to, e)
		}
	}
	return nil
}

// example returns the image of a prediction for the page.
func (s pageSource) example(c lince.Classification, label string, heat map[shown]image.Image) (report.Example, error) {
	r := s.f.Table().Row(c.Row)
	img, err := thumbnail(s.f.Table(), r)
	e := report.Example{Image: img, Heat: heat[shown{c.Row, c.Class}], Filename: r.Filename, Label: label, Predicted: s.classes[c.Class], Probability: float64(c.Probabilities[c.Class])}
	if c.Scores != nil {
		e.Score = new(float64(c.Scores[c.Class]))
	}
	return e, err
}

// pageConfidence is the lowest probability of another class at which the page lists a label as probably wrong. pageAccuracy is the lowest accuracy of a model for which it does:
// the confident mistakes of a weaker model are mostly its mistakes, and not those of labels.
const (
	pageConfidence = .9
	pageAccuracy   = .95
)

// wrongLabels returns the predictions of the images whose label is probably wrong, the surest first, without those that the page lists as mistakes. The note says which
// of these they are, or why there are none. It needs probabilities, and classes that are those of the images.
func (s pageSource) wrongLabels(mistakes []lince.Classification) (list []lince.Classification, note string, err error) {
	t := s.f.Table()
	if s.calibration == nil || len(mistakes) == 0 || slices.ContainsFunc(t.Classes(), func(c string) bool { return !slices.Contains(s.classes, c) }) {
		return nil, "", nil
	}
	if s.results.Accuracy < pageAccuracy {
		return nil, fmt.Sprintf("None are listed: with an accuracy of %s, most confident mistakes are those of the model. From %s on, they point to wrong labels.",
			report.FormatPercent(s.results.Accuracy), report.FormatPercent(pageAccuracy)), nil
	}
	probabilities, at := make([][]float32, t.Len()), map[int]lince.Classification{}
	for _, c := range s.predictions {
		probabilities[c.Row], at[c.Row] = c.Probabilities, c
	}
	found, err := check.Labels(t, s.classes, probabilities, check.LabelOptions{Confidence: pageConfidence})
	if err != nil {
		return nil, "", err
	}
	var above []string
	for _, f := range found {
		i := f.Images[0]
		switch {
		case slices.ContainsFunc(mistakes, func(c lince.Classification) bool { return c.Row == i.Index }):
			above = append(above, i.Name())
		case len(list) < pageExamples:
			list = append(list, at[i.Index])
		}
	}
	if above != nil {
		note = "Among the mistakes above: " + strings.Join(above, ", ") + "."
	}
	return list, note, nil
}

// shown is an image, and the class whose heat map is shown over it.
type shown struct{ row, class int }

// heatMaps returns the images of predictions as the model gets them, with the heat maps of the classes. It returns none for a network that has no feature map, and the page says why.
func (s pageSource) heatMaps(p *report.Page, list []lince.Classification) (map[shown]image.Image, error) {
	if len(list) == 0 {
		return nil, nil
	}
	g, err := s.model.GradCAM(lince.GradCAMOptions{})
	if errors.Is(err, lince.ErrNoFeatureMap) {
		p.HeatMaps = "There are no heat maps: " + lince.ErrNoFeatureMap.Error() + ", which Grad-CAM needs."
		return nil, nil
	}
	if err != nil {
		p.HeatMaps = "There are no heat maps: " + err.Error()
		return nil, nil //nolint:nilerr // the page says why
	}
	p.HeatMaps = fmt.Sprintf("Beside each image is the input of the model, with a heat map: bright regions speak for the class (Grad-CAM by Selvaraju et al., 2017, on the feature map of the layer %s). If all of it is dark, no region does.", g.Layer())
	var rows []int
	var pairs []shown
	for _, c := range list {
		if at := (shown{c.Row, c.Class}); !slices.Contains(pairs, at) {
			rows, pairs = append(rows, c.Row), append(pairs, at)
		}
	}
	f, err := featureFlow(s.model, s.f.Table().Take(rows), 8, s.threads, false) // a small batch: some networks are large
	if err != nil {
		return nil, err
	}
	steps, err := f.Preprocessing().Compile()
	if err != nil {
		return nil, err
	}
	heat := map[shown]image.Image{}
	for b, err := range f.Batches(s.hard, 0, 0) { // results are written after ^C too
		if err != nil {
			return nil, err
		}
		if len(b.Index) == 0 { // no image of the batch can be read
			continue
		}
		classes := make([]int, len(b.Index))
		for i, at := range b.Index {
			classes[i] = pairs[at].class
		}
		maps, err := g.Maps(b.X, classes)
		if err != nil {
			return nil, err
		}
		shape := b.X.Shape()
		for i, at := range b.Index {
			pixels := slices.Clone(b.X.Row(i).Float32s())
			steps.Undo(pixels)
			img, err := report.Pixels(shape[1], shape[2], shape[3], pixels)
			if err == nil {
				heat[pairs[at]], err = report.HeatMap(img, maps.Shape()[1], maps.Shape()[2], maps.Row(i).Float32s())
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return heat, nil
}

// network adds the drawing and the layers of the network.
func (s pageSource) network(p *report.Page) {
	for _, l := range s.model.Layers() {
		p.Layers = append(p.Layers, report.Layer{Name: l.Name(), Class: l.Class(), Output: fmt.Sprint(l.Output().Shape()), Params: l.CountParams()})
	}
	if hasGraph(s.model) {
		p.Layers = p.Layers[:0]
		for _, o := range s.model.Ops() {
			p.Layers = append(p.Layers, report.Layer{Name: o.Layer, Class: o.Op, Output: strings.Trim(fmt.Sprint(o.Shapes), "[]"), Params: o.Params})
		}
		return
	}
	if n := len(p.Layers); n > pageLayers {
		p.NoNetwork = fmt.Sprintf("A drawing of %d layers could not be read, so there is only the table. To draw the network anyway: lince summary %s --plot network.svg", n, shell.Quote(s.file))
		return
	}
	var b bytes.Buffer
	if err := plot.Model(s.ctx, &b, s.model, plot.SVG, plot.Options{ShowShapes: true, ShowLayerActivations: true}); err != nil {
		p.NoNetwork = fmt.Sprintf("There is only the table: %v", err)
		return
	}
	p.Network = b.Bytes()
}

// labelSource says where the labels come from: a rule for file names, or the source itself.
func labelSource(rule string) string {
	if rule == data.Unlabeled.String() {
		return "named by the source"
	}
	return rule
}

// writePage writes a page about the training. fill adds the results.
func (t *training) writePage(fill func(s pageSource, p *report.Page) error) error {
	r := &t.record
	t.describeFiles()
	p := report.Page{
		Title: "Training on " + r.Data.Source, Subtitle: fmt.Sprintf("%s, started %s", t.ModelSource, r.Started.Format(time.DateTime+" MST")),
		History: plotted(r.History), Best: -1, EpochSeconds: r.EpochTimes,
	}
	if r.Partial == nil && r.BestEpoch != nil {
		p.Best = *r.BestEpoch
	}
	if r.Status == interrupted {
		p.Notes = append(p.Notes, fmt.Sprintf("The run was interrupted %s. To resume it: %s", r.reached(), t.resumeCommand()))
	}
	p.Notes = append(p.Notes, fmt.Sprintf("The results are those of model.keras, %s, on the validation images.", t.folder.what["model.keras"]))
	if best := t.folder.what["best.keras"]; best != "" {
		p.Notes[len(p.Notes)-1] += fmt.Sprintf(" best.keras is %s.", best)
	}
	p.Data = []report.Fact{
		{Name: "source", Value: r.Data.Source},
		{Name: "labels", Value: labelSource(r.Data.Rule)},
		{Name: "training images", Value: report.FormatCount(r.Data.Training)},
		{Name: "validation images", Value: report.FormatCount(r.Data.Validation)},
		{Name: "input", Value: fmt.Sprintf("%s, %s", r.Model.Size, r.Model.ColorMode)},
		{Name: "augmentation", Value: cmp.Or(r.Model.Augment, "none")},
		{Name: "files ignored", Value: report.FormatCount(len(r.Data.Ignored))},
		{Name: "fingerprint", Value: r.Data.Fingerprint},
	}
	for _, c := range r.Data.Classes {
		p.Counts = append(p.Counts, report.Count{Class: c, N: r.Data.Counts[c]})
	}
	p.Batch = t.tiles[:min(len(t.tiles), pageTiles)]
	s := pageSource{
		env: t.env, model: t.model, file: t.folder.path("best.keras"), classes: t.model.Classes, threads: t.Threads, f: t.val,
		results: r.Results, calibration: r.Calibration, calibrated: t.calibrates(), bad: slices.Concat(t.unreadable, t.skipped.all()),
	}
	if err := fill(s, &p); err != nil {
		return err
	}
	p.Facts = append(p.Facts, report.Fact{Name: "training time", Value: report.FormatSeconds(r.Seconds)})
	p.Cost = []report.Fact{{Name: "training time", Value: report.FormatSeconds(r.Seconds)}}
	if n := len(r.EpochTimes); n > 0 {
		total := 0.
		for _, x := range r.EpochTimes {
			total += x
		}
		p.Cost = append(p.Cost, report.Fact{Name: "epoch, on average", Value: report.FormatSeconds(total / float64(n))})
	}
	if peak, ok := machine.PeakMemory(nil); ok {
		p.Cost = append(p.Cost, report.Fact{Name: "peak memory", Value: byteSize(peak).String()})
	}
	p.Cost = append(p.Cost, r.platformFacts()...)
	p.Settings = t.settingsTable()
	return t.folder.write(pageName, func(w io.Writer) error { return report.HTML(w, p) })
}

// platformFacts describes where the run took place.
func (r *record) platformFacts() []report.Fact {
	return []report.Fact{
		{Name: "parameters", Value: report.FormatCount(r.Model.Params)},
		{Name: "threads", Value: fmt.Sprint(r.Threads)},
		{Name: "platform", Value: fmt.Sprintf("%s, %s", r.Versions.Platform, r.Versions.InstructionSet)},
		{Name: "versions", Value: fmt.Sprintf("lince %s, %s", r.Versions.Lince, r.Versions.Go)},
	}
}

// settingsTable returns the settings of the training. Those on the command line come first.
func (t *training) settingsTable() []report.Setting {
	list := []report.Setting{{Name: "command", Value: commandLine(t.record.CommandLine)}}
	for name, v := range t.record.Settings {
		list = append(list, report.Setting{Name: name, Value: settingText(name, v), Changed: t.given[strings.ReplaceAll(name, "_", "-")]})
	}
	slices.SortFunc(list[1:], func(a, b report.Setting) int {
		if a.Changed != b.Changed {
			if a.Changed {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return list
}

// commandLine returns a command line for a shell.
func commandLine(args []string) string {
	words := []string{"lince"}
	for _, a := range args {
		words = append(words, shell.Quote(a))
	}
	return strings.Join(words, " ")
}

// zeroIsNone are the settings whose value 0 means that there is none, or that the default is used.
var zeroIsNone = []string{"finetune", "fold", "folds", "limit", "limit_batches", "memory", "patience", "save_freq", "threads", "tune", "warmup"}

// settingText formats the value of a setting: as text, as a list as on the command line, or as JSON. A setting without a value is a dash.
func settingText(name string, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	var text string
	var list []string
	switch {
	case json.Unmarshal(b, &text) == nil:
		b = []byte(text)
	case json.Unmarshal(b, &list) == nil && list != nil:
		b = []byte(strings.Join(list, ","))
	}
	s := string(b)
	if slices.Contains([]string{"null", "", "{}", size{}.String(), grayRange{}.String()}, s) || slices.Contains(zeroIsNone, name) && slices.Contains([]string{"0", "0s", byteSize(0).String()}, s) {
		return noSetting
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && slices.Contains([]string{"cache", "memory"}, name) { // as earlier versions wrote it
		return byteSize(n).String()
	}
	return s
}

// noSetting stands for a setting without a value.
const noSetting = "–"

// writePage writes a page about the evaluation. fill adds the results.
func (c *evaluateCommand) writePage(e *env, m *lince.Model, out *folder, r *evaluation, s pageSource, fill func(s pageSource, p *report.Page) error) error {
	p := report.Page{Title: "Evaluation of " + c.Model, Subtitle: "on " + c.Source, Best: -1}
	p.Data = []report.Fact{{Name: "model", Value: c.Model}, {Name: "images", Value: c.Source}, {Name: "labels", Value: labelSource(s.f.Table().Rule().String())}, {Name: "command", Value: commandLine(e.args)}}
	if r.Metrics != nil {
		for name, v := range r.Metrics.All() {
			value := fmt.Sprintf("%.4f", v)
			if v >= 1000 {
				value = report.FormatNumber(v)
			}
			if vector := r.Metrics.Vector(name); vector != nil {
				value = fmt.Sprintf("%.4f", vector)
			}
			p.Data = append(p.Data, report.Fact{Name: name, Value: value})
		}
	}
	if r.Answered != nil {
		p.Notes = append(p.Notes, r.Answered.String())
	}
	for _, n := range s.f.Table().Counts() {
		p.Counts = append(p.Counts, report.Count{Class: n.Label, N: n.N})
	}
	s.env, s.model, s.file, s.threads, s.results, s.calibration, s.calibrated = e, m, c.Model, c.Threads, r.Classification, r.Calibration, true
	if err := fill(s, &p); err != nil {
		return err
	}
	return out.write(pageName, func(w io.Writer) error { return report.HTML(w, p) })
}
