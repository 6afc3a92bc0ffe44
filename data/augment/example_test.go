package augment_test

import (
	"fmt"

	"github.com/lince-ml/lince/data/augment"
)

// A batch of the second epoch: the order of its rows and the transforms depend only on the seed, the epoch and the step.
func Example() {
	g := augment.Tutorial()
	fmt.Println(g)

	const height, width = 20, 30
	images := make([][]float32, 10)
	for i := range images {
		images[i] = make([]float32, height*width*3)
	}
	worker, err := g.Worker(height, width, 3, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	order := augment.Order{Seed: 42, N: len(images), BatchSize: 4}
	const epoch, step = 1, 2
	transforms := g.Transforms(nil, order, epoch, step, height, width)
	for i, row := range order.Batch(nil, epoch, step) {
		out := make([]float32, height*width*3)
		if err := worker.Apply(out, images[row], transforms[i]); err != nil {
			fmt.Println(err)
		}
		fmt.Printf("image %d turned by %.1f degrees\n", row, transforms[i].Theta)
	}
	// Output:
	// rotation=15,shift=0.1,shear=0.1,zoom=0.8:1.2,hflip,rescale=1/255
	// image 0 turned by -11.6 degrees
	// image 3 turned by 6.2 degrees
}

// The generator of ImageDataGenerator(rotation_range=20, zoom_range=[.9, 1.1], width_shift_range=3, horizontal_flip=True), as a
// struct and as a spec.
func ExampleGenerator() {
	g := augment.Generator{
		RotationRange:   20,
		ZoomRange:       augment.Between(.9, 1.1),
		WidthShiftRange: augment.ShiftPixels(3),
		HorizontalFlip:  true,
	}
	fmt.Println(g)

	order := augment.Order{Seed: 1, N: 3, BatchSize: 3}
	for _, t := range g.Transforms(nil, order, 0, 0, 64, 64) {
		fmt.Printf("rotate %.1f degrees, shift %g pixels, zoom %.2f and %.2f, flip %v\n", t.Theta, t.Ty, t.Zx, t.Zy, t.FlipHorizontal)
	}
	// Output:
	// rotation=20,wshift=3,zoom=0.9:1.1,hflip
	// rotate 8.8 degrees, shift 1 pixels, zoom 1.10 and 0.95, flip true
	// rotate 6.8 degrees, shift -1 pixels, zoom 1.07 and 0.96, flip false
	// rotate -10.8 degrees, shift -2 pixels, zoom 1.08 and 0.99, flip true
}

// The error lists all mistakes.
func ExampleParse_mistakes() {
	_, err := augment.Parse("rotatoin=15,fill=mirror,zoom")
	fmt.Println(err)
	// Output:
	// augment: unknown option "rotatoin"; did you mean rotation?
	// augment: fill: unknown mode "mirror"; want one of nearest, constant, reflect, wrap
	// augment: zoom needs a value, such as zoom=.2
}
