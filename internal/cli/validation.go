package cli

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/internal/shell"
)

// validationFlags select validation images that are not split from the training images.
type validationFlags struct {
	Validation string `placeholder:"SOURCE|PART" predictor:"data" help:"Labeled validation images: a folder, an archive, a CSV file, or the name of a part of the data, such as test (default: the part of the data for validation, such as val, if there is one; otherwise images are split off, see --test-size)."`
	decodeFlags
}

// decodeFlags are flags for the decoding of images, which the model keeps.
type decodeFlags struct {
	Exif      bool      `help:"Turn images by the EXIF orientation that cameras store, as photo viewers do (default: false, as in Keras). The trained model keeps this setting."`
	GrayRange grayRange `placeholder:"LOW:HIGH" help:"Scale the values of 16-bit, 32-bit and floating-point gray so that LOW becomes 0 and HIGH 255: 0:65535 for all of 16 bits, 0:4095 for 12, 0:1 for fractions (default: cut off at 0 and 255, as in Keras and Pillow). The trained model keeps this setting."`
}

// decoded returns p with the settings of the flags.
func (f decodeFlags) decoded(p lince.Preprocessing) lince.Preprocessing {
	if f == (decodeFlags{}) {
		return p
	}
	p = slices.Clone(p)
	d, ok := preprocess.Decode{}, false
	if len(p) > 0 {
		d, ok = p[0].(preprocess.Decode)
	}
	if !ok {
		p = slices.Insert(p, 0, preprocess.Step(d))
	}
	d.Orient = d.Orient || f.Exif
	if f.GrayRange != (grayRange{}) {
		d.GrayRange = f.GrayRange
	}
	p[0] = d
	return p
}

// orients reports whether a preprocessing turns images by their EXIF orientation.
func orients(p lince.Preprocessing) bool {
	return slices.ContainsFunc(p, func(s preprocess.Step) bool {
		d, ok := s.(preprocess.Decode)
		return ok && d.Orient
	})
}

// recordPart describes a part of the data.
type recordPart struct {
	Name    string `json:"name"`
	Images  int    `json:"images"`
	Labeled int    `json:"labeled"` // images with a label
	Use     string `json:"use"`     // "training", "validation" or "none"
}

// partList describes the parts of the data. used tells what parts are used for.
func partList(t *data.Table, used map[string]string) []recordPart {
	list := []recordPart{}
	for _, name := range t.Parts() {
		p, err := t.Part(name)
		if err != nil {
			continue // it was listed
		}
		r := recordPart{Name: name, Images: p.Len(), Use: "none"}
		for _, row := range p.All() {
			if row.Label != "" {
				r.Labeled++
			}
		}
		if use := used[name]; use != "" {
			r.Use = use
		}
		list = append(list, r)
	}
	return list
}

// mistakes returns the errors of the flags. given has the flags on the command line.
func (f validationFlags) mistakes(given map[string]bool) error {
	if f.Validation == "" {
		return nil
	}
	var others []string
	for _, name := range []string{"test-size", "stratify"} {
		if given[name] {
			others = append(others, "--"+name)
		}
	}
	if others == nil {
		return nil
	}
	return fmt.Errorf("--validation names the validation images, so none are split off: remove %s", strings.Join(others, " and "))
}

// notePart says which part of a source is used, if the user has not chosen one.
func (e *env) notePart(t *data.Table, chosen string) {
	held := t.HeldPart()
	if held == "" || chosen != "" || len(t.Parts()) < 2 {
		return
	}
	var others []string
	for _, p := range t.Parts() {
		if p != held {
			others = append(others, p)
		}
	}
	e.warn(fmt.Sprintf("only the part %s of %s is used (%s); to use another one (%s), choose it with --part", visibleLine(held), t.Name(), count(t.Len(), "image"), visibleLine(shortList(others))))
}

// ownValidation opens the validation images that are not split from the training images. It returns nil if there are none. table holds the
// training images.
func (t *training) ownValidation(table *data.Table) (*data.Table, error) {
	used := map[string]string{}
	if held := table.HeldPart(); held != "" {
		used[held] = "training"
	}
	v, part, err := t.findValidation(table)
	if err == nil {
		err = t.checkRenamed(table)
	}
	if err != nil {
		return nil, err
	}
	if v != nil {
		if part != "" {
			used[part] = "validation"
		}
		if v, err = t.usableValidation(table, v, part); err != nil {
			return nil, err
		}
	}
	t.record.Data.Parts = partList(table, used)
	t.describeParts(v != nil)
	return v, nil
}

