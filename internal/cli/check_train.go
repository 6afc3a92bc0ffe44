package cli

import (
	"slices"
	"strings"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/check"
	"github.com/lince-ml/lince/data/demo"
)

// warnOfFaults warns of the faults of the data, unless the run that is resumed has warned.
func (t *training) warnOfFaults(table *data.Table) error {
	if t.state != nil {
		return nil
	}
	return t.env.warnOfFaults(t.Source, t.sourceFlags, table)
}

// warnOfFaults warns of the faults that are known after the images were read, in a line for each kind. It decodes nothing.
func (e *env) warnOfFaults(source string, f sourceFlags, table *data.Table) error {
	if strings.HasPrefix(source, demo.Scheme) {
		return nil
	}
	r, err := check.Quick(e.ctx, table)
	if err != nil {
		return err
	}
	for _, k := range check.Kinds() {
		// The images of other parts, such as test, are not used.
		found := slices.DeleteFunc(r.Of(k.Name), func(f check.Finding) bool {
			return len(f.Images) > 0 && !slices.ContainsFunc(f.Images, func(i check.Image) bool { return i.Index >= 0 })
		})
		if len(found) == 0 {
			continue
		}
		e.warn(quickFault(k, found) + "; " + f.command("check", source) + " lists them")
	}
	return nil
}

// quickFault describes the findings of a kind in a line.
func quickFault(k check.Kind, found []check.Finding) string {
	first := found[0]
	fault := describeFault(first)
	if strings.Contains(k.Title, first.Detail) { // "Files with the same content"
		fault = strings.TrimSuffix(fault, ": "+first.Detail)
	}
	text := lowerFirst(k.Title) + ": " + visibleLine(fault)
	if n := len(found) - 1; n > 0 {
		text += "; " + count(n, "more such finding")
	}
	return text
}
