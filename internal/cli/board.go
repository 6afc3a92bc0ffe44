package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/internal/patherr"
	"github.com/lince-ml/lince/internal/shell"
)

// boardName is the folder of --tensorboard in the run's folder.
const boardName = "tensorboard"

// boardImages is the number of images of the first batch and of mistakes in TensorBoard.
const boardImages = 16

// boardFlag is the flag --tensorboard, whose folder may be left out: --tensorboard or --tensorboard=DIR.
type boardFlag struct {
	on  bool
	dir path // "" is the folder in that of the run
}

// Decode implements kong.MapperValue.
func (f *boardFlag) Decode(ctx *kong.DecodeContext) error {
	*f = boardFlag{on: true}
	if ctx.Scan.Peek().Type != kong.FlagValueToken {
		return nil
	}
	return f.dir.UnmarshalText([]byte(ctx.Scan.Pop().String()))
}

// IsBool implements kong.BoolMapperValue: the flag needs no value.
func (boardFlag) IsBool() bool { return true }

// String returns the value for run.json.
func (f boardFlag) String() string {
	switch {
	case !f.on:
		return ""
	case f.dir == "":
		return boardName
	}
	return string(f.dir)
}

// boardDir returns the folder of TensorBoard's files.
func (t *training) boardDir() string {
	if t.TensorBoard.dir != "" {
		return string(t.TensorBoard.dir)
	}
	return t.folder.path(boardName)
}

// openBoard makes the folder of TensorBoard's files, and prints how to see them.
func (t *training) openBoard() error {
	if !t.TensorBoard.on {
		return nil
	}
	if err := os.MkdirAll(t.boardDir(), 0o777); err != nil {
		return fmt.Errorf("--tensorboard: cannot make the folder %s: %w", t.boardDir(), patherr.Bare(err))
	}
	if t.TensorBoard.dir == "" {
		t.folder.wrote[boardName] = true
	}
	t.printf("To follow the training in TensorBoard: tensorboard --logdir %s\n\n", shell.Quote(t.boardDir()))
	return nil
}

// board returns the callback that writes TensorBoard's files.
func (t *training) board() callback.Callback {
	return callback.TensorBoard{LogDir: t.boardDir(), FirstBatch: boardImages, Mistakes: boardImages}
}

// removeBoard removes TensorBoard's files from a folder. It leaves other files.
func removeBoard(dir string) error {
	for _, sub := range []string{"train", "validation"} {
		files, err := filepath.Glob(filepath.Join(escapeGlob(dir), sub, "events.out.tfevents.*"))
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := os.Remove(f); err != nil {
				return err
			}
		}
		_ = os.Remove(filepath.Join(dir, sub)) // fails if it has other files
	}
	_ = os.Remove(dir)
	return nil
}
