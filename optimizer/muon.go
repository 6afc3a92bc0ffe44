package optimizer

import (
	"math"
	"regexp"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/optimizer/schedule"
)

// Muon makes the momentum of each matrix orthogonal (keras.optimizers.Muon). For a weight with two
// dimensions that is not excluded:
//
//	w -= w*WeightDecay*lr
//	m = Momentum*m + g
//	u = g + Momentum*m with Nesterov, otherwise m
//	x = u/(|u|+1e-7);  NSSteps times: a = x*x', x = A*x + (B*a + C*a*a)*x
//	w -= lr*x * sqrt(max(rows, columns))*RMSRate
//
// where * of matrices is their product, x' the transpose, |u| the Euclidean norm, and A, B and C are the
// fields MuonA, MuonB and MuonC. A matrix with more rows than columns is transposed for the loop. All
// other weights are updated as by AdamW with the learning rate lr*AdamLRRatio, and with the decay
// w -= w*AdamWeightDecay*lr. Keras' weights of convolutions have four dimensions, so AdamW updates them.
//
// Slots: m; for weights of AdamW also v. Each has the shape of the weight and is initially 0.
//
// Build reports an error if a field is out of range, if more than one of the Clip fields is set, or
// if both LearningRate and Schedule are set.
//
// Source: Jordan et al., Muon: An optimizer for hidden layers in neural networks, 2024. RMSRate is from
// Liu et al., 2025 (arXiv:2502.16982).
type Muon struct {
	// LearningRate is lr. Greater than 0. The default is 0.001.
	LearningRate float64 `keras:"learning_rate,default=0.001,above=0"`
	// Schedule computes the learning rate from the number of previous steps (Keras' learning_rate
	// given as a LearningRateSchedule). LearningRate must then be 0. The default, nil, means
	// LearningRate.
	Schedule schedule.Schedule `keras:"learning_rate,object"`
	// AdamBeta1 is the fraction of m that AdamW keeps in each step. At least 0 and less than 1. The
	// default, nil, is 0.9.
	AdamBeta1 *float64 `keras:"adam_beta_1,default=0.9,min=0,below=1"`
	// AdamBeta2 is the fraction of v that AdamW keeps in each step. At least 0 and less than 1. The
	// default, nil, is 0.999.
	AdamBeta2 *float64 `keras:"adam_beta_2,default=0.999,min=0,below=1"`
	// AdamWeightDecay is the weight decay of weights of AdamW. At least 0. The default, nil, is 0.004.
	AdamWeightDecay *float64 `keras:"adam_weight_decay,default=0.004,min=0"`
	// Epsilon keeps the divisor of AdamW from being 0. At least 0. The default, nil, is 1e-7.
	Epsilon *float64 `keras:"epsilon,default=1e-7,min=0"`
	// ExcludeLayers has regular expressions. AdamW updates a weight if one of them matches a part of
	// its path, such as "dense_1/kernel". The default is nil.
	ExcludeLayers []string `keras:"exclude_layers"`
	// IncludeEmbeddings lets Muon update weights whose path has "embedding" in it; otherwise AdamW
	// updates them. The default is false.
	IncludeEmbeddings bool `keras:"exclude_embeddings,inverted"`
	// MuonA is A. The default, nil, is 3.4445.
	MuonA *float64 `keras:"muon_a,default=3.4445"`
	// MuonB is B. The default, nil, is -4.775.
	MuonB *float64 `keras:"muon_b,default=-4.775"`
	// MuonC is C. The default, nil, is 2.0315.
	MuonC *float64 `keras:"muon_c,default=2.0315"`
	// AdamLRRatio is the learning rate of AdamW divided by lr. Greater than 0. The default, 0, means 1.
	AdamLRRatio float64 `keras:"adam_lr_ratio,default=1,above=0"`
	// Momentum is the fraction of m that is kept in each step. From 0 to 1. The default, nil, is 0.95.
	Momentum *float64 `keras:"momentum,default=0.95,min=0,max=1"`
	// NSSteps is the number of iterations of the loop. At least 0 and at most 100. The default, nil,
	// is 5.
	NSSteps *int `keras:"ns_steps,default=5,min=0,max=100"`
	// NoNesterov turns off Nesterov's momentum. The default is false.
	NoNesterov bool `keras:"nesterov,inverted"`
	// RMSRate scales the update so that its root mean square is about RMSRate*lr for each shape. At
	// least 0; 0 means no scaling (Keras' None). The default, nil, is 0.2.
	RMSRate *float64 `keras:"rms_rate,default=0.2,min=0"`

	// WeightDecay shrinks each weight of Muon by this fraction of itself, times the learning rate, in
	// each step. At least 0. The default, nil, is 0.004.
	WeightDecay *float64 `keras:"weight_decay,default=0.004,min=0"`
	// ExcludeFromWeightDecay has regular expressions. A weight is not decayed if one of them matches
	// a part of its path, such as "bias" or "dense_1/kernel" (the var_names of Keras'
	// exclude_from_weight_decay). The default, nil, means that all weights are decayed.
	ExcludeFromWeightDecay []string
	// ClipNorm limits the Euclidean norm of the gradient of each weight tensor. At least 0. The
	// default, 0, means no limit. Only one of the three Clip fields may be set.
	ClipNorm float64 `keras:"clipnorm,none,min=0"`
	// GlobalClipNorm limits the Euclidean norm of all gradients together. At least 0. The
	// default, 0, means no limit.
	GlobalClipNorm float64 `keras:"global_clipnorm,none,min=0"`
	// ClipValue limits the absolute value of each element of a gradient. At least 0. The
	// default, 0, means no limit.
	ClipValue float64 `keras:"clipvalue,none,min=0"`
	// UseEMA keeps an exponential moving average of each weight. At the end of Fit, the averages
	// replace the weights. The default is false.
	UseEMA bool `keras:"use_ema"`
	// EMAMomentum is the fraction of an average that is kept in each step. From 0 to 1. The
	// default, nil, is 0.99.
	EMAMomentum *float64 `keras:"ema_momentum,default=0.99,min=0,max=1"`
	// EMAOverwriteFrequency is the number of updates after which the averages replace the weights
	// during training. At least 0. The default, 0, means only at the end of Fit.
	EMAOverwriteFrequency int `keras:"ema_overwrite_frequency,none,min=0"`
	// LossScaleFactor multiplies the loss before the gradients are computed, and divides the
	// gradients afterwards. At least 0. The default, 0, means no scaling.
	LossScaleFactor float64 `keras:"loss_scale_factor,none,min=0"`
	// GradientAccumulationSteps is the number of batches whose gradients are averaged for one
	// update. At least 2. The default, 0, means an update for each batch.
	GradientAccumulationSteps int `keras:"gradient_accumulation_steps,none,min=0"`
}

