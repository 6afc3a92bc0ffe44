package callback

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/tensor"
)

// fake is a run without a model. Its only weight is the number of the epoch.
type fake struct {
	epochs       int
	validates    bool
	history      History
	position     Position
	stopped      bool
	finished     bool
	saved        []string
	failing      error // error of Save
	weight       float32
	rate         float32
	said         []string
	task         Task
	savedWeights []string
	swaps        []bool
	averages     bool
	examples     []Example
	variables    []Variable
}

func (f *fake) Position() Position { return f.position }
func (f *fake) Epochs() int        { return f.epochs }
func (f *fake) Validates() bool    { return f.validates }
func (f *fake) History() *History  { return &f.history }
func (f *fake) HigherIsBetter(name string) (higher, known bool) {
	return name == "accuracy", name == "accuracy" || name == "loss"
}
func (f *fake) Task() Task                        { return f.task }
func (f *fake) Steps() int                        { return 2 }
func (f *fake) Iterations() int                   { return 7 }
func (f *fake) Metrics() []string                 { return []string{"accuracy", "loss", "odd"} }
func (f *fake) Nodes() []Node                     { return nil }
func (f *fake) Network() ([]byte, error)          { return []byte("{}"), nil }
func (f *fake) Batch(n int) []Example             { return f.examples[:min(n, len(f.examples))] }
func (f *fake) Mistakes(n int) ([]Example, error) { return f.Batch(n), nil }
func (f *fake) Variables() []Variable             { return f.variables }
func (f *fake) Stop()                             { f.stopped = true }
func (f *fake) Stopped() bool                     { return f.stopped }
func (f *fake) Finished() bool                    { return f.finished }
func (f *fake) Checkpoint(path string) error {
	f.saved = append(f.saved, path)
	if f.failing != nil {
		return f.failing
	}
	return os.WriteFile(path, nil, 0o666)
}
func (f *fake) State() (State, error) { return State{}, errors.New("not here") }
func (f *fake) Save(path string) error {
	f.saved = append(f.saved, path)
	return f.failing
}
func (f *fake) Weights() []*tensor.Tensor { return []*tensor.Tensor{tensor.Scalar(f.weight)} }
func (f *fake) SetWeights(w []*tensor.Tensor) error {
	f.weight = w[0].Float32s()[0]
	return nil
}
func (f *fake) LearningRate() (float64, error) { return float64(f.rate), nil }
func (f *fake) SetLearningRate(rate float64) error {
	f.rate = float32(rate)
	return nil
}
func (f *fake) Printf(format string, a ...any) { f.said = append(f.said, fmt.Sprintf(format, a...)) }

func (f *fake) SaveWeights(path string) error {
	f.savedWeights = append(f.savedWeights, path)
	return f.failing
}

func (f *fake) KeepsAverages() bool { return f.averages }
func (f *fake) SwapAverages(on bool) error {
	f.swaps = append(f.swaps, on)
	return f.failing
}

