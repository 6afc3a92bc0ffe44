package report

import (
	"crypto/sha256"
	_ "embed" // for the files of the page
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"io"
	"reflect"
	"strings"
	"sync"

	"golang.org/x/text/unicode/bidi"

	"github.com/lince-ml/lince/internal/escape"
)

// Page is the content of a page about a training run or an evaluation; see HTML. A section without content is left out.
type Page struct {
	// Title is the title, and Subtitle the line below it.
	Title, Subtitle string
	// Notes are what a reader must know first, such as that the run was interrupted.
	Notes []string
	// Facts are the most important numbers.
	Facts []Fact
	// Data describes the images, Counts the number of images of each class, and Skipped the images that could not be used, with the reasons.
	Data    []Fact
	Counts  []Count
	Skipped []Fact
	// History has the metrics by epoch. Best is the epoch that was kept as the best one, counted from 0, or -1.
	History *History
	Best    int
	// Results compares the predictions with the targets.
	Results *Classification
	// MultiLabel compares the predictions with the targets of images with any number of classes. It replaces Results.
	MultiLabel *MultiLabel
	// Regression compares predicted numbers with their targets. It replaces Results. Numbers has both for each example.
	Regression *Regression
	Numbers    []NumberPair
	// Calibration has one or more reliability diagrams.
	Calibration []NamedCalibration
	// Probabilities has the probabilities of the classes for each example, and Targets the index of its true class, or with MultiLabel, TargetSets the indexes
	// of its classes. From them come the ROC and the precision-recall curves.
	Probabilities [][]float32
	Targets       []int
	TargetSets    [][]int
	// Mistakes are the wrong predictions with the highest probabilities or scores, Unsure the predictions with the lowest.
	Mistakes, Unsure []Example
	// With MultiLabel, Extra are classes that images do not have and whose probabilities are the highest, and Missed are classes that images have and whose probabilities
	// are the lowest. Label has all classes of the image, Predicted the class.
	Extra, Missed []Example
	// LargestErrors are the examples whose numbers have the largest errors.
	LargestErrors []Example
	// WrongLabels are the images whose label is probably wrong, the surest first, without those of Mistakes. LabelsNote says which of Mistakes are such images, or why
	// none are listed.
	WrongLabels []Example
	LabelsNote  string
	// HeatMaps says from where the heat maps of examples come, or why there are none.
	HeatMaps string
	// Batch shows images of a training batch.
	Batch []Tile
	// Network is a drawing of the network as SVG, and Layers its layers. NoNetwork says why there is no drawing.
	Network   []byte
	NoNetwork string
	Layers    []Layer
	// Cost has times and memory, and EpochSeconds the time of each epoch.
	Cost         []Fact
	EpochSeconds []float64
	// Usage shows how to use the model.
	Usage []Snippet
	// Settings are the settings of the run.
	Settings []Setting
}

// Fact is a name with its value.
type Fact struct{ Name, Value string }

// Count is the number of images of a class.
type Count struct {
	Class string
	N     int
}

// Example is an image with its prediction.
type Example struct {
	// Image is the image, and Heat the same image with a heat map over it, or nil.
	Image, Heat image.Image
	Filename    string
	// Label is the true class, Predicted the predicted one, and Probability its probability. Score is its score instead, if the model gives no probabilities.
	Label, Predicted string
	Probability      float64
	Score            *float64
	// Error is the error of a number, as a text.
	Error string
}

// NumberPair is a number with its prediction.
type NumberPair struct{ Target, Predicted float32 }

// Layer is a row of the table of layers.
type Layer struct {
	Name, Class, Output string
	Params              int
}

// Snippet is a piece of code that shows how to do something.
type Snippet struct{ Title, Code string }

// Setting is a setting with its value. Changed says that it was given, and is not a default.
type Setting struct {
	Name, Value string
	Changed     bool
}

// The files of the page. The template has no text from users in the style and the script, so their hashes are constant.
var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

// pageTemplate has the templates page and comparison.
var pageTemplate = sync.OnceValues(func() (*template.Template, error) {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	policy := "default-src 'none'; img-src data:; style-src " + hash(pageCSS) + "; script-src " + hash(pageJS) + "; base-uri 'none'; form-action 'none'"
	return template.New("page").Funcs(template.FuncMap{
		"policy":    func() string { return policy },
		"style":     func() template.CSS { return template.CSS(pageCSS) }, //nolint:gosec // a constant
		"script":    func() template.JS { return template.JS(pageJS) },    //nolint:gosec // a constant
		"image":     imageURL,
		"percent":   FormatPercent,
		"thousands": FormatCount,
		"split":     splitPath,
		"words":     strings.Fields,
		"pieces":    pieces,
		"four":      func(v float64) string { return fmt.Sprintf("%.4f", v) },
	}).Parse(pageHTML)
})

// splitPath returns the parts of a path that a page writes one by one, so that each keeps its own direction: the 1.jpg of a folder with an Arabic name stays on the right of it. Other paths stay whole.
func splitPath(path string) []string {
	rightToLeft := func(r rune) bool {
		p, _ := bidi.LookupRune(r)
		return p.Class() == bidi.R || p.Class() == bidi.AL
	}
	if !strings.ContainsFunc(path, rightToLeft) {
		return []string{path}
	}
	return strings.Split(path, "/")
}

// pieces divides a word where a line may end: after /, a comma and an underscore.
func pieces(word string) (list []string) {
	for len(word) > 0 {
		end := strings.IndexAny(word, "/,_") + 1
		if end == 0 {
			end = len(word)
		}
		list = append(list, word[:end])
		word = word[end:]
	}
	return list
}

// HTML writes a page: one file that needs no network, with its images, style and script inside. Its Content-Security-Policy allows nothing else. It follows the
// light or dark color scheme of the reader's system.
//
// Text of p, such as names of classes and files, is escaped, and characters that cannot be seen become visible.
//
// HTML returns an error if p.History, p.Results, p.MultiLabel, p.Numbers or p.Probabilities are not consistent, or if writing fails.
func HTML(w io.Writer, p Page) error {
	view, err := newPageView(seen(p))
	if err != nil {
		return err
	}
	return executePage(w, "page", view)
}

func executePage(w io.Writer, name string, view any) error {
	t, err := pageTemplate()
	if err == nil {
		err = t.ExecuteTemplate(w, name, view)
	}
	if err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// seen returns a deep copy of v in which the characters of all texts can be seen.
func seen[T any](v T) T {
	out := reflect.ValueOf(&v).Elem()
	out.Set(seenValue(out))
	return v
}

func seenValue(v reflect.Value) reflect.Value {
	if !hasText(v.Type()) {
		return v
	}
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(escape.Hidden(v.String()))
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(seenValue(v.Index(i)))
		}
	case reflect.Struct:
		out.Set(v)
		for i := range v.NumField() {
			if f := out.Field(i); f.CanSet() { // a template cannot print an unexported field
				f.Set(seenValue(v.Field(i)))
			}
		}
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out.Set(reflect.New(v.Type().Elem()))
		out.Elem().Set(seenValue(v.Elem()))
	}
	return out
}

// hasText reports whether values of a type have texts.
func hasText(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String:
		return true
	case reflect.Slice, reflect.Pointer:
		return hasText(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if hasText(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}
