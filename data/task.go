package data

import (
	"fmt"
	"slices"
	"strings"
)

// Task is what the labels of a table are for.
type Task uint8

// The tasks.
const (
	AutoTask   Task = iota // Classify, but labels that look like those of another task are an error
	Classify               // each image has one class
	MultiLabel             // each image has any number of classes
	Regress                // each image has a number
)

var taskNames = [...]string{AutoTask: "auto", Classify: "classify", MultiLabel: "multilabel", Regress: "regress"}

// String returns the name that ParseTask reads.
func (t Task) String() string {
	if int(t) >= len(taskNames) {
		return fmt.Sprintf("task %d", uint8(t))
	}
	return taskNames[t]
}

// ParseTask returns the task with the given name: auto, classify, multilabel or regress.
func ParseTask(name string) (Task, error) {
	if i := slices.Index(taskNames[:], name); i >= 0 {
		return Task(i), nil
	}
	return 0, fmt.Errorf("unknown task %q; want one of %s", name, strings.Join(taskNames[:], ", "))
}

// columnParts are the names of the parts that a column may name.
var columnParts = [...]string{trainingPart: "train", validationPart: "validation", testPart: "test"}

// columnPart returns the part for which a word stands in a column, noPart if it is none of columnParts.
func columnPart(word string) partKind {
	if p := partWords[word]; int(p) < len(columnParts) {
		return p
	}
	return noPart
}

// partOf returns the part that a value of the split column names. A column such as is_valid has truth values.
func partOf(column, value string) (partKind, error) {
	value = strings.ToLower(strings.TrimSpace(value))
	if value == "" {
		return noPart, nil
	}
	if p := columnPart(value); p != noPart {
		return p, nil
	}
	if yes, ok := truth(value); ok {
		words := strings.Split(plainName(column), "_")
		for _, of := range words {
			switch p := columnPart(of); {
			case p == noPart:
			case yes:
				return p, nil
			case p == trainingPart:
				return testPart, nil
			default:
				return trainingPart, nil
			}
		}
	}
	return noPart, fmt.Errorf("%q is no part; want train, val or test (or a truth value in a column such as is_valid)", value)
}

// truth parses a truth value.
func truth(s string) (yes, ok bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "1", "1.0", "true", "t", "yes", "y":
		return true, true
	case "0", "0.0", "false", "f", "no", "n", "":
		return false, true
	}
	return false, false
}
