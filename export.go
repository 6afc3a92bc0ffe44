package lince

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// ExportOptions configures Model.Export. The zero value chooses the format by the name's suffix.
type ExportOptions struct {
	// Format is "onnx", or "tflite", which Keras calls "litert". The default is the suffix of the path.
	Format string
	// Opset is the version of ONNX's operators, 17 or 21 (opset_version). The default is 17, which every runtime
	// since 2022 supports. With 21, GELU and Mish are single operators. For TFLite files, Opset, ChannelsFirst and
	// Preprocessing must be zero.
	Opset int
	// ChannelsFirst makes inputs of images (batch, channels, height, width), as PyTorch's models have them. The default is
	// (batch, height, width, channels). Outputs keep their shape.
	ChannelsFirst bool
	// Preprocessing puts the model's Preprocessing into the file. The input is then images of type uint8 with values from 0 to 255,
	// of any size if a step resizes them. ONNX can express Resize to a fixed height and width with the interpolation nearest or
	// bilinear-tf, CenterCrop after it, and all steps that change values. For other steps, Export returns an error.
	Preprocessing bool
	// Doc describes the model in the file.
	Doc string
}

// Export writes the model's network for predictions, with its weights, to a file in another format (model.export). The suffix of path is
// the format's name, unless Format is set:
//
//   - .onnx: an ONNX model. Its inputs and outputs have the names of InputNames and OutputNames, and its tensors have the names of
//     layers. Layers become single operators where ONNX has them, such as BatchNormalization, HardSwish and LayerNormalization. The
//     metadata contains Classes as a JSON list under "classes", and the JSON of Classes, Preprocessing and Temperature that a .keras file has under
//     "lince". If the file would be larger than 1 GiB, the weights are in a second file beside it, whose name ends in .data.
//   - .tflite: a TensorFlow Lite model of float32, for version 2.12 or later of the interpreter. Its inputs and outputs have these
//     names in the signature serving_default. Batch normalization is folded into the weights. The metadata contains Classes as a
//     list of labels and the normalization of images, in the form that the TensorFlow Lite Task Library reads.
//
// The network in the file does not apply Model.Temperature, so its outputs are those of Predict, and other programs must divide the logits
// by it. Both formats have it in lince's metadata, so lince applies it in Classify after it has opened the file.
//
// An existing file is replaced only when the new one is completely written. Equal models give equal bytes.
//
// If the format cannot express some layers, Export returns an error that lists them: ContrastLimitedAdaptiveHistogramEqualization and,
// for images of unknown height or width, AdaptiveAveragePool2D, AdaptiveMaxPool2D, and Resizing with antialias or with bicubic, lanczos
// or area interpolation.
func (m *Model) Export(path string, o ExportOptions) error {
	if o.Format == "" {
		o.Format = strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
	}
	if o.Format == "litert" {
		o.Format = "tflite"
	}
	if m.predict.graph == nil {
		return errors.New("exporting: the model has no layers; use Sequential, Functional or Open to make one")
	}
	var names []string
	for _, k := range kinds() {
		switch {
		case k.export == nil:
		case k.name == o.Format:
			if err := k.export(m, path, o); err != nil {
				return fmt.Errorf("exporting: %s: %w", path, err)
			}
			return nil
		default:
			names = append(names, k.name)
		}
	}
	return fmt.Errorf("exporting: %s: unknown format %q; want a name that ends in .%s", path, o.Format, strings.Join(names, " or ."))
}
