package cli

import (
	"encoding/csv"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/optimizer/schedule"
)

// TestSchedules checks the learning rates of the first steps, around changes, and of the last.
func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		name   string
		warmup int
		want   map[int64]float64 // by step, of 100 steps at a rate of 0.8
		text   string
	}{
		{"none", 10, map[int64]float64{0: 0, 5: .4, 10: .8, 99: .8}, "from 0 to 0.8 in the first 10 steps, then constant"},
		{"cosine", 0, map[int64]float64{0: .8, 50: .4, 100: 0}, "cosine, from 0.8 to 0 in 100 steps"},
		{"cosine", 20, map[int64]float64{0: 0, 10: .4, 20: .8, 60: .4, 100: 0}, "cosine, from 0 to 0.8 in the first 20 steps, then to 0 in 80 steps"},
		{"linear", 0, map[int64]float64{0: .8, 25: .6, 100: 0}, "linear, from 0.8 to 0 in 100 steps"},
		{"exponential", 0, map[int64]float64{0: .8, 50: .08, 100: .008}, "exponential, from 0.8 to 0.008 in 100 steps"},
		{"step", 0, map[int64]float64{0: .8, 49: .8, 50: .08, 74: .08, 75: .008, 99: .008}, "0.8, from step 51 on 0.08, from step 76 on 0.008"},
	} {
		s, err := findSchedule(c.name)
		if err != nil {
			t.Fatal(err)
		}
		p := pace{rate: .8, steps: 100, warmup: c.warmup}
		made, err := s.make(p)
		if err != nil || schedule.Check(made) != nil {
			t.Fatalf("%s: %v, %v", c.name, err, schedule.Check(made))
		}
		for step, want := range c.want {
			if got := made.At(step); math.Abs(got-want) > 1e-12 {
				t.Errorf("%s: the rate of step %d is %v, want %v", c.name, step, got, want)
			}
		}
		if got := s.text(p); got != c.text {
			t.Errorf("%s: %q, want %q", c.name, got, c.text)
		}
		if s.warmup == (c.warmup == 0) && c.name != "cosine" {
			t.Errorf("%s: warmup %v", c.name, s.warmup)
		}
	}
	if c := (pace{rate: .8, steps: 100, warmup: 20}).cycle(); c.MaxLR != .8 || c.PctStart != .2 {
		t.Errorf("one-cycle is %+v", c)
	}
}

// TestRates checks that each schedule changes the rate of a training as it says, and is in run.json.
func TestRates(t *testing.T) {
	long(t)
	workIn(t)
	for _, s := range schedules {
		args := []string{"train", "demo:cats-and-dogs?n=24", "--model", network("two.json"), "--epochs", "4", "--batch", "6", "--optimizer", "sgd", "--lr", ".5", "--schedule", s.name, "--out", s.name}
		if s.name == "none" {
			args = append(args, "--warmup", "2") // of 3 steps each
		}
		if s.name == plateau {
			args = append(args, "--lr-patience", "1", "--monitor", "val_accuracy")
		}
		o := succeed(t, args...)
		rows, err := csv.NewReader(strings.NewReader(read(t, s.name, "history.csv"))).ReadAll()
		if err != nil || len(rows) != 5 {
			t.Fatalf("%s: %v, %v", s.name, rows, err)
		}
		column := slices.Index(rows[0], "learning_rate")
		if column < 0 {
			t.Fatalf("%s: the columns are %v", s.name, rows[0])
		}
		var rates []float64
		for _, row := range rows[1:] {
			v, err := strconv.ParseFloat(row[column], 64)
			if err != nil {
				t.Fatal(err)
			}
			rates = append(rates, v)
		}
		// The rate of the next step, after 3, 6, 9 and 12 of 12 steps. That of one-cycle is of the last step.
		want := map[string][]float64{
			"none": {.25, .5, .5, .5}, "cosine": {.25 * (1 + math.Sqrt2/2), .25, .25 * (1 - math.Sqrt2/2), 0}, "linear": {.375, .25, .125, 0},
			"exponential": {.5 * math.Pow(.1, .5), .05, .5 * math.Pow(.1, 1.5), .005}, "step": {.5, .05, .005, .005},
		}[s.name]
		for i, w := range want {
			if math.Abs(rates[i]-w) > 1e-6 {
				t.Errorf("%s: the rates are %v, want %v", s.name, rates, want)
			}
		}
		switch s.name {
		case plateau: // the accuracy of 6 images cannot improve in each epoch by much
			r := decode[record](t, read(t, s.name, "run.json"))
			best, rate := math.Inf(-1), .5
			for i, v := range r.History.Values("val_accuracy") {
				if math.Abs(rates[i]-rate) > 1e-6*rate {
					t.Errorf("plateau: the rate of epoch %d is %v, want %v; val_accuracy is %v", i, rates[i], rate, r.History.Values("val_accuracy"))
				}
				if v > best+1e-4 {
					best = v
				} else {
					rate *= .1
				}
			}
		case "one-cycle":
			if rates[0] < .4 || rates[3] > 1e-5 || !slices.IsSortedFunc(rates[1:], func(a, b float64) int { return int(math.Copysign(1, b-a)) }) {
				t.Errorf("one-cycle: the rates are %v", rates)
			}
		}
		r := decode[record](t, read(t, s.name, "run.json"))
		if r.Model.LearningRate != .5 || r.Model.Schedule == "" || !strings.Contains(o.stdout, "Learning rate: "+r.Model.Schedule+"\n") || r.Settings["schedule"] != s.name {
			t.Errorf("%s: run.json has %+v", s.name, r.Model)
		}
	}
}

