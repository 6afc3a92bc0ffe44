package data

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// partKind is what a part of a dataset is for.
type partKind uint8

const (
	noPart partKind = iota // a class
	trainingPart
	validationPart
	testPart
	otherPart // images without labels, as for a competition
)

// partWords lists the words for parts in the names of folders, in English and some other languages.
var partWords = map[string]partKind{
	"train": trainingPart, "training": trainingPart, "trainset": trainingPart, "trainingset": trainingPart, "traindata": trainingPart, "trainingdata": trainingPart, "trn": trainingPart,
	"val": validationPart, "valid": validationPart, "validation": validationPart, "validate": validationPart, "validating": validationPart, "valset": validationPart, "validset": validationPart, "validationset": validationPart, "dev": validationPart,
	"test": testPart, "testing": testPart, "tests": testPart, "testset": testPart, "testingset": testPart, "testdata": testPart, "tst": testPart, "eval": testPart, "evaluation": testPart, "holdout": testPart,
	"pred": otherPart, "predict": otherPart, "prediction": otherPart, "predictions": otherPart, "unlabeled": otherPart, "unlabelled": otherPart, "submission": otherPart,

	"entrenamiento": trainingPart, "entrenar": trainingPart, "prueba": testPart, "pruebas": testPart, "validación": validationPart, "validacion": validationPart, // Spanish
	"treino": trainingPart, "treinamento": trainingPart, "teste": testPart, "testes": testPart, "validação": validationPart, "validacao": validationPart, // Portuguese
	"entraînement": trainingPart, "entrainement": trainingPart, "apprentissage": trainingPart, // French
	"trainingsdaten": trainingPart, "testdaten": testPart, "validierung": validationPart, "validierungsdaten": validationPart, // German
	"addestramento": trainingPart, "allenamento": trainingPart, "prova": testPart, "validazione": validationPart, // Italian
	"训练": trainingPart, "训练集": trainingPart, "测试": testPart, "测试集": testPart, "验证": validationPart, "验证集": validationPart, // Chinese
	"訓練": trainingPart, "学習": trainingPart, "テスト": testPart, "検証": validationPart, // Japanese
}

// partFillers are words that say nothing about a part: training_set, test images.
var partFillers = []string{"set", "data", "dataset", "image", "images", "img", "imgs", "pics", "photo", "photos", "folder", "split", "sample", "samples", "single", "files", "jpg", "png", "full", "final", "all"}

// partName tells which kind of part a folder's name stands for. rest is the name without the word for the part and without fillers,
// such as "seg" of seg_train. Case and numbers do not matter.
func partName(name string) (kind partKind, rest string) {
	var others []string
	for _, word := range strings.FieldsFunc(strings.ToLower(norm.NFC.String(name)), func(r rune) bool { return (r < 'a' || r > 'z') && r < 128 }) {
		switch k := partWords[word]; {
		case k != noPart && kind == noPart:
			kind = k
		case k == noPart && slices.Contains(partFillers, word):
		default:
			others = append(others, word)
		}
	}
	if kind == noPart {
		return noPart, ""
	}
	return kind, strings.Join(others, " ")
}

// partNames returns the kinds of those names that stand for the parts of one dataset: their words differ only in the word for
// the part, and one of them is for training. It returns nil if there is no part for training.
func partNames(names []string) map[string]partKind {
	byRest := map[string]map[string]partKind{}
	for _, n := range names {
		kind, rest := partName(n)
		if kind == noPart {
			continue
		}
		if byRest[rest] == nil {
			byRest[rest] = map[string]partKind{}
		}
		byRest[rest][n] = kind
	}
	var best map[string]partKind
	for _, n := range slices.Sorted(slices.Values(names)) {
		kind, rest := partName(n)
		if kind == trainingPart && len(byRest[rest]) > len(best) {
			best = byRest[rest]
		}
	}
	return best
}
