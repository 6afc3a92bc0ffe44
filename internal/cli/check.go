package cli

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/check"
	"github.com/lince-ml/lince/internal/sheet"
	"github.com/lince-ml/lince/report"
)

// checkCommand searches data for faults.
type checkCommand struct {
	Source      string `arg:"" name:"data" predictor:"data" help:"Labeled images: a folder, a zip archive, a CSV file, or demo:cats-and-dogs."`
	sourceFlags `group:"data"`
	Validation  string   `group:"data" placeholder:"SOURCE|PART" predictor:"data" help:"Labeled validation images, as for lince train: search for images that both have (leak), with different labels, too (conflict)."`
	Kinds       []string `group:"data" placeholder:"KIND,..." help:"Search only these kinds of faults (default: all)."`
	Strict      bool     `group:"output" help:"Exit with code 1 if a fault is found."`
	labelFlags  `group:"model"`
	Out         path `writes:"folder" group:"output" placeholder:"DIR" predictor:"folder" help:"Write findings.csv, and for each kind a PNG with its images, to this folder."`
	csvFlag     `group:"output"`
	Overwrite   bool `group:"output" help:"Replace results that the folder of --out already contains."`
}

// Help returns the command's detailed help.
func (checkCommand) Help() string {
	return `Reads all images once and searches them for faults. If the data have parts, such as train and test, the images of the other parts are checked too, and so are those of --validation. Nothing is changed; lince clean writes a list of the images to keep.

The kinds of faults are:
` + kindsHelp() + `
Wrong labels (label) need a model: --model with a trained model, whose predictions are compared with the labels. A model has learned the wrong labels that it was trained on, so use it on other images, or set --folds: the images are divided into folds, and a classifier for each fold is trained on the features that the model computes for the other folds. A label counts as wrong if, besides, none of the 20 most similar images has it. The model may then have other classes, or be a published network with --weights.

Examples:
  lince check photos/
  lince check photos.zip --out report/ --strict
  lince check photos/ --kinds duplicate,near-duplicate,leak
  lince check train.csv --images photos/ --validation val.csv --strict
  lince check photos/ --model mobilenetv2 --weights imagenet --folds 5`
}

// kindsHelp lists the kinds of faults.
func kindsHelp() string {
	var s strings.Builder
	for _, k := range check.Kinds() {
		fmt.Fprintf(&s, "  %-15s %s\n", k.Name, k.Title)
	}
	return s.String()
}

// Validate implements kong's check of flags.
func (c *checkCommand) Validate() error {
	var group error
	if c.Group != "" && c.Folds == 0 {
		group = errors.New("--group is for --folds: the images of a group are in the same fold")
	}
	return mistakes(group, c.sourceFlags.mistakes(), c.labelFlags.mistakes(), kindMistakes("--kinds", c.Kinds), c.needsModel("--kinds", c.Kinds))
}

// kindMistakes returns the error of unknown kinds in a flag.
func kindMistakes(flag string, kinds []string) error {
	var errs []error
	if kinds != nil && len(kinds) == 0 {
		errs = append(errs, fmt.Errorf("%s: needs a kind; the kinds are %s", flag, strings.Join(check.Names(), ", ")))
	}
	for _, k := range kinds {
		if !slices.Contains(check.Names(), k) {
			errs = append(errs, fmt.Errorf("%s: unknown kind %q; the kinds are %s", flag, k, strings.Join(check.Names(), ", ")))
		}
	}
	return errors.Join(errs...)
}

// errFaults is the error of --strict. The result lists the faults, so the message adds nothing.
var errFaults = errors.New("the data have faults")

// Run implements the command.
func (c *checkCommand) Run(e *env) error {
	var out *folder
	if c.Out != "" {
		var err error
		if out, err = newFolder(string(c.Out), checkFiles(), c.Overwrite); err != nil {
			return err
		}
		defer out.close()
		e.onAbandon(func() error {
			if e.isSaving() {
				return interruption("before all files were written to " + out.dir)
			}
			out.unmake()
			return context.Canceled
		})
	}
	c.groupColumn = c.Group
	t, ignored, validation, err := e.openBoth(c.Source, c.sourceFlags, c.Validation)
	if err != nil {
		if out != nil {
			out.discard()
		}
		return err
	}
	defer t.Close()
	defer validation.close()
	r, err := e.faults(t, c.Kinds, c.labelFlags, validation.parts()...)
	if err == nil && out != nil {
		err = e.writeFaults(out, t, r)
	}
	if err != nil {
		if out != nil {
			out.discard()
		}
		return err
	}
	err = e.result(checkResult(t, r, ignored, out), func(w io.Writer) error { return printFaults(w, r, ignored) })
	if out != nil {
		e.printf("\n%s", out.contents())
	}
	if err == nil && c.Strict && len(r.Findings) > 0 {
		return errFaults
	}
	return err
}

