package cli

import (
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/lince-ml/lince/internal/shell"
	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/report"
)

// TestPage checks the contents of the pages of a training and an evaluation.
func TestPage(t *testing.T) {
	workIn(t)
	dir := trained(t)
	text := html.UnescapeString(read(t, dir, pageName))
	r := decode[record](t, read(t, dir, "run.json"))
	contains(t, "the page", text, "Training on demo:cats-and-dogs?n=24", r.Data.Fingerprint, "lince predict "+shell.Quote(filepath.Join(dir, "best.keras")), "keras.models.load_model", "curl --data-binary @photo.jpg localhost:8080",
		"Grad-CAM by Selvaraju et al., 2017, on the feature map of the layer", "data:image/svg+xml;base64,", "peak memory", "epochs", `<span class="word">--epochs</span> <span class="word">1</span>`, "A training batch, after augmentation", "model.keras, the model after epoch 1 of 1",
		report.FormatPercent(r.Results.Accuracy))
	if n := strings.Count(text, "<figure data-chart="); n != 2 {
		t.Errorf("the page has %d charts, want those of accuracy and loss", n)
	}
	if len(text) > 1<<20 {
		t.Errorf("the page has %d bytes", len(text))
	}
	succeed(t, "evaluate", filepath.Join(dir, "model.keras"), "demo:cats-and-dogs?n=30", "--out", "out", "-q")
	text = html.UnescapeString(read(t, "out", pageName))
	contains(t, "the page of an evaluation", text, "Evaluation of "+filepath.Join(dir, "model.keras"), "on demo:cats-and-dogs?n=30", "Grad-CAM by Selvaraju", `<span class="word">lince</span> <span class="word">evaluate</span>`)
	if strings.Contains(text, "after augmentation") {
		t.Error("the page of an evaluation has a training batch")
	}
}

// TestPageWithoutFeatureMap: a network without convolutions has no heat maps, and the page says why.
func TestPageWithoutFeatureMap(t *testing.T) {
	workIn(t)
	put(t, ".", map[string][]byte{"dense.json": []byte(`{"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [
		{"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 8, 8, 3], "dtype": "float32", "name": "x"}},
		{"module": "keras.layers", "class_name": "Flatten", "config": {"name": "flatten"}},
		{"module": "keras.layers", "class_name": "Dense", "config": {"name": "dense", "units": 2, "activation": "softmax"}}]}}`)})
	succeed(t, "train", "demo:cats-and-dogs?n=24", "--model", "dense.json", "--epochs", "1", "--out", "out", "-q")
	contains(t, "the page", read(t, "out", pageName), "There are no heat maps: the network has no feature map of height and width before its classifier")
}

// TestPageLargeNetwork: the page of a network of many layers has the table alone, and says how to draw the network.
func TestPageLargeNetwork(t *testing.T) {
	workIn(t)
	text := `{"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [
		{"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 8, 8, 3], "dtype": "float32", "name": "x"}},
		{"module": "keras.layers", "class_name": "GlobalAveragePooling2D", "config": {"name": "mean"}},`
	for i := range 260 {
		text += fmt.Sprintf(`{"module": "keras.layers", "class_name": "Activation", "config": {"name": "a%d", "activation": "relu"}},`, i)
	}
	text += `{"module": "keras.layers", "class_name": "Dense", "config": {"name": "dense", "units": 2, "activation": "softmax"}}]}}`
	put(t, ".", map[string][]byte{"deep.json": []byte(text)})
	succeed(t, "train", "demo:cats-and-dogs?n=24", "--model", "deep.json", "--epochs", "1", "--out", "out", "-q")
	contains(t, "the page", read(t, "out", pageName), "A drawing of 262 layers could not be read, so there is only the table. To draw the network anyway: lince summary out/best.keras --plot network.svg", "Table of layers (262)")
	succeed(t, "summary", "out/best.keras", "--plot", "network.svg")
}