// run simulates training in which a metric has these values, and returns the logs of its epochs.
func (f *fake) run(t *testing.T, c Callback, name string, values ...float64) []*Logs {
	t.Helper()
	h, err := c.Begin(f)
	if err != nil {
		t.Fatal(err)
	}
	var all []*Logs
	for epoch, v := range values {
		if f.stopped {
			break
		}
		f.position = Position{Epoch: epoch}
		f.weight = float32(epoch)
		if h.EpochBegin != nil {
			if err := h.EpochBegin(epoch); err != nil {
				t.Fatal(err)
			}
		}
		logs := &Logs{}
		logs.Set(name, v)
		if h.EpochEnd != nil {
			if err := h.EpochEnd(epoch, logs); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, logs)
		// The state can be stored and restored at any time.
		if h.State != nil {
			b, err := json.Marshal(h.State)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(b, h.State); err != nil {
				t.Fatal(err)
			}
			if again, err := json.Marshal(h.State); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("state %s came back as %s, %v", b, again, err)
			}
		}
	}
	if h.End != nil {
		if err := h.End(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// The number of epochs that keras.callbacks.EarlyStopping 3.15.1 runs with the same values, and the epoch whose weights
// the model has at the end.
func TestEarlyStopping(t *testing.T) {
	for name, c := range map[string]struct {
		c      EarlyStopping
		name   string
		values []float64
		epochs int
		weight float32
	}{
		"default":               {EarlyStopping{}, "val_loss", []float64{3, 2, 2, 1}, 3, 2},
		"patience":              {EarlyStopping{Patience: 2}, "val_loss", []float64{3, 2, 2, 2, 1}, 4, 3},
		"never in epoch 0":      {EarlyStopping{}, "val_loss", []float64{math.NaN(), 2, 1}, 2, 1},
		"min delta":             {EarlyStopping{MinDelta: .5, Patience: 1}, "val_loss", []float64{3, 2.8, 2.6, 1}, 2, 1},
		"max":                   {EarlyStopping{Monitor: "accuracy"}, "accuracy", []float64{.1, .2, .2, .3}, 3, 2},
		"mode":                  {EarlyStopping{Monitor: "odd", Mode: Max}, "odd", []float64{1, 2, 1}, 3, 2},
		"best weights":          {EarlyStopping{Patience: 2, RestoreBestWeights: true}, "val_loss", []float64{3, 1, 2, 2, 0}, 4, 1},
		"best, no early end":    {EarlyStopping{Patience: 9, RestoreBestWeights: true}, "val_loss", []float64{3, 1, 2}, 3, 1},
		"start from epoch":      {EarlyStopping{StartFromEpoch: 2}, "val_loss", []float64{1, 2, 3, 4, 5}, 4, 3},
		"baseline never beaten": {EarlyStopping{Baseline: new(.5), Patience: 2}, "val_loss", []float64{3, 2, 1, 1.5}, 4, 3},
		"baseline beaten":       {EarlyStopping{Baseline: new(2.5), Patience: 2}, "val_loss", []float64{3, 2, 2.2, 2.1, 0}, 4, 3},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{validates: true}
			if got := len(f.run(t, c.c, c.name, c.values...)); got != c.epochs || f.weight != c.weight {
				t.Errorf("%d epochs, weights of epoch %v; want %d, %v", got, f.weight, c.epochs, c.weight)
			}
		})
	}
	f := &fake{validates: true}
	f.run(t, EarlyStopping{Verbose: true, RestoreBestWeights: true}, "val_loss", 1, 2)
	if want := []string{"Epoch 2: early stopping", "Restoring model weights from the end of the best epoch: 1."}; !slices.Equal(f.said, want) {
		t.Errorf("said %q", f.said)
	}
}

