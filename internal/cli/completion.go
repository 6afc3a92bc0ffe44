package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	posener "github.com/posener/complete"
	"github.com/willabides/kongplete"
)

// completionCommand prints a script for a shell, which then asks lince itself what may come
// next: with the line so far in COMP_LINE.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is the command's longer help.
func (completionCommand) Help() string {
	return `Examples:
  source <(lince completion bash)    # in ~/.bashrc
  source <(lince completion zsh)     # in ~/.zshrc, after compinit
  lince completion fish > ~/.config/fish/completions/lince.fish`
}

// completionScripts are the shells' scripts; {} is the path of lince, quoted.
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
		return fmt.Errorf("where lince is: %w", err)
	}
	quoted := "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	script := strings.ReplaceAll(completionScripts[c.Shell], "{}", quoted)
	if c.Shell != "fish" {
		// The shell takes the word apart once more when it runs -C.
		script = strings.ReplaceAll(script, quoted, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(quoted)+`"`)
	}
	return e.result(struct {
		Shell  string `json:"shell"`
		Script string `json:"script"`
	}{c.Shell, script}, func(w io.Writer) error {
		_, err := io.WriteString(w, script)
		return err
	})
}

// predictors are what the tag predictor names.
var predictors = map[string]posener.Predictor{
	"file":      posener.PredictFiles("*"),
	"data":      posener.PredictOr(posener.PredictSet("demo:cats-and-dogs"), posener.PredictFiles("*")),
	"model":     posener.PredictOr(posener.PredictFiles("*.keras"), posener.PredictFiles("*.json")),
	"start":     posener.PredictOr(posener.PredictSet("cnn"), posener.PredictFiles("*.keras"), posener.PredictFiles("*.json")),
	"csv":       posener.PredictFiles("*.csv"),
	"folder":    posener.PredictDirs("*"),
	"rule":      posener.PredictSet("auto", "prefix", "folder"),
	"optimizer": posener.PredictSet("rmsprop", "adam", "sgd"),
}

// complete prints what may come next on the line in COMP_LINE.
func complete(parser *kong.Kong) int {
	code := exitOK
	kongplete.Complete(parser, kongplete.WithPredictors(predictors),
		kongplete.WithExitFunc(func(c int) { code = max(code, c) }))
	return code
}
