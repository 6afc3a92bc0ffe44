package lince

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSubclasses opens models whose classes only another package of Python has: the error has the lines that export them.
func TestSubclasses(t *testing.T) {
	class := func(name, registered string) string {
		return `{"module": "m", "class_name": "` + name + `", "config": {"name": "x"}, "registered_name": "` + registered + `"}`
	}
	hub := class("ResNetBackbone", "keras_hub>ResNetBackbone")
	nested := func(class string) string {
		return `{"class_name": "Sequential", "config": {"name": "s", "layers": [{"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 4]}}, ` + class + `]}}`
	}
	plain := membersOf(t, bytesOf(t, smallModel(t, 1)))
	with := func(config string, others ...string) (list []file) {
		for _, f := range plain {
			if f.name == "config.json" {
				f.content = config
			}
			list = append(list, f)
		}
		for _, n := range others {
			list = append(list, file{n, config})
		}
		return list
	}
	for _, c := range []struct {
		name   string
		files  []file
		open   string // a file of the folder; "" for a .keras file of all, "." for the folder
		want   string // FILE stands for the path
		absent string
	}{
		{name: "a preset", files: with(hub, "task.json", "image_converter.json"), open: ".", absent: "Backbone.from",
			want: "it is a preset of KerasHub, whose classes lince does not have; export it with Python, and open the new file:\nimport keras_hub\nkeras_hub.models.ImageClassifier.from_preset(\"DIR\").export(\"preset.tflite\", format=\"litert\")\n" +
				"The new file does not have the preprocessing: image_converter.json has the size of images"},
		{name: "a preset without a classifier", files: with(hub), open: ".", want: `keras_hub.models.Backbone.from_preset("DIR").export("preset.tflite", format="litert")`, absent: "preprocessing"},
		{name: "its task", files: with(hub, "task.json"), open: "task.json", want: `keras_hub.models.ImageClassifier.from_preset("DIR")`},
		{name: "a file", files: with(hub), want: "it is a model of KerasHub, whose classes lince does not have; export it with Python, and open the new file:\nimport keras, keras_hub\nkeras.models.load_model(\"FILE\").export(\"x.tflite\", format=\"litert\")"},
		{name: "KerasCV", files: with(class("ImageClassifier", "keras_cv>ImageClassifier")), want: "import keras, keras_cv\n"},
		{name: "a backbone as a layer", files: with(nested(hub)), want: "lince does not support: ResNetBackbone (layer x); add custom layers to Options.Layers; it is a model of KerasHub"},
		{name: "a class of a program", files: with(class("My", "my_pkg>My")), want: "only the program that defines \"my_pkg>My\" has its code; export the model there, and open the new file:\nm = keras.models.load_model(\"FILE\")\nm(numpy.zeros((1, 224, 224, 3))) # the shape is that of the model's input\nm.export(\"x.tflite\""},
		{name: "a layer of a program", files: with(nested(class("Square", "my_pkg>Square"))), want: "only the program that defines \"my_pkg>Square\" has its code", absent: "numpy"},
		{name: "a network alone", files: []file{{"net.json", hub}}, open: "net.json", want: `its class is "ResNetBackbone", want Sequential or Functional`, absent: "export"},
		{name: "a layer of Keras", files: with(class("Dense", "")), want: `its class is "Dense", want Sequential or Functional`, absent: "export"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "preset")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			for _, f := range c.files {
				if err := os.WriteFile(filepath.Join(dir, f.name), []byte(f.content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			path := filepath.Join(dir, c.open)
			if c.open == "" {
				path = filepath.Join(t.TempDir(), "x.keras")
				if err := os.WriteFile(path, []byte(zipOf(t, c.files...)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Open(path)
			if err == nil {
				t.Fatal("no error")
			}
			got := strings.NewReplacer(path, "FILE", dir, "DIR").Replace(err.Error())
			if c.open == "." {
				got = strings.ReplaceAll(err.Error(), dir, "DIR")
			}
			if !strings.Contains(got, c.want) || c.absent != "" && strings.Contains(got, c.absent) {
				t.Errorf("the error is\n%s\nwant\n%s\nwithout %q", got, c.want, c.absent)
			}
		})
	}
}
