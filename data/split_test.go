package data

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"slices"
	"strings"
	"testing"
)

// mixedLabels returns the labels of labels() in internal/golden/split.py.
func mixedLabels(n, classes int) []string {
	l := make([]string, n)
	for i := range l {
		l[i] = fmt.Sprintf("class%d", i*i%7919%(classes*(classes+1)/2)*2/(classes+1))
	}
	return l
}

func TestTrainTestSplit(t *testing.T) {
	type rows struct {
		N    int
		Head []int
		CRC  uint32
	}
	var cases []struct {
		N           int
		TestSize    float64 `json:"test_size"`
		TrainSize   float64 `json:"train_size"`
		Seed        uint32
		Shuffle     bool
		Classes     int
		Labels      []string
		Train, Test rows
		Error       string
	}
	b, err := os.ReadFile("testdata/split.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	check := func(what string, got []int, want rows) {
		t.Helper()
		var b []byte
		for _, r := range got {
			b = binary.LittleEndian.AppendUint32(b, uint32(r))
		}
		if len(got) != want.N || crc32.ChecksumIEEE(b) != want.CRC {
			t.Errorf("%s: %d rows %v, scikit-learn has %d %v", what, len(got), got[:min(8, len(got))], want.N, want.Head)
		}
	}
	for _, c := range cases {
		s := SplitOptions{TestSize: c.TestSize, TrainSize: c.TrainSize, RandomState: c.Seed, NoShuffle: !c.Shuffle, Stratify: c.Labels}
		if c.Classes > 0 {
			s.Stratify = mixedLabels(c.N, c.Classes)
		}
		name := fmt.Sprintf("n=%d test=%v train=%v seed=%d classes=%d", c.N, c.TestSize, c.TrainSize, c.Seed, c.Classes)
		train, test, err := TrainTestSplit(c.N, s)
		if (err != nil) != (c.Error != "") {
			t.Errorf("%s: error %v, scikit-learn has %q", name, err, c.Error)
		}
		if err == nil {
			check(name+" train", train, c.Train)
			check(name+" test", test, c.Test)
		}
	}
}

func TestSplitErrors(t *testing.T) {
	for _, c := range []struct {
		n    int
		s    SplitOptions
		want string
	}{
		{0, SplitOptions{}, "no samples"},
		{10, SplitOptions{TestSize: 1.5}, "test_size=1.5 should be either"},
		{10, SplitOptions{TestSize: 10}, "number of samples 10"},
		{10, SplitOptions{TestSize: .6, TrainSize: .6}, "sum of test_size and train_size"},
		{10, SplitOptions{NoShuffle: true, Stratify: mixedLabels(10, 2)}, "needs shuffling"},
		{10, SplitOptions{Stratify: mixedLabels(9, 2)}, "9 labels"},
		{10, SplitOptions{Stratify: strings.Split("aaaaabbbbc", "")}, "the classes are: c"},
		{1, SplitOptions{TestSize: .5}, "train set would be empty"},
	} {
		if _, _, err := TrainTestSplit(c.n, c.s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d %+v: %v, want %q", c.n, c.s, err, c.want)
		}
	}
}

// The tutorial splits 25,000 rows.
func TestTutorialSplit(t *testing.T) {
	train, test, err := TrainTestSplit(25000, SplitOptions{TestSize: .25, RandomState: 42})
	if err != nil || len(train) != 18750 || len(test) != 6250 ||
		!slices.Equal(train[:5], []int{6920, 17926, 1123, 4518, 5576}) || !slices.Equal(test[:5], []int{6868, 24016, 9668, 13640, 14018}) {
		t.Fatal(len(train), train[:5], len(test), test[:5], err)
	}
}
