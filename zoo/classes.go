package zoo

import (
	"cmp"
	_ "embed" // for classes.txt
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/lince-ml/lince/tensor"
)

// classes.txt lists the 1000 classes of ImageNet in the order of the classifiers, as Keras' imagenet_class_index.json has them: the WordNet ID and the
// name.
//
//go:embed classes.txt
var classesText string

var imageNetClasses = sync.OnceValue(func() (list []ImageNetClass) {
	for line := range strings.Lines(classesText) {
		id, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		list = append(list, ImageNetClass{ID: id, Name: name})
	}
	return list
})

// ImageNetClass is one of the 1000 classes of ImageNet.
type ImageNetClass struct {
	ID   string // of its WordNet synset: "n01440764"
	Name string // "tench". Two pairs of classes have the same name: crane and maillot.
}

// ImageNetClasses returns the 1000 classes of ImageNet in the order of the classifiers.
func ImageNetClasses() []ImageNetClass { return slices.Clone(imageNetClasses()) }

// Prediction is an entry of the result of DecodePredictions.
type Prediction struct {
	ImageNetClass
	Score float32 // the element of the predictions
}

// DecodePredictions returns the top classes of each example with their scores, the highest score first (decode_predictions of keras.applications). Classes with equal scores are in the
// order of ImageNetClasses. predictions are those of an ImageNet classifier: float32 numbers of shape (batch, 1000). top is at most 1000; 0 is Keras' default, 5.
func DecodePredictions(predictions *tensor.Tensor, top int) ([][]Prediction, error) {
	classes := imageNetClasses()
	if s := predictions.Shape(); predictions.DType() != tensor.Float32 || len(s) != 2 || s[1] != len(classes) {
		return nil, fmt.Errorf("zoo: decoding predictions: got %v, want float32 numbers of shape (batch, %d)", predictions, len(classes))
	}
	if top < 0 || top > len(classes) {
		return nil, fmt.Errorf("zoo: decoding predictions: top is %d, want from 1 to %d", top, len(classes))
	}
	top = cmp.Or(top, 5)
	decoded := [][]Prediction{}
	for scores := range slices.Chunk(predictions.Float32s(), len(classes)) {
		list := make([]Prediction, len(classes))
		for i, c := range classes {
			list[i] = Prediction{c, scores[i]}
		}
		slices.SortStableFunc(list, func(a, b Prediction) int { return cmp.Compare(b.Score, a.Score) })
		decoded = append(decoded, slices.Clone(list[:top]))
	}
	return decoded, nil
}
