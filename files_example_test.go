package lince_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
)

// A model is exported to ONNX, for a runtime that wants the channels first.
func ExampleModel_Export() {
	dir, err := os.MkdirTemp("", "lince")
	if err != nil {
		log.Fatal(err)
	}
	model, err := lince.Sequential( // usually lince.Open("model.keras")
		layer.Input{Shape: []int{32, 32, 3}, Name: "image"},
		layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.GlobalAveragePool2D{},
		layer.Dense{Units: 2, Activation: layer.Softmax, Name: "class"},
	)
	if err != nil {
		log.Fatal(err)
	}
	model.Classes = []string{"cat", "dog"}
	path := filepath.Join(dir, "model.onnx")
	if err := model.Export(path, lince.ExportOptions{Opset: 21, ChannelsFirst: true}); err != nil {
		log.Fatal(err)
	}
	kind, err := lince.FileKindOf(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("The file is", kind.Title)
	if err := os.RemoveAll(dir); err != nil {
		log.Fatal(err)
	}
	// Output: The file is an ONNX model
}

// An ONNX model is opened like any other model. Its images have the channels last, also if those of the file have them first.
func ExampleOpen_onnx() {
	dir, err := os.MkdirTemp("", "lince")
	if err != nil {
		log.Fatal(err)
	}
	path := filepath.Join(dir, "model.onnx")
	if err := exportChannelsFirst(path); err != nil {
		log.Fatal(err)
	}
	model, err := lince.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(model.InputNames(), model.InputShape(), "->", model.OutputNames(), model.OutputShape())
	fmt.Println(model.CountParams(), "parameters, notes:", model.Notes())
	if err := os.RemoveAll(dir); err != nil {
		log.Fatal(err)
	}
	// Output:
	// [image] (None, 32, 32, 3) -> [global_average_pooling2d] (None, 2)
	// 8 parameters, notes: []
}

// exportChannelsFirst writes an ONNX file as PyTorch would: its input has the shape (batch, 3, 32, 32).
func exportChannelsFirst(path string) error {
	m, err := lince.Sequential(
		layer.Input{Shape: []int{32, 32, 3}, Name: "image"},
		layer.MaxPool2D{Pool: layer.Size{8, 8}},
		layer.Conv2D{Filters: 2, Kernel: layer.Size{1, 1}},
		layer.GlobalAveragePool2D{},
	)
	if err != nil {
		return err
	}
	return m.Export(path, lince.ExportOptions{ChannelsFirst: true})
}
