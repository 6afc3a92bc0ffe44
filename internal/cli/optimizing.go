package cli

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lince-ml/lince/optimizer"
)

// optimizerFlags are the flags of the optimizer and its learning rate.
type optimizerFlags struct {
	Optimizer   string   `placeholder:"NAME" predictor:"optimizer" help:"Optimizer, by its name in Keras: rmsprop, adam, adamw, sgd and so on (default: the optimizer in the model file, or rmsprop)."`
	LR          *float64 `name:"lr" placeholder:"RATE" help:"Learning rate (default: that in the model file, or the optimizer's default in Keras). With --schedule, the highest rate."`
	Schedule    string   `placeholder:"NAME" predictor:"schedule" help:"Learning rate schedule over all steps of the run: ${schedules}. They are described above (default: none)."`
	Warmup      float64  `placeholder:"EPOCHS" help:"Number of epochs, such as .5, in which the learning rate rises first. For the schedules none, cosine and one-cycle (default: 0; for one-cycle, 30% of the epochs)."`
	LRPatience  *int     `name:"lr-patience" placeholder:"N" help:"With --schedule plateau: number of epochs without improvement before the rate is reduced (default: 10)."`
	WeightDecay *float64 `placeholder:"RATE" help:"Weight decay (default: the optimizer's default in Keras)."`
	ClipNorm    *float64 `name:"clipnorm" placeholder:"NORM" help:"Largest norm of the gradient of each weight tensor (default: no limit)."`
	EMA         *float64 `name:"ema" placeholder:"MOMENTUM" help:"Validate and save moving averages of the weights, of which each step keeps this fraction, such as .99 (default: no averages)."`
}

// mistakes returns the mistakes in the flags.
func (f optimizerFlags) mistakes() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if f.Optimizer != "" {
		if _, err := optimizer.Parse(f.Optimizer); err != nil {
			bad("--optimizer: %w", err)
		}
	}
	if f.LR != nil && !(*f.LR > 0) {
		bad("--lr must be greater than 0, got %v", *f.LR)
	}
	if f.WeightDecay != nil && !(*f.WeightDecay >= 0) {
		bad("--weight-decay must be at least 0, got %v", *f.WeightDecay)
	}
	if f.ClipNorm != nil && !(*f.ClipNorm > 0) {
		bad("--clipnorm must be greater than 0, got %v", *f.ClipNorm)
	}
	if f.EMA != nil && !(*f.EMA > 0 && *f.EMA < 1) {
		bad("--ema must be greater than 0 and less than 1, got %v", *f.EMA)
	}
	s, err := findSchedule(f.Schedule)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	if !(f.Warmup >= 0) {
		bad("--warmup must be a number of epochs, at least 0, got %v", f.Warmup)
	}
	if f.Warmup > 0 && !s.warmup {
		bad("--warmup: the schedule %s has no warmup; use --schedule cosine, one-cycle or none", s.name)
	}
	if f.LRPatience != nil && s.name != plateau {
		bad("--lr-patience is for --schedule plateau; --patience is for early stopping")
	}
	if f.LRPatience != nil && *f.LRPatience < 1 {
		bad("--lr-patience must be at least 1, got %d", *f.LRPatience)
	}
	return errors.Join(errs...)
}

// set reports whether a flag changes the optimizer of a model file. --lr alone does not: the rate of an optimizer can be
// set without compiling the model again.
func (f optimizerFlags) set() bool {
	return f.Optimizer != "" || f.Schedule != "" || f.Warmup > 0 || f.WeightDecay != nil || f.ClipNorm != nil || f.EMA != nil
}

// optimizerFrom returns the optimizer that the flags ask for, with a constant learning rate. given is the optimizer in the model file,
// whose current learning rate is rate, or nil. A rate of 0 is not known.
func (f optimizerFlags) optimizerFrom(given optimizer.Optimizer, rate float64) (optimizer.Optimizer, error) {
	o := given
	if f.Optimizer != "" || o == nil {
		var err error
		if o, err = optimizer.Parse(cmp.Or(f.Optimizer, "rmsprop")); err != nil {
			return nil, usageError{fmt.Errorf("--optimizer: %w", err)}
		}
	}
	changes := map[string]any{}
	if f.WeightDecay != nil {
		changes["weight_decay"] = *f.WeightDecay
	}
	if f.ClipNorm != nil {
		changes["clipnorm"] = *f.ClipNorm
	}
	if f.EMA != nil {
		changes["use_ema"], changes["ema_momentum"] = true, *f.EMA
	}
	_, scheduled := optimizer.Rate(o)
	switch {
	case f.LR != nil:
		changes["learning_rate"] = *f.LR
	case f.Optimizer == "" && scheduled != nil && (f.Schedule != "" || f.Warmup > 0):
		return nil, usageError{errors.New("--schedule: the optimizer in the model file has a schedule, so there is no learning rate to start from; set --lr")}
	case f.Optimizer == "" && given != nil && scheduled == nil && rate > 0:
		if was, ok := optimizer.ConfigOf(o)["learning_rate"].(float64); ok && float32(was) != float32(rate) { // a callback reduced it
			changes["learning_rate"] = rate
		}
	}
	return changed(o, changes)
}

// changed returns an optimizer with other arguments.
func changed(o optimizer.Optimizer, changes map[string]any) (optimizer.Optimizer, error) {
	if len(changes) == 0 {
		return o, nil
	}
	class, conf := optimizer.ClassOf(o), optimizer.ConfigOf(o)
	for _, key := range slices.Sorted(maps.Keys(changes)) {
		if _, ok := conf[key]; !ok {
			return nil, usageError{fmt.Errorf("the optimizer %s has no argument %s; set another --optimizer", class, key)}
		}
		conf[key] = changes[key]
	}
	to, err := optimizer.Decode(class, conf)
	if err != nil {
		return nil, usageError{fmt.Errorf("the optimizer %s: %w", class, err)}
	}
	return optimizer.WithExcluded(to, optimizer.Excluded(o)), nil
}

// optimizerNames returns the values of --optimizer.
func optimizerNames() []string {
	var names []string
	for _, class := range optimizer.Classes() {
		if class != "LossScaleOptimizer" { // it needs another optimizer
			names = append(names, strings.ToLower(class))
		}
	}
	return names
}
