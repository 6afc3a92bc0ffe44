package progress

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// clock moves only when the test moves it.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Unix(1700000000, 0)} }

func (c *clock) at(ms float64) { c.now = time.Unix(1700000000, int64(ms*1e6)) }

func (c *clock) read() time.Time { return c.now }

// recording is what Keras wrote for some events: internal/golden/progress.py.
type recording struct {
	Steps, Epochs, Verbose int
	Events                 []event
	Text                   string
}

type event struct {
	ticks    int // time in 1/512 seconds
	kind     string
	argument int
	logs     []Value
}

func (e *event) UnmarshalJSON(b []byte) error {
	var logs [][2]string
	if err := json.Unmarshal(b, &[]any{&e.ticks, &e.kind, &e.argument, &logs}); err != nil {
		return err
	}
	for _, l := range logs {
		v, err := strconv.ParseFloat(l[1], 64)
		if err != nil {
			return err
		}
		e.logs = append(e.logs, Value{l[0], v})
	}
	return nil
}

func TestKeras(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 10 {
		t.Fatal("recordings are missing", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var r recording
			if err := json.Unmarshal(b, &r); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			c := newClock()
			d := &Display{Writer: &out, Mode: Live, Color: true, Now: c.read, Columns: func() int { return 200 }}
			if r.Verbose == 2 {
				d.Mode = Lines
			}
			replay(d, c, r)
			if diff := cmp.Diff(r.Text, out.String()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func replay(d *Display, c *clock, r recording) {
	var bar *Bar
	steps := r.Steps
	for _, e := range r.Events {
		c.at(float64(e.ticks) * 1000 / 512)
		switch e.kind {
		case "epoch":
			d.Epoch(e.argument, r.Epochs)
			bar = d.Bar(steps)
		case "step":
			bar.Update(e.argument, e.logs)
		case "end":
			bar.Finish(e.logs)
			steps = bar.target // the number of steps is known from the second epoch on
		}
	}
}

// screen returns the final content of a terminal with this number of columns.
func screen(text string, columns int) string {
	lines, x := [][]rune{nil}, 0
	for i := 0; i < len(text); {
		if strings.HasPrefix(text[i:], "\x1b[") {
			i += strings.IndexByte(text[i:], 'm') + 1
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		last := len(lines) - 1
		switch r {
		case '\b':
			x = max(0, x-1)
		case '\r':
			x = 0
		case '\n':
			lines, x = append(lines, nil), 0
		default:
			if x == columns {
				lines, x, last = append(lines, nil), 0, last+1
			}
			for len(lines[last]) <= x {
				lines[last] = append(lines[last], ' ')
			}
			lines[last][x] = r
			x++
		}
	}
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(strings.TrimRight(string(l), " ") + "\n")
	}
	return b.String()
}

// A bar in a narrow terminal stays on one line until it is final.
func TestNarrow(t *testing.T) {
	var out strings.Builder
	c := newClock()
	d := &Display{Writer: &out, Mode: Live, Color: true, Now: c.read, Columns: func() int { return 40 }}
	b := d.Bar(100)
	for i := 1; i <= 100; i++ {
		c.at(float64(i) * 100)
		b.Update(i, []Value{{"accuracy", .5}, {"loss", 1 / float64(i)}})
		if lines := strings.Count(screen(out.String(), 40), "\n"); lines != 1 {
			t.Fatalf("step %d: %d lines:\n%s", i, lines, screen(out.String(), 40))
		}
	}
	b.Finish([]Value{{"accuracy", .75}, {"loss", .25}})
	want := "100/100 ━━━━━━━━━━━━━━━━━━━━ 10s 100ms/s\ntep - accuracy: 0.7500 - loss: 0.2500\n\n"
	if got := screen(out.String(), 40); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNoColor(t *testing.T) {
	var out strings.Builder
	c := newClock()
	d := &Display{Writer: &out, Mode: Live, Now: c.read}
	b := d.Bar(4)
	c.at(1000)
	b.Update(1, nil)
	if want := "\r1/4 ━━━━━─────────────── 3s 1s/step"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// Other text is written on a separate line while a bar is open. A finished bar writes nothing more.
func TestAbandon(t *testing.T) {
	var out strings.Builder
	d := &Display{Writer: &out, Mode: Live, Now: newClock().read}
	b := d.Bar(4)
	b.Abandon()
	if out.String() != "" {
		t.Errorf("a bar that was never drawn wrote %q", out.String())
	}
	b = d.Bar(4)
	b.Update(1, nil)
	b.Abandon()
	b.Abandon()
	b.Update(2, nil)
	b.Finish(nil)
	if want := "\r1/4 ━━━━━─────────────── 0s 0s/step\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestCounter(t *testing.T) {
	run := func(mode Mode, total int) string {
		var out strings.Builder
		c := newClock()
		d := &Display{Writer: &out, Mode: mode, Now: c.read}
		n := d.Counter("Reading train.zip", total)
		for i := 1; i <= 12500; i++ {
			c.at(float64(i))
			n.Add(1)
		}
		n.Finish()
		n.Finish()
		n.Add(1)
		return out.String()
	}
	if got := run(Silent, 12500); got != "" {
		t.Errorf("silent: %q", got)
	}
	if got, want := run(Lines, 12500), "Reading train.zip  12500/12500 12s\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := run(Lines, 0), "Reading train.zip  12500 12s\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	live := run(Live, 12500)
	if n := strings.Count(live, "\r"); n != 251 {
		t.Errorf("%d drawings in 12.5 seconds, want 251", n)
	}
	if want := "\rReading train.zip   3401/12500 ━━━━━─────────────── 9s"; !strings.Contains(live, want) {
		t.Errorf("no %q in %q", want, live)
	}
	want := "Reading train.zip  12500/12500 ━━━━━━━━━━━━━━━━━━━━ 12s\n\n"
	if got := screen(live, 80); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := screen(run(Live, 0), 80); got != "Reading train.zip  12500 12s\n\n" {
		t.Errorf("unknown total: %q", got)
	}
	// If there are more steps than expected, the bar stays full.
	if got := screen(run(Live, 10000), 80); got != "Reading train.zip  12500/10000 ━━━━━━━━━━━━━━━━━━━━ 12s\n\n" {
		t.Errorf("too many: %q", got)
	}
}

// TestErase checks that another text takes the place of an erased line, and that the next count draws it again.
func TestErase(t *testing.T) {
	for mode, want := range map[Mode]string{Live: "Fold 1 is done, long\nFold 2  3/9 ━━━━━━────────────── 0s", Lines: "Fold 1 is done, long\n"} {
		var out strings.Builder
		d := &Display{Writer: &out, Mode: mode, Now: newClock().read}
		d.Counter("unused", 1).Erase()
		first := d.Counter("Fold 1 with a longer label", 9)
		first.Set(3)
		first.Erase()
		first.Erase()
		fmt.Fprintln(&out, "Fold 1 is done, long")
		d.Counter("Fold 2", 9).Set(3)
		var lines []string
		for _, line := range strings.Split(screen(out.String(), 80), "\n") {
			lines = append(lines, strings.TrimRight(line, " "))
		}
		if got := strings.Join(lines, "\n"); strings.TrimRight(got, "\n") != strings.TrimRight(want, "\n") {
			t.Errorf("mode %d: got %q, want %q", mode, got, want)
		}
	}
}

func TestConcurrent(t *testing.T) {
	var out strings.Builder
	d := &Display{Writer: &out, Mode: Live, Now: newClock().read}
	c := d.Counter("Reading", 400)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 100 {
				c.Add(1)
			}
		})
	}
	wait.Wait()
	c.Finish()
	if !strings.Contains(out.String(), "400/400") {
		t.Errorf("%q", out.String())
	}
}

func TestDetect(t *testing.T) {
	var out strings.Builder
	if d := Detect(&out, false); d.Mode != Lines || d.Color {
		t.Errorf("a buffer: %+v", d)
	}
	if d := Detect(&out, true); d.Mode != Silent {
		t.Errorf("quiet: %+v", d)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if d := Detect(f, false); d.Mode != Lines {
		t.Errorf("a file: %+v", d)
	}
	if n := Columns(f); n != 0 {
		t.Errorf("a file has %d columns", n)
	}
}

func ExampleDisplay() {
	now := time.Unix(0, 0)
	d := &Display{Writer: os.Stdout, Mode: Lines, Now: func() time.Time { return now }}
	d.Epoch(0, 3)
	b := d.Bar(1250)
	now = now.Add(75 * time.Second)
	b.Finish([]Value{{"accuracy", .75}, {"loss", 6.1e-4}})
	fmt.Println("and so on")
	// Output:
	// Epoch 1/3
	// 1250/1250 - 75s - 60ms/step - accuracy: 0.7500 - loss: 6.1000e-04
	// and so on
}