// TestOptimizers trains with each optimizer by its name, with a schedule, weight decay and a limit of the gradients.
func TestOptimizers(t *testing.T) {
	slow(t)
	workIn(t)
	names := optimizerNames()
	if len(names) != len(optimizer.Classes())-1 {
		t.Errorf("the names are %v", names)
	}
	losses := map[float64]string{}
	for _, name := range names {
		o := succeed(t, "train", "demo:cats-and-dogs?n=16", "--model", network("two.json"), "--epochs", "2", "--batch", "4", "--optimizer", name,
			"--weight-decay", ".01", "--clipnorm", ".5", "--ema", ".9", "--lr", ".02", "--schedule", "cosine", "--json", "-q")
		r := decode[record](t, o.stdout)
		c := r.Model.OptimizerConfig
		if strings.ToLower(r.Model.Optimizer) != name || c["weight_decay"] != .01 || c["clipnorm"] != .5 || c["use_ema"] != true || c["ema_momentum"] != .9 {
			t.Errorf("%s: run.json has %+v", name, r.Model)
		}
		loss := r.History.Last("loss")
		// With the same weight decay, Adam and AdamW are the same.
		if other, ok := losses[loss]; ok && (other != "adam" || name != "adamw") {
			t.Errorf("%s and %s have the same loss %v", name, other, loss)
		}
		losses[loss] = name
	}
}

// TestScheduleOfFile checks what flags do to a model file whose optimizer has a schedule.
func TestScheduleOfFile(t *testing.T) {
	long(t)
	workIn(t)
	args := func(more ...string) []string {
		return append([]string{"train", "demo:cats-and-dogs?n=16", "--epochs", "2", "--batch", "4", "--json", "-q"}, more...)
	}
	succeed(t, args("--model", network("two.json"), "--optimizer", "adam", "--schedule", "cosine", "--out", "a")...)
	on := func(more ...string) (outcome, recordModel) {
		o := run(t, args(append([]string{"--model", "a/model.keras"}, more...)...)...)
		if o.code != exitOK {
			return o, recordModel{}
		}
		return o, decode[record](t, o.stdout).Model
	}
	o, m := on()
	contains(t, "the warning", o.stderr, "gives a learning rate of 0", "set --lr")
	if c, ok := m.OptimizerConfig["learning_rate"].(map[string]any); !ok || c["class_name"] != "CosineDecay" || m.Schedule != "" {
		t.Errorf("without flags: %+v", m)
	}
	if o, m = on("--lr", ".25"); m.OptimizerConfig["learning_rate"] != .25 || m.LearningRate != .25 || o.stderr != "" {
		t.Errorf("--lr: %+v, %s", m, o.stderr)
	}
	if o, m = on("--lr", ".25", "--schedule", "linear"); m.Schedule != "linear, from 0.25 to 0 in 6 steps" || o.stderr != "" {
		t.Errorf("--lr and --schedule: %+v, %s", m, o.stderr)
	}
	if o, _ = on("--schedule", "linear"); o.code != exitUsage || !strings.Contains(o.stderr, "set --lr") {
		t.Errorf("--schedule: exit code %d, %s", o.code, o.stderr)
	}
	// A schedule starts from the current rate of a file without one.
	succeed(t, args("--model", network("two.json"), "--optimizer", "adam", "--lr", ".125", "--out", "b")...)
	if m = decode[record](t, succeed(t, args("--model", "b/model.keras", "--schedule", "linear")...).stdout).Model; m.Optimizer != "Adam" || m.Schedule != "linear, from 0.125 to 0 in 6 steps" {
		t.Errorf("--schedule of a constant rate: %+v", m)
	}
}
