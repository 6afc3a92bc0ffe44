package augment

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"iter"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// golden is a case of testdata/golden.json, which internal/golden/augment.py makes.
type golden struct {
	Name, Spec string
	N, H, W, C int
	Batch      int
	Seed       uint32
	Shuffle    bool
	Fit        *FitOptions
	Low, Span  int
	Mean, Std  []float64
	Batches    []goldenBatch
	pixels     [][]float32
	order      Order
	generator  Generator
	statistics *Statistics
}

type goldenBatch struct {
	Rows   []int
	Params []struct {
		Theta, Tx, Ty, Shear, Zx, Zy float64
		FlipHorizontal               bool     `json:"flip_horizontal"`
		FlipVertical                 bool     `json:"flip_vertical"`
		ChannelShift                 *float64 `json:"channel_shift_intensity"`
		Brightness                   *float64
	}
	SHA256 string
	Sample string
}

const goldenStep = 127

func goldens(t testing.TB) []*golden {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []*golden
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		spec, function := strings.CutSuffix(c.Spec, ",preprocessing")
		if c.generator, err = Parse(spec); err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if function {
			c.generator.PreprocessingFunction = func(pix []float32, _, _, _ int) {
				for i, v := range pix {
					pix[i] = v/127.5 - 1
				}
			}
		}
		c.pixels = formulaImages(c.N, c.H, c.W, c.C, c.Low, c.Span)
		c.order = Order{Seed: c.Seed, N: c.N, BatchSize: c.Batch, NoShuffle: !c.Shuffle}
		if c.Fit != nil {
			if c.statistics, err = c.generator.Fit(all(c.pixels), c.H, c.W, c.C, *c.Fit); err != nil {
				t.Fatalf("%s: %v", c.Name, err)
			}
		}
	}
	return cases
}

func formulaImages(n, h, w, c, low, span int) [][]float32 {
	images := make([][]float32, n)
	for i := range images {
		images[i] = make([]float32, h*w*c)
		for k := range images[i] {
			noise := uint32(k+7919*(i+1)) * 2654435761
			images[i][k] = float32(int(noise>>16)%span + low)
		}
	}
	return images
}

func all(images [][]float32) iter.Seq2[[]float32, error] {
	return func(yield func([]float32, error) bool) {
		for _, v := range images {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func (c *golden) worker(t testing.TB) *Worker {
	t.Helper()
	k, err := c.generator.Worker(c.H, c.W, c.C, c.statistics)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// tolerant lists the cases whose bits may differ, and by how much, relative to the scale of the result. In these, NumPy sums
// a dataset in float32, one value after the other, or computes the whitening matrix in float32. In all other cases every
// batch must equal Keras' in every bit.
var tolerant = map[string]float64{
	"featurewise-std":       1e-5,
	"featurewise-augmented": 1e-4,
	"zca":                   1e-4,
	"zca-wide":              1e-6,
}

func TestGolden(t *testing.T) {
	for _, c := range goldens(t) {
		t.Run(c.Name, func(t *testing.T) {
			k := c.worker(t)
			steps := c.order.Steps()
			if 2*steps != len(c.Batches) {
				t.Fatalf("%d steps an epoch, want %d", steps, len(c.Batches)/2)
			}
			n := c.H * c.W * c.C
			for b, want := range c.Batches {
				epoch, step := b/steps, b%steps
				rows := c.order.Batch(nil, epoch, step)
				if !slices.Equal(rows, want.Rows) {
					t.Fatalf("epoch %d, step %d: rows %v, want %v", epoch, step, rows, want.Rows)
				}
				out := make([]float32, len(rows)*n)
				for i, tr := range c.generator.Transforms(nil, c.order, epoch, step, c.H, c.W) {
					p := want.Params[i]
					wt := Transform{Theta: p.Theta, Tx: p.Tx, Ty: p.Ty, Shear: p.Shear, Zx: p.Zx, Zy: p.Zy,
						FlipHorizontal: p.FlipHorizontal, FlipVertical: p.FlipVertical}
					if p.ChannelShift != nil {
						wt.ChannelShift = *p.ChannelShift
					}
					if p.Brightness != nil {
						wt.Brighten, wt.Brightness = true, *p.Brightness
					}
					if tr != wt {
						t.Fatalf("epoch %d, step %d, image %d: drew %+v, want %+v", epoch, step, i, tr, wt)
					}
					if err := k.Apply(out[i*n:][:n], c.pixels[rows[i]], tr); err != nil {
						t.Fatal(err)
					}
				}
				compareGolden(t, c.Name, b, out, want)
			}
			compareStatistic(t, "mean", c.statistics, func(s *Statistics) []float32 { return s.Mean }, c.Mean)
			compareStatistic(t, "std", c.statistics, func(s *Statistics) []float32 { return s.Std }, c.Std)
		})
	}
}

func compareGolden(t *testing.T, name string, batch int, got []float32, want goldenBatch) {
	t.Helper()
	raw := make([]byte, 0, 4*len(got))
	for _, v := range got {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	sum := sha256.Sum256(raw)
	if hex.EncodeToString(sum[:])[:16] == want.SHA256 {
		return
	}
	sample, err := base64.StdEncoding.DecodeString(want.Sample)
	if err != nil {
		t.Fatal(err)
	}
	if len(sample)/4 != (len(got)+goldenStep-1)/goldenStep {
		t.Fatalf("batch %d: %d values, want %d samples", batch, len(got), len(sample)/4)
	}
	worst := 0.
	for i := range len(sample) / 4 {
		w := math.Float32frombits(binary.LittleEndian.Uint32(sample[4*i:]))
		worst = max(worst, math.Abs(float64(got[i*goldenStep]-w)))
	}
	if limit, ok := tolerant[name]; !ok || worst > limit {
		t.Errorf("batch %d: not the same bits; largest difference in the sample %g, allowed %g", batch, worst, limit)
	}
}

func compareStatistic(t *testing.T, name string, s *Statistics, field func(*Statistics) []float32, want []float64) {
	t.Helper()
	if want == nil {
		return
	}
	for i, v := range field(s) {
		if math.Abs(float64(v)-want[i]) > 5e-5*math.Abs(want[i]) {
			t.Errorf("%s of channel %d is %v, want %v", name, i, v, want[i])
		}
	}
}
