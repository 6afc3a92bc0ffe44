// Package summary prints the structure of a model as keras.Model.summary() does: a table of layers, then the
// number and size of the parameters. It prints rows and does not depend on the package of models.
package summary

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Row is a layer: in a Sequential, each layer except the InputLayer; in a Functional, each operation, whether
// it is a layer or not, in Keras' order.
type Row struct {
	// Name and Class are the layer's name and class, such as "conv2d" and "Conv2D".
	Name, Class string
	// OutputShape is the output shape of the layer's last call, as Shapes formats it. "" means that the layer
	// is not built, and is shown as "?".
	OutputShape string
	// Params is the number of the layer's parameters. For a nested model, it includes those of all its
	// layers.
	Params int
	// Unbuilt means that Params is not known yet.
	Unbuilt bool
	// Frozen is the opposite of the layer's own trainable flag. It is shown with Options.ShowTrainable, for
	// layers that have parameters.
	Frozen bool
	// Inputs are the operands of the layer, call by call. They are shown if the model is Connected.
	Inputs []Connection
	// Nested are the layers of a nested model, without operations that are not layers. They are shown with
	// Options.ExpandNested. Keras does not show their connections, so their Inputs are ignored.
	Nested []Row
}

// Connection is an operand of a layer: output Tensor of call Node of the named layer.
type Connection struct {
	Layer        string
	Node, Tensor int
}

// Weights is a number of parameters and their size in bytes.
type Weights struct{ Count, Bytes int }

// Model is the content of a summary.
type Model struct {
	Name string
	Rows []Row
	// Connected adds the column "Connected to". Keras adds it for a Functional in which two calls have the
	// same depth, a call has several operands, or a layer is called twice. A chain never has it, even with
	// several outputs.
	Connected bool
	// Trainable and NonTrainable are the model's parameters, each counted once.
	Trainable, NonTrainable Weights
	// Optimizer has the optimizer's variables, including the learning rate and the step counter. Nil means
	// that the optimizer has none yet.
	Optimizer *Weights
}

// Options configures Write. The zero value is Keras' default for a pipe, or a terminal of 80 columns.
type Options struct {
	// Width is the terminal's width in columns. The default is 80. The table is 4 columns narrower, and at
	// most 88 columns wide, or 108 with "Connected to".
	Width int
	// ExpandNested shows the layers of nested models, indented below the model.
	ExpandNested bool
	// LineLength is the width of the table in columns. The default depends on Width. Text beyond Width is cut
	// off.
	LineLength int
	// Positions are the fractions of the width at which the columns end, one per column except that of
	// ShowTrainable. The default is .45, .80, 1, or .3, .56, .74, 1 with "Connected to". ShowTrainable takes
	// the last tenth.
	Positions []float64
	// ShowTrainable adds a column: Y for a trainable layer, N for another, - for a layer without parameters.
	ShowTrainable bool
	// Color adds escape sequences for terminals.
	Color bool
}

// Shape formats a shape as Keras does: (None, 126, 126, 64). A negative size is None.
func Shape(shape []int) string {
	sizes := make([]string, len(shape))
	for i, n := range shape {
		if n < 0 {
			sizes[i] = "None"
		} else {
			sizes[i] = strconv.Itoa(n)
		}
	}
	return "(" + strings.Join(sizes, ", ") + ")"
}

