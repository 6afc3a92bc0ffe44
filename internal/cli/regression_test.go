package cli

import (
	"encoding/json"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/testenv"
)

// prices writes 40 images of 12x12 pixels whose brightness decides a number, and a table of them.
func prices(t *testing.T) {
	t.Helper()
	if err := os.Mkdir("img", 0o700); err != nil {
		t.Fatal(err)
	}
	lines := "filename,price\n"
	for i := range 40 {
		v := uint8(i * 6)
		img := image.NewRGBA(image.Rect(0, 0, 12, 12))
		for k := range 144 {
			img.Set(k%12, k/12, color.RGBA{v, v, uint8(k), 255})
		}
		name := fmt.Sprint(i, ".png")
		f, err := os.Create(filepath.Join("img", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, img); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		lines += fmt.Sprintf("%s,%.2f\n", name, -200+25.5*float64(i))
	}
	writeFile(t, "t.csv", lines)
}

var priceData = []string{"t.csv", "--images", "img", "--category", "price"}

// TestRegress trains a model on numbers, and uses it.
func TestRegress(t *testing.T) {
	plots(t)
	dir := workIn(t)
	prices(t)
	regress := slices.Concat(priceData, []string{"--task", "regress"})
	o := run(t, append([]string{"data"}, priceData...)...)
	contains(t, "what data says", o.stderr, `the column "price" has 40 different numbers`, "set the task to regress, else to classify (--task)")
	o = succeed(t, append([]string{"data"}, regress...)...)
	contains(t, "what data says", o.stdout, "Numbers to predict: 40, from -200 to 794.5, median 297.25, mean 297.25, standard deviation")
	o = succeed(t, append(append([]string{"train"}, regress...), "--size", "12", "--no-augment", "--optimizer", "adam", "--epochs", "8", "--out", "r")...)
	contains(t, "the output", o.stdout, "The last layer of the model, Rescaling,", "rescaling (Rescaling)", "30 training and 10 validation images of a number each", "val_mean_absolute_error", "R2 score")
	r := decode[record](t, read(t, "r", "run.json"))
	if r.Regression == nil || r.Regression.R2 == nil || *r.Regression.R2 < .8 || r.Results != nil || r.Model.Loss != "MeanSquaredError" || r.Regression.Examples != 10 {
		t.Fatalf("run.json has %+v", r.Regression)
	}
	if rows := strings.Split(strings.TrimSpace(read(t, "r", "predictions.csv")), "\n"); len(rows) != 11 || rows[0] != "filename,category,predicted" {
		t.Errorf("predictions.csv has %q", rows)
	}
	o = succeed(t, append(append([]string{"evaluate", "r/best.keras"}, regress...), "--json", "--out", "judged")...)
	e := decode[evaluation](t, o.stdout)
	if e.Regression == nil || e.Classification != nil {
		t.Fatalf("evaluate says %s", o.stdout)
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-5*math.Abs(want) {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	near("the loss", e.Values["loss"].(float64), e.Regression.MSE) //nolint:forcetypeassert // a test
	near("the error", e.Values["mean_absolute_error"].(float64), e.Regression.MAE)
	o = succeed(t, "predict", "r/best.keras", "img/0.png", "img/39.png", "--json")
	p := decode[struct {
		Predictions []struct{ Predicted float64 }
	}](t, o.stdout)
	if len(p.Predictions) != 2 || p.Predictions[0].Predicted > 100 || p.Predictions[1].Predicted < 500 {
		t.Errorf("predict says %s", o.stdout)
	}
	for _, dir := range []string{"r", "judged"} {
		contains(t, "the page in "+dir, html.UnescapeString(read(t, dir, pageName)), "mean absolute error", "Predicted against true", "How often errors occur", "Errors by the size of the number", "Largest errors", "predicted - true", "localhost:8080/v1/models/r:predict")
	}
	put(t, ".", map[string][]byte{"photo.jpg": []byte(read(t, "img", "39.png"))})
	runSnippets(t, read(t, "r", pageName), func(what, printed string) {
		got, err := strconv.ParseFloat(printed, 64)
		if err != nil {
			t.Errorf("%s prints %q", what, printed)
		}
		near(what, got, p.Predictions[1].Predicted)
	})
	// Continue with the file.
	succeed(t, append(append([]string{"train"}, regress...), "--model", "r/best.keras", "--no-augment", "--epochs", "1", "--out", "more")...)

	for _, c := range []struct{ args, want string }{
		{"evaluate r/best.keras img --label none", "predicts a number"},
		{"predict r/best.keras img/0.png --unknown .5", "not for a model that predicts numbers"},
		{"train TABLE --task regress --stratify --class-weight balanced", "--class-weight is for images with classes"},
		{"train TABLE --task classify --model r/best.keras", "cannot be the start of a classifier: choose another --model, such as cnn or mobilenetv2; to train on numbers in a column of the table, set --task regress"},
		{"train demo:cats-and-dogs?n=12 --model r/best.keras", "cannot be the start of a classifier: choose another --model, such as cnn or mobilenetv2\n"},
		{"train TABLE --task regress --model mobilenetv2", "transfer learning is for classes"},
		{"train TABLE --task regress --model " + network("two.json"), "has 2 outputs, want one"},
	} {
		args := strings.Fields(strings.Replace(c.args, "TABLE", strings.Join(priceData, " "), 1))
		if o := run(t, args...); o.code == exitOK || !strings.Contains(o.stderr, c.want) {
			t.Errorf("%s: exit code %d, %s", c.args, o.code, o.stderr)
		}
	}

	t.Chdir(packageDir) // from where the script is found
	testenv.Python(t, "regression.py", filepath.Join(dir, "r", "best.keras"), filepath.Join(dir, "img"), filepath.Join(dir, "t.csv"), filepath.Join(dir, "keras.json"))
	t.Chdir(dir)
	var keras map[string]float64
	if err := json.Unmarshal([]byte(read(t, "keras.json")), &keras); err != nil {
		t.Fatal(err)
	}
	near("Keras' loss", keras["loss"], e.Regression.MSE)
	near("Keras' error", keras["mean_absolute_error"], e.Regression.MAE)
	near("Keras' R2", keras["r2_score"], *e.Regression.R2)
}
