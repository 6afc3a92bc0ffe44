package main

// step is a pointer, and the number of bytes by which a loop moves it for each vector.
type step struct {
	pointer *reg
	bytes   int
}

// steps returns steps for pointers to float32: a vector each.
func (a *asm) steps(pointers ...*reg) []step {
	var s []step
	for _, p := range pointers {
		s = append(s, step{p, a.bytes()})
	}
	return s
}

// eachVector writes a loop over the n vectors of the parameter n. It moves the pointers after each vector, and returns
// from the function at the end.
func (a *asm) eachVector(body func(), steps ...step) {
	n := a.param("n")
	a.comment("a vector at a time")
	a.loop("again")
	body()
	a.advance(steps...)
	a.i("DECQ %s\nJNE again", n)
	a.ret()
}

// advance moves each pointer by its step.
func (a *asm) advance(steps ...step) {
	for _, s := range steps {
		a.i("ADDQ $%d, %s", s.bytes, s.pointer)
	}
}