// Shapes formats the shapes of a layer's results: one as Shape does, several as a list.
func Shapes(shapes ...[]int) string {
	if len(shapes) == 1 {
		return Shape(shapes[0])
	}
	texts := make([]string, len(shapes))
	for i, s := range shapes {
		texts[i] = Shape(s)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// Write prints the summary. It returns an error if Width or LineLength is too small for a table, or Positions
// do not match the columns.
func (m Model) Write(w io.Writer, o Options) error {
	width := o.Width
	if width == 0 {
		width = 80
	}
	t, err := m.table(o, width)
	if err != nil {
		return err
	}
	p := printer{color: o.Color}
	p.wrapped(styled(bold, `Model: "`+m.Name+`"`), width)
	t.print(&p, width)
	total := Weights{m.Trainable.Count + m.NonTrainable.Count, m.Trainable.Bytes + m.NonTrainable.Bytes}
	if m.Optimizer != nil {
		total.Count += m.Optimizer.Count
		total.Bytes += m.Optimizer.Bytes
	}
	p.wrapped(total.line("Total"), width)
	p.wrapped(m.Trainable.line("Trainable"), width)
	p.wrapped(m.NonTrainable.line("Non-trainable"), width)
	if m.Optimizer != nil {
		p.wrapped(m.Optimizer.line("Optimizer"), width)
	}
	_, err = io.WriteString(w, p.String())
	return err
}

func (m Model) table(o Options, width int) (*table, error) {
	t := &table{
		headers: []string{"Layer (type)", "Output Shape", "Param #"},
		align:   []alignment{left, left, right},
	}
	length, ends := 88, []float64{.45, .80, 1}
	if m.Connected {
		length, ends = 108, []float64{.3, .56, .74, 1}
		t.headers = append(t.headers, "Connected to")
		t.align = append(t.align, left)
	}
	if o.Positions != nil {
		if len(o.Positions) != len(ends) {
			return nil, fmt.Errorf("summary: want %d positions, one per column, got %d", len(ends), len(o.Positions))
		}
		ends = slices.Clone(o.Positions)
	}
	if o.ShowTrainable {
		length += 12
		for i := range ends {
			ends[i] *= .90
		}
		ends = append(ends, 1)
		t.headers = append(t.headers, "Trainable")
		t.align = append(t.align, center)
	}
	length = min(length, width-4)
	if o.LineLength > 0 {
		length = o.LineLength
	}
	if err := t.fit(length, ends); err != nil {
		return nil, err
	}
	m.rows(t, o, m.Rows, 0)
	return t, nil
}

// rows adds rows to t. level is the depth of nested models.
func (m Model) rows(t *table, o Options, rows []Row, level int) {
	for _, r := range rows {
		if level > 0 {
			r.Inputs = nil
		}
		cells := []text{r.name(level), r.shape(), r.params()}
		if m.Connected {
			cells = append(cells, r.inputs())
		}
		if o.ShowTrainable {
			cells = append(cells, r.trainable())
		}
		t.rows = append(t.rows, cells)
		if o.ExpandNested {
			m.rows(t, o, r.Nested, level+1)
		}
	}
}

func (r Row) name(level int) text {
	indent := ""
	if level > 0 {
		indent = strings.Repeat("   ", level) + "└ "
	}
	return join(styled(plain, indent+r.Name+" ("), styled(symbol, r.Class), styled(plain, ")"))
}

func (r Row) shape() text {
	if r.OutputShape == "" {
		return styled(plain, "?")
	}
	var t text
	for rest := r.OutputShape; rest != ""; {
		n := strings.IndexAny(rest, "()[], ") // characters between numbers
		switch {
		case n == 0:
			t, rest = append(t, styled(plain, rest[:1])...), rest[1:]
			continue
		case n < 0:
			n = len(rest)
		}
		style := number
		if rest[:n] == "None" {
			style = none
		}
		t, rest = append(t, styled(style, rest[:n])...), rest[n:]
	}
	return t
}

func (r Row) params() text {
	if r.Unbuilt {
		return join(styled(number, "0"), styled(plain, " (unbuilt)"))
	}
	return styled(number, thousands(r.Params))
}

func (r Row) inputs() text {
	if len(r.Inputs) == 0 {
		return styled(plain, "-")
	}
	var t text
	for i, c := range r.Inputs {
		if i > 0 {
			t = append(t, styled(plain, ", ")...)
		}
		t = append(t, join(styled(plain, c.Layer+"["), styled(number, strconv.Itoa(c.Node)),
			styled(plain, "]["), styled(number, strconv.Itoa(c.Tensor)), styled(plain, "]"))...)
	}
	return t
}

func (r Row) trainable() text {
	switch {
	case r.Params == 0:
		return styled(bold, "-")
	case r.Frozen:
		return styled(boldRed, "N")
	default:
		return styled(boldNumber, "Y")
	}
}

func (w Weights) line(name string) text {
	return join(styled(bold, " "+name+" params: "), styled(number, thousands(w.Count)),
		styled(plain, " ("+Size(w.Bytes)+")"))
}

// Size formats a number of bytes as Keras does, in units of 1,024: "14.21 MB".
func Size(bytes int) string {
	size, units := float64(bytes), []string{"B", "KB", "MB", "GB", "TB", "PB"}
	i := 0
	for ; i < len(units)-1 && size >= 1024; i++ {
		size /= 1024
	}
	return fmt.Sprintf("%.2f %s", size, units[i])
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
