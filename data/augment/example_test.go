package augment_test

import (
	"fmt"

	"github.com/lince-ml/lince/data/augment"
)

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

func ExampleParse_mistakes() {
	_, err := augment.Parse("rotatoin=15,fill=mirror,zoom")
	fmt.Println(err)
	// Output:
	// augment: unknown option "rotatoin"; did you mean rotation?
	// augment: fill: unknown mode "mirror"; want one of nearest, constant, reflect, wrap
	// augment: zoom needs a value, as zoom=.2
}
