package report

import (
	"bytes"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func sampleComparison() Comparison {
	history := func(values ...float64) *History {
		h := &History{Series: []Series{{Name: "val_loss", Values: values}}}
		for i := range values {
			h.Epochs = append(h.Epochs, i)
		}
		return h
	}
	return Comparison{
		Title: "Comparison of 3 runs", Subtitle: "a remark",
		Runs: []ComparedRun{{"runs/train-1", "", history(.9, .7, .6)}, {"runs/train-2", "interrupted", history(.8, .75)}, {"runs/train-3", "", nil}},
		Results: []ComparedResult{
			{"accuracy", []float64{.9, .95, math.NaN()}, []string{"90.0%", "95.0%", "–"}, 1}, {"training time", []float64{3, 4, 5}, []string{"3s", "4s", "5s"}, -1},
			{"epochs", []float64{3, 2, 0}, []string{"3", "2", "0"}, 0}, {"same", []float64{1, 1, 1}, []string{"1", "1", "1"}, 1},
		},
		Settings: []ComparedSetting{{"lr", []string{"0.1", "0.01", "0.001"}}},
	}
}

func TestCompareHTML(t *testing.T) {
	c := sampleComparison()
	for i, want := range [][]bool{{false, true, false}, {true, false, false}, {false, false, false}, {false, false, false}} {
		for run := range c.Runs {
			if got := c.Results[i].Best(run); got != want[run] {
				t.Errorf("%s of run %d is the best: %v", c.Results[i].Name, run, got)
			}
		}
	}
	var b bytes.Buffer
	if err := CompareHTML(&b, c); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, part := range []string{"runs/train-1", "(interrupted)", "<strong>95.0%</strong>", "<strong>3s</strong>", "0.001", "Validation loss", "a remark", "Content-Security-Policy"} {
		if !strings.Contains(text, part) {
			t.Errorf("the page does not have %q", part)
		}
	}
	if n := strings.Count(text, "<strong>"); n != 2 {
		t.Errorf("%d values are the best, want 2", n)
	}
	if dir := os.Getenv("LINCE_PAGES"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "comparison.html"), b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCompareHTMLErrors(t *testing.T) {
	for want, change := range map[string]func(c *Comparison){
		"no runs":                                  func(c *Comparison) { c.Runs = nil },
		"accuracy has 2 values":                    func(c *Comparison) { c.Results[0].Values = []float64{1, 2} },
		"lr has 1 values for 3 runs":               func(c *Comparison) { c.Settings[0].Values = []string{"1"} },
		"runs/train-1: report: val_loss has 1 val": func(c *Comparison) { c.Runs[0].History.Series[0].Values = []float64{1} },
	} {
		c := sampleComparison()
		change(&c)
		if err := CompareHTML(io.Discard, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := CompareHTML(full{}, sampleComparison()); err == nil {
		t.Error("no error of a full disk")
	}
}
