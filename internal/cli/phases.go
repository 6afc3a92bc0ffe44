package cli

import (
	"encoding/json"
	"errors"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/optimizer"
)

// A run of transfer learning has two phases: the classifier, and with --finetune the upper layers of the body. Each is a Fit. The second continues
// the epochs of the first.

// phase is the current phase. The checkpoint contains it, as the state of a callback.
type phase struct {
	Finetune bool           `json:"finetune"`
	Head     *lince.History `json:"head,omitempty"` // of the first phase, in the second
}

// finetuneRate is the learning rate of the second phase as a fraction of that of the first.
const finetuneRate = .1

func (p *phase) callback() callback.Callback {
	return callback.Func(func(callback.Run) (callback.Hooks, error) { return callback.Hooks{State: p}, nil })
}

// phaseCallback is the index of the callback of phase.
const phaseCallback = 1

// restore reads the phase from a checkpoint.
func (p *phase) restore(s *callback.State) error {
	if len(s.Callbacks) <= phaseCallback {
		return errors.New("the checkpoint is not one of transfer learning")
	}
	return json.Unmarshal(s.Callbacks[phaseCallback].State, p)
}

// first returns the first epoch of the phase.
func (p *phase) first() int {
	if p.Head == nil || len(p.Head.Epochs) == 0 {
		return 0
	}
	return p.Head.Epochs[len(p.Head.Epochs)-1] + 1
}

// lastEpoch returns the number of epochs of the run, if no phase is stopped early.
func (t *training) lastEpoch() int {
	switch {
	case t.phase.Finetune:
		return t.phase.first() + t.Finetune
	case t.transfers():
		return t.Epochs + t.Finetune
	}
	return t.Epochs
}

// fitPhases trains the model. The history is that of all phases.
func (t *training) fitPhases(times *epochTimes) (*lince.History, error) {
	if !t.phase.Finetune {
		h, err := t.fitPhase(times, 0, t.Epochs)
		if err != nil || h == nil || !t.transfers() || t.Finetune == 0 {
			return h, err
		}
		if h.Partial != nil || t.deadline.Over { // an interruption, or --time
			return h, nil
		}
		t.phase = phase{Finetune: true, Head: h}
		t.state = nil
		if err := t.unfreeze(); err != nil {
			return h, err
		}
	}
	h, err := t.fitPhase(times, t.phase.first(), t.lastEpoch())
	all := joined(t.phase.Head, h)
	if err != nil || t.Patience == 0 {
		return all, err
	}
	return all, t.keepBest(h)
}

// fitPhase trains the model in the epochs from first on. A resumed phase begins where its checkpoint says.
func (t *training) fitPhase(times *epochTimes, first, epochs int) (*lince.History, error) {
	o := lince.FitOptions{
		Epochs: epochs, InitialEpoch: first, Validation: t.val, Callbacks: t.callbacks(times), ClassWeight: t.byClass, Output: t.text, Verbose: t.verbose(),
		Profile: t.profile, Resume: t.state, MemoryBudget: int(t.Memory),
	}
	if t.state != nil {
		o.InitialEpoch = 0
	}
	if t.transfers() {
		o.CacheFeatures, o.FeatureCache = t.record.Transfer.Variants, &t.features
	}
	return t.model.Fit(t.ctx, t.fitted, o)
}

// unfreeze prepares the second phase.
func (t *training) unfreeze() error {
	var err error
	if t.record.Transfer.Layers, err = t.transferFlags.unfreeze(t.model); err != nil {
		return err
	}
	t.record.total = t.lastEpoch()
	if err := t.folder.write("run.json", t.record.write); err != nil {
		return err
	}
	t.printf("Fine-tuning: %s of the body at a tenth of the learning rate.\n", count(t.record.Transfer.Layers, "layer"))
	c, _ := t.model.Compiled()
	if _, ok := optimizer.ConfigOf(c.Optimizer)["learning_rate"]; ok {
		if c.Optimizer, err = changed(c.Optimizer, map[string]any{"learning_rate": t.record.Model.LearningRate * finetuneRate}); err != nil {
			return err
		}
	}
	if err := t.model.Compile(c); err != nil {
		return err
	}
	return t.setSchedule()
}

// keepBest opens best.keras again if no epoch of the second phase, whose history is h, is better than the first phase.
func (t *training) keepBest(h *lince.History) error {
	was, ok := t.watched.bestOf(t.phase.Head)
	is, better := t.watched.bestOf(h)
	if !ok || better && t.watched.better(is, was) {
		return nil
	}
	m, err := lince.Options{Seed: uint64(t.Seed), Threads: t.Threads}.Open(t.folder.path("best.keras"))
	if err != nil {
		return err
	}
	t.model = m
	t.printf("Fine-tuning did not improve %s: keeping the model from before it.\n", t.watched.key)
	return nil
}

// joined returns the history of two phases. Any of them may be nil.
func joined(head, tail *lince.History) *lince.History {
	if head == nil || tail == nil {
		if head == nil {
			return tail
		}
		return head
	}
	h := &lince.History{Partial: tail.Partial}
	for i, epoch := range head.Epochs {
		h.Add(epoch, logsOf(head, i))
	}
	for i, epoch := range tail.Epochs {
		h.Add(epoch, logsOf(tail, i))
	}
	return h
}

// logsOf returns the logs of the epoch with an index.
func logsOf(h *lince.History, i int) *lince.Logs {
	logs := &lince.Logs{}
	for _, s := range h.Series {
		if s.Vectors != nil && s.Vectors[i] != nil {
			logs.SetVector(s.Name, s.Vectors[i])
		} else {
			logs.Set(s.Name, s.Values[i])
		}
	}
	return logs
}
