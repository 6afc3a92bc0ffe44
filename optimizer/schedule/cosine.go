package schedule

import "math"

// CosineDecay lowers the rate along half a period of a cosine, after an optional linear warmup
// (keras.optimizers.schedules.CosineDecay). Without WarmupTarget:
//
//	rate = InitialLearningRate * ((1-Alpha)*(1+cos(pi*min(s, DecaySteps)/DecaySteps))/2 + Alpha)
//
// With WarmupTarget, the rate first rises for WarmupSteps steps. It then falls from WarmupTarget for
// DecaySteps steps, so the schedule has WarmupSteps+DecaySteps steps in all:
//
//	s < WarmupSteps:  rate = InitialLearningRate + (WarmupTarget-InitialLearningRate)*s/WarmupSteps
//	otherwise:        the formula above, with WarmupTarget in place of InitialLearningRate
//	                  and s-WarmupSteps in place of s
//
// Source: Loshchilov and Hutter, 2017 (arXiv:1608.03983).
type CosineDecay struct {
	// InitialLearningRate is the rate of the first step. At least 0. Required; 0 is useful only with
	// WarmupTarget.
	InitialLearningRate float64 `keras:"initial_learning_rate,required,min=0"`
	// DecaySteps is the number of steps of the decay, without the warmup. Greater than 0. Required.
	DecaySteps int `keras:"decay_steps,required,min=1"`
	// Alpha is the last rate as a fraction of the rate at which the decay begins. From 0 to 1. The
	// default is 0.
	Alpha float64 `keras:"alpha,min=0,max=1"`
	// WarmupTarget is the rate at the end of the warmup. Greater than 0. The default, 0, means no
	// warmup.
	WarmupTarget float64 `keras:"warmup_target,none,min=0"`
	// WarmupSteps is the number of steps of the warmup. It has no effect without WarmupTarget. At
	// least 0. The default is 0.
	WarmupSteps int `keras:"warmup_steps,min=0"`

	_ struct{} `keras:"name,any=CosineDecay"`
}

// At implements Schedule.
func (d CosineDecay) At(step int64) float64 {
	s, top := float64(step), d.InitialLearningRate
	if d.WarmupTarget > 0 {
		if warmup := float64(d.WarmupSteps); s < warmup {
			return top + (d.WarmupTarget-top)*s/warmup
		}
		s, top = s-float64(d.WarmupSteps), d.WarmupTarget
	}
	return top * ((1-d.Alpha)*halfCosine(min(s/float64(d.DecaySteps), 1)) + d.Alpha)
}

// CosineDecayRestarts is a cosine decay that starts again whenever it has reached its end
// (keras.optimizers.schedules.CosineDecayRestarts). Period i, from 0, has FirstDecaySteps*TMul^i
// steps. With p the fraction of its period that has passed before a step:
//
//	rate = InitialLearningRate * ((1-Alpha)*MMul^i*(1+cos(pi*p))/2 + Alpha)
//
// Source: Loshchilov and Hutter, 2017 (arXiv:1608.03983).
type CosineDecayRestarts struct {
	// InitialLearningRate is the rate of the first step. Greater than 0. Required.
	InitialLearningRate float64 `keras:"initial_learning_rate,required,above=0"`
	// FirstDecaySteps is the number of steps of the first period. Greater than 0. Required.
	FirstDecaySteps int `keras:"first_decay_steps,required,min=1"`
	// TMul is the length of a period divided by the length of the period before. At least 1. The
	// default, 0, means 2.
	TMul float64 `keras:"t_mul,default=2,min=1"`
	// MMul is the rate at the start of a period divided by the rate at the start of the period before.
	// Greater than 0. The default, 0, means 1.
	MMul float64 `keras:"m_mul,default=1,above=0"`
	// Alpha is the last rate of a period as a fraction of InitialLearningRate. From 0 to 1. The
	// default is 0.
	Alpha float64 `keras:"alpha,min=0,max=1"`

	_ struct{} `keras:"name,any=SGDRDecay"`
}

// At implements Schedule.
func (d CosineDecayRestarts) At(step int64) float64 {
	d = Filled(d)
	p := float64(step) / float64(d.FirstDecaySteps)
	period := math.Floor(p)
	if d.TMul == 1 {
		p -= period
	} else {
		period = math.Floor(math.Log(1-p*(1-d.TMul)) / math.Log(d.TMul))
		length := math.Pow(d.TMul, period)
		p = (p - (1-length)/(1-d.TMul)) / length
	}
	return d.InitialLearningRate * ((1-d.Alpha)*math.Pow(d.MMul, period)*halfCosine(p) + d.Alpha)
}

// halfCosine falls from 1 to 0 as p goes from 0 to 1.
func halfCosine(p float64) float64 { return .5 * (1 + math.Cos(math.Pi*p)) }
