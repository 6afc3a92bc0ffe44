package cli

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/internal/suggest"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/optimizer/schedule"
)

// pace is what a schedule is made from.
type pace struct {
	rate    float64 // the highest learning rate
	steps   int     // of the run
	warmup  int     // steps of the warmup; 0 is none
	monitor string
	wait    int // epochs without improvement before a reduction
}

// rateSchedule is a value of --schedule. It is a schedule of the optimizer, which the model file contains, or a callback.
type rateSchedule struct {
	name    string
	classes []string // names in Keras and PyTorch
	about   string   // for --help
	warmup  bool     // --warmup can be combined with it
	// make returns the schedule of the optimizer. It is nil for a callback, and returns nil for a constant rate.
	make func(pace) (schedule.Schedule, error)
	// callback is nil for a schedule of the optimizer.
	callback func(pace) callback.Callback
	// text describes the rates.
	text func(pace) string
}

// The factor by which step and plateau reduce the rate, and the factor by which exponential reduces it in the whole run.
const (
	reduction  = .1
	exhaustion = .01
)

const plateau = "plateau"

// schedules lists the values of --schedule.
var schedules = []rateSchedule{
	{
		name: "none", classes: []string{"constant"}, about: "a constant rate", warmup: true,
		make: func(p pace) (schedule.Schedule, error) {
			if p.warmup == 0 {
				return nil, nil
			}
			// With an Alpha of 1, the decay after the warmup is a constant.
			return schedule.CosineDecay{DecaySteps: p.steps - p.warmup, Alpha: 1, WarmupTarget: p.rate, WarmupSteps: p.warmup}, nil
		},
		text: func(p pace) string {
			if p.warmup == 0 {
				return ""
			}
			return fmt.Sprintf("from 0 to %v in the first %s, then constant", p.rate, count(p.warmup, "step"))
		},
	},
	{
		name: "cosine", classes: []string{"CosineDecay", "CosineAnnealingLR"}, about: "falls to 0 along a cosine (CosineDecay)", warmup: true,
		make: func(p pace) (schedule.Schedule, error) {
			if p.warmup == 0 {
				return schedule.CosineDecay{InitialLearningRate: p.rate, DecaySteps: p.steps}, nil
			}
			return schedule.CosineDecay{DecaySteps: p.steps - p.warmup, WarmupTarget: p.rate, WarmupSteps: p.warmup}, nil
		},
		text: func(p pace) string {
			if p.warmup == 0 {
				return fmt.Sprintf("cosine, from %v to 0 in %s", p.rate, count(p.steps, "step"))
			}
			return fmt.Sprintf("cosine, from 0 to %v in the first %s, then to 0 in %s", p.rate, count(p.warmup, "step"), count(p.steps-p.warmup, "step"))
		},
	},
	{
		name: "linear", classes: []string{"PolynomialDecay", "LinearLR"}, about: "falls to 0 along a line (PolynomialDecay)",
		make: func(p pace) (schedule.Schedule, error) {
			return schedule.PolynomialDecay{InitialLearningRate: p.rate, DecaySteps: p.steps, EndLearningRate: new(0.)}, nil
		},
		text: func(p pace) string { return fmt.Sprintf("linear, from %v to 0 in %s", p.rate, count(p.steps, "step")) },
	},
	{
		name: "exponential", classes: []string{"ExponentialDecay", "ExponentialLR"}, about: "falls to 1/100 by the same factor each step (ExponentialDecay)",
		make: func(p pace) (schedule.Schedule, error) {
			return schedule.ExponentialDecay{InitialLearningRate: p.rate, DecaySteps: p.steps, DecayRate: exhaustion}, nil
		},
		text: func(p pace) string {
			return fmt.Sprintf("exponential, from %v to %.4g in %s", p.rate, p.rate*exhaustion, count(p.steps, "step"))
		},
	},
	{
		name: "step", classes: []string{"PiecewiseConstantDecay", "StepLR", "MultiStepLR"}, about: "1/10 after 1/2 of the steps, 1/100 after 3/4\n(PiecewiseConstantDecay)",
		make: func(p pace) (schedule.Schedule, error) {
			first, second := p.steps/2, p.steps*3/4
			if p.steps < 4 {
				return nil, fmt.Errorf("--schedule step needs at least 4 steps, the run has %d; use more --epochs", p.steps)
			}
			// Keras' boundaries are the last steps, counted from 0, before a change.
			return schedule.PiecewiseConstantDecay{Boundaries: []int{first - 1, second - 1}, Values: []float64{p.rate, p.rate * reduction, p.rate * reduction * reduction}}, nil
		},
		text: func(p pace) string {
			return fmt.Sprintf("%v, from step %d on %.4g, from step %d on %.4g", p.rate, p.steps/2+1, p.rate*reduction, p.steps*3/4+1, p.rate*reduction*reduction)
		},
	},
	{
		name: plateau, classes: []string{"ReduceLROnPlateau"}, about: "1/10 whenever the value of --monitor has not improved for\n--lr-patience epochs (ReduceLROnPlateau)",
		callback: func(p pace) callback.Callback {
			return callback.ReduceLROnPlateau{Monitor: p.monitor, Factor: reduction, Patience: new(p.wait), Verbose: true}
		},
		text: func(p pace) string {
			return fmt.Sprintf("%v, a tenth of it after %s without a better %s, and so on", p.rate, count(p.wait, "epoch"), p.monitor)
		},
	},
	{
		name: "one-cycle", classes: []string{"OneCycle", "OneCycleLR", "onecycle"}, about: "rises from 1/25 of the rate in the first 30% of the steps, or\nduring --warmup, then falls almost to 0 (OneCycleLR of PyTorch)", warmup: true,
		callback: func(p pace) callback.Callback { return p.cycle() },
		text: func(p pace) string {
			rise := p.warmup
			if rise == 0 {
				rise = int(math.Round(.3 * float64(p.steps)))
			}
			return fmt.Sprintf("one cycle, from %.4g to %v in the first %s, then to %.4g in %s", p.rate/25, p.rate, count(rise, "step"), p.rate/25/1e4, count(p.steps-rise, "step"))
		},
	},
}

