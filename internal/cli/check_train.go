package cli

import (
	"fmt"
	"strings"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/check"
	"github.com/lince-ml/lince/data/demo"
	"github.com/lince-ml/lince/internal/shell"
)

// warnOfFaults warns of the faults that are known after the images were checked, in a line for each kind. It decodes nothing.
func (t *training) warnOfFaults(table *data.Table) error {
	if t.state != nil || strings.HasPrefix(t.Source, demo.Scheme) { // the interrupted run has warned
		return nil
	}
	r, err := check.Quick(t.ctx, table)
	if err != nil {
		return err
	}
	for _, k := range check.Kinds() {
		found := r.Of(k.Name)
		if len(found) == 0 {
			continue
		}
		more := ""
		if n := len(found) - 1; n > 0 {
			more = fmt.Sprintf(" (and %d more)", n)
		}
		fault := describeFault(found[0])
		if f := found[0]; len(f.Images) == 0 && len(f.Classes) == 1 {
			fault = visibleLine(f.Classes[0]) + ": " + fault
		}
		title := strings.ToLower(k.Title[:1]) + k.Title[1:]
		t.warn(fmt.Sprintf("%s: %s%s; lince check %s lists them", title, fault, more, shell.Quote(t.Source)))
	}
	return nil
}
