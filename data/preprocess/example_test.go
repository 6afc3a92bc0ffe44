package preprocess_test

import (
	"encoding/json"
	"fmt"
	"image"
	"log"

	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
)

// The preprocessing of torchvision's models: resize the shorter side, crop the center, and normalize with ImageNet's statistics.
func ExampleSteps() {
	steps := preprocess.Steps{
		preprocess.Resize{ShortSide: 256, Interpolation: picture.Bilinear},
		preprocess.CenterCrop{Height: 224, Width: 224},
		preprocess.Input{Mode: preprocess.Torch},
	}
	p, err := steps.Compile()
	if err != nil {
		log.Fatal(err)
	}

	photo := image.NewNRGBA(image.Rect(0, 0, 640, 480))
	for i := range photo.Pix {
		photo.Pix[i] = 255 // white
	}
	values, height, width, err := new(picture.Decoder).AppendImage(nil, photo, p.Options())
	if err != nil {
		log.Fatal(err)
	}
	p.Apply(values)
	fmt.Println(height, width, p.Channels(), values[:3])
	// Output: 224 224 3 [2.2489083 2.4285715 2.64]
}

// Steps are stored as JSON.
func ExampleSteps_MarshalJSON() {
	text, err := json.Marshal(preprocess.Steps{preprocess.Resize{Height: 128, Width: 128}, preprocess.Rescale{Scale: 1. / 255}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
	// Output: [{"step":"resize","height":128,"width":128,"interpolation":"nearest"},{"step":"rescale","scale":0.00392156862745098}]
}

// The error lists all mistakes.
func ExampleSteps_Compile_mistakes() {
	_, err := preprocess.Steps{
		preprocess.Resize{Height: 128},
		preprocess.Decode{},
		preprocess.Normalize{Mean: []float64{1, 2}},
	}.Compile()
	fmt.Println(err)
	// Output:
	// preprocessing step 1 (resize): the size is 128x0; want a height and a width of 1 to 16384
	// preprocessing step 2 (decode): it comes after resize; want decode, resize and center_crop first, in this order, and then the steps that change values
	// preprocessing step 3 (normalize): mean has 2 values and images have 3 channels; want a value for each channel, or one for all
}