// faults searches a table for faults, and shows progress. Kinds that need a model are searched if there is one. kinds may be nil for all. parts are
// images besides those of the source.
func (e *env) faults(t *data.Table, kinds []string, f labelFlags, parts ...check.Part) (*check.Report, error) {
	labeled := f.Model != "" && (kinds == nil || slices.Contains(kinds, labelKind))
	if task := t.Task(); labeled && task != data.Classify {
		return nil, usageError{fmt.Errorf("--model: wrong labels are searched among images with one class each, not with --task %v", task)}
	}
	var r *check.Report
	err := e.counted("Checking images", func(progress func(done, total int)) (err error) {
		r, err = check.Run(e.ctx, t, check.Options{Kinds: kinds, Parts: parts, Workers: f.Threads, Progress: progress})
		return err
	})
	if err != nil || !labeled {
		return r, err
	}
	labels, err := e.wrongLabels(t, r, f)
	if err != nil {
		return nil, err
	}
	return r.With(labels), nil
}

// faultExamples is the number of findings of a kind that are printed.
const faultExamples = 5

// printFaults prints a table of the kinds, and the first findings of each.
func printFaults(w io.Writer, r *check.Report, ignored []data.BadFile) error {
	var s strings.Builder
	none := []string{}
	for _, k := range check.Kinds() {
		found := r.Of(k.Name)
		if len(found) == 0 {
			if slices.Contains(r.Searched, k.Name) {
				none = append(none, k.Name)
			}
			continue
		}
		fmt.Fprintf(&s, "%s (%s): %d\n", k.Title, k.Name, len(found))
		for _, f := range found[:min(len(found), faultExamples)] {
			fmt.Fprintf(&s, "  %s\n", describeFault(f))
		}
		if more := len(found) - faultExamples; more > 0 {
			fmt.Fprintf(&s, "  ... and %d more\n", more)
		}
		fmt.Fprintf(&s, "  %s\n\n", k.Advice)
	}
	if len(ignored) > 0 {
		fmt.Fprintf(&s, "%s skipped:%s\n\n", count(len(ignored), "file"), indent(listBad(ignored)))
	}
	if len(none) > 0 && len(r.Findings) > 0 {
		fmt.Fprintf(&s, "None of the kinds %s.\n", strings.Join(none, ", "))
	}
	searchable := len(slices.DeleteFunc(check.Kinds(), func(k check.Kind) bool { return k.Model }))
	if len(r.Searched) == searchable { // not those of --kinds alone
		for _, k := range check.Kinds() {
			if !slices.Contains(r.Searched, k.Name) {
				fmt.Fprintf(&s, "Not searched: %s (%s), which needs --model: a trained model of these classes, or with --folds, any model or a published network.\n", k.Name, lowerFirst(k.Title))
			}
		}
	}
	parts := ""
	if len(r.Parts) > 0 {
		parts = ", those of " + strings.Join(r.Parts, ", ") + " included"
	}
	found := "No faults"
	if n := len(r.Findings); n > 0 {
		found = count(n, "fault")
	}
	of := ""
	if len(r.Searched) < searchable {
		of = " of the kinds searched (" + strings.Join(r.Searched, ", ") + ")"
	}
	fmt.Fprintf(&s, "%s%s in %s%s.\n", found, of, count(r.Images, "image"), parts)
	_, err := io.WriteString(w, s.String())
	return err
}

// describeFault describes a finding in a line.
func describeFault(f check.Finding) string {
	if len(f.Images) == 0 && len(f.Classes) == 1 {
		return visibleLine(f.Classes[0]) + ": " + f.Detail
	}
	if len(f.Images) == 0 {
		return f.Detail
	}
	const most = 4
	var names []string
	for _, i := range f.Images[:min(len(f.Images), most)] {
		names = append(names, i.Name())
	}
	if more := len(f.Images) + f.More - most; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ") + ": " + f.Detail
}

// checkFiles lists the files of lince check.
func checkFiles() []outFile {
	files := []outFile{{"findings.csv", "all faults, with a line for each image"}}
	for _, k := range check.Kinds() {
		files = append(files, outFile{k.Name + ".png", lowerFirst(k.Title)})
	}
	return files
}

