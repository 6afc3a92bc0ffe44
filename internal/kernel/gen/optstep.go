package main

import "slices"

// optstep writes the optimizers' steps. Each updates n vectors of the variable and its slots from the gradient,
// with numbers that are the same for all elements.
func optstep(f *family) {
	for _, v := range f.vecs {
		sgd(f, v, "sgd", false, false)
		sgd(f, v, "sgdMomentum", true, false)
		sgd(f, v, "sgdNesterov", true, true)
		for _, momentum := range []bool{false, true} {
			for _, centered := range []bool{false, true} {
				rmsprop(f, v, momentum, centered)
			}
		}
		adam(f, v)
	}
	f.dispatch()
}

// stepParams are the parameters of all steps.
var stepParams = []string{"numbers *[8]float32", "n int", "w *float32", "grad *float32"}

// stepNumbers broadcasts the numbers at the start of the table to registers.
func (a *asm) stepNumbers(names ...string) []*reg {
	table := a.param("numbers")
	a.comment("the numbers, in all lanes")
	var regs []*reg
	for i, name := range names {
		x := a.vector(name)
		a.v("VBROADCASTSS", table.mem(4*i), x)
		regs = append(regs, x)
	}
	a.free(table)
	return regs
}

// decayed loads the weights and shrinks them: value = w - w*decay*rate. It changes the register part.
func (a *asm) decayed(w, value, part, decay, rate *reg) {
	a.v("VMOVUPS", w.mem(0), value)
	a.v("VMULPS", decay, value, part)
	a.v("VMULPS", rate, part, part)
	a.v("VSUBPS", part, value, value)
}

func sgd(f *family, v vec, name string, momentum, nesterov bool) {
	params := stepParams
	if momentum {
		params = append(params[:4:4], "m *float32")
	}
	a := f.fn(v, name, "computes an SGD step. numbers has LearningRate, Momentum and Decay.", params...)
	numbers := a.stepNumbers("rate", "mu", "decay")
	rate, mu, decay := numbers[0], numbers[1], numbers[2]
	w, grad := a.param("w"), a.param("grad")
	step, value, rest := a.vector("step"), a.vector("value"), a.vector("rest")
	if !momentum {
		a.eachVector(func() {
			a.v("VMULPS", grad.mem(0), rate, step)
			a.decayed(w, value, rest, decay, rate)
			a.v("VSUBPS", step, value, value)
			a.v("VMOVUPS", value, w.mem(0))
		}, a.steps(w, grad)...)
		return
	}
	m, velocity := a.param("m"), a.vector("velocity")
	a.eachVector(func() {
		a.v("VMULPS", grad.mem(0), rate, step)
		a.decayed(w, value, rest, decay, rate)
		a.v("VMULPS", m.mem(0), mu, velocity)
		a.v("VSUBPS", step, velocity, velocity)
		a.v("VMOVUPS", velocity, m.mem(0))
		if nesterov {
			a.v("VMULPS", velocity, mu, velocity)
			a.v("VSUBPS", step, velocity, velocity)
		}
		a.v("VADDPS", velocity, value, value)
		a.v("VMOVUPS", value, w.mem(0))
	}, a.steps(w, grad, m)...)
}

func rmsprop(f *family, v vec, momentum, centered bool) {
	name, params := "rmsprop", slices.Concat(stepParams, []string{"v *float32"})
	if momentum {
		name += "Momentum"
		params = append(params, "m *float32")
	}
	if centered {
		name += "Centered"
		params = append(params, "a *float32")
	}
	a := f.fn(v, name, "computes an RMSprop step. numbers has LearningRate, Rho, 1-Rho, Momentum, Epsilon and Decay.", params...)
	numbers := a.stepNumbers("rate", "rho", "1-rho", "mu", "epsilon", "decay")
	rate, rho, rest, mu, epsilon, decay := numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]
	w, grad, squares := a.param("w"), a.param("grad"), a.param("v")
	pointers := []*reg{w, grad, squares}
	var velocities, means *reg
	if momentum {
		velocities = a.param("m")
		pointers = append(pointers, velocities)
	}
	if centered {
		means = a.param("a")
		pointers = append(pointers, means)
	}
	g, square, x, y := a.vector("gradient"), a.vector("square"), a.vector("x"), a.vector("y")
	a.eachVector(func() {
		a.v("VMOVUPS", grad.mem(0), g)
		a.v("VMULPS", g, g, x)
		a.v("VMULPS", rest, x, x)
		a.v("VMULPS", squares.mem(0), rho, square)
		a.v("VADDPS", x, square, square)
		a.v("VMOVUPS", square, squares.mem(0))
		if centered {
			a.v("VMULPS", means.mem(0), rho, x)
			a.v("VMULPS", rest, g, y)
			a.v("VADDPS", y, x, x)
			a.v("VMOVUPS", x, means.mem(0))
			a.v("VMULPS", x, x, x)
			a.v("VSUBPS", x, square, square)
		}
		a.v("VADDPS", epsilon, square, square)
		a.v("VSQRTPS", square, square)
		a.v("VMULPS", rate, g, g)
		a.v("VDIVPS", square, g, g)
		if momentum {
			a.v("VMULPS", velocities.mem(0), mu, x)
			a.v("VADDPS", g, x, g)
			a.v("VMOVUPS", g, velocities.mem(0))
		}
		a.decayed(w, x, y, decay, rate)
		a.v("VSUBPS", g, x, x)
		a.v("VMOVUPS", x, w.mem(0))
	}, a.steps(pointers...)...)
}

func adam(f *family, v vec) {
	a := f.fn(v, "adam", "computes an Adam step. numbers has alpha, 1-Beta1, 1-Beta2, Epsilon, Decay and LearningRate.",
		append(stepParams[:4:4], "m *float32", "v *float32")...)
	numbers := a.stepNumbers("alpha", "1-beta1", "1-beta2", "epsilon", "decay", "rate")
	alpha, rest1, rest2, epsilon, decay, rate := numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]
	w, grad, means, squares := a.param("w"), a.param("grad"), a.param("m"), a.param("v")
	g, mean, square := a.vector("gradient"), a.vector("mean"), a.vector("square")
	a.eachVector(func() {
		a.v("VMOVUPS", grad.mem(0), g)
		a.v("VMOVUPS", means.mem(0), mean)
		a.v("VSUBPS", mean, g, square)
		a.v("VMULPS", rest1, square, square)
		a.v("VADDPS", square, mean, mean)
		a.v("VMOVUPS", mean, means.mem(0))
		a.v("VMULPS", g, g, g)
		a.v("VMOVUPS", squares.mem(0), square)
		a.v("VSUBPS", square, g, g)
		a.v("VMULPS", rest2, g, g)
		a.v("VADDPS", g, square, square)
		a.v("VMOVUPS", square, squares.mem(0))
		a.v("VSQRTPS", square, square)
		a.v("VADDPS", epsilon, square, square)
		a.v("VMULPS", alpha, mean, mean)
		a.v("VDIVPS", square, mean, mean)
		a.decayed(w, g, square, decay, rate)
		a.v("VSUBPS", mean, g, g)
		a.v("VMOVUPS", g, w.mem(0))
	}, a.steps(w, grad, means, squares)...)
}
