package cli

import (
	"io"
	"os"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/atomicfile"
)

// dataCommand shows what a source holds.
type dataCommand struct {
	Source string `arg:"" name:"data" help:"A zip (Kaggle's nested one too), a folder, a CSV, or demo:cats-and-dogs."`
	sourceFlags
	Head  int    `default:"5" help:"How many rows to show."`
	CSV   string `name:"csv" type:"path" placeholder:"FILE" help:"Write the table of file names and labels to a CSV."`
	Check bool   `help:"Decode every picture, and report those that cannot be read."`
}

// Help is the command's longer help.
func (dataCommand) Help() string {
	return `Examples:
  lince data dogs-vs-cats.zip
  lince data photos/ --check
  lince data dogs-vs-cats.zip --rename cat=gato,dog=perro --csv table.csv`
}

// Run implements the command.
func (c *dataCommand) Run(e *env) error {
	t, err := e.open(c.Source, c.sourceFlags)
	if err != nil {
		return err
	}
	defer t.Close()
	var bad []data.BadFile
	if c.Check {
		if t, bad, err = e.check(t, "", false); err != nil {
			return err
		}
	}
	if c.CSV != "" {
		write := func(w io.Writer) error { return t.WriteCSV(w) }
		if c.CSV == "-" || c.CSV == os.Stdout.Name() {
			return write(e.stdout)
		}
		if err := atomicfile.Write(c.CSV, write); err != nil {
			return err
		}
	}
	e.printf("%s\n\n%s\n", t.Head(c.Head), t.Counts())
	e.printf("\n%s\n", t.Found())
	if n := len(t.Ignored()); n > 0 {
		e.printf("%s left out\n", count(n, "file"))
	}
	if parts := t.Parts(); len(parts) > 1 {
		e.printf("folders: %v (choose one with --part)\n", parts)
	}
	return e.result(dataResult(t, bad))
}

func dataResult(t *data.Table, bad []data.BadFile) any {
	counts := map[string]int{}
	for _, c := range t.Counts() {
		counts[c.Category] = c.N
	}
	return struct {
		Name        string         `json:"name"`
		Rule        string         `json:"rule"`
		Rows        int            `json:"rows"`
		Classes     []string       `json:"classes"`
		Counts      map[string]int `json:"counts"`
		Ignored     []badFile      `json:"ignored"`
		Unreadable  []badFile      `json:"unreadable"`
		Fingerprint string         `json:"fingerprint"`
	}{t.Name(), t.Rule().String(), t.Len(), t.Classes(), counts, badFiles(t.Ignored()), badFiles(bad), t.Fingerprint()}
}

// badFile is a data.BadFile in JSON.
type badFile struct {
	Filename string `json:"filename"`
	Error    string `json:"error"`
}

func badFiles(list []data.BadFile) []badFile {
	out := make([]badFile, 0, len(list))
	for _, b := range list {
		out = append(out, badFile{b.Filename, b.Err.Error()})
	}
	return out
}
