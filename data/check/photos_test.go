package check

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/testenv"
)

// own lists the faults that the photos have already. Each was looked at.
var own = []planted{
	{"duplicate", []string{"224.jpg", "267.jpg"}}, // of the part test
	{"duplicate", []string{"cat.6143.jpg", "cat.6204.jpg"}},
	{"duplicate", []string{"dog.2027.jpg", "dog.3082.jpg"}},
	{"near-duplicate", []string{"cat.3565.jpg", "cat.2565.jpg"}},
	{"near-duplicate", []string{"cat.4726.jpg", "cat.2580.jpg"}},
	{"near-duplicate", []string{"cat.3411.jpg", "cat.4435.jpg"}},
	{"near-duplicate", []string{"cat.4575.jpg", "cat.4126.jpg"}},
	{"near-duplicate", []string{"dog.6058.jpg", "dog.10.jpg"}},
	{"near-duplicate", []string{"dog.1273.jpg", "dog.980.jpg"}},
	{"near-duplicate", []string{"dog.74.jpg", "dog.180.jpg"}},
	{"near-duplicate", []string{"dog.6026.jpg", "dog.5163.jpg"}},
	{"blurred", []string{"cat.4577.jpg"}},
}

// TestPlantedFaults plants faults in photos, and expects that nearly all are found and that nearly nothing else is. By default, it uses a tenth of the
// photos. LINCE_FAULTS=DIR plants in all of them, in the folder DIR, which stays for other programs; LINCE_FAULTS_SEED=N chooses other photos.
func TestPlantedFaults(t *testing.T) {
	zip := testenv.Data(t, "dogs-vs-cats.zip")
	train, err := data.Open(t.Context(), zip, data.OpenOptions{Part: "train"})
	if err != nil {
		t.Fatal(err)
	}
	defer train.Close()
	test, err := data.Open(t.Context(), zip, data.OpenOptions{Part: "test1", LabelRule: data.Unlabeled})
	if err != nil {
		t.Fatal(err)
	}
	defer test.Close()
	dir := os.Getenv("LINCE_FAULTS")
	if dir == "" {
		if testing.Short() {
			t.Skip("copies 1,250 photos")
		}
		dir = t.TempDir()
		train, test = train.Limit(1250), test.Limit(50)
	}
	seed := uint64(0)
	if text := os.Getenv("LINCE_FAULTS_SEED"); text != "" {
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	faults := plant(t, train, test, dir, seed)

	table, err := data.Open(t.Context(), dir, data.OpenOptions{LabelRule: data.Prefix})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), table, Options{})
	if err != nil {
		t.Fatal(err)
	}
	found, missed := 0, 0
	hit := make([]bool, len(r.Findings))
	for _, f := range faults {
		if f.kind == "label" { // needs a model
			continue
		}
		i := slices.IndexFunc(r.Findings, f.is)
		if i < 0 {
			missed++
			t.Logf("missed: %s of %s", f.kind, strings.Join(f.files, ", "))
			continue
		}
		found++
		hit[i] = true
	}
	wrong := 0
	for i, f := range r.Findings {
		if !hit[i] && !slices.ContainsFunc(own, func(o planted) bool { return o.is(f) }) {
			wrong++
			t.Logf("wrong or new: %s of %v: %s", f.Kind, names(f.Images), f.Detail)
		}
	}
	t.Logf("%d found, %d missed, %d wrong", found, missed, wrong)
	if missed > 2 || wrong > 5 {
		t.Errorf("%d of %d faults missed, %d wrong findings; want at most 2 and 5", missed, found+missed, wrong)
	}
}

// is reports whether a finding is of this fault.
func (p planted) is(f Finding) bool {
	if f.Kind != p.kind {
		return false
	}
	have := names(f.Images)
	for _, n := range p.files {
		if !slices.Contains(have, filepath.Base(n)) {
			return false
		}
	}
	return true
}

func names(images []Image) []string {
	var out []string
	for _, i := range images {
		out = append(out, filepath.Base(i.Filename))
	}
	return out
}
