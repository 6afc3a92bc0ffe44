package lince

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// GradCAMOptions configures Model.GradCAM.
type GradCAMOptions struct {
	// Layer is the name of the layer whose output is the feature map, of shape (batch, height, width, channels). The default, "", is the last feature map of
	// the network that has more than one position: the operand of the global pooling or of the Flatten. If that is the result of pooling, it is the operand of the
	// pooling, which has more positions. The default also finds feature maps inside nested models and in models from ONNX and TensorFlow Lite.
	Layer string
}

// ErrNoFeatureMap is the error of Model.GradCAM for a network without a feature map of height and width before its classifier, such as a network of Dense layers or
// a vision transformer.
var ErrNoFeatureMap = errors.New("the network has no feature map of height and width before its classifier")

// GradCAM computes which regions of an image a prediction depends on. Any number of goroutines may use it at the same time.
type GradCAM struct {
	f      *Function
	layer  string
	single bool
	units  int
}

// GradCAM returns the computation of Grad-CAM (Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization, 2017)
// for a classifier with one output of shape (batch, classes) or (batch, 1). For a feature map A of shape (height, width, channels) and the score y of a class, the heat
// map is
//
//	ReLU(sum over k of w[k] A[:, :, k]),  w[k] = mean over i and j of dy/dA[i, j, k]
//
// As in the paper, the score is the value before a softmax or a sigmoid at the end of the network. For the first class of a model with a single unit it is the negative
// of that value. Layers compute as in predictions. Each call of Maps uses the current weights.
//
// The error wraps ErrNoFeatureMap if the network has no feature map. If o.Layer is set, the layer must exist, its output must have the shape
// (batch, height, width, channels), and the scores must depend on it.
func (m *Model) GradCAM(o GradCAMOptions) (*GradCAM, error) {
	g, err := m.gradCAM(o)
	if err != nil {
		return nil, fmt.Errorf("Grad-CAM: %w", err)
	}
	return g, nil
}

func (m *Model) gradCAM(o GradCAMOptions) (*GradCAM, error) {
	if len(m.outputs) != 1 || len(m.inputs) != 1 {
		return nil, fmt.Errorf("the model must have one input and one output, got %d and %d", len(m.inputs), len(m.outputs))
	}
	shape := m.OutputShape()
	if len(shape) != 2 || shape[1] < 1 {
		return nil, fmt.Errorf("the model's output must have the shape (batch, classes), got %v", shape)
	}
	g := &GradCAM{units: shape[1], single: shape[1] == 1}
	var missing error
	f, err := m.function(FunctionOptions{}, func(t *Trace) []*graph.Value {
		scores := logits(t.Value(m.Outputs()))
		features := lastFeatureMap(scores)
		switch l := m.Layer(o.Layer); {
		case o.Layer == "" && features == nil:
			missing = ErrNoFeatureMap
			return []*graph.Value{t.Errorf("%w", missing)}
		case o.Layer == "":
			g.layer = features.Node.Layer
		case l == nil:
			return []*graph.Value{t.Errorf("the model has no layer %q", o.Layer)}
		default:
			if features = t.Value(l.Output()); !isFeatureMap(features) {
				return []*graph.Value{t.Errorf("the output of the layer %s must have the shape (batch, height, width, channels), got %v", o.Layer, l.Output().Shape())}
			}
			g.layer = o.Layer
		}
		class := t.Input("class", tensor.Float32, tensor.Unknown, g.units)
		gradient := t.Gradient(t.Sum(t.Mul(scores, class)), features)[0]
		weights := t.Reshape(t.Mean(gradient, 1, 2), tensor.Unknown, 1, 1, features.Shape[3])
		return []*graph.Value{t.ReLU(t.Sum(t.Mul(features, weights), 3))}
	})
	if missing != nil {
		return nil, missing // without the labels of a mistake in build
	}
	g.f = f
	return g, err
}

// Layer returns the name of the layer whose feature map is used. The name of a layer in a nested model follows that of the nested model and a slash.
func (g *GradCAM) Layer() string { return g.layer }

// Maps returns the heat map of each example of a batch, shape (batch, height, width), for the class whose index is in classes. The values are at least 0; their scale
// depends on the network and the image, so divide a map by its maximum to show it. A map is all 0 if no region speaks for the class. Its height and width are those of the feature
// map: resize it to those of the image.
//
// For a model with a single unit, the classes are 0 and 1.
func (g *GradCAM) Maps(x *tensor.Tensor, classes []int) (*tensor.Tensor, error) {
	if x == nil || len(x.Shape()) == 0 || x.Shape()[0] != len(classes) {
		return nil, fmt.Errorf("Grad-CAM: want one class for each example of the batch, got %d classes for %v", len(classes), x)
	}
	selected := tensor.New(tensor.Float32, len(classes), g.units)
	for i, c := range classes {
		switch most := max(g.units, 2); {
		case c < 0 || c >= most:
			return nil, fmt.Errorf("Grad-CAM: example %d has the class %d, want a class index from 0 to %d", i, c, most-1)
		case g.single:
			selected.Row(i).Float32s()[0] = float32(2*c - 1)
		default:
			selected.Row(i).Float32s()[c] = 1
		}
	}
	out, err := g.f.run([]*tensor.Tensor{x, selected})
	if err != nil {
		return nil, fmt.Errorf("Grad-CAM: %w", err)
	}
	return out[0], nil
}

// logits returns the operand of the softmax or sigmoid that computes a value, or the value if there is none.
func logits(v *graph.Value) *graph.Value {
	if v.Is("Softmax") || v.Is("Sigmoid") {
		return v.Node.In[0]
	}
	return v
}

func isFeatureMap(v *graph.Value) bool {
	s := v.Shape
	return v.Node != nil && len(s) == 4 && v.DType == tensor.Float32 && s[3] > 0 && s[1]*s[2] != 1
}

// lastFeatureMap returns the last feature map from which a convolutional network computes its scores, or nil if there is none.
func lastFeatureMap(scores *graph.Value) *graph.Value {
	order := ancestors(scores)
	for i, n := range slices.Backward(order) {
		v := n.Out[0]
		if len(v.Shape) == 0 || v.Shape[0] != tensor.Unknown { // not computed from the images
			continue
		}
		if len(v.Shape) == 3 || len(v.Shape) > 4 {
			return nil // a sequence, such as the patches of a transformer
		}
		if !isFeatureMap(v) {
			continue
		}
		for v.Is("MaxPool2D") || v.Is("AveragePool2D") || v.Is("Transpose") || v.Is("Pad") {
			v = v.Node.In[0]
		}
		convolved := slices.ContainsFunc(order[:i+1], func(n *graph.Node) bool {
			return slices.Contains([]string{"Conv2D", "DepthwiseConv2D", "Conv2DTranspose"}, n.Op.Name())
		})
		if !convolved {
			return nil // the images themselves
		}
		return v
	}
	return nil
}

// ancestors returns the nodes that compute a value, operands first.
func ancestors(v *graph.Value) []*graph.Node {
	var order []*graph.Node
	met := map[*graph.Node]bool{}
	var visit func(n *graph.Node)
	visit = func(n *graph.Node) {
		if n == nil || met[n] {
			return
		}
		met[n] = true
		for _, x := range n.In {
			visit(x.Node)
		}
		order = append(order, n)
	}
	visit(v.Node)
	return order
}