// findValidation finds the validation images. part is their part of the data, "" if they are another source.
func (t *training) findValidation(table *data.Table) (v *data.Table, part string, err error) {
	split := t.given["test-size"] || t.given["stratify"] || t.Folds > 0
	switch part = table.ValidationPart(); {
	case t.Validation != "":
		if _, err := os.Stat(t.Validation); err == nil || !slices.Contains(table.Parts(), t.Validation) {
			v, err := t.openValidation(table)
			return v, "", err
		}
		if part = t.Validation; part == table.HeldPart() {
			return nil, "", usageError{fmt.Errorf("--validation %s: these are the training images", part)}
		}
	case part == "" || part == table.HeldPart() || split || t.Part != "":
		return nil, "", nil
	}
	if v, err = table.Part(part); err != nil {
		return nil, "", err
	}
	if !slices.ContainsFunc(v.Labels(), func(l string) bool { return l != "" }) {
		if t.Validation != "" {
			return nil, "", fmt.Errorf("--validation %s: none of its %s has a label", part, count(v.Len(), "image"))
		}
		t.warn(fmt.Sprintf("none of the %s in %s has a label, so validation images are split off the training images", count(v.Len(), "image"), part))
		return nil, "", nil
	}
	return t.renamed(v), part, nil
}

// openValidation opens the source of --validation.
func (t *training) openValidation(table *data.Table) (*data.Table, error) {
	if err := t.groupsOfValidation(); err != nil {
		return nil, err
	}
	f := t.sourceFlags
	f.Part, f.Limit, f.Rename, f.renamedLater, f.groupColumn = "", 0, nil, len(t.Rename) > 0, t.Group
	f.known = slices.Concat(table.Classes(), slices.Sorted(maps.Keys(t.Rename)))
	if !data.HoldsTable(t.Validation) {
		f.fileFlags, f.Labels = f.withoutTable(), ""
	}
	v, ignored, err := t.openBeside(f)
	if err != nil {
		return nil, fmt.Errorf("--validation: %w", err)
	}
	if v.Task() == data.Regress != (table.Task() == data.Regress) {
		_ = v.Close() // it was only read
		return nil, fmt.Errorf("--validation %s: with --task regress, the validation images must be in a table with numbers, too", t.Validation)
	}
	t.valTable = v
	t.ignored = append(t.ignored, ignored...)
	if t.Strict {
		if err := allUsable("--validation "+t.Validation, v, ignored); err != nil {
			return nil, err
		}
	}
	t.describePassed(v)
	if p := v.ValidationPart(); p != "" && p != v.HeldPart() { // a whole dataset: its training images are others
		if v, err = v.Part(p); err != nil {
			return nil, err
		}
	}
	return t.renamed(v), nil
}

// openBeside opens the source of --validation. If it is a table, and the training images are from none, its images may be among these, and --label may be for the training images only.
func (t *training) openBeside(f sourceFlags) (*data.Table, []data.BadFile, error) {
	v, ignored, err := t.open(t.Validation, f)
	if err == nil || !data.HoldsTable(t.Validation) || data.HoldsTable(t.Source) {
		return v, ignored, err
	}
	first := err
	for _, images := range []path{f.Images, path(t.Source)} {
		for _, label := range []string{f.Label, data.Auto.String()} {
			g := f
			g.Images, g.Label = images, label
			if v, ignored, err = t.open(t.Validation, g); err != nil {
				continue
			}
			if images != f.Images {
				t.printf("The images of %s are in %s.\n", visibleLine(t.Validation), visibleLine(t.Source))
			}
			return v, ignored, nil
		}
	}
	return nil, nil, first
}

// renamed applies --rename to validation images, which need not have all classes.
func (t *training) renamed(v *data.Table) *data.Table {
	names := t.renamesOf(v)
	t.notRenamed = slices.DeleteFunc(t.notRenamed, func(from string) bool { return names[from] != "" })
	if r, err := v.Rename(names); err == nil { // all of the names are classes
		return r
	}
	return v
}

// checkRenamed returns an error for a name of --rename that neither the training nor the validation images have.
func (t *training) checkRenamed(table *data.Table) error {
	if len(t.notRenamed) == 0 {
		return nil
	}
	return usageError{fmt.Errorf("--rename: %s: no class %q to rename; the classes are %s", t.Source, slices.Min(t.notRenamed), shortList(table.Classes()))}
}

