package layer

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/config"
)

// ZeroPadding2D adds rows and columns of zeros around images (keras.layers.ZeroPadding2D). With
// the padding {{top, bottom}, {left, right}}:
//
//	y[i,j,c] = x[i-top, j-left, c]   inside the image
//	y[i,j,c] = 0                     elsewhere
//
// Input shape: (batch, height, width, channels).
// Output shape: (batch, top+height+bottom, left+width+right, channels).
//
// Build reports an error if a number is negative or the operand is not a batch of float32 images.
type ZeroPadding2D struct {
	// Padding is the number of pixels on each side. Each at least 0. The default, nil, is 1 on all
	// sides.
	Padding *Pads `keras:"padding,default=1"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// Pads is the number of pixels on each side of an image: {{top, bottom}, {left, right}}.
type Pads [2][2]int

// Build implements Layer.
func (l ZeroPadding2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantImages(b, x) {
		return b.Invalid()
	}
	p := *l.Padding
	y := b.Pad(x, []int{0, p[0][0], p[1][0], 0}, []int{0, p[0][1], p[1][1], 0}, 0)
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	return y
}

func encodePads(p *Pads) any { return []any{[]int{p[0][0], p[0][1]}, []int{p[1][0], p[1][1]}} }

// decodePads reads one number for all sides, or a list of height and width, each of which is one
// number or a pair.
func decodePads(r *config.Reader, key string, v any) (*Pads, bool) {
	var p Pads
	pair := func(v any, at *[2]int) bool {
		n, ok := config.Int(v)
		list := []any{n, n}
		if !ok {
			list, ok = config.List(v)
		}
		for i := 0; ok && i < 2; i++ {
			ok = len(list) == 2
			if ok {
				at[i], ok = config.Int(list[i])
			}
		}
		return ok
	}
	list, ok := config.List(v)
	if !ok {
		list = []any{v, v}
	}
	if len(list) != 2 || !pair(list[0], &p[0]) || !pair(list[1], &p[1]) || checkPads(&p) != nil {
		r.Errorf("%s is %s, want [[top, bottom], [left, right]], integers from 0 to %d", key, config.Show(v), maxSize)
		return nil, false
	}
	return &p, true
}

func checkPads(p *Pads) error {
	for _, axis := range p {
		for _, n := range axis {
			if n < 0 || n > maxSize {
				return fmt.Errorf("got %v, want integers from 0 to %d", *p, maxSize)
			}
		}
	}
	return nil
}
