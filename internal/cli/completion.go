package cli

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	posener "github.com/posener/complete"
	"github.com/willabides/kongplete"

	"github.com/lince-ml/lince"
)

// completionCommand prints a completion script for a shell. With the script, the shell runs
// lince to complete a line, and passes the line in COMP_LINE.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: bash, zsh or fish."`
}

// Help returns the command's detailed help.
func (completionCommand) Help() string {
	return `Examples:
  source <(lince completion bash)    # in ~/.bashrc
  source <(lince completion zsh)     # in ~/.zshrc, after compinit
  lince completion fish > ~/.config/fish/completions/lince.fish`
}

// completionScripts holds the script for each shell. {} stands for the quoted path of lince.
var completionScripts = map[string]string{
	"bash": "complete -o bashdefault -o default -C {} lince\n",
	"zsh":  "autoload -U +X bashcompinit && bashcompinit\ncomplete -o bashdefault -o default -C {} lince\n",
	"fish": `function __complete_lince
    set -lx COMP_LINE (commandline -cp)
    test -z (commandline -ct)
    and set COMP_LINE "$COMP_LINE "
    {}
end
complete -f -c lince -a "(__complete_lince)"
`,
}

// Run implements the command.
func (c *completionCommand) Run(e *env) error {
	path, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find the path of the lince binary: %w", err)
	}
	quoted := "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	script := strings.ReplaceAll(completionScripts[c.Shell], "{}", quoted)
	if c.Shell != "fish" {
		// The shell evaluates the argument of -C a second time.
		script = strings.ReplaceAll(script, quoted, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(quoted)+`"`)
	}
	return e.rawResult(struct {
		Shell  string `json:"shell"`
		Script string `json:"script"`
	}{c.Shell, script}, func(w io.Writer) error {
		_, err := io.WriteString(w, script)
		return err
	})
}

// predictors maps the values of the tag predictor to completions.
var predictors = map[string]posener.Predictor{
	"file":      fileNames(""),
	"data":      posener.PredictOr(posener.PredictSet("demo:cats-and-dogs"), fileNames("")),
	"model":     modelFiles(),
	"start":     posener.PredictOr(posener.PredictSet("cnn"), modelFiles()),
	"body":      posener.PredictOr(posener.PredictSet(bodyNames()...), modelFiles()),
	"target":    posener.PredictSet(targetNames()...),
	"runtime":   posener.PredictSet(runtimeNames()...),
	"csv":       fileNames(".csv"),
	"folder":    fileNames(),
	"rule":      posener.PredictSet("auto", "prefix", "folder", "underscore", "none"),
	"optimizer": posener.PredictSet(optimizerNames()...),
	"schedule":  posener.PredictSet(scheduleNames()...),
	"loss":      posener.PredictSet(lossNames()...),
	"network":   posener.PredictSet(networkNames()...),
	"metric":    posener.PredictSet(metricNames()...),
}

// modelFiles completes the names of files that lince opens.
func modelFiles() posener.Predictor {
	var suffixes []string
	for _, k := range lince.FileKinds() {
		if k.Opens || k.Tensors {
			suffixes = append(suffixes, k.Suffixes...)
		}
	}
	return fileNames(suffixes...)
}

// fileNames completes the names of folders, and of files that end in one of the suffixes. posener's PredictFiles takes the name of a folder for a
// pattern, so it finds nothing in a folder such as set[1].
func fileNames(suffixes ...string) posener.Predictor {
	in := func(typed string) (list []string) {
		dir, _ := filepath.Split(typed)
		entries, err := os.ReadDir(cmp.Or(dir, "."))
		if err != nil {
			return nil
		}
		for _, e := range entries {
			name := dir + e.Name()
			if info, err := os.Stat(name); err == nil && info.IsDir() {
				name += "/"
			} else if !slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(name, s) }) {
				continue
			}
			if strings.HasPrefix(name, typed) {
				list = append(list, name)
			}
		}
		return list
	}
	return posener.PredictFunc(func(a posener.Args) []string {
		list := in(a.Last)
		if len(list) == 1 && strings.HasSuffix(list[0], "/") { // shells put a space after the only name
			list = append(list, in(list[0])...)
		}
		return list
	})
}

// complete prints the completions of the line in COMP_LINE.
func complete(parser *kong.Kong) int {
	code := exitOK
	kongplete.Complete(parser, kongplete.WithPredictors(predictors),
		kongplete.WithExitFunc(func(c int) { code = max(code, c) }))
	return code
}