// usableValidation removes validation images that have no label or class of the training images, or cannot be read.
func (t *training) usableValidation(table, v *data.Table, part string) (*data.Table, error) {
	name := part
	if name == "" {
		name = t.Validation
	}
	labeled := v.Filter(func(r data.Row) bool { return r.Label != "" })
	if n := v.Len() - labeled.Len(); n > 0 {
		if t.Strict {
			return nil, fmt.Errorf("%s: %s of the validation images have no label; remove --strict to leave them out", name, count(n, "image"))
		}
		t.warn(fmt.Sprintf("%s: %s of the validation images have no label and are left out", name, count(n, "image")))
	}
	known := labeled
	if !t.regresses() {
		var unknown []unknownCount
		var err error
		if known, unknown, err = t.withoutUnknown(labeled, table.Classes(), "the training images do", t.Strict); err != nil {
			return nil, err
		}
		t.record.Data.UnknownClasses = unknown
	}
	if known.Len() == 0 {
		return nil, fmt.Errorf("%s: no validation image is of a class of the training images (%s)", name, shortList(table.Classes()))
	}
	good, bad, err := t.checkAndKeep(known, t.Strict, nil, t.most(), t.grayRange(), t.keep())
	if err != nil {
		return nil, err
	}
	for _, b := range bad {
		t.unreadable = append(t.unreadable, data.BadFile{Filename: name + "/" + b.Filename, Err: b.Err})
	}
	t.record.Data.ValidationSource, t.record.Data.ValidationFingerprint = name, good.Fingerprint()
	return good, nil
}

// describeParts says which parts of the data are used for what, and which are not used. own is set if the validation images are
// separate ones.
func (t *training) describeParts(own bool) {
	for _, p := range t.record.Data.Parts {
		switch {
		case p.Use != "none":
			t.printf("Part %s: %s for %s.\n", visibleLine(p.Name), count(p.Images, "image"), p.Use)
		case p.Labeled == 0:
			t.printf("Part %s: not used; %s without labels, for lince predict with --part %s.\n", visibleLine(p.Name), count(p.Images, "image"), visibleLine(shell.Quote(p.Name)))
		default:
			t.printf("Part %s: not used; %s, for lince evaluate with --part %s.\n", visibleLine(p.Name), count(p.Images, "image"), visibleLine(shell.Quote(p.Name)))
		}
	}
	if t.Validation != "" && own && t.record.Data.ValidationSource == t.Validation && !slices.ContainsFunc(t.record.Data.Parts, func(p recordPart) bool { return p.Use == "validation" }) {
		t.printf("Validation images: %s.\n", visibleLine(t.Validation))
	}
}

// noteSiblings says which sources belong to that of the training images by their names, and are not used.
func (t *training) noteSiblings(table *data.Table) {
	if t.Validation != "" || t.Folds > 0 || t.Split != "" || table.ValidationPart() != "" {
		return
	}
	validation, test := data.Siblings(t.Source)
	if !t.given["test-size"] && !t.given["stratify"] {
		archived, _ := table.ArchivedSiblings()
		switch {
		case validation != "":
			t.warn(fmt.Sprintf("%s is %s of validation images, by its name, and is not used: validation images are split off the training images. To use it: --validation %s", visibleLine(validation), siblingForm(validation), visibleLine(shell.Quote(validation))))
		case archived != "":
			t.warn(fmt.Sprintf("%s in %s is a table of validation images, by its name, and is not used: validation images are split off the training images. To use it, take it out of the archive, and name it: --validation %s",
				visibleLine(archived), t.Images, visibleLine(shell.Quote(archived))))
		}
	}
	t.printf("%s", testSibling(test))
}

// siblingForm says what a source is that belongs to another one by its name.
func siblingForm(name string) string {
	if data.IsTable(name) {
		return "a table"
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return "a folder"
	}
	return "an archive"
}

// testSibling describes a source of test images.
func testSibling(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf("Not used: %s, %s of test images, by its name, for lince evaluate.\n", visibleLine(name), siblingForm(name))
}

// siblingsText describes the sources that belong to one for training by their names.
func siblingsText(source string, t *data.Table) string {
	if t.ValidationPart() != "" {
		return ""
	}
	validation, test := data.Siblings(source)
	text := ""
	if archived, _ := t.ArchivedSiblings(); archived != "" && validation == "" {
		text += fmt.Sprintf("Not used: %s in the archive, a table of validation images, by its name; if it is taken out, lince train uses it with --validation %s.\n", visibleLine(archived), visibleLine(shell.Quote(archived)))
	}
	if validation != "" {
		text += fmt.Sprintf("Not used: %s, %s of validation images, by its name; lince train uses it with --validation %s.\n", visibleLine(validation), siblingForm(validation), visibleLine(shell.Quote(validation)))
	}
	return text + testSibling(test)
}
