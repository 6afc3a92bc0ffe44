package cli

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/internal/shell"
	"github.com/lince-ml/lince/report"
)

// usage shows how to use a model file on the command line, over HTTP, in Go and in Python.
func usage(m *lince.Model, file string, classes []string) []report.Snippet {
	list := []report.Snippet{
		{Title: "On the command line", Code: "lince predict " + shell.Quote(file) + " photo.jpg\n"},
		{Title: "With curl, from a server", Code: "lince serve " + shell.Quote(file) + "\n" + curlUsage(m, file)},
		{Title: "In Go", Code: goUsage(m, file)},
	}
	switch ext := strings.ToLower(filepath.Ext(file)); {
	case hasGraph(m):
		list = append(list, report.Snippet{Title: "In Python", Code: "# The model is a graph without Keras layers. This command writes it for ONNX Runtime:\n# lince convert " + shell.Quote(file) + " model.onnx\n"})
	case ext != ".keras" && ext != ".h5" && ext != ".hdf5":
		list = append(list, report.Snippet{Title: "In Python", Code: "# This command writes the model for Keras:\n# lince convert " + shell.Quote(file) + " model.keras\n"})
	default:
		list = append(list, report.Snippet{Title: "In Python, with Keras", Code: pythonUsage(m, file, classes)})
	}
	return list
}

// curlUsage returns a call of the server.
func curlUsage(m *lince.Model, file string) string {
	if !m.Regression {
		return "curl --data-binary @photo.jpg localhost:8080\n"
	}
	return `curl -d "{\"instances\": [{\"b64\": \"$(base64 <photo.jpg | tr -d '\n')\"}]}" localhost:8080/v1/models/` + servedName(file) + ":predict\n"
}

// goUsage returns a program that predicts what lince predicts.
func goUsage(m *lince.Model, file string) string {
	imports := []string{"context", "fmt", "log", "os", "", "github.com/lince-ml/lince"}
	predict := `	prediction, err := model.ClassifyImage(context.Background(), photo)
	if err != nil {
		log.Fatal(err)
	}
`
	switch {
	case m.Regression:
		imports = []string{"fmt", "log", "os", "", "github.com/lince-ml/lince", "github.com/lince-ml/lince/data/picture", "github.com/lince-ml/lince/tensor"}
		predict = `	steps, err := model.Preprocessing.Compile()
	if err != nil {
		log.Fatal(err)
	}
	var decoder picture.Decoder
	pixels, height, width, err := decoder.AppendFloat32(nil, photo, steps.Options())
	if err != nil {
		log.Fatal(err)
	}
	steps.Apply(pixels)
	y, err := model.PredictBatch(tensor.Of(pixels, 1, height, width, steps.Channels()))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y.Float32s()[0])
`
	case m.MultiLabel && m.GivesScores():
		predict += `	for i, s := range prediction.Scores {
		if s >= .5 {
			fmt.Printf("%s: %.4f\n", model.Classes[i], s)
		}
	}
`
	case m.MultiLabel:
		predict += `	for i, p := range prediction.Probabilities {
		if p >= .5 {
			fmt.Printf("%s: %.1f %%\n", model.Classes[i], 100*p)
		}
	}
`
	case m.GivesScores():
		predict += `	fmt.Printf("%s: %.4f\n", prediction.Name, prediction.Scores[prediction.Class])
`
	default:
		predict += `	fmt.Printf("%s: %.1f %%\n", prediction.Name, 100*prediction.Probability)
`
	}
	var b strings.Builder
	b.WriteString("package main\n\nimport (\n")
	for _, name := range imports {
		if name == "" {
			b.WriteString("\n")
		} else {
			fmt.Fprintf(&b, "\t%q\n", name)
		}
	}
	fmt.Fprintf(&b, `)

func main() {
	model, err := lince.Open(%s)
	if err != nil {
		log.Fatal(err)
	}
	photo, err := os.ReadFile("photo.jpg")
	if err != nil {
		log.Fatal(err)
	}
`, strconv.QuoteToGraphic(file))
	b.WriteString(predict + "}\n")
	return b.String()
}

// pythonText returns a literal of Python: JSON's strings are Python's, too.
func pythonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "None" // not reached: v is a text or a list of texts or numbers
	}
	return string(b)
}

// mostPythonClasses is the largest number of classes that are listed in Python.
const mostPythonClasses = 50

