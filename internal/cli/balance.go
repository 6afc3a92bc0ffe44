package cli

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/data"
)

// warnOfClasses warns of classes without a training or a validation image, and of classes of very different sizes.
func (t *training) warnOfClasses(train, val *data.Table, own bool) {
	if t.regresses() {
		return
	}
	counts := func(t *data.Table) map[string]int {
		n := map[string]int{}
		for _, c := range t.Counts() {
			n[c.Label] = c.N
		}
		return n
	}
	t.warnOfUniversal(train)
	inTrain, inVal := counts(train), counts(val)
	var untrained, unvalidated []string
	var all data.Counts
	most, least := "", ""
	for _, c := range t.table.Classes() {
		if n := inTrain[c] + inVal[c]; n > 0 {
			all = append(all, data.Count{Label: c, N: n})
		}
		if inTrain[c] == 0 && inVal[c] > 0 {
			untrained = append(untrained, c)
		}
		if inTrain[c] > 0 && inVal[c] == 0 {
			unvalidated = append(unvalidated, c)
		}
		if inTrain[c] == 0 {
			continue
		}
		if most == "" || inTrain[c] > inTrain[most] {
			most = c
		}
		if least == "" || inTrain[c] < inTrain[least] {
			least = c
		}
	}
	// No flag is proposed that would be refused.
	stratify := "--stratify"
	stratifies := !own && !t.Stratify && !t.several() && t.Folds == 0
	groups := t.groupsOfClasses(train, val)
	for _, n := range groups { // a class of one group is on one side in every split
		stratifies = stratifies && n > 1
	}
	if stratifies && !canStratify(all, t.TestSize) {
		stratify += fmt.Sprintf(" --test-size %d", len(all))
		stratifies = canStratify(all, float64(len(all)))
	}
	more := "more images"
	if t.Group != "" {
		more = "images with other values of " + visibleLine(t.Group)
	}
	advice := "use " + more
	switch {
	case own:
		advice = "add some"
	case t.Stratify:
		advice += ", or another --test-size"
	case stratifies:
		advice = "use " + stratify + " or " + more
	}
	missing := func(text string, classes []string) {
		if len(classes) == 0 {
			return
		}
		advice := advice
		if t.Group != "" && !own && slices.ContainsFunc(classes, func(c string) bool { return groups[c] == 1 }) {
			lone := slices.DeleteFunc(slices.Clone(classes), func(c string) bool { return groups[c] != 1 })
			advice = fmt.Sprintf("add images with other values of %s, since all images of the %s have the same one", visibleLine(t.Group), classList(lone))
			if len(lone) > 1 {
				advice = fmt.Sprintf("add images with other values of %s, since each of the %s has only one", visibleLine(t.Group), classList(lone))
			}
		}
		t.warn(fmt.Sprintf(text, classList(classes), them(len(classes))) + ": " + advice)
	}
	missing("no training image is of the %s; the model cannot learn %s", untrained)
	missing("no validation image is of the %s; the validation says nothing about %s", unvalidated)
	if most != "" && inTrain[most] >= 10*inTrain[least] && t.ClassWeight == "" {
		advice := "; consider --class-weight balanced"
		switch {
		case t.several():
			advice = ""
		case stratifies:
			advice += " and " + stratify
		}
		t.warn(fmt.Sprintf("the class %s has %d training images and %s has %d: the model will favor large classes%s",
			visibleLine(most), inTrain[most], visibleLine(least), inTrain[least], advice))
	}
}

// groupsOfClasses returns the number of groups of --group in which each class has images. Without the flag, it is nil.
func (t *training) groupsOfClasses(parts ...*data.Table) map[string]int {
	if t.Group == "" {
		return nil
	}
	n, seen := map[string]int{}, map[[2]string]bool{}
	for _, part := range parts {
		for row, g := range part.Groups() {
			for _, class := range part.LabelSet(row) {
				if key := [2]string{class, g}; g == "" || !seen[key] {
					seen[key] = true
					n[class]++
				}
			}
		}
	}
	return n
}

// warnOfUniversal warns of classes that all images have, if these may have several.
func (e *env) warnOfUniversal(t *data.Table) {
	if t.Task() != data.MultiLabel || t.Len() < 2 {
		return
	}
	var all []string
	for _, c := range t.Counts() {
		if c.N == t.Len() {
			all = append(all, c.Label)
		}
	}
	if len(all) > 0 {
		e.warn(fmt.Sprintf("all %d images have the %s, so a model learns nothing from %s", t.Len(), classList(all), them(len(all))))
	}
}

// them is the pronoun for n things.
func them(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

func classList(names []string) string {
	if len(names) == 1 {
		return "class " + visibleLine(names[0])
	}
	return "classes " + visibleLine(shortList(names))
}
