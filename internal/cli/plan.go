package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/internal/progress"
)

// recordPlan is what the plan line says.
type recordPlan struct {
	StepsPerEpoch int `json:"steps_per_epoch"`
	Epochs        int `json:"epochs"`
	// MemoryBytes is the memory of a training step, the weights and the optimizer; 0 if it is not known.
	MemoryBytes int `json:"memory_bytes,omitempty"`
}

// plan prints what the run is going to do.
func (t *training) plan() error {
	p := recordPlan{StepsPerEpoch: t.train.Steps(), Epochs: t.lastEpoch()}
	memory := ""
	if m, err := t.model.TrainingMemory(t.Batch); err == nil {
		p.MemoryBytes = m.Sum()
		switch {
		case t.Memory > 0:
			p.MemoryBytes = min(p.MemoryBytes, int(t.Memory))
		case !t.transfers(): // which trains on features that are computed before
			if err := m.Check(); err != nil {
				return fmt.Errorf("%w; use a smaller --batch, smaller images or --memory", err)
			}
		}
		memory = ", " + byteSize(p.MemoryBytes).String() + " of memory besides cached images"
	}
	t.record.Plan = &p
	of := count(len(t.model.Classes), "class", "classes")
	if t.regresses() {
		of = "a number each"
	}
	t.printf("Plan: %d training and %d validation images of %s, %s of %s, batches of %d%s.\n\n", t.train.Len(), t.val.Len(), of,
		count(p.Epochs, "epoch"), count(p.StepsPerEpoch, "step"), t.Batch, memory)
	return t.event(planEvent{"plan", t.record.Data.Training, t.record.Data.Validation, t.model.Classes, p})
}

// planEvent is the JSON line of the plan.
type planEvent struct {
	Event      string   `json:"event"`
	Training   int      `json:"training"`
	Validation int      `json:"validation"`
	Classes    []string `json:"classes"`
	recordPlan
}

// epochEvent is the JSON line of an epoch.
type epochEvent struct {
	Event   string         `json:"event"`
	Epoch   int            `json:"epoch"` // from 0
	Epochs  int            `json:"epochs"`
	Logs    map[string]any `json:"logs"` // null if not finite
	Seconds float64        `json:"seconds"`
	Left    float64        `json:"seconds_left"` // an estimate
}

// endEvent is the last JSON line.
type endEvent struct {
	Event string `json:"event"`
	record
}

// event prints a JSON line about the progress, with --json.
func (t *training) event(v any) error {
	if !t.json || t.quiet {
		return nil
	}
	return writeJSONLine(t.stdout, v)
}

// end prints the record of the run as the last JSON line, with --json.
func (t *training) end() error {
	if !t.json {
		return nil
	}
	return writeJSONLine(t.stdout, endEvent{"end", t.record})
}

// progressPace estimates how long the training takes. It prints an estimate after the first steps, and a better one after the first epoch. In a terminal,
// the bar of the first epoch would be in the way of the former.
type progressPace struct{ began time.Time }

// measuredSteps is the number of steps from which the time of a training is estimated first. The step before them is left out: it makes the plan.
const measuredSteps = 5

// worthTelling is the shortest time of a training that is announced.
const worthTelling = 20 * time.Second

func (p *progressPace) callback(t *training, times *epochTimes) callback.Callback {
	return callback.Func(func(run callback.Run) (callback.Hooks, error) {
		*p = progressPace{}
		measured := 0
		first := true // epoch of this process
		live := t.display().Mode == progress.Live
		left := func(epoch int) time.Duration {
			last := times.seconds[len(times.seconds)-1]
			return time.Duration(last * float64(run.Epochs()-epoch-1) * float64(time.Second))
		}
		return callback.Hooks{
			BatchEnd: func(step int, _ *callback.Logs) error {
				if p.began.IsZero() {
					p.began = time.Now()
					return nil
				}
				if measured++; measured != measuredSteps || live || !first {
					return nil
				}
				at := run.Position()
				steps := (run.Epochs()-at.Epoch)*run.Steps() - step - 1
				if d := time.Since(p.began) / measuredSteps * time.Duration(steps); d >= worthTelling {
					t.printf("Expected time: %s, without validation (measured in %d steps)\n", roughly(d), measuredSteps)
				}
				return nil
			},
			EpochEnd: func(epoch int, logs *callback.Logs) error {
				d := left(epoch)
				if first && d >= worthTelling {
					run.Printf("Expected time of the other epochs: %s", roughly(d))
				}
				first = false
				values := map[string]any{}
				for name, v := range numbers(logs) {
					values[name] = v
					if vector := logs.Vector(name); vector != nil {
						values[name] = finiteOrNil(vector)
					}
				}
				return t.event(epochEvent{"epoch", epoch, run.Epochs(), values, times.seconds[len(times.seconds)-1], d.Seconds()})
			},
		}, nil
	})
}

// roughly returns a duration without false precision, such as "25 min".
func roughly(d time.Duration) string {
	switch {
	case d < 90*time.Second:
		return fmt.Sprintf("%d s", int(d.Round(5*time.Second).Seconds()))
	case d < 90*time.Minute:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Hours()), ".0") + " h"
}