func TestMonitorMistakes(t *testing.T) {
	for want, c := range map[string]Callback{
		"there is no val_loss to monitor":                             EarlyStopping{},
		"a higher or a lower odd is better":                           ModelCheckpoint{Path: "a.keras", SaveBestOnly: true, Monitor: "odd"},
		"there is no acc to monitor; want one of accuracy, loss, odd": EarlyStopping{Monitor: "acc"},
		`got "up"`:                            ReduceLROnPlateau{Monitor: "loss", Mode: "up"},
		"Patience must be at least 0, got -1": EarlyStopping{Monitor: "loss", Patience: -1},
		"must end in .keras":                  ModelCheckpoint{Path: "a.h5"},
		"SaveFreq must be at least 1, or 0 for each epoch, got -1": ModelCheckpoint{Path: "a.keras", SaveFreq: -1},
		"cannot read {epoch:02x}":                                  ModelCheckpoint{Path: "{epoch:02x}.keras"},
		"unmatched brace":                                          ModelCheckpoint{Path: "{epoch.keras"},
		"below 1, got 1":                                           ReduceLROnPlateau{Monitor: "loss", Factor: 1},
		"must be at least 0, got 10, -1 and 0":                     ReduceLROnPlateau{Monitor: "loss", Cooldown: -1},
		"Schedule is nil":                                          LearningRateScheduler{},
		"Func: the function is nil":                                Func(nil),
		"MinDelta is NaN":                                          EarlyStopping{Monitor: "loss", MinDelta: math.NaN()},
		"CSVLogger: Filename is not set":                           CSVLogger{},
		`Separator is '\n'`:                                        CSVLogger{Filename: "a.csv", Separator: '\n'},
		"CSVLogger":                                                CSVLogger{Filename: filepath.Join("no", "such", "folder.csv")},
	} {
		if _, err := c.Begin(&fake{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error is %v, want one with %q", c, err, want)
		}
	}
	h, err := EarlyStopping{Monitor: "loss"}.Begin(&fake{})
	if err != nil {
		t.Fatal(err)
	}
	logs := &Logs{}
	logs.Set("accuracy", 1)
	if err := h.EpochEnd(0, logs); err == nil || !strings.Contains(err.Error(), "there is no loss to monitor; the logs have accuracy") {
		t.Errorf("error is %v", err)
	}
}

func TestModelCheckpoint(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, c := range map[string]struct {
		c    ModelCheckpoint
		want []string
	}{
		"each epoch": {ModelCheckpoint{Path: at("{epoch:02d}-{val_loss:.2f}.keras")}, []string{at("01-3.00.keras"), at("02-1.50.keras"), at("03-2.00.keras"), at("04-1.25.keras")}},
		"best only":  {ModelCheckpoint{Path: at("sub/{epoch}.keras"), SaveBestOnly: true}, []string{at("sub/1.keras"), at("sub/2.keras"), at("sub/4.keras")}},
		"literal":    {ModelCheckpoint{Path: filepath.Join(Literal(at("a {epoch} }x{{")), "{epoch}.keras"), SaveBestOnly: true}, []string{at("a {epoch} }x{{/1.keras"), at("a {epoch} }x{{/2.keras"), at("a {epoch} }x{{/4.keras")}},
		"threshold":  {ModelCheckpoint{Path: at("b.keras"), SaveBestOnly: true, InitialValueThreshold: new(1.4)}, []string{at("b.keras")}},
	} {
		f := &fake{validates: true}
		f.run(t, c.c, "val_loss", 3, 1.5, 2, 1.25)
		if !slices.Equal(f.saved, c.want) {
			t.Errorf("%s: saved %v, want %v", name, f.saved, c.want)
		}
	}
	if _, err := os.Stat(at("sub")); err != nil {
		t.Errorf("the folder was not made: %v", err)
	}
	f := &fake{validates: true}
	f.run(t, ModelCheckpoint{Path: at("v.keras"), SaveBestOnly: true, Verbose: true}, "val_loss", 3, 4)
	if want := []string{"Epoch 1: val_loss improved from None to 3.00000, saving model to " + at("v.keras"), "Epoch 2: val_loss did not improve from 3.00000"}; !slices.Equal(f.said, want) {
		t.Errorf("said %q", f.said)
	}

	f = &fake{position: Position{Epoch: 1}}
	h, err := ModelCheckpoint{Path: at("{epoch}-{batch:03d}.keras"), SaveFreq: 3}.Begin(f)
	if err != nil {
		t.Fatal(err)
	}
	for step := range 7 {
		if err := h.BatchEnd(step, &Logs{}); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{at("2-003.keras"), at("2-006.keras")}; !slices.Equal(f.saved, want) {
		t.Errorf("saved %v, want %v", f.saved, want)
	}

	full := errors.New("disk full")
	f = &fake{failing: full}
	if h, err = (ModelCheckpoint{Path: at("a.keras")}).Begin(f); err != nil {
		t.Fatal(err)
	}
	// The training continues, and End returns the error.
	if err := h.EpochEnd(0, &Logs{}); err != nil {
		t.Errorf("error is %v", err)
	}
	if len(f.saved) != 2 || len(f.said) != 1 || !strings.Contains(f.said[0], "disk full; training continues") {
		t.Errorf("tried %v, said %q", f.saved, f.said)
	}
	f.failing = nil
	if err := errors.Join(h.EpochEnd(1, &Logs{}), h.End()); !errors.Is(err, full) || len(f.saved) != 3 {
		t.Errorf("error is %v after %d tries", err, len(f.saved))
	}
	if h, err = (ModelCheckpoint{Path: at("{acc}.keras")}).Begin(f); err != nil {
		t.Fatal(err)
	}
	if err := h.EpochEnd(0, &Logs{}); err == nil || !strings.Contains(err.Error(), "there is no acc") {
		t.Errorf("error is %v", err)
	}
}

// As Python's str.format.
func TestPattern(t *testing.T) {
	l := &Logs{}
	l.Set("epoch", 7)
	l.Set("loss", .25)
	for text, want := range map[string]string{
		"a": "a", "{epoch}": "7", "{epoch:d}": "7", "{epoch:03d}": "007", "{epoch:3d}|": "  7|", "{loss}": "0.25", "{loss:.1f}": "0.2",
		"{loss:.3e}": "2.500e-01", "{loss:8.2f}": "    0.25", "{{x}}{epoch}": "{x}7", "{loss:.4g}": "0.25",
	} {
		p, err := parsePattern(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := p.format(l); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"{", "}", "{}", "{a b}", "{epoch:02d", "{epoch:2.3d}", "{0}"} {
		if _, err := parsePattern(text); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

// The learning rate after each epoch with Keras' callback of the same settings.
func TestReduceLROnPlateau(t *testing.T) {
	for name, c := range map[string]struct {
		c      ReduceLROnPlateau
		values []float64
		want   []float32 // as logged, before the change
		last   float32
	}{
		"patience":  {ReduceLROnPlateau{Patience: new(2), Factor: .5}, []float64{1, 1, 1, 1, .5}, []float32{1, 1, 1, .5, .5}, .5},
		"default":   {ReduceLROnPlateau{}, []float64{1, 1, 1, 1}, []float32{1, 1, 1, 1}, 1},
		"min delta": {ReduceLROnPlateau{Patience: new(1), Factor: .5, MinDelta: new(0.)}, []float64{1, .99999, .99999}, []float32{1, 1, 1}, .5},
		"too small": {ReduceLROnPlateau{Patience: new(1), Factor: .5}, []float64{1, .99999}, []float32{1, 1}, .5},
		"cooldown":  {ReduceLROnPlateau{Patience: new(1), Factor: .5, Cooldown: 2}, []float64{1, 1, 1, 1, 1}, []float32{1, 1, .5, .5, .25}, .25},
		"least":     {ReduceLROnPlateau{Patience: new(1), Factor: .1, MinLR: .3}, []float64{1, 1, 1, 1}, []float32{1, 1, .3, .3}, .3},
	} {
		f := &fake{validates: true, rate: 1}
		for epoch, logs := range f.run(t, c.c, "val_loss", c.values...) {
			if rate, ok := logs.Get("learning_rate"); !ok || float32(rate) != c.want[epoch] {
				t.Errorf("%s: epoch %d has rate %v, want %v", name, epoch, rate, c.want[epoch])
			}
		}
		if f.rate != c.last {
			t.Errorf("%s: the rate ends at %v, want %v", name, f.rate, c.last)
		}
	}
}

func TestLearningRateScheduler(t *testing.T) {
	f := &fake{rate: 1}
	logs := f.run(t, LearningRateScheduler{Schedule: func(epoch int, rate float64) float64 { return rate / float64(epoch+1) }}, "loss", 1, 1, 1)
	for i, want := range []float64{1, .5, float64(float32(.5 / 3))} {
		if got, _ := logs[i].Get("learning_rate"); got != want {
			t.Errorf("epoch %d has rate %v, want %v", i, got, want)
		}
	}
}

func TestTerminateOnNaN(t *testing.T) {
	for v, want := range map[float64]bool{1: false, math.Inf(1): true, math.NaN(): true} {
		f := &fake{}
		h, err := TerminateOnNaN{}.Begin(f)
		if err != nil {
			t.Fatal(err)
		}
		l := &Logs{}
		l.Set("loss", v)
		if err := h.BatchEnd(4, l); err != nil || f.stopped != want {
			t.Errorf("loss %v: stopped %v, error %v", v, f.stopped, err)
		}
		if want && f.said[0] != "Batch 4: Invalid loss, terminating training" {
			t.Errorf("said %q", f.said)
		}
	}
}

func TestCSVLogger(t *testing.T) {
	name := filepath.Join(t.TempDir(), "h.csv")
	for i, c := range []struct {
		append bool
		want   string
	}{
		{false, "epoch,loss,val_loss\r\n0,1.0,NA\r\n1,0.5,NA\r\n"},
		{true, "epoch,loss,val_loss\r\n0,1.0,NA\r\n1,0.5,NA\r\n0,1.0,NA\r\n1,0.5,NA\r\n"},
		{false, "epoch,loss,val_loss\r\n0,1.0,NA\r\n1,0.5,NA\r\n"},
	} {
		(&fake{}).run(t, CSVLogger{Filename: name, Append: c.append}, "loss", 1, .5)
		got, err := os.ReadFile(name)
		if err != nil || string(got) != c.want {
			t.Errorf("%d: the file is %q, %v; want %q", i, got, err, c.want)
		}
	}
}

func TestHistory(t *testing.T) {
	h := &History{}
	f := &fake{}
	f.run(t, h, "loss", 2, math.NaN())
	extra := &Logs{}
	extra.Set("loss", 1)
	extra.Set("b", 3)
	h.Add(5, extra)
	if !slices.Equal(h.Epochs, []int{0, 1, 5}) || !slices.Equal(h.Names(), []string{"loss", "b"}) || h.Last("b") != 3 || !math.IsNaN(h.Last("c")) {
		t.Errorf("history is %+v", h)
	}
	b, err := json.Marshal(h)
	if want := `{"epoch":[0,1,5],"history":{"loss":[2,null,1],"b":[null,null,3]}}`; err != nil || string(b) != want {
		t.Errorf("JSON is %s, %v; want %s", b, err, want)
	}
	var back History
	if err := json.Unmarshal(b, &back); err != nil || !slices.Equal(back.Names(), h.Names()) || back.Last("loss") != 1 || !math.IsNaN(back.Values("b")[0]) {
		t.Errorf("came back as %+v, %v", back, err)
	}
	for _, bad := range []string{`{"epoch":[0],"history":{"loss":[1,2]}}`, `{"epoch":[0],"history":[1]}`, `{"epoch":"a"}`, `{"epoch":[0],"history":{"loss":"a"}}`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func TestWeightsJSON(t *testing.T) {
	w := Weights{tensor.Of([]float32{1, float32(math.Inf(1))}, 2, 1), tensor.Scalar(int64(7))}
	b, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	var back Weights
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	for i := range w {
		if back[i].String() != w[i].String() || !bytes.Equal(back[i].Raw(), w[i].Raw()) {
			t.Errorf("number %d came back as %v", i, back[i])
		}
	}
	for _, bad := range []string{`[{"dtype":"float32","shape":[2],"data":"AAAA"}]`, `[{"dtype":"float32","shape":[-1],"data":""}]`, `[{"dtype":"float32","shape":[4611686018427387904],"data":""}]`, `[{"dtype":"x"}]`, `1`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

// A value is the best so far only if its model was saved.
func TestModelCheckpointRetries(t *testing.T) {
	f := &fake{validates: true, failing: errors.New("disk full")}
	h, err := ModelCheckpoint{Path: filepath.Join(t.TempDir(), "a.keras"), SaveBestOnly: true}.Begin(f)
	if err != nil {
		t.Fatal(err)
	}
	for epoch, v := range []float64{3, 1, 2} {
		if epoch == 2 {
			f.failing = nil
		}
		logs := &Logs{}
		logs.Set("val_loss", v)
		if err := h.EpochEnd(epoch, logs); err != nil {
			t.Fatal(err)
		}
	}
	if len(f.saved) != 5 {
		t.Errorf("%d tries, want two for each of two failures and one", len(f.saved))
	}
}

// TestRareBackups: from 2,000 epochs on, checkpoints are a thousandth of the training apart, but there is one after the last epoch.
func TestRareBackups(t *testing.T) {
	const epochs = 20_001
	saved := func(epochs int, each func(f *fake)) (after []int) {
		t.Helper()
		f := &fake{epochs: epochs}
		h, err := BackupAndRestore{Path: filepath.Join(t.TempDir(), "b.keras"), KeepCheckpoint: true}.Begin(f)
		if err != nil {
			t.Fatal(err)
		}
		for f.position.Epoch < epochs && !f.stopped {
			f.position.Epoch++
			n := len(f.saved)
			each(f)
			if err := h.Checkpoint(AfterEpoch); err != nil {
				t.Fatal(err)
			}
			if len(f.saved) > n {
				after = append(after, f.position.Epoch)
			}
		}
		return after
	}
	all := saved(epochs, func(*fake) {})
	last := 0
	for _, n := range all {
		if want := max((n-1)/1000, 1); n-last > want+1 || n < 2000 && n-last != 1 {
			t.Errorf("after epoch %d, the checkpoint before is after epoch %d", n, last)
		}
		last = n
	}
	if most := 2000 + 1000*3; len(all) > most || last != epochs {
		t.Errorf("%d checkpoints, the last one after epoch %d; want at most %d", len(all), last, most)
	}
	const stop = 10_001
	if after := saved(epochs, func(f *fake) { f.stopped = f.position.Epoch == stop }); after[len(after)-1] != stop {
		t.Errorf("stopped after epoch %d, the last checkpoint is after epoch %d", stop, after[len(after)-1])
	}
	// A checkpoint that could not be written is written after the next epoch.
	const full = 5000 // and 10 more epochs
	after := saved(2*full, func(f *fake) {
		if f.failing = nil; f.position.Epoch/10 == full/10 {
			f.failing = errors.New("the disk is full")
		}
	})
	if !slices.Contains(after, full+10) {
		t.Errorf("no checkpoint after epoch %d", full+10)
	}
}

func TestBackupAndRestore(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sub", "b.keras")
	play := func(c BackupAndRestore, finished bool, moments ...Moment) *fake {
		t.Helper()
		f := &fake{}
		h, err := c.Begin(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range moments {
			if err := h.Checkpoint(m); err != nil {
				t.Fatal(err)
			}
		}
		f.finished = finished
		if err := h.End(); err != nil {
			t.Fatal(err)
		}
		return f
	}
	there := func(want bool) {
		t.Helper()
		from, err := BackupAndRestore{Path: path}.ResumeFrom()
		if err != nil || (from == path) != want {
			t.Errorf("resumes from %q, %v", from, err)
		}
	}
	there(false)
	steps := []Moment{AfterStep, AfterStep, AfterStep, AfterEpoch, AfterStep, AfterStep, AfterEpoch}
	if f := play(BackupAndRestore{Path: path}, false, steps...); len(f.saved) != 2 {
		t.Errorf("saved %d times, want after each epoch", len(f.saved))
	}
	there(true)
	if f := play(BackupAndRestore{Path: path, SaveFreq: 2}, true, steps...); len(f.saved) != 2 {
		t.Errorf("saved %d times, want each second of 5 steps", len(f.saved))
	}
	there(false)
	if f := play(BackupAndRestore{Path: path, SaveFreq: 9, KeepCheckpoint: true}, true, AfterStep, CutShort); len(f.saved) != 1 {
		t.Errorf("saved %d times, want when it was interrupted", len(f.saved))
	}
	there(true)

	// Unfinished files of a killed run are removed.
	if err := os.WriteFile(filepath.Join(dir, "sub", ".b.keras.0123456789abcdef.tmp"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	play(BackupAndRestore{Path: path}, true)
	if entries, err := os.ReadDir(filepath.Join(dir, "sub")); err != nil || len(entries) != 0 {
		t.Errorf("left %v, %v", entries, err)
	}

	full := errors.New("disk full")
	f := &fake{failing: full}
	h, err := BackupAndRestore{Path: path}.Begin(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Checkpoint(AfterEpoch); err != nil || len(f.saved) != 2 {
		t.Errorf("error is %v after %d tries", err, len(f.saved))
	}
	if err := h.End(); !errors.Is(err, full) {
		t.Errorf("error is %v", err)
	}
	for _, c := range []BackupAndRestore{{}, {Path: "a.h5"}, {Path: path, SaveFreq: -1}} {
		if _, err := c.Begin(&fake{}); err == nil {
			t.Errorf("%+v: no error", c)
		}
		if _, err := c.ResumeFrom(); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}

// Resumed training must write the same file as one without an interruption.
func TestCSVLoggerResumes(t *testing.T) {
	name := filepath.Join(t.TempDir(), "h.csv")
	write := func(h Hooks, epoch int, logs map[string]float64) {
		t.Helper()
		l := &Logs{}
		for _, name := range []string{"loss", "val_loss"} {
			if v, ok := logs[name]; ok {
				l.Set(name, v)
			}
		}
		if err := h.EpochEnd(epoch, l); err != nil {
			t.Fatal(err)
		}
	}
	begin := func(state []byte) Hooks {
		t.Helper()
		h, err := CSVLogger{Filename: name}.Begin(&fake{})
		if err != nil {
			t.Fatal(err)
		}
		if state != nil {
			if err := json.Unmarshal(state, h.State); err != nil {
				t.Fatal(err)
			}
		}
		return h
	}
	h := begin(nil)
	write(h, 0, map[string]float64{"loss": 1, "val_loss": 2})
	state, err := json.Marshal(h.State)
	if err != nil {
		t.Fatal(err)
	}
	write(h, 1, map[string]float64{"loss": .5}) // after the checkpoint
	h = begin(state)
	write(h, 1, map[string]float64{"loss": .5})
	if err := h.End(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != "epoch,loss,val_loss\r\n0,1.0,2.0\r\n1,0.5,NA\r\n" {
		t.Errorf("the file is %q, %v", got, err)
	}
	if err := os.Truncate(name, 3); err != nil {
		t.Fatal(err)
	}
	h = begin(state)
	if err := h.EpochEnd(1, &Logs{}); err == nil || !strings.Contains(err.Error(), "has 3 bytes") {
		t.Errorf("error is %v", err)
	}
}

// A State keeps every number, also those that JSON cannot express.
func TestStateJSON(t *testing.T) {
	s := State{Version: StateVersion, Phase: AtSteps, History: &History{}, Logs: &Logs{}, Metrics: Weights{tensor.Scalar(float32(2))}}
	s.Logs.Set("loss", math.Inf(-1))
	s.Logs.Set("a", math.NaN())
	s.History.Add(0, s.Logs)
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back State
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(back); err != nil || !bytes.Equal(again, b) {
		t.Errorf("%s came back as %s, %v", b, again, err)
	}
	if v := back.History.Last("loss"); !math.IsInf(v, -1) {
		t.Errorf("the history has %v", v)
	}
	if err := json.Unmarshal([]byte(`{"version": 7, "position": "elsewhere"}`), &back); err != nil || back.Version != 7 {
		t.Errorf("a State of another version is %+v, %v", back, err)
	}
}

func TestVectors(t *testing.T) {
	l := &Logs{}
	l.Set("loss", .5)
	l.SetVector("f1", []float64{.25, .75, math.NaN()})
	l.SetVector("f1", []float64{.25, .75})
	if v, ok := l.Get("f1"); !ok || v != .5 || !slices.Equal(l.Vector("f1"), []float64{.25, .75}) || l.Vector("loss") != nil || l.Vector("other") != nil {
		t.Errorf("got %v %v", l, l.Vector("f1"))
	}
	if got := l.String(); got != "loss: 0.5000 - f1: 0.5000" {
		t.Errorf("got %s", got)
	}
	c := l.Clone()
	l.Set("f1", 1)
	if l.Vector("f1") != nil || len(c.Vector("f1")) != 2 {
		t.Errorf("the logs have %v, their copy %v", l.Vector("f1"), c.Vector("f1"))
	}
	c.SetVector("inf", []float64{math.Inf(1), 2})
	text, err := json.Marshal(c)
	var read Logs
	if err != nil || json.Unmarshal(text, &read) != nil || !slices.Equal(read.Vector("inf"), []float64{math.Inf(1), 2}) || !slices.Equal(read.Vector("f1"), []float64{.25, .75}) {
		t.Errorf("%s reads back as %v, %v", text, read.Vector("inf"), err)
	}
	var h, back History
	h.Add(0, l) // f1 is a number
	h.Add(1, c)
	h.Add(2, &Logs{})
	text, err = json.Marshal(&h)
	if want := `{"epoch":[0,1,2],"history":{"loss":[0.5,0.5,null],"f1":[1,[0.25,0.75],null],"inf":[null,[null,2],null]}}`; err != nil || string(text) != want {
		t.Errorf("got %s, %v, want %s", text, err, want)
	}
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if v := back.Vectors("f1"); len(v) != 3 || v[0] != nil || !slices.Equal(v[1], []float64{.25, .75}) || v[2] != nil || back.Values("f1")[1] != .5 || back.Vectors("loss") != nil {
		t.Errorf("the history reads back as %+v", back)
	}
	p, err := parsePattern("{f1:.2f}.keras")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.format(c); err == nil || err.Error() != `the path "{f1:.2f}.keras": f1 is a vector; use a metric that is a number` {
		t.Errorf("got %v", err)
	}
}

func FuzzState(f *testing.F) {
	b, err := json.Marshal(State{Version: StateVersion, History: &History{Epochs: []int{0}, Series: []Series{{Name: "loss", Values: []float64{1}}, {Name: "f1", Values: []float64{2}, Vectors: [][]float64{{1, 3}}}}}, Logs: &Logs{}, Metrics: Weights{tensor.Scalar(float32(2))}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"version":1,"history":{"epochs":[0],"series":[{"name":"a","values":["NaN"]}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s State
		if json.Unmarshal(b, &s) != nil {
			return
		}
		once, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back State
		if err := json.Unmarshal(once, &back); err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		if twice, err := json.Marshal(back); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s came back as %s, %v", once, twice, err)
		}
	})
}
