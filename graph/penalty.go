package graph

// Regularizer computes a penalty, which training adds to the loss.
type Regularizer interface {
	// Penalty adds ops that compute the penalty for the values x, which are those of a weight or the
	// result of a layer. It returns a scalar.
	Penalty(b *Builder, x *Value) *Value
}

// Constraint restricts a weight to a set of values.
type Constraint interface {
	// Project adds ops that compute the value that replaces the value w of a weight. It has the type
	// of w. Training projects each weight after each update.
	Project(b *Builder, w *Value) *Value
}
