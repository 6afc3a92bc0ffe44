package picture_test

import (
	"fmt"
	"os"

	"github.com/lince-ml/lince/data/picture"
)

// This is keras.utils.load_img("photo.jpg", target_size=(2, 2)), then img_to_array.
func ExampleLoad() {
	data, err := os.ReadFile("testdata/decode/pillow-420.jpg")
	if err != nil {
		fmt.Println(err)
		return
	}
	img, err := picture.Load(data, picture.Options{Height: 2, Width: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	values := make([]float32, img.H*img.W*img.C)
	if err := picture.ToFloat32(img, values); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(picture.Format(data), img.H, img.W, img.C, values)
	// Output: JPEG 2 2 3 [25 50 31 58 63 33 249 6 2 54 192 34]
}
