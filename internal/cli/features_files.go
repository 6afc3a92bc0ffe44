package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/format/npy"
	"github.com/lince-ml/lince/internal/nearest"
	"github.com/lince-ml/lince/internal/parquet"
	"github.com/lince-ml/lince/internal/pyfloat"
	"github.com/lince-ml/lince/internal/sheet"
	"github.com/lince-ml/lince/tensor"
)

// featureFormats lists the kinds of files of features.
var featureFormats = []struct {
	suffix string
	// labeled reports that the file has the names and labels of its rows. Otherwise they are in a CSV file beside it.
	labeled bool
	write   func(w io.Writer, x *featureTable, t *data.Table) error
}{
	{".npy", false, func(w io.Writer, x *featureTable, _ *data.Table) error { return npy.Write(w, x.tensor()) }},
	{".npz", false, writeFeatureArchive},
	{".csv", true, writeFeatureCSV},
	{".parquet", true, writeFeatureParquet},
}

func featureSuffixes() (list []string) {
	for _, f := range featureFormats {
		list = append(list, f.suffix)
	}
	return list
}

// featureFormat returns the index of the format that a file's name ends in, nil if there is none.
func featureFormat(name string) *int {
	for i, f := range featureFormats {
		if strings.EqualFold(filepath.Ext(name), f.suffix) {
			return &i
		}
	}
	return nil
}

// files returns the files that the command writes: the features, and the names and neighbors, or "".
func (c *featuresCommand) files() (features, names, neighbors string) {
	features = string(c.Out)
	base := strings.TrimSuffix(features, filepath.Ext(features))
	if !featureFormats[*featureFormat(features)].labeled {
		names = base + ".csv"
	}
	if c.Neighbors > 0 {
		neighbors = base + ".neighbors.csv"
	}
	return features, names, neighbors
}

// furtherOutputs implements the interface.
func (c *featuresCommand) furtherOutputs() []string {
	_, names, neighbors := c.files()
	return slices.DeleteFunc([]string{names, neighbors}, func(name string) bool { return name == "" })
}

// free returns an error if a file would be replaced.
func (c *featuresCommand) free() error {
	if c.Overwrite {
		return nil
	}
	features, names, neighbors := c.files()
	for _, file := range []string{features, names, neighbors} {
		if _, err := os.Stat(file); file != "" && err == nil {
			return usageError{fmt.Errorf("%s already exists; use another name for --out, or --overwrite", file)}
		}
	}
	return nil
}

// write writes all files. t has the images.
func (c *featuresCommand) write(e *env, x *featureTable, t *data.Table, r *featuresResult) error {
	features, names, neighbors := c.files()
	var near [][]nearest.Neighbor
	if neighbors != "" {
		counter := e.counter("Searching neighbors", len(x.rows))
		var err error
		near, err = nearest.Find(e.ctx, x.matrix, x.dimension, c.Neighbors, nearest.Options{Threads: c.Threads, Progress: counter.Add})
		if err != nil {
			counter.Abandon()
			return err
		}
		counter.Finish()
	}
	format := featureFormats[*featureFormat(features)]
	for _, f := range []struct {
		name  string
		write func(w io.Writer) error
	}{
		{features, func(w io.Writer) error { return format.write(w, x, t) }},
		{names, x.writeNames},
		{neighbors, func(w io.Writer) error { return x.writeNeighbors(w, near) }},
	} {
		if f.name == "" {
			continue
		}
		if err := e.writeFile("--out", path(f.name), f.write); err != nil {
			return err
		}
		r.Files = append(r.Files, f.name)
	}
	return nil
}

// tensor returns the features as a matrix of shape (images, features).
func (x *featureTable) tensor() *tensor.Tensor {
	return tensor.Of(x.matrix, len(x.rows), x.dimension)
}

// names returns the names of the columns of features.
func (x *featureTable) names() []string {
	names := make([]string, x.dimension)
	for i := range names {
		names[i] = fmt.Sprintf("feature_%d", i)
	}
	return names
}

// writeFeatureArchive writes features and labels.
func writeFeatureArchive(w io.Writer, x *featureTable, t *data.Table) error {
	return npy.WriteArchive(w, []npy.Named{{Name: "features", Value: x.tensor()}, {Name: "labels", Value: x.labels(t)}})
}

// labels returns the labels of the rows of a table in the form that scikit-learn takes: the index of the class, -1 if there is none; for images with several labels, a row of 0 and 1 for
// the classes; or the numbers.
func (x *featureTable) labels(t *data.Table) *tensor.Tensor {
	if t.Task() == data.Regress {
		numbers, out := t.Numbers(), make([]float32, len(x.index))
		for i, row := range x.index {
			out[i] = numbers[row]
		}
		return tensor.Of(out, len(out))
	}
	classes := t.Classes()
	at := make(map[string]int, len(classes))
	for k, name := range classes {
		at[name] = k
	}
	if t.Task() == data.MultiLabel {
		labels := tensor.New(tensor.Int64, len(x.index), len(classes))
		for i, row := range x.index {
			for _, name := range t.LabelSet(row) {
				tensor.Values[int64](labels)[i*len(classes)+at[name]] = 1
			}
		}
		return labels
	}
	labels := tensor.New(tensor.Int64, len(x.rows))
	for i, r := range x.rows {
		tensor.Values[int64](labels)[i] = -1
		if k, ok := at[r.Label]; ok {
			tensor.Values[int64](labels)[i] = int64(k)
		}
	}
	return labels
}

func writeFeatureCSV(w io.Writer, x *featureTable, _ *data.Table) error {
	c, text := csv.NewWriter(w), sheet.Texts(x.raw)
	line := append([]string{"filename", "category"}, x.names()...)
	if err := c.Write(line); err != nil {
		return err
	}
	for i, r := range x.rows {
		line = append(line[:0], text(r.Filename), text(r.Label))
		for _, v := range x.matrix[i*x.dimension:][:x.dimension] {
			line = append(line, pyfloat.Repr32(v))
		}
		if err := c.Write(line); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func writeFeatureParquet(w io.Writer, x *featureTable, _ *data.Table) error {
	t := parquet.Table{Strings: []parquet.Strings{{Name: "filename"}, {Name: "category"}}, Names: x.names(), Matrix: x.matrix}
	for _, r := range x.rows {
		t.Strings[0].Values = append(t.Strings[0].Values, r.Filename)
		t.Strings[1].Values = append(t.Strings[1].Values, r.Label)
	}
	return parquet.Write(w, t)
}

// writeNames writes the file names and labels of the rows.
func (x *featureTable) writeNames(w io.Writer) error {
	records, text := [][]string{{"filename", "category"}}, sheet.Texts(x.raw)
	for _, r := range x.rows {
		records = append(records, []string{text(r.Filename), text(r.Label)})
	}
	return csv.NewWriter(w).WriteAll(records)
}

// writeNeighbors writes the neighbors of each row.
func (x *featureTable) writeNeighbors(w io.Writer, near [][]nearest.Neighbor) error {
	records, text := [][]string{{"filename", "category", "rank", "neighbor", "neighbor_category", "distance"}}, sheet.Texts(x.raw)
	for i, list := range near {
		for rank, n := range list {
			a, b := x.rows[i], x.rows[n.Row]
			records = append(records, []string{text(a.Filename), text(a.Label), strconv.Itoa(rank + 1), text(b.Filename), text(b.Label), pyfloat.Repr(n.Distance)})
		}
	}
	return csv.NewWriter(w).WriteAll(records)
}
