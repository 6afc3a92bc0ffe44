package callback

import (
	"errors"
	"fmt"
)

// SwapEMAWeights evaluates the model with the moving averages of its weights, which an optimizer with UseEMA keeps
// (keras.callbacks.SwapEMAWeights). It exchanges the weights with the averages before each validation, evaluation and
// prediction, and back after it. Begin returns an error if the optimizer keeps no averages.
//
// Predict with this callback also exchanges the weights back; Keras does not.
type SwapEMAWeights struct {
	// SwapOnEpoch also exchanges them at the end of each epoch, and back at the beginning of the next (swap_on_epoch).
	// Callbacks that come later in the list, such as a ModelCheckpoint, then save or change the averages. At the end of
	// training, the model has the averages with and without SwapOnEpoch.
	SwapOnEpoch bool
}

// Begin implements Callback.
func (c SwapEMAWeights) Begin(run Run) (Hooks, error) {
	swap := func(on bool) error {
		if err := run.SwapAverages(on); err != nil {
			return fmt.Errorf("SwapEMAWeights: %w", err)
		}
		return nil
	}
	if !run.KeepsAverages() {
		return Hooks{}, errors.New("SwapEMAWeights: the optimizer keeps no averages of the weights; set its UseEMA")
	}
	h := Hooks{
		TestBegin:    func() error { return swap(true) },
		TestEnd:      func(*Logs) error { return swap(false) },
		PredictBegin: func() error { return swap(true) },
		PredictEnd:   func() error { return swap(false) },
		End: func() error { // after an error, the exchange is undone
			if run.Finished() {
				return nil
			}
			return swap(false)
		},
	}
	if c.SwapOnEpoch {
		h.EpochBegin = func(int) error { return swap(false) }
		h.EpochEnd = func(int, *Logs) error { return swap(true) }
	}
	return h, nil
}
