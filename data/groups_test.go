package data

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// mixedGroups returns groups of unequal size in mixed order.
func mixedGroups(n, groups int) []string {
	l := make([]string, n)
	for i := range l {
		g := i * 31 % groups
		if i%3 != 0 {
			g = i * i % 10007 % (groups * (groups + 1) / 2) * 2 / (groups + 1)
		}
		l[i] = fmt.Sprintf("g%d", g)
	}
	return l
}

// TestGroupsAsScikitLearn compares splits by groups with StratifiedGroupKFold and GroupShuffleSplit.
func TestGroupsAsScikitLearn(t *testing.T) {
	type rows struct {
		N    int
		Head []int
		CRC  uint32
	}
	var cases []struct {
		N, Groups, Classes, Folds int
		Seed                      uint32
		Of                        *rows
		TestSize                  float64 `json:"test_size"`
		TrainSize                 float64 `json:"train_size"`
		Train, Test               *rows
	}
	b, err := os.ReadFile("testdata/groups.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	same := func(got []int, want *rows) bool {
		var b []byte
		for _, f := range got {
			b = binary.LittleEndian.AppendUint32(b, uint32(f))
		}
		return len(got) == want.N && crc32.ChecksumIEEE(b) == want.CRC
	}
	for _, c := range cases {
		labels, groups := mixedLabels(c.N, c.Classes), mixedGroups(c.N, c.Groups)
		if c.Of != nil {
			of, err := StratifiedGroupKFold(labels, groups, c.Folds, c.Seed)
			if err != nil {
				t.Fatalf("%+v: %v", c, err)
			}
			if !same(of, c.Of) {
				t.Errorf("%d rows, %d groups, %d classes, %d folds: %v, scikit-learn has %v", c.N, c.Groups, c.Classes, c.Folds, of[:8], c.Of.Head)
			}
			continue
		}
		train, test, err := TrainTestSplit(c.N, SplitOptions{TestSize: c.TestSize, TrainSize: c.TrainSize, RandomState: c.Seed, Groups: groups})
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		if !same(train, c.Train) || !same(test, c.Test) {
			t.Errorf("%d rows, %d groups: %v, scikit-learn has %v", c.N, c.Groups, train[:8], c.Train.Head)
		}
	}
}

// TestStratifiedGroups divides rows of a few classes by groups: no group is on both sides, and the sizes and the fractions of the classes are about the wanted ones.
func TestStratifiedGroups(t *testing.T) {
	for _, c := range []struct {
		rows, groups, classes int
		o                     SplitOptions
		tolerance             float64
	}{
		{2000, 700, 7, SplitOptions{TestSize: .25}, .01},
		{2000, 700, 7, SplitOptions{TestSize: .1, RandomState: 3}, .01},
		{2000, 60, 3, SplitOptions{TestSize: .2}, .03},
		{2000, 700, 1, SplitOptions{TestSize: .25}, .001},
		{2000, 700, 5, SplitOptions{TestSize: 300, TrainSize: 900}, .02},
		{40, 2, 2, SplitOptions{TestSize: .01}, 1},
		{40, 2, 2, SplitOptions{TestSize: .9}, 1},
	} {
		labels, groups := mixedLabels(c.rows, c.classes), mixedGroups(c.rows, c.groups)
		for i := range groups {
			if i%10 == 0 {
				groups[i] = "" // each of these is a group
			}
		}
		c.o.Stratify, c.o.Groups = labels, groups
		train, test, err := TrainTestSplit(c.rows, c.o)
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := TrainTestSplit(c.rows, c.o)
		if err != nil || !slices.Equal(train, again) {
			t.Errorf("%+v: not the same again: %v", c, err)
		}
		wantTrain, wantTest, err := SplitOptions{TestSize: c.o.TestSize, TrainSize: c.o.TrainSize}.Sizes(c.rows)
		if err != nil {
			t.Fatal(err)
		}
		near := func(got, want, of int, what string) {
			if math.Abs(float64(got-want)) > c.tolerance*float64(of)+1 {
				t.Errorf("%d rows, %d groups: %d %s, want about %d", c.rows, c.groups, got, what, want)
			}
		}
		near(len(train), wantTrain, c.rows, "train")
		near(len(test), wantTest, c.rows, "test")
		if len(train) == 0 || len(test) == 0 {
			t.Errorf("%d and %d rows", len(train), len(test))
		}
		side := map[string]string{}
		count := func(rows []int, name string) map[string]int {
			n := map[string]int{}
			for _, r := range rows {
				n[labels[r]]++
				if g := groups[r]; g != "" {
					if side[g] != "" && side[g] != name {
						t.Fatalf("the group %s is on both sides", g)
					}
					side[g] = name
				}
			}
			return n
		}
		all := map[string]int{}
		for _, l := range labels {
			all[l]++
		}
		count(train, "train")
		for l, n := range count(test, "test") {
			near(n, all[l]*wantTest/c.rows, all[l]*2, "of the class "+l)
		}
	}
}

