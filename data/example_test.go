package data_test

import (
	"context"
	"fmt"
	"log"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/augment"
)

func Example() {
	if err := batches(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output:
	//      filename category
	// 0   cat.0.png      cat
	// 1   cat.1.png      cat
	// 2  cat.10.png      cat
	// category
	// cat    20
	// dog    20
	// Name: count, dtype: int64
	// Found 30 validated image filenames belonging to 2 classes. 10 are for the test.
	// (12, 32, 32, 3) (12, 2)
	// (12, 32, 32, 3) (12, 2)
	// (6, 32, 32, 3) (6, 2)
}

func batches(ctx context.Context) error {
	table, err := data.Open(ctx, "demo:cats-and-dogs?n=40", data.OpenOptions{})
	if err != nil {
		return err
	}
	defer table.Close()
	fmt.Println(table.Head(3))
	fmt.Println(table.Counts())

	train, test, err := table.TrainTestSplit(data.SplitOptions{TestSize: .25, RandomState: 42})
	if err != nil {
		return err
	}
	flow, err := data.Images(train, data.ImageOptions{TargetSize: [2]int{32, 32}, BatchSize: 12, Augment: augment.Tutorial()})
	if err != nil {
		return err
	}
	fmt.Println(flow.Found(), test.Len(), "are for the test.")
	for batch, err := range flow.Batches(ctx, 0, 0) {
		if err != nil {
			return err
		}
		fmt.Println(batch.X.Shape(), batch.Y.Shape())
	}
	return nil
}
