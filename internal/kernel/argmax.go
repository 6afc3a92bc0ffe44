package kernel

// The argmax of a max-pool
//
// A max-pool stores for each result, in one byte, the position of the maximum in its window: row*KW +
// column, for a window of KH x KW elements. If several elements are equal, it is the first of them. A
// window has at most 255 elements.
//
// Where a ReLU that is fused with the pool set the maximum to 0, argmax is KH*KW. That is not a position in
// the window, so no element gets the gradient.

// NoArgmax2x2 is the argmax of a 2x2 window whose maximum a fused ReLU set to 0.
const NoArgmax2x2 = 2 * 2
