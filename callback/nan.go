package callback

import "math"

// TerminateOnNaN stops training, without an error, when the loss becomes NaN or infinite
// (keras.callbacks.TerminateOnNaN). Without this callback, such a loss ends training with an error;
// see FitOptions.AllowNaN.
type TerminateOnNaN struct{}

// Begin implements Callback.
func (TerminateOnNaN) Begin(run Run) (Hooks, error) {
	return Hooks{BatchEnd: func(step int, logs *Logs) error {
		if loss, ok := logs.Get("loss"); ok && (math.IsNaN(loss) || math.IsInf(loss, 0)) {
			run.Printf("Batch %d: Invalid loss, terminating training", step)
			run.Stop()
		}
		return nil
	}}, nil
}
