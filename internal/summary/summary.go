// Package summary prints what a model is made of, as keras.Model.summary() prints it: a
// table of layers, then the number and size of the parameters. It knows nothing of models;
// it is given rows.
package summary

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Row is one layer: a layer of a Sequential but its InputLayer, an operation of a Functional,
// be it a layer or not, in Keras' order.
type Row struct {
	// Name and Class are the layer's name and kind: "conv2d", "Conv2D".
	Name, Class string
	// OutputShape is as Shapes writes it, of the layer's last call; "" for a layer that is not
	// built, shown as "?".
	OutputShape string
	// Params is the number of the layer's parameters, of a model's those of all its layers.
	Params int
	// Unbuilt says that Params is not known yet.
	Unbuilt bool
	// Frozen is the reverse of the layer's own trainable flag; only seen with
	// Options.ShowTrainable, and only of layers that have parameters.
	Frozen bool
	// Inputs are the values that the layer takes in its calls, call by call; only seen in a
	// model that is Connected.
	Inputs []Connection
	// Nested are the layers of a model that is a layer, without operations that are no layers;
	// only seen with Options.ExpandNested. Keras says of none what it is connected to, so
	// that their Inputs are not looked at.
	Nested []Row
}

// Connection is an input of a layer: the output number Tensor of the call number Node of
// the named layer.
type Connection struct {
	Layer        string
	Node, Tensor int
}

// Weights is a number of parameters and the bytes they take.
type Weights struct{ Count, Bytes int }

// Model is what a summary shows.
type Model struct {
	Name string
	Rows []Row
	// Connected adds the column "Connected to". Keras does so for a Functional in which two
	// calls have one depth, a call takes more than one value, or a layer is called twice. A
	// chain has no such column, whatever its outputs are, and a Sequential never.
	Connected bool
	// Trainable and NonTrainable are the model's parameters, each counted once.
	Trainable, NonTrainable Weights
	// Optimizer holds the optimizer's variables (learning rate and step counter too), or
	// nil before the optimizer has any.
	Optimizer *Weights
}

// Options say how a summary is printed. The zero value is Keras' default in a terminal of
// 80 columns or a pipe.
type Options struct {
	// Width is that of the terminal, in columns; 0 is 80. The table takes 4 columns less,
	// and 88 (108 where layers are Connected) at most.
	Width int
	// ExpandNested shows the layers of models that are layers, below them and indented.
	ExpandNested bool
	// LineLength is the width of the table in columns, 0 for what Width gives. What goes beyond
	// Width is cut off.
	LineLength int
	// Positions are the fractions of the width at which the columns end, one for each column
	// without that of ShowTrainable; nil is .45, .80, 1, or .3, .56, .74, 1 where layers are
	// Connected. ShowTrainable takes the last tenth for its own.
	Positions []float64
	// ShowTrainable adds a column that says which layers learn: Y, N, or - where there is
	// nothing to learn.
	ShowTrainable bool
	// Color is for terminals.
	Color bool
}

// Shape writes a shape as Keras does: (None, 126, 126, 64). A negative size is None.
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

// Shapes writes the shapes of a layer's results: one as Shape does, several as a list.
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

// Write prints the summary. It fails where the terminal is too narrow for a table, or
// LineLength, and where Positions do not fit the columns.
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
			return nil, fmt.Errorf("summary: %d positions for %d columns", len(o.Positions), len(ends))
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

// rows adds rows, those of a model that is nested so many levels deep.
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
		n := strings.IndexAny(rest, "()[], ") // what stands between numbers
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

// Size writes a number of bytes as Keras does: "14.21 MB", in units of 1,024.
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
