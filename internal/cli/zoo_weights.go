package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/lince-ml/lince/zoo"
)

// weightsCommand lists the files of ImageNet weights.
type weightsCommand struct {
	Networks []string `arg:"" optional:"" name:"network" predictor:"network" help:"Names of networks, such as mobilenetv2 (default: all)."`
	All      bool     `help:"List all files of the networks: also those with a classifier, and those for other sizes and widths."`
}

// Help returns the command's detailed help.
func (weightsCommand) Help() string {
	return `Lists the published weights of networks, trained on ImageNet, that lince knows: the files that Keras
downloads. They are looked for where Keras stores them: in the folder models in $KERAS_HOME, or in
~/.keras. lince does not download them. With names of networks, it prints the file that lince train --model NAME
takes for each, and the command that fetches it if it is missing. --all lists all files.

A file is "there", "missing", or "damaged": its hash is not the one that Keras has.

Examples:
  lince weights
  lince weights mobilenetv2
  lince weights resnet50 vgg16 --all
  lince weights resnet50 vgg16 --json`
}

// weightsResult is the command's result.
type weightsResult struct {
	Folder   string           `json:"folder"`
	Networks []networkWeights `json:"networks"`
}

type networkWeights struct {
	Name  string        `json:"name"`
	Files []weightsFile `json:"files"`
}

// weightsFile is a file of weights. Alpha and Side are 0 if the network has one file for all.
type weightsFile struct {
	Name         string  `json:"name"`
	State        string  `json:"state"`             // there, missing or damaged
	Default      bool    `json:"default,omitempty"` // it is the one that lince train --model takes
	NoTop        bool    `json:"no_top"`
	Alpha        float64 `json:"alpha,omitempty"`
	Side         int     `json:"side,omitempty"`
	Minimalistic bool    `json:"minimalistic,omitempty"`
	MB           int     `json:"mb"`
	MD5          string  `json:"md5,omitempty"`
	SHA256       string  `json:"sha256,omitempty"`
	URL          string  `json:"url"`
	Command      string  `json:"command"` // that fetches it
}

// Run implements the command.
func (c *weightsCommand) Run(e *env) error {
	networks := zoo.Networks()
	if len(c.Networks) > 0 {
		networks = nil
		var errs []error
		for _, name := range c.Networks {
			n, err := zoo.Find(name)
			errs = append(errs, err)
			networks = append(networks, n)
		}
		if err := errors.Join(errs...); err != nil {
			return usageError{err}
		}
	}
	folder, err := zoo.Folder()
	if err != nil {
		return err
	}
	r := weightsResult{Folder: folder, Networks: []networkWeights{}}
	for _, n := range networks {
		w := networkWeights{Name: n.Name, Files: []weightsFile{}}
		standard := defaultWeights(n)
		for _, f := range n.ImageNet {
			state, err := stateOf(f)
			if err != nil {
				return err
			}
			w.Files = append(w.Files, weightsFile{f.Name, state, f.Name == standard, f.NoTop, f.Alpha, f.Side, f.Minimalistic, f.MB(), f.MD5, f.SHA256, f.URL, f.Command(folder)})
		}
		r.Networks = append(r.Networks, w)
	}
	return e.result(r, func(w io.Writer) error {
		fmt.Fprintf(w, "Files of weights in %s:\n", folder)
		if len(c.Networks) == 0 {
			return r.overview(w)
		}
		return r.details(w, c.All)
	})
}

// stateOf looks for a file, and checks its hash.
func stateOf(f zoo.WeightsFile) (string, error) {
	_, err := f.Find()
	switch {
	case err == nil:
		return "there", nil
	case errors.Is(err, fs.ErrNotExist):
		return "missing", nil
	case errors.Is(err, zoo.ErrDamaged):
		return "damaged", nil
	}
	return "", err
}

// defaultWeights returns the name of the file that lince train --model takes for a network, "" if there is none.
func defaultWeights(n zoo.Network) string {
	f, err := n.WeightsFile(zoo.Options{NoTop: true, Weights: zoo.ImageNet, InputShape: []int{n.Side, n.Side, 3}})
	if err != nil { // Keras has none
		return ""
	}
	return f.Name
}

// noFiles says how a network without files gets weights.
func (n networkWeights) noFiles() string {
	return fmt.Sprintf("Keras has no weights for it; lince train --model %s --weights FILE takes those of PyTorch (.pth) or of lince", n.Name)
}

// overview writes a line for each network.
func (r weightsResult) overview(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, n := range r.Networks {
		states := map[string]int{}
		size, state := 0, ""
		for _, f := range n.Files {
			states[f.State]++
			if f.Default {
				size, state = f.MB, f.State
			}
		}
		if len(n.Files) == 0 {
			fmt.Fprintf(table, "  %s\t%s\n", n.Name, n.noFiles())
			continue
		}
		fmt.Fprintf(table, "  %s\t%s\t%d MB\t%d of %d files there", n.Name, state, size, states["there"], len(n.Files))
		if states["damaged"] > 0 {
			fmt.Fprintf(table, ", %d damaged", states["damaged"])
		}
		fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, `State and size are those of the file that lince train --model NAME takes. "lince weights NAME" prints the command that fetches it.`)
	return err
}

// details writes a line for each file, that of lince train first, and the commands that fetch those that are not there. Without all, the other files are only counted.
func (r weightsResult) details(w io.Writer, all bool) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	commands, others, names := "", 0, []string{}
	for _, n := range r.Networks {
		if len(n.Files) == 0 {
			fmt.Fprintf(table, "  %s: %s\n", n.Name, n.noFiles())
		}
		files := slices.Clone(n.Files)
		slices.SortStableFunc(files, func(a, b weightsFile) int {
			switch {
			case a.Default == b.Default:
				return 0
			case a.Default:
				return -1
			}
			return 1
		})
		for i, f := range files {
			use := ""
			if f.Default {
				use = "\tfor lince train --model " + n.Name
			} else if !all {
				others += len(files) - i
				names = append(names, n.Name)
				break
			}
			fmt.Fprintf(table, "  %s\t%s\t%d MB%s\n", f.Name, f.State, f.MB, use)
			if f.State != "there" {
				commands += "  " + f.Command + "\n"
			}
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	text := ""
	if others > 0 {
		text = fmt.Sprintf("%s for other sizes and widths, and with classifiers: lince weights %s --all\n", count(others, "file"), strings.Join(names, " "))
	}
	if commands != "" {
		text += "\nTo fetch what is missing:\n" + commands
	}
	_, err := io.WriteString(w, text)
	return err
}

func networkNames() (names []string) {
	for _, n := range zoo.Networks() {
		names = append(names, n.Name)
	}
	return names
}