// TestPageHostile trains on folders and files with hostile names.
func TestPageHostile(t *testing.T) {
	long(t)
	workIn(t)
	files := map[string][]byte{}
	for name, b := range pngs(t, 24) {
		class := "a\u202e<script>alert(1)"
		if strings.HasPrefix(name, "dog") {
			class = "b\"'><img src=x onerror=alert(2)>"
		}
		files["data/"+class+"/\x1b[31m"+name] = b
	}
	put(t, ".", files)
	succeed(t, "train", "data", "--model", network("two.json"), "--epochs", "1", "--out", "out", "-q")
	text := read(t, "out", pageName)
	for i, r := range text {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			t.Fatalf("the page has %q after %q", r, text[max(0, i-50):i])
		}
	}
	if n := strings.Count(text, "<script"); n != 2 || strings.Contains(text, "<img src=x") {
		t.Errorf("the page has %d scripts, want 2", n)
	}
	contains(t, "the page", text, `\u202e`, `\x1b[31m`)
}

// snippet returns the code under a title of a page.
func snippet(t *testing.T, page, title string) string {
	t.Helper()
	m := regexp.MustCompile(`(?s)<h3>` + regexp.QuoteMeta(title) + `</h3><pre[^>]*><code>(.*?)</code>`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the page has no code with the title %q", title)
	}
	return html.UnescapeString(m[1])
}

// program builds main.go in the current folder.
func program(t *testing.T, root string) *exec.Cmd {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(here, "program")
	build := exec.Command("go", "build", "-o", file, filepath.Join(here, "main.go"))
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the program in Go: %v\n%s", err, out)
	}
	return exec.Command(file)
}

// output returns what a program prints, without the blanks around it.
func output(t *testing.T, what string, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	return strings.TrimSpace(string(out))
}

// runSnippets runs the programs of a page on photo.jpg in the current folder, and calls check with what each prints.
func runSnippets(t *testing.T, page string, check func(what, printed string)) {
	t.Helper()
	put(t, ".", map[string][]byte{"main.go": []byte(snippet(t, page, "In Go")), "main.py": []byte(snippet(t, page, "In Python, with Keras"))})
	check("the program in Go", output(t, "the program in Go", program(t, filepath.Join(packageDir, "..", ".."))))
	if python := os.Getenv("LINCE_PYTHON"); python != "" {
		check("the program in Python", output(t, "the program in Python", exec.Command(python, "main.py")))
	}
}

// TestPageUsage runs the programs of a page. They print what lince predict prints.
func TestPageUsage(t *testing.T) {
	long(t)
	dir := trained(t)
	root := testenv.Root(t)
	page := read(t, dir, pageName)
	workIn(t)
	put(t, ".", map[string][]byte{"photo.jpg": jpg(t), "main.go": []byte(snippet(t, page, "In Go")), "main.py": []byte(snippet(t, page, "In Python, with Keras"))})
	fields := strings.Fields(succeed(t, "predict", filepath.Join(dir, "best.keras"), "photo.jpg").stdout)
	want := fields[1] + ": " + fields[2] // class and probability with two digits
	check := func(what string, cmd *exec.Cmd) {
		t.Helper()
		out, err := cmd.Output()
		got := strings.TrimSpace(string(out))
		class, probability, _ := strings.Cut(got, ": ")
		number := strings.TrimSuffix(probability, " %")
		if err != nil || class != fields[1] || len(number) < 3 || !strings.HasPrefix(fields[2], number[:len(number)-1]) {
			t.Errorf("%s prints %q, %v, want %s", what, got, err, want)
		}
	}
	check("the program in Go", program(t, root))
	if python := os.Getenv("LINCE_PYTHON"); python != "" {
		check("the program in Python", exec.Command(python, "main.py"))
	} else {
		t.Log("the program in Python was not run: set LINCE_PYTHON")
	}
}
