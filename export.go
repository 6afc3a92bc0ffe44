package lince

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// ExportOptions configures Model.Export. The zero value chooses the format by the name's suffix.
type ExportOptions struct {
	// Format is "onnx". The default is the suffix of the path.
	Format string
	// Opset is the version of ONNX's operators, 17 or 21 (opset_version). The default is 17, which every runtime
	// since 2022 supports. With 21, GELU and Mish are single operators.
	Opset int
	// ChannelsFirst makes inputs of images (batch, channels, height, width), as PyTorch's models have them. The default is
	// (batch, height, width, channels). Outputs keep their shape.
	ChannelsFirst bool
	// Preprocessing puts the model's Preprocessing into the file. The input is then images of type uint8, of shape
	// (batch, height, width, channels), of the size of the image before preprocessing.
	Preprocessing bool
	// Doc describes the model in the file.
	Doc string
}

// Export writes the model's network for predictions, with its weights, to a file in another format (model.export). The suffix of path is
// the format's name, unless Format is set:
//
//   - .onnx: an ONNX model. Its inputs and outputs are those of the model, by InputNames and OutputNames, and its tensors have the
//     names of layers. Classes and Preprocessing are metadata of the file. If the weights have 2 GB or more, they are
//     in a second file, path with .data at its end.
//
// An existing file is replaced only when the new one is completely written. Equal models give equal bytes. Export returns an error
// that lists the layers which the format cannot express.
func (m *Model) Export(path string, o ExportOptions) error {
	if o.Format == "" {
		o.Format = strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
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
