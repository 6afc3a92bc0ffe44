package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"text/tabwriter"

	"github.com/lince-ml/lince/zoo"
)

// weightsCommand lists the files of ImageNet weights.
type weightsCommand struct {
	Networks []string `arg:"" optional:"" name:"network" predictor:"network" help:"Names of networks, such as mobilenetv2 (default: all)."`
}

// Help returns the command's detailed help.
func (weightsCommand) Help() string {
	return `Lists the published weights of networks, trained on ImageNet, that lince knows: the files that Keras
downloads. They are looked for where Keras stores them: in the folder models in $KERAS_HOME, or in
~/.keras. lince does not download. With names of networks, it prints the commands that fetch missing files.

A file is "there", "missing", or "damaged": its hash is not the one that Keras has.

Examples:
  lince weights
  lince weights mobilenetv2
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
	State        string  `json:"state"` // there, missing or damaged
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
		for _, f := range n.ImageNet {
			state, err := stateOf(f)
			if err != nil {
				return err
			}
			w.Files = append(w.Files, weightsFile{f.Name, state, f.NoTop, f.Alpha, f.Side, f.Minimalistic, f.MB(), f.MD5, f.SHA256, f.URL, f.Command(folder)})
		}
		r.Networks = append(r.Networks, w)
	}
	return e.result(r, func(w io.Writer) error {
		fmt.Fprintf(w, "Files of weights in %s:\n", folder)
		if len(c.Networks) == 0 {
			return r.overview(w)
		}
		return r.details(w)
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

// overview writes a line for each network.
func (r weightsResult) overview(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, n := range r.Networks {
		states := map[string]int{}
		for _, f := range n.Files {
			states[f.State]++
		}
		fmt.Fprintf(table, "  %s\t%d of %d there", n.Name, states["there"], len(n.Files))
		if states["damaged"] > 0 {
			fmt.Fprintf(table, ", %d damaged", states["damaged"])
		}
		fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, `Run "lince weights NETWORK" for the files of a network and the commands that fetch them.`)
	return err
}

// details writes a line for each file, and the commands that fetch those that are not there.
func (r weightsResult) details(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	commands := ""
	for _, n := range r.Networks {
		if len(n.Files) == 0 {
			fmt.Fprintf(table, "  %s\thas none\n", n.Name)
		}
		for _, f := range n.Files {
			fmt.Fprintf(table, "  %s\t%s\t%d MB\t%s\n", f.Name, f.State, f.MB, f.URL)
			if f.State != "there" {
				commands += "  " + f.Command + "\n"
			}
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if commands == "" {
		return nil
	}
	_, err := fmt.Fprint(w, "\nThe commands that fetch the other files:\n", commands)
	return err
}

func networkNames() (names []string) {
	for _, n := range zoo.Networks() {
		names = append(names, n.Name)
	}
	return names
}
