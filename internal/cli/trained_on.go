package cli

import (
	"fmt"
	"path/filepath"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/report"
)

// warnOfTrained warns if the model of a training run is evaluated on the images of its training, and returns the number of these, 0 if that is not known. The record of the run is
// in the folder of the model.
func (e *env) warnOfTrained(model, source string, t *data.Table) int {
	dir := filepath.Dir(model)
	r, err := readRecord(filepath.Join(dir, "run.json"))
	if err != nil {
		return 0
	}
	d := r.Data
	if t.Fingerprint() != d.Fingerprint {
		if len(t.Parts()) == 0 && r.source() != "" && r.source() == absolute("", source) {
			e.warn(fmt.Sprintf("the run in %s was trained on images of %s, so some of these may be among its training images, on which a model is better than on others", dir, source))
		}
		return 0
	}
	text := fmt.Sprintf("the model was trained on %d of these %d images", d.Training, t.Len())
	if d.Training == t.Len() {
		text = "the model was trained on these images"
	}
	text += ", on which it is better than on others"
	if r.Results != nil {
		text += fmt.Sprintf("; its accuracy on the %d validation images was %s (%s)", d.Validation, report.FormatPercent(r.Results.Accuracy), filepath.Join(dir, pageName))
	}
	e.warn(text)
	return d.Training
}

// source returns the absolute path of the images of a run, "" if it is not known.
func (r *record) source() string {
	source, _ := r.Settings["data"].(string)
	return absolute(r.Directory, source)
}

// absolute returns a path that is relative to a folder, or to the current one, in an absolute form.
func absolute(dir, path string) string {
	if path == "" {
		return ""
	}
	if !filepath.IsAbs(path) && dir != "" {
		path = filepath.Join(dir, path)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	return path
}