// Build implements Optimizer. It declares the slot "momentum" (m), and for a weight of AdamW also
// "velocity" (v), of the first weight, then those of the second, and so on.
func (o Muon) Build(b *graph.Builder, weights, grads []*graph.Value) {
	o, s, ok := start(b, o, weights, grads)
	if !ok {
		return
	}
	adam := make([]bool, len(weights))
	for i, w := range weights {
		adam[i] = o.usesAdam(w)
		s.slotOf(i, "momentum", nil)
		if adam[i] {
			s.slotOf(i, "velocity", nil)
		}
	}
	rate := b.Scale(s.rate, o.AdamLRRatio)
	s.decay = func(i int) float64 {
		if adam[i] {
			return *o.AdamWeightDecay / o.AdamLRRatio // the op multiplies by its learning rate
		}
		return s.WeightDecay
	}
	for i := range weights {
		switch g := s.grads[i]; {
		case g == nil:
		case adam[i]:
			s.updateOf(i, op.Adam{Beta1: *o.AdamBeta1, Beta2: *o.AdamBeta2, Epsilon: *o.Epsilon, Decay: s.decayOf(i)}, rate, s.updates)
		default:
			m := b.Add(s.slots[i][0], b.Add(g, b.Scale(s.slots[i][0], *o.Momentum-1)))
			u := m
			if !o.NoNesterov {
				u = b.Add(g, b.Scale(m, *o.Momentum))
			}
			change := b.Mul(s.lr(g), o.orthogonal(b, u))
			if *o.RMSRate != 0 {
				change = b.Scale(b.Scale(change, math.Sqrt(float64(max(g.Shape[0], g.Shape[1])))), *o.RMSRate)
			}
			s.assign(i, b.Sub(s.decayed(i), change), m)
		}
	}
	s.finish()
}

// usesAdam reports whether AdamW updates a weight.
func (o Muon) usesAdam(w *graph.Value) bool {
	p := path(w)
	return w.Rank() != 2 || !o.IncludeEmbeddings && strings.Contains(strings.ToLower(p), "embedding") ||
		len(o.ExcludeLayers) > 0 && regexp.MustCompile(union(o.ExcludeLayers)).MatchString(p)
}

// orthogonal returns an approximation of the orthogonal matrix that is nearest to x, by the iteration of
// Newton and Schulz.
func (o Muon) orthogonal(b *graph.Builder, x *graph.Value) *graph.Value {
	x = b.Div(x, b.Offset(b.Sqrt(b.Sum(b.Square(x))), 1e-7))
	tall := x.Shape[0] > x.Shape[1]
	if tall {
		x = b.Transpose(x, 1, 0)
	}
	for range *o.NSSteps {
		a := b.Op(op.MatMul{TransposeB: true}, x, x)
		p := b.Add(b.Scale(a, *o.MuonB), b.MatMul(b.Scale(a, *o.MuonC), a))
		x = b.Add(b.Scale(x, *o.MuonA), b.MatMul(p, x))
	}
	if tall {
		x = b.Transpose(x, 1, 0)
	}
	return x
}

func (o Muon) check() error { return checkPatterns("ExcludeLayers", o.ExcludeLayers) }

// readMuon reads the arguments that may be None, which is not their default.
func readMuon(r *config.Reader, v Optimizer) Optimizer {
	o := v.(Muon)
	for key, field := range map[string]**float64{"weight_decay": &o.WeightDecay, "adam_weight_decay": &o.AdamWeightDecay, "rms_rate": &o.RMSRate} {
		if r.Null(key) {
			*field = new(0.)
		}
	}
	return o
}

// writeMuon writes what readMuon reads.
func writeMuon(v Optimizer, conf map[string]any) {
	if *v.(Muon).RMSRate == 0 {
		conf["rms_rate"] = nil
	}
	if v.(Muon).ExcludeLayers == nil {
		conf["exclude_layers"] = []any{}
	}
}
