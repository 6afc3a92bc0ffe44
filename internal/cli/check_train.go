package cli

import (
	"fmt"
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
		found := r.Of(k.Name)
		if len(found) == 0 {
			continue
		}
		more := ""
		if n := len(found) - 1; n > 0 {
			more = fmt.Sprintf(" (and %d more)", n)
		}
		fault := visibleLine(describeFault(found[0]))
		title := strings.ToLower(k.Title[:1]) + k.Title[1:]
		e.warn(fmt.Sprintf("%s: %s%s; %s lists them", title, fault, more, f.command("check", source)))
	}
	return nil
}
