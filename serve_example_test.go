package lince_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/demo"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/layer"
)

// handler answers an uploaded image with the five most probable classes.
func handler(model *lince.Model) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		file, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 20<<20))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		prediction, err := model.ClassifyImage(r.Context(), file)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(prediction.Top(5)) // fails if the client has disconnected
	}
}

// A server that classifies images:
//
//	model, err := lince.Open("cats-dogs.keras")
//	...
//	http.Handle("POST /classify", handler(model))
//	log.Fatal(http.ListenAndServe(":8080", nil))
//
//	curl --data-binary @photo.jpg localhost:8080/classify
//
// The model in this example has not been trained, so all classes are equally probable.
func ExampleModel_ClassifyImage() {
	model, err := lince.Sequential(
		layer.Input{Shape: []int{32, 32, 3}},
		layer.Flatten{},
		layer.Dense{Units: 2, Activation: layer.Softmax, KernelInitializer: initializer.Zeros{}},
	)
	check(err)
	// Fit sets both if it trains on data.Images, and Save stores them.
	model.Classes = []string{"cat", "dog"}
	model.Preprocessing = lince.Preprocessing{
		preprocess.Decode{Orient: true}, // rotate photos by their EXIF orientation
		preprocess.Resize{ShortSide: 36, Interpolation: picture.Bilinear},
		preprocess.CenterCrop{Height: 32, Width: 32},
		preprocess.Rescale{Scale: 1. / 255},
	}
	server := httptest.NewServer(handler(model))
	defer server.Close()

	set, err := demo.Parse("demo:cats-and-dogs?n=2")
	check(err)
	var photo strings.Builder
	check(set.WritePNG(&photo, 0))
	for _, upload := range []string{photo.String(), "not an image"} {
		answer, err := http.Post(server.URL, "application/octet-stream", strings.NewReader(upload))
		check(err)
		body, err := io.ReadAll(answer.Body)
		check(err)
		check(answer.Body.Close())
		fmt.Print(answer.StatusCode, " ", string(body))
	}
	// Output:
	// 200 [{"class":0,"name":"cat","probability":0.5},{"class":1,"name":"dog","probability":0.5}]
	// 422 classifying images: not an image: starts with "not an image" (supported are JPEG, PNG, GIF, BMP, TIFF, WebP and PPM)
}
