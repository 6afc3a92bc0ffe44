package cli

import (
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data"
)

// groupedTable writes images and a table of them with the column patient_id: three images of each patient, in an order that mixes them.
func groupedTable(t *testing.T) (patients map[string]string) {
	t.Helper()
	images := pngs(t, 60)
	patients = map[string]string{}
	var rows []string
	for i, name := range sorted(images) {
		patients[name] = fmt.Sprintf("P%d", i%20)
		class, _, _ := strings.Cut(name, ".")
		rows = append(rows, strings.Join([]string{name, class, patients[name]}, ","))
	}
	put(t, "set", images)
	put(t, "set", map[string][]byte{"t.csv": []byte("filename,category,patient_id\n" + strings.Join(rows, "\n") + "\n")})
	return patients
}

// validated returns the patients of the images in predictions.csv of a run.
func validated(t *testing.T, out string, patients map[string]string) map[string]int {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(read(t, out, "predictions.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	n := map[string]int{}
	for _, r := range rows[1:] {
		n[patients[r[0]]]++
	}
	return n
}

// TestGroups checks that --group keeps the images of a patient on one side of the split, or in one fold, and that the column is proposed without it.
func TestGroups(t *testing.T) {
	workIn(t)
	patients := groupedTable(t)
	train := []string{"train", "set/t.csv", "--model", network("two.json"), "--epochs", "1"}
	o := succeed(t, append(train, "--out", "none")...)
	contains(t, "the warnings", o.stderr, "the column patient_id has only 20 different values", "To keep each group on one side: --group patient_id")
	apart := 0
	for _, n := range validated(t, "none", patients) {
		if n < 3 {
			apart++
		}
	}
	if apart == 0 {
		t.Error("no patient is on both sides without --group, so this test says nothing")
	}
	for out, more := range map[string][]string{"plain": nil, "stratified": {"--stratify"}, "other": {"--seed", "7", "--test-size", "12"}} {
		o := succeed(t, append(slices.Clone(train), append(more, "--group", "patient_id", "--out", out)...)...)
		r := decode[record](t, read(t, out, "run.json")).Data
		if r.Groups == nil || r.Groups.Column != "patient_id" || r.Groups.Training+r.Groups.Validation != 20 || r.Validation != 3*r.Groups.Validation || r.Validation < 12 || r.Validation > 18 {
			t.Errorf("%s: run.json has %+v, %d and %d images", out, r.Groups, r.Training, r.Validation)
		}
		contains(t, out, o.stdout, fmt.Sprintf("Groups by the column patient_id: %d for training (%d images) and %d for validation (%d images). None is on both sides.", r.Groups.Training, r.Training, r.Groups.Validation, r.Validation))
		if strings.Contains(o.stderr, "patient_id") {
			t.Errorf("%s: %s", out, o.stderr)
		}
		for p, n := range validated(t, out, patients) {
			if n != 3 {
				t.Errorf("%s: %d of 3 images of %s are in the validation", out, n, p)
			}
		}
	}
	succeed(t, append(slices.Clone(train), "--group", "patient_id", "--folds", "4", "--out", "folds", "-q")...)
	tested := map[string]int{}
	for fold := 1; fold <= 4; fold++ {
		for p, n := range validated(t, filepath.Join("folds", fmt.Sprint("fold-", fold)), patients) {
			if tested[p]++; n != 3 {
				t.Errorf("fold %d has %d of 3 images of %s", fold, n, p)
			}
		}
	}
	if len(tested) != 20 {
		t.Errorf("the folds have %d patients", len(tested))
	}
}

// TestGroupsAreJoined checks that a group stays with the duplicates of its images, and that groups which leave nothing to split are an error.
func TestGroupsAreJoined(t *testing.T) {
	workIn(t)
	patients := groupedTable(t)
	twin := map[string]string{} // patients by twos, of which one image is the same
	names := slices.Sorted(maps.Keys(patients))
	for i := range 10 {
		a, b := names[i], names[i+10]
		content, err := os.ReadFile(filepath.Join("set", a))
		if err != nil {
			t.Fatal(err)
		}
		put(t, "set", map[string][]byte{b: content})
		twin[patients[a]], twin[patients[b]] = patients[b], patients[a]
	}
	succeed(t, "train", "set/t.csv", "--group", "patient_id", "--model", network("two.json"), "--epochs", "1", "--out", "r")
	n := validated(t, "r", patients)
	for p := range n {
		if n[p] != 3 || n[twin[p]] != 3 {
			t.Errorf("%s has %d and %s %d images in the validation", p, n[p], twin[p], n[twin[p]])
		}
	}
	if d := decode[record](t, read(t, "r", "run.json")).Data.Duplicates; d == nil || d.Moved != 0 {
		t.Errorf("%+v", d)
	}
	same := strings.ReplaceAll(read(t, "set", "t.csv"), ",P", ",X #")
	for i := range 20 {
		same = strings.ReplaceAll(same, fmt.Sprintf("X #%d\n", i), "X\n")
	}
	put(t, "set", map[string][]byte{"same.csv": []byte(same)})
	for want, args := range map[string][]string{
		"--group patient_id: all 60 images belong together":                               {"set/same.csv", "--group", "patient_id"},
		"--group patient_id: the rows are in 10 groups, fewer than the 12 folds":          {"set/t.csv", "--group", "patient_id", "--folds", "12", "--fold", "1"},
		`has no column "patient" for the groups`:                                          {"set/t.csv", "--group", "patient"},
		`the column "category" has the labels, so it cannot be that of the groups`:        {"set/t.csv", "--group", "category"},
		"set: is not a CSV file; remove the options for CSV files: --group; or the table": {"set", "--group", "patient_id"},
		"--group is for a split of the images, or for validation images in a table":       {"set/t.csv", "--group", "patient_id", "--validation", "set"},
	} {
		o := run(t, append([]string{"train", "--model", network("two.json"), "--epochs", "1", "--out", "x"}, args...)...)
		if o.code == 0 {
			t.Errorf("%v: no error, want %q", args, want)
		}
		contains(t, strings.Join(args, " "), o.stderr, want)
	}
}

// TestGroupsOfAClass checks the advice for classes that are on one side of a split by groups: --stratify does not help those of one group.
func TestGroupsOfAClass(t *testing.T) {
	workIn(t)
	images := pngs(t, 60)
	table := func(more func(i int) (class, patient string)) string {
		var rows []string
		for i, name := range sorted(images) {
			class, patient := more(i)
			if class == "" {
				class, _, _ = strings.Cut(name, ".")
			}
			rows = append(rows, strings.Join([]string{name, class, patient}, ","))
		}
		return "filename,category,patient_id\n" + strings.Join(rows, "\n") + "\n"
	}
	put(t, "set", images)
	common := func(i int) string { return fmt.Sprintf("P%d", i%20) }
	put(t, "set", map[string][]byte{
		"one.csv": []byte(table(func(i int) (class, patient string) {
			if i < 6 {
				return "rare", "Z"
			}
			return "", common(i)
		})),
		"two.csv": []byte(table(func(i int) (class, patient string) {
			if i < 6 {
				return fmt.Sprint("rare", i%2), fmt.Sprint("Z", i%2)
			}
			return "", common(i)
		})),
		"several.csv": []byte(table(func(i int) (class, patient string) {
			if i < 2 {
				return "rare", fmt.Sprint("Z", i)
			}
			return "", common(i)
		})),
	})
	lone := "add images with other values of patient_id, since all images of the class rare have the same one"
	for _, c := range []struct{ flags, want string }{
		{"one.csv --group patient_id", lone},
		{"one.csv --group patient_id --stratify", lone},
		{"one.csv --group patient_id --folds 2 --fold 1", lone},
		{"several.csv --group patient_id --seed 3", "use --stratify or images with other values of patient_id"},
		{"two.csv --group patient_id --test-size 2", "add images with other values of patient_id, since "},
	} {
		flags := strings.Fields("set/" + c.flags)
		o := succeed(t, append([]string{"train", "--size", "16", "--epochs", "1", "--overwrite", "-q", "--out", "r"}, flags...)...)
		contains(t, c.flags, o.stderr, "image is of the class", c.want)
		if strings.Contains(c.want, "since") && strings.Contains(o.stderr, "--stratify") {
			t.Errorf("%s: %s", c.flags, o.stderr)
		}
	}
}

// TestGroupLeaks checks that groups on both sides of parts that the user has chosen are counted.
func TestGroupLeaks(t *testing.T) {
	workIn(t)
	groupedTable(t)
	lines := strings.Split(strings.TrimSpace(read(t, "set", "t.csv")), "\n")
	parted := []string{lines[0] + ",split"}
	for i, l := range lines[1:] {
		parted = append(parted, l+map[bool]string{true: ",val", false: ",train"}[i%20 < 3 && i < 40])
	}
	put(t, "set", map[string][]byte{"parts.csv": []byte(strings.Join(parted, "\n")), "val.csv": []byte(strings.Join(append(lines[:1:1], lines[1], lines[21]), "\n"))})
	train := []string{"train", "--model", network("two.json"), "--epochs", "1", "--group", "patient_id"}
	o := succeed(t, append(train, "set/parts.csv", "--split", "split", "--out", "a")...)
	contains(t, "the warnings", o.stderr, "have 3 groups of the column patient_id in common, with 6 of the 6 images for validation")
	o = succeed(t, append(train, "set/t.csv", "--validation", "set/val.csv", "--out", "b")...)
	contains(t, "the warnings", o.stderr, "have 1 group of the column patient_id in common, with 2 of the 2 images")
}

// TestGroupsOfCommands checks --group of lince check and lince clean.
func TestGroupsOfCommands(t *testing.T) {
	workIn(t)
	patients := groupedTable(t)
	o := succeed(t, "clean", "set/t.csv", "--group", "patient_id", "--out", "keep.csv")
	contains(t, "the output", o.stdout, "lince train keep.csv --images set --group patient_id")
	if line := strings.Split(read(t, "keep.csv"), "\n"); line[0] != "filename,category,patient_id" || line[1] != "cat.0.png,cat,P0" {
		t.Errorf("keep.csv has %q", line[:2])
	}
	if o := run(t, "check", "set/t.csv", "--group", "patient_id"); o.code != 2 || !strings.Contains(o.stderr, "--group is for --folds") {
		t.Errorf("%+v", o)
	}
	h, groups := heads{featureTable: &featureTable{}, classes: []string{"cat", "dog"}}, []string{}
	for i, name := range sorted(pngs(t, 60)) {
		class, _, _ := strings.Cut(name, ".")
		h.rows, h.index, groups = append(h.rows, data.Row{Filename: name, Label: class}), append(h.index, i), append(groups, patients[name])
	}
	if err := h.divide(groups, 5); err != nil {
		t.Fatal(err)
	}
	fold := map[string]int{}
	for i, g := range groups {
		if f, seen := fold[g]; seen && f != h.fold[i] {
			t.Fatalf("%s is in the folds %d and %d", g, f, h.fold[i])
		}
		fold[g] = h.fold[i]
	}
}
