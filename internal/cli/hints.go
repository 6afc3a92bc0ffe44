package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// kerasWord is an argument of Keras, or a word from other tools, that people write as a flag.
type kerasWord struct {
	words string // separated by spaces, with - in place of _
	flag  string // the flag that does it; "" if there is none
	note  string // what to know besides
}

// kerasWords maps the words to flags of lince.
var kerasWords = []kerasWord{
	{words: "batch-size bs", flag: "batch"},
	{words: "learning-rate", flag: "lr"},
	{words: "nb-epoch num-epochs n-epochs", flag: "epochs"},
	{words: "validation-split val-split test-split", flag: "test-size"},
	{words: "image-size target-size img-size input-size input-shape", flag: "size"},
	{words: "class-weights", flag: "class-weight"},
	{words: "early-stopping", flag: "patience"},
	{words: "lr-schedule lr-scheduler learning-rate-schedule scheduler decay", flag: "schedule"},
	{words: "reduce-lr reduce-lr-on-plateau lr-reduce", flag: "schedule", note: "--schedule plateau"},
	{words: "warmup-epochs warmup-steps", flag: "warmup", note: "in epochs"},
	{words: "wd", flag: "weight-decay"},
	{words: "clip-norm", flag: "clipnorm"},
	{words: "use-ema ema-momentum swap-ema-weights", flag: "ema", note: "with the momentum, such as --ema .99"},
	{words: "dropout-rate drop-rate", flag: "dropout"},
	{words: "smoothing", flag: "label-smoothing"},
	{words: "loss-function criterion", flag: "loss"},
	{words: "log-dir logdir tensor-board", flag: "tensorboard", note: "--tensorboard=DIR"},
	{words: "augmentation data-augmentation", flag: "augment"},
	{words: "rotation-range width-shift-range height-shift-range shear-range zoom-range brightness-range horizontal-flip vertical-flip channel-shift-range fill-mode",
		flag: "augment", note: "with options such as rotation=30,zoom=.3,hflip"},
	{words: "random-state random-seed", flag: "seed"},
	{words: "workers num-workers n-jobs use-multiprocessing", flag: "threads"},
	{words: "output output-dir save-dir", flag: "out"},
	{words: "pretrained imagenet", flag: "weights", note: "for --model with the name of a published network"},
	{words: "checkpoint-path", flag: "model", note: "--model FILE trains a saved model further"},
	{words: "fine-tune fine-tune-epochs freeze-epochs", flag: "finetune"},
	{words: "backbone base-model body arch architecture network", flag: "model"},
	{words: "unfreeze-at fine-tune-at unfreeze-layers", flag: "unfreeze", note: "a fraction of the layers"},
	{words: "initial-epoch", flag: "resume", note: "it continues an interrupted run; --model FILE trains a saved model further"},
	{words: "save-freq-steps checkpoint-every", flag: "save-freq"},
	{words: "steps-per-epoch", note: "an epoch is one pass over all training images; --limit limits their number, and --limit-batches is for dry runs"},
	{words: "validation-steps validation-freq", note: "each epoch ends with all validation images; --test-size sets their number"},
	{words: "validation-data val-data", flag: "validation", note: "a folder, an archive, a table, or a part of the data"},
	{words: "verbose", note: "--quiet turns the progress off"},
	{words: "shuffle", note: "the training images are shuffled in each epoch; --seed sets the order"},
	{words: "callbacks", note: "there are flags for callbacks: --patience (EarlyStopping), --schedule plateau (ReduceLROnPlateau), --tensorboard and --ema (SwapEMAWeights); best.keras and history.csv are always written"},
	{words: "model-checkpoint save-best-only restore-best-weights", note: "best.keras has the best epoch by --monitor, and --patience restores its weights"},
	{words: "mode", note: "the value of --monitor decides whether higher or lower is better"},
	{words: "csv-logger csv-log", note: "history.csv is always written"},
	{words: "color-mode class-mode", note: "it follows from the model"},
	{words: "momentum nesterov rho beta-1 beta-2 epsilon amsgrad clipvalue global-clipnorm", note: "the command line does not set this argument of an optimizer; set it in a program, or in the model file of --model"},
}

// commandWords maps methods of Keras, and words from other tools, to commands.
var commandWords = map[string]string{
	"fit": "train", "learn": "train", "finetune": "train", "fine-tune": "train", "transfer": "train", "tune": "train", "resume": "train",
	"eval": "evaluate", "test": "evaluate", "score": "evaluate", "validate": "evaluate",
	"classify": "predict", "infer": "predict", "inference": "predict", "label": "predict",
	"embed": "features", "embeddings": "features", "extract": "features",
	"compare": "report", "runs": "report", "history": "report",
	"info": "summary", "describe": "summary", "inspect": "summary", "plot": "summary", "layers": "summary",
	"export": "convert", "save": "convert", "onnx": "convert", "tflite": "convert",
	"view": "show", "head": "data", "ls": "data", "lint": "check", "verify": "check", "dedup": "clean",
	"host": "serve", "server": "serve", "deploy": "serve", "download": "weights", "pull": "weights",
}

var unexpectedArgument = regexp.MustCompile(`^unexpected argument (\S+?)(, did you mean .*)?$`)

// commandHint returns the error text for a word that is no command. It returns "" for other errors.
func commandHint(text string, command *kong.Node) string {
	m := unexpectedArgument.FindStringSubmatch(text)
	if m == nil || command != nil {
		return ""
	}
	if name := commandWords[strings.ToLower(m[1])]; name != "" {
		return fmt.Sprintf("unknown command %s; did you mean %s?", m[1], name)
	}
	if m[2] != "" { // kong's own hint
		return ""
	}
	return fmt.Sprintf("unknown command %s; \"lince --help\" lists the commands", m[1])
}

var unknownFlag = regexp.MustCompile(`^unknown flag --([^\s,=]+)`)

// kerasHint returns the error text for a word of Keras that is no flag of the command. It returns "" for other errors.
func kerasHint(text string, command *kong.Node) string {
	m := unknownFlag.FindStringSubmatch(text)
	if m == nil || command == nil {
		return ""
	}
	has := func(name string) bool {
		return slices.ContainsFunc(command.Flags, func(f *kong.Flag) bool { return f.Name == name })
	}
	word := strings.ReplaceAll(strings.ToLower(m[1]), "_", "-")
	if word != m[1] && has(word) { // batch_size is written with _ in Python
		return fmt.Sprintf("unknown flag --%s; did you mean --%s?", m[1], word)
	}
	for _, k := range kerasWords {
		if !slices.Contains(strings.Fields(k.words), word) {
			continue
		}
		switch {
		case k.flag == "" && command.Name == "train":
			return fmt.Sprintf("unknown flag --%s; %s", m[1], k.note)
		case k.flag == "" || !has(k.flag):
			return ""
		case k.note == "":
			return fmt.Sprintf("unknown flag --%s; did you mean --%s?", m[1], k.flag)
		}
		return fmt.Sprintf("unknown flag --%s; did you mean --%s (%s)?", m[1], k.flag, k.note)
	}
	return ""
}