func TestGroupErrors(t *testing.T) {
	l := strings.Split
	for want, o := range map[string]SplitOptions{
		"there are 2 groups for 4 rows":                {Groups: l("a b", " ")},
		"all 4 rows are in the group \"a\"":            {Groups: l("a a a a", " ")},
		"needs shuffling":                              {Groups: l("a a b b", " "), NoShuffle: true},
		"there are 3 labels to stratify by for 4 rows": {Groups: l("a a b b", " "), Stratify: l("x y z", " ")},
		"in groups: test_size=3 should be either":      {Groups: l("a a b b", " "), TestSize: 3},
		"smaller than the number of samples 4 or":      {Groups: l("a a b b", " "), Stratify: l("x y x y", " "), TestSize: 4},
		"there are no samples to split (n=0)":          {Groups: []string{}},
	} {
		n := 4
		if len(o.Groups) == 0 {
			n = 0
		}
		if _, _, err := TrainTestSplit(n, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for want, c := range map[string]struct {
		groups string
		folds  int
	}{"at least 2": {"a b", 1}, "in 2 groups, fewer than the 3 folds": {"a a b b", 3}, "there are 1 groups for 4 rows": {"a", 2}} {
		if _, err := StratifiedGroupKFold(l("x y x y", " "), l(c.groups, " "), c.folds, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := StratifiedGroupKFold(nil, nil, 2, 0); err == nil || !strings.Contains(err.Error(), "no rows") {
		t.Error(err)
	}
}

// TestGroupColumn opens tables with a column of groups.
func TestGroupColumn(t *testing.T) {
	dir := tree(t, "a.png", "b.png", "c.png", "d.png", "e.png", "f.png", "g.png")
	open1 := func(text string, o OpenOptions) *Table {
		o.Images = dir
		return open(t, file1(t, "t.csv", []byte(text)), o)
	}
	const text = "lesion_id,filename,category,split\nL1, a.png,cat,train\nL2,b.png,dog,test\n L1 ,c.png,cat,train\n,d.png,dog,train\nL3,x.png,dog,train\nL2,e.png,cat,train\nnan,f.png,cat,train\n"
	tab := open1(text, OpenOptions{GroupColumn: "Lesion ID"})
	if got := fmt.Sprintf("%q", tab.Groups()); got != `["L1" "L2" "L1" "" "L2" ""]` || fmt.Sprint(Grouped(tab.Groups())) != "[[0 2] [1 4]]" {
		t.Errorf("%s %v", got, Grouped(tab.Groups()))
	}
	if notes := strings.Join(tab.Notes(), "\n"); !strings.Contains(notes, `2 of the 7 rows have no value in the column "lesion_id", so each of them is a group.`) {
		t.Errorf("%q", notes)
	}
	if column, _ := tab.LikelyGroups(); column != "" {
		t.Error(column)
	}
	if got := fmt.Sprintf("%q", tab.Take([]int{4, 0}).Groups()); got != `["L2" "L1"]` {
		t.Error(got)
	}
	if got := fmt.Sprintf("%q", open1(text, OpenOptions{GroupColumn: "lesion_id", SplitColumn: "split"}).Groups()); got != `["L1" "L1" "" "L2" ""]` {
		t.Error(got)
	}
	tab = open1(text, OpenOptions{})
	if column, n := tab.LikelyGroups(); column != "lesion_id" || n != 3 || tab.Groups() != nil {
		t.Error(column, n, tab.Groups())
	}
	for header, want := range map[string]string{
		"patient": "patient", "PatientID": "PatientID", "id_patient": "id_patient", "case_no": "case_no", "Subject": "Subject", "case": "", "study": "", "id": "", "group_id": "group_id", "patient_age": "",
	} {
		if column, _ := open1(header+",filename,category\n1,a.png,x\n2,b.png,y\n3,c.png,y\n1,d.png,y\n", OpenOptions{}).LikelyGroups(); column != want {
			t.Errorf("%s: %q, want %q", header, column, want)
		}
	}
	for name, text := range map[string]string{
		"all differ": "patient,filename,category\n1,a.png,x\n2,b.png,y\n3,c.png,y\n4,d.png,y\n",
		"two values": "patient,filename,category\n1,a.png,x\n2,b.png,y\n1,c.png,y\n",
		"the labels": "patient,filename\n1,a.png\n2,b.png\n3,c.png\n1,d.png\n",
	} {
		if column, _ := open1(text, OpenOptions{LabelColumn: map[bool]string{true: "patient"}[name == "the labels"]}).LikelyGroups(); column != "" {
			t.Errorf("%s: %s", name, column)
		}
	}
	for want, c := range map[string]struct {
		name string
		o    OpenOptions
	}{
		`has no column "patient" for the groups; its columns are filename, category: choose one (GroupColumn, --group)`: {file1(t, "t.csv", []byte("filename,category\na.png,x\n")), OpenOptions{GroupColumn: "patient"}},
		"remove the options for CSV files: GroupColumn (--group)":                                                       {dir, OpenOptions{GroupColumn: "patient"}},
	} {
		if _, err := Open(t.Context(), c.name, c.o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
