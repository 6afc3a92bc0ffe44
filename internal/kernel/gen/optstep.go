package main

// optstep writes the optimizers' steps. Each takes its numbers from a table, broadcast to
// the registers from 8 on, and goes over n vectors of the variable and its slots.
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
}

// constants broadcasts the first n numbers of the table at AX.
func (a *asm) constants(n int) {
	for j := range n {
		a.v("VBROADCASTSS", mem(4*j, "AX"), 8+j)
	}
}

// step ends the loop, moving all pointers on.
func (a *asm) step(pointers ...string) {
	for _, p := range pointers {
		a.i("ADDQ $%d, %s", a.bytes(), p)
	}
	a.i("DECQ CX\nJNE again")
	a.ret()
}

func sgd(f *family, v vec, name string, momentum, nesterov bool) {
	const rate, mu = 8, 9
	params := []string{"numbers *[8]float32", "n int", "w *float32", "grad *float32"}
	if momentum {
		params = append(params, "m *float32")
	}
	a := f.fn(v, name, "makes an SGD step; numbers: LearningRate, Momentum.", params...)
	a.load([]string{"AX", "CX", "DI", "SI", "BX"}[:len(params)]...)
	a.constants(2)
	a.loop("again")
	a.v("VMULPS", "(SI)", rate, 0)
	a.v("VMOVUPS", "(DI)", 1)
	if !momentum {
		a.v("VSUBPS", 0, 1, 1)
		a.v("VMOVUPS", 1, "(DI)")
		a.step("DI", "SI")
		return
	}
	a.v("VMULPS", "(BX)", mu, 2)
	a.v("VSUBPS", 0, 2, 2)
	a.v("VMOVUPS", 2, "(BX)")
	if nesterov {
		a.v("VMULPS", 2, mu, 2)
		a.v("VSUBPS", 0, 2, 2)
	}
	a.v("VADDPS", 2, 1, 1)
	a.v("VMOVUPS", 1, "(DI)")
	a.step("DI", "SI", "BX")
}

func rmsprop(f *family, v vec, momentum, centered bool) {
	const rate, rho, rest, mu, epsilon = 8, 9, 10, 11, 12
	name := "rmsprop"
	params := []string{"numbers *[8]float32", "n int", "w *float32", "grad *float32", "v *float32"}
	pointers := []string{"DI", "SI", "BX"}
	if momentum {
		name += "Momentum"
		params, pointers = append(params, "m *float32"), append(pointers, "DX")
	}
	if centered {
		name += "Centered"
		params, pointers = append(params, "a *float32"), append(pointers, "R8")
	}
	a := f.fn(v, name, "makes an RMSprop step; numbers: LearningRate, Rho, 1-Rho, Momentum, Epsilon.", params...)
	a.load(append([]string{"AX", "CX"}, pointers...)...)
	a.constants(5)
	a.loop("again")
	a.v("VMOVUPS", "(SI)", 0)
	a.v("VMULPS", 0, 0, 1)
	a.v("VMULPS", rest, 1, 1)
	a.v("VMULPS", "(BX)", rho, 2)
	a.v("VADDPS", 1, 2, 2)
	a.v("VMOVUPS", 2, "(BX)")
	if centered {
		a.v("VMULPS", "(R8)", rho, 3)
		a.v("VMULPS", rest, 0, 4)
		a.v("VADDPS", 4, 3, 3)
		a.v("VMOVUPS", 3, "(R8)")
		a.v("VMULPS", 3, 3, 3)
		a.v("VSUBPS", 3, 2, 2)
	}
	a.v("VADDPS", epsilon, 2, 2)
	a.v("VSQRTPS", 2, 2)
	a.v("VMULPS", rate, 0, 0)
	a.v("VDIVPS", 2, 0, 0)
	if momentum {
		a.v("VMULPS", "(DX)", mu, 1)
		a.v("VADDPS", 0, 1, 0)
		a.v("VMOVUPS", 0, "(DX)")
	}
	a.v("VMOVUPS", "(DI)", 1)
	a.v("VSUBPS", 0, 1, 1)
	a.v("VMOVUPS", 1, "(DI)")
	a.step(pointers...)
}

func adam(f *family, v vec) {
	const alpha, rest1, rest2, epsilon = 8, 9, 10, 11
	a := f.fn(v, "adam", "makes an Adam step; numbers: alpha, 1-Beta1, 1-Beta2, Epsilon.",
		"numbers *[8]float32", "n int", "w *float32", "grad *float32", "m *float32", "v *float32")
	a.load("AX", "CX", "DI", "SI", "BX", "DX")
	a.constants(4)
	a.loop("again")
	a.v("VMOVUPS", "(SI)", 0)
	a.v("VMOVUPS", "(BX)", 1)
	a.v("VSUBPS", 1, 0, 2)
	a.v("VMULPS", rest1, 2, 2)
	a.v("VADDPS", 2, 1, 1)
	a.v("VMOVUPS", 1, "(BX)")
	a.v("VMULPS", 0, 0, 0)
	a.v("VMOVUPS", "(DX)", 2)
	a.v("VSUBPS", 2, 0, 0)
	a.v("VMULPS", rest2, 0, 0)
	a.v("VADDPS", 0, 2, 2)
	a.v("VMOVUPS", 2, "(DX)")
	a.v("VSQRTPS", 2, 2)
	a.v("VADDPS", epsilon, 2, 2)
	a.v("VMULPS", alpha, 1, 1)
	a.v("VDIVPS", 2, 1, 1)
	a.v("VMOVUPS", "(DI)", 0)
	a.v("VSUBPS", 1, 0, 0)
	a.v("VMOVUPS", 0, "(DI)")
	a.step("DI", "SI", "BX", "DX")
}
