package serve_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/demo"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/serve"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// A web service that classifies images below /classify/. Its main function is
//
//	model, err := lince.Open("cats-dogs.keras")
//	...
//	handler, err := service(model)
//	...
//	log.Fatal(http.ListenAndServe("localhost:8080", handler))
//
// The model in this example has not been trained, so all classes are equally probable.
func Example() {
	model, err := lince.Sequential(
		layer.Input{Shape: []int{32, 32, 3}},
		layer.Flatten{},
		layer.Dense{Units: 2, Activation: layer.Softmax, KernelInitializer: initializer.Zeros{}},
	)
	check(err)
	model.Classes = []string{"cat", "dog"}
	model.Preprocessing = lince.Preprocessing{preprocess.Resize{Height: 32, Width: 32}, preprocess.Rescale{Scale: 1. / 255}}

	handler, err := service(model)
	check(err)
	server := httptest.NewServer(handler)
	defer server.Close()
	set, err := demo.Parse("demo:cats-and-dogs?n=2")
	check(err)
	var photo bytes.Buffer
	check(set.WritePNG(&photo, 0))
	answer, err := http.Post(server.URL+"/classify/", "image/png", &photo)
	check(err)
	body, err := io.ReadAll(answer.Body)
	check(err)
	check(answer.Body.Close())
	fmt.Print(answer.Status, " ", string(body))
	// Output:
	// 200 OK [{"label":"cat","score":0.5},{"label":"dog","score":0.5}]
}

// service returns the handler of the web service.
func service(model *lince.Model) (http.Handler, error) {
	classifier, err := serve.New(serve.Options{MaxBody: 10 << 20})
	if err != nil {
		return nil, err
	}
	if err := classifier.Add("cats-dogs", model); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/classify/", http.StripPrefix("/classify", classifier))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "Send images to /classify/.") })
	return mux, nil
}