// writeFaults writes findings.csv, and a gallery for each kind with images.
func (e *env) writeFaults(out *folder, t *data.Table, r *check.Report) error {
	if err := e.startSaving(); err != nil {
		return err
	}
	if err := out.write("findings.csv", func(w io.Writer) error { return writeFindings(w, r, e.raw) }); err != nil {
		return err
	}
	for _, k := range check.Kinds() {
		found := r.Of(k.Name)
		tiles, shown := faultTiles(t, found)
		if !slices.ContainsFunc(tiles, func(t report.Tile) bool { return t.Image != nil }) {
			continue
		}
		o := report.GalleryOptions{Title: k.Title, Subtitle: k.Advice, Columns: 6}
		if shown < len(found) {
			o.Title += fmt.Sprintf(": %d of %d", shown, len(found))
		}
		if err := out.write(k.Name+".png", func(w io.Writer) error { return report.Gallery(w, tiles, o) }); err != nil {
			return err
		}
	}
	return nil
}

// faultTiles returns the tiles of the first findings, and the number of these. A finding of several images has two tiles side by side.
func faultTiles(t *data.Table, found []check.Finding) (tiles []report.Tile, shown int) {
	for _, f := range found {
		if len(f.Images) == 0 || len(tiles)+min(len(f.Images), 2) > galleryTiles {
			break
		}
		shown++
		for n, i := range f.Images[:min(len(f.Images), 2)] {
			// A file that cannot be decoded has an empty tile.
			img, _ := thumbnail(t, i.Row)
			caption := i.Label
			switch {
			case i.Part != "" && i.Label != "":
				caption = i.Part + ", " + i.Label
			case i.Part != "":
				caption = i.Part
			case f.Kind == labelKind:
				caption = fmt.Sprintf("%s, predicted %s", f.Classes[0], f.Classes[1])
			case n == 1 && len(f.Images) > 2:
				caption += fmt.Sprintf(" (and %d more)", len(f.Images)+f.More-2)
			}
			tiles = append(tiles, report.Tile{Image: img, Caption: visible(caption), Detail: visible(i.Name()), Color: report.Bad})
		}
	}
	return tiles, shown
}

// writeFindings writes a line for each image or class of a finding. The column finding numbers the findings.
func writeFindings(w io.Writer, r *check.Report, raw bool) error {
	text := sheet.Texts(raw)
	records := [][]string{{"finding", "kind", "filename", "category", "part", "detail"}}
	for n, f := range r.Findings {
		id := fmt.Sprint(n + 1)
		for _, i := range f.Images {
			records = append(records, []string{id, f.Kind, text(i.Filename), text(i.Label), text(i.Part), text(visible(f.Detail))})
		}
		if len(f.Images) == 0 {
			for _, c := range f.Classes {
				records = append(records, []string{id, f.Kind, "", text(c), "", text(visible(f.Detail))})
			}
		}
	}
	return csv.NewWriter(w).WriteAll(records)
}

// faultKind is the number of findings of a kind, for --json.
type faultKind struct {
	Kind     string `json:"kind"`
	Title    string `json:"title"`
	Findings int    `json:"findings"`
	Images   int    `json:"images"`
}

// faultImage is the JSON form of a check.Image.
type faultImage struct {
	Filename string `json:"filename"`
	Label    string `json:"category"`
	Part     string `json:"part,omitempty"`
}

// faultFound is the JSON form of a check.Finding.
type faultFound struct {
	Kind    string       `json:"kind"`
	Images  []faultImage `json:"images"`
	More    int          `json:"more_images,omitempty"` // images that are not listed, if they are very many
	Classes []string     `json:"classes,omitempty"`
	Detail  string       `json:"detail"`
}

func checkResult(t *data.Table, r *check.Report, ignored []data.BadFile, out *folder) any {
	kinds, found := []faultKind{}, make([]faultFound, 0, len(r.Findings))
	for _, k := range check.Kinds() {
		if of := r.Of(k.Name); len(of) > 0 {
			kinds = append(kinds, faultKind{k.Name, k.Title, len(of), check.Rows(of)})
		}
	}
	for _, f := range r.Findings {
		images := make([]faultImage, 0, len(f.Images))
		for _, i := range f.Images {
			images = append(images, faultImage{i.Filename, i.Label, i.Part})
		}
		found = append(found, faultFound{f.Kind, images, f.More, f.Classes, f.Detail})
	}
	files := []string{}
	if out != nil {
		for _, o := range out.files {
			if out.wrote[o.name] {
				files = append(files, out.path(o.name))
			}
		}
	}
	return struct {
		Name     string       `json:"name"`
		Images   int          `json:"images"`
		Parts    []string     `json:"parts"`
		Searched []string     `json:"searched"` // the names of kinds
		Kinds    []faultKind  `json:"kinds"`
		Findings []faultFound `json:"findings"`
		Ignored  []badFile    `json:"ignored"`
		Files    []string     `json:"files"`
	}{t.Name(), r.Images, append([]string{}, r.Parts...), append([]string{}, r.Searched...), kinds, found, badFiles(ignored), files}
}
