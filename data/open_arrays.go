package data

import (
	"fmt"
	"hash/crc32"
	"strconv"

	"github.com/lince-ml/lince/data/datasets"
	"github.com/lince-ml/lince/tensor"
)

// openArrays opens a source of package datasets. Its images are named train/cat/00012.ppm.
func openArrays(name string, o OpenOptions, rep *reading) (*Table, error) {
	arrays, err := datasets.Load(name)
	if err != nil {
		if k := foreignKindOf(name, nil); k != nil { // an archive with other arrays
			err = fmt.Errorf("%w; %s", err, k.advice(name))
		}
		return nil, err
	}
	l := &listing{name: name}
	var all []int
	for _, y := range []*tensor.Tensor{arrays.YTrain, arrays.YTest} {
		labels, err := datasets.Indexes(y)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, labels...)
	}
	folders := labelFolders(all, arrays.Classes)
	for _, p := range []struct {
		part   string
		x      *tensor.Tensor
		labels []int
	}{{"train", arrays.XTrain, all[:arrays.YTrain.Len()]}, {"test", arrays.XTest, all[arrays.YTrain.Len():]}} {
		for i, label := range p.labels {
			if err := rep.next(0); err != nil {
				return nil, err
			}
			f := pixelFile{source: name, x: p.x, row: i}
			f.name = fmt.Sprintf("%s/%s/%0*d.%s", p.part, folders[label], len(strconv.Itoa(len(p.labels)-1)), i, f.extension())
			l.entries = append(l.entries, entry{f.name, f})
		}
	}
	rep.finish()
	if o.LabelRule == Auto && o.LabelPattern == nil {
		o.LabelRule = Folder
	}
	return newTable(l, o)
}

// labelFolders returns the name of the folder for each label: that of the class if it is known, and else the label with leading
// zeros, so that sorted folders are in the order of the labels.
func labelFolders(labels []int, classes []string) map[int]string {
	folders := map[int]string{}
	digits := 0
	for _, l := range labels {
		digits = max(digits, len(strconv.Itoa(l)))
	}
	for _, l := range labels {
		if l < len(classes) {
			folders[l] = classes[l]
		} else {
			folders[l] = fmt.Sprintf("%0*d", digits, l)
		}
	}
	return folders
}

// pixelFile is an image of a tensor (n, height, width) or (n, height, width, channels), in the form of a PGM or PPM file.
type pixelFile struct {
	source, name string
	x            *tensor.Tensor
	row          int
}

// rgb reports whether there are three channels. Otherwise there is one.
func (f pixelFile) rgb() bool { return len(f.x.Shape()) == 4 && f.x.Shape()[3] == 3 }

func (f pixelFile) extension() string {
	if f.rgb() {
		return "ppm"
	}
	return "pgm"
}

func (f pixelFile) where() string { return f.source + ": " + f.name }

func (f pixelFile) crc() (uint32, int64, bool) {
	b := f.append(nil)
	return crc32.ChecksumIEEE(b), int64(len(b)), true
}

func (f pixelFile) head(n int) ([]byte, error) {
	b := f.append(nil)
	return b[:min(n, len(b))], nil
}

func (f pixelFile) read(buf []byte) ([]byte, error) { return f.append(buf[:0]), nil }

func (f pixelFile) append(b []byte) []byte {
	format := "P5"
	if f.rgb() {
		format = "P6"
	}
	s := f.x.Shape()
	return append(fmt.Appendf(b, "%s\n%d %d\n255\n", format, s[2], s[1]), f.x.Row(f.row).Raw()...)
}