// cycle returns the callback of the schedule one-cycle.
func (p pace) cycle() callback.OneCycle {
	return callback.OneCycle{MaxLR: p.rate, PctStart: float64(p.warmup) / float64(p.steps)}
}

// scheduleNames returns the values of --schedule.
func scheduleNames() []string {
	var names []string
	for _, s := range schedules {
		names = append(names, s.name)
	}
	return names
}

// schedulesHelp describes the values of --schedule.
func schedulesHelp() string {
	var s strings.Builder
	for _, x := range schedules {
		fmt.Fprintf(&s, "%-12s %s\n", x.name, strings.ReplaceAll(x.about, "\n", "\n"+strings.Repeat(" ", 13)))
	}
	return s.String()
}

// findSchedule returns the schedule with a name. "" is none.
func findSchedule(name string) (rateSchedule, error) {
	for _, s := range schedules {
		if s.name == cmp.Or(name, "none") {
			return s, nil
		}
	}
	for _, s := range schedules {
		for _, class := range s.classes {
			if strings.EqualFold(class, name) {
				return rateSchedule{}, fmt.Errorf("--schedule: unknown schedule %q; did you mean %s?", name, s.name)
			}
		}
	}
	return rateSchedule{}, fmt.Errorf("--schedule: unknown schedule %q%s", name, suggest.Hint(name, scheduleNames()))
}

// checkWarmup returns an error if the warmup is longer than the run. The defaults of the demo are known only after
// Validate.
func (t *training) checkWarmup() error {
	if t.Warmup > 0 && t.Warmup >= float64(t.Epochs) {
		return usageError{fmt.Errorf("--warmup must be less than the number of epochs, %d, got %v", t.Epochs, t.Warmup)}
	}
	return nil
}

// setSchedule gives the optimizer the schedule of --schedule, whose length is that of the run. It compiles the model
// again for it, as the number of training images is known only now.
func (t *training) setSchedule() error {
	s, err := findSchedule(t.Schedule)
	if err != nil || s.make == nil && s.callback == nil {
		return err
	}
	if t.Schedule == "" && t.Warmup == 0 {
		return nil
	}
	p := pace{steps: t.Epochs * t.train.Steps(), monitor: t.watched.key, wait: 10}
	if t.phase.Finetune {
		p.steps = t.Finetune * t.train.Steps()
	}
	if t.LRPatience != nil {
		p.wait = *t.LRPatience
	}
	if t.Warmup > 0 && !t.phase.Finetune {
		p.warmup = max(1, int(math.Round(t.Warmup*float64(t.train.Steps()))))
	}
	if p.warmup >= p.steps {
		return usageError{fmt.Errorf("--warmup %v takes all %s of the run; use a shorter one, or more --epochs", t.Warmup, count(p.steps, "step"))}
	}
	if p.rate, err = t.constantRate(); err != nil {
		return err
	}
	if !t.phase.Finetune {
		t.record.Model.Schedule, t.record.Model.LearningRate = s.text(p), p.rate
	}
	if s.callback != nil {
		t.rates = s.callback(p)
		return nil
	}
	made, err := s.make(p)
	if err != nil {
		return usageError{err}
	}
	if made == nil || t.state != nil { // the checkpoint has it
		return nil
	}
	c, _ := t.model.Compiled()
	if c.Optimizer, err = changed(c.Optimizer, map[string]any{"learning_rate": made}); err != nil {
		return err
	}
	return t.model.Compile(c)
}

// constantRate returns the highest learning rate of the schedule.
func (t *training) constantRate() (float64, error) {
	if t.state != nil { // callbacks and schedules change that of the model
		if t.phase.Finetune {
			return t.record.Model.LearningRate * finetuneRate, nil
		}
		return t.record.Model.LearningRate, nil
	}
	c, _ := t.model.Compiled()
	if rate, ok := optimizer.ConfigOf(c.Optimizer)["learning_rate"].(float64); ok {
		return rate, nil
	}
	return 0, usageError{fmt.Errorf("--schedule: the optimizer %s has no learning rate that a schedule can set; set another --optimizer", optimizer.ClassOf(c.Optimizer))}
}

// logRate returns a callback that adds the learning rate to the logs.
func logRate() callback.Callback {
	return callback.Func(func(run callback.Run) (callback.Hooks, error) {
		return callback.Hooks{EpochEnd: func(_ int, logs *lince.Logs) error {
			rate, err := run.LearningRate()
			if err == nil {
				logs.Set("learning_rate", rate)
			}
			return err
		}}, nil
	})
}

// scheduled reports whether the optimizer has a schedule.
func (t *training) scheduled() bool {
	c, _ := t.model.Compiled()
	_, s := optimizer.Rate(c.Optimizer)
	return s != nil
}

// warnOfRate warns if the schedule in the model file has come to its end, where training changes nothing.
func (t *training) warnOfRate() {
	if t.state != nil || t.optimizerFlags.set() || t.objectiveFlags.set() || !t.scheduled() {
		return
	}
	if rate, err := t.model.LearningRate(); err == nil && rate == 0 {
		t.warn("the schedule in the model file gives a learning rate of 0 to the next step; if the schedule has come to its end, set --lr to train further")
	}
}