// pythonUsage returns a program that predicts what lince predicts, except for the temperature.
func pythonUsage(m *lince.Model, file string, classes []string) string {
	load, ok := pythonPreprocessing(m.Preprocessing)
	if !ok {
		return "# Python has no short form of this model's preprocessing, which is in metadata.json of the file:\n# " + pythonText(m.Preprocessing) + "\n"
	}
	var b strings.Builder
	b.WriteString("import keras\nimport numpy as np\n\n")
	fmt.Fprintf(&b, "model = keras.models.load_model(%s)\n%s", pythonText(file), load)
	output := "model.predict(x[None], verbose=0)[0]"
	if m.Regression {
		fmt.Fprintf(&b, "print(%s[0])\n", output)
		return b.String()
	}
	logits, out := m.GivesLogits(), m.OutputShape()
	switch {
	case m.MultiLabel:
		fmt.Fprintf(&b, "p = %s\n", output)
		if logits {
			b.WriteString("p = 1 / (1 + np.exp(-p))\n")
		}
	case out[len(out)-1] == 1:
		fmt.Fprintf(&b, "p = %s[0]\n", output)
		if logits {
			b.WriteString("p = 1 / (1 + np.exp(-p))\n")
		}
		b.WriteString("p = np.array([1 - p, p])\n")
	default:
		fmt.Fprintf(&b, "p = %s\n", output)
		if logits {
			b.WriteString("p = np.exp(p - p.max())\np /= p.sum()\n")
		}
	}
	name := "class {i}"
	if len(classes) <= mostPythonClasses {
		fmt.Fprintf(&b, "classes = %s\n", pythonText(classes))
		name = "{classes[i]}"
	}
	if m.MultiLabel {
		b.WriteString("for i in np.flatnonzero(p >= 0.5):\n    ")
	} else {
		b.WriteString("i = p.argmax()\n")
	}
	number := "{100 * p[i]:.1f} %"
	if m.GivesScores() {
		number = "{p[i]:.4f}"
	}
	fmt.Fprintf(&b, "print(f\"%s: %s\")\n", name, number)
	if m.Temperature != 0 {
		fmt.Fprintf(&b, "# lince also divides the logits by the temperature in the file, %.4g.\n", m.Temperature)
	}
	return b.String()
}

// pythonPreprocessing returns the lines that load photo.jpg as x. ok is false for steps that need more than a few lines.
func pythonPreprocessing(steps lince.Preprocessing) (lines string, ok bool) {
	var b strings.Builder
	decode, resize := preprocess.Decode{}, preprocess.Resize{}
	images, changes := steps.Split()
	for _, s := range images {
		switch s := s.(type) {
		case preprocess.Decode:
			decode = s
		case preprocess.Resize:
			resize = s
		default:
			return "", false
		}
	}
	if decode.Orient || decode.GrayRange != [2]float64{} || resize.Height == 0 || resize.PadToAspectRatio || resize.ResizeWithPad || resize.Interpolation == picture.BilinearTF {
		return "", false
	}
	fmt.Fprintf(&b, "image = keras.utils.load_img(\"photo.jpg\", color_mode=%s, target_size=(%d, %d), interpolation=%s", pythonText(decode.ColorMode), resize.Height, resize.Width, pythonText(resize.Interpolation))
	if resize.CropToAspectRatio {
		b.WriteString(", keep_aspect_ratio=True")
	}
	b.WriteString(")\nx = keras.utils.img_to_array(image)\n")
	for _, s := range changes {
		switch s := s.(type) {
		case preprocess.BGR:
			b.WriteString("x = x[..., ::-1]\n")
		case preprocess.Rescale:
			if s.Scale != 0 {
				fmt.Fprintf(&b, "x = x * %v\n", s.Scale)
			}
			if s.Offset != 0 {
				fmt.Fprintf(&b, "x = x + %v\n", s.Offset)
			}
		case preprocess.Normalize:
			if len(s.Mean) > 0 {
				fmt.Fprintf(&b, "x = x - np.array(%s, \"float32\")\n", pythonText(s.Mean))
			}
			if len(s.Std) > 0 {
				fmt.Fprintf(&b, "x = x / np.array(%s, \"float32\")\n", pythonText(s.Std))
			}
		case preprocess.Input:
			fmt.Fprintf(&b, "x = keras.applications.imagenet_utils.preprocess_input(x, mode=%s)\n", pythonText(s.Mode))
		default:
			return "", false
		}
	}
	return b.String(), true
}
