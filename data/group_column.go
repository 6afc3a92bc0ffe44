package data

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
)

// groupedWords are the names of columns whose values are probably groups of rows that belong together, and groupedEnds are words that may follow them.
var (
	groupedWords = []string{
		"patient", "subject", "lesion", "case", "person", "individual", "animal", "participant", "donor", "specimen", "sample_source", "study", "exam", "visit", "session",
		"slide", "biopsy", "plant", "tree", "leaf", "object", "item", "product", "scene", "sequence", "seq", "video", "clip", "burst", "track", "group", "duplicate_group",
	}
	groupedEnds = []string{"id", "ids", "no", "nr", "num", "number", "name", "code", "uid", "key", "index", "idx"}
)

// groupedAlone are those of groupedWords that may be columns of groups without one of groupedEnds.
var groupedAlone = []string{"patient", "subject", "lesion", "participant", "donor", "individual", "person", "animal", "specimen", "video", "sequence", "scene", "burst", "group", "groups"}

// isGroupName reports whether the name of a column is one of groups: patient, patient_id, PatientID, id_patient.
func isGroupName(name string) bool {
	plain := plainName(name)
	if slices.Contains(groupedAlone, plain) {
		return true
	}
	for _, n := range groupedWords {
		for _, end := range groupedEnds {
			if plain == n+"_"+end || plain == n+end || plain == end+"_"+n {
				return true
			}
		}
	}
	return false
}

// mostGroups is the number of groups that are counted for a warning.
const mostGroups = 1 << 20

// groupColumn is a column whose values may be groups.
type groupColumn struct {
	column   int
	values   map[uint64]bool // by their hashes
	repeated int             // rows with the value of an earlier one
}

var groupSeed = maphash.MakeSeed()

func (g *groupColumn) add(v value) {
	text := bytes.TrimSpace(v.text)
	if v.isList || isMissing(string(text)) {
		return
	}
	h := maphash.Bytes(groupSeed, text)
	if g.values[h] {
		g.repeated++
	} else if len(g.values) < mostGroups {
		g.values[h] = true
	}
}

// likelyGroup returns the first column that has probably groups, and the number of its values: at least three, of which some are repeated.
func (a *aside) likelyGroup() (name string, values int) {
	for _, g := range a.groups {
		if len(g.values) > 2 && g.repeated > 0 {
			return a.header[g.column], len(g.values)
		}
	}
	return "", 0
}

// groupOf returns the index of the group in a cell, -1 if there is none.
func (b *tableBuilder) groupOf(c value) int32 {
	text := strings.TrimFunc(textOf(c.text), isSpace)
	if c.isList {
		text = strings.Join(c.list, "|")
	}
	if isMissing(text) {
		b.alone++
		return -1
	}
	at, ok := b.groups[text]
	if !ok {
		if b.groups == nil {
			b.groups = map[string]int32{}
		}
		at = int32(len(b.rows.groups))
		b.groups[text] = at
		b.rows.groups = append(b.rows.groups, text)
	}
	return at
}

// groupNotes describes the groups, one sentence each.
func (b *tableBuilder) groupNotes() []string {
	if b.alone == 0 || b.columns.group < 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d of the %d rows have no value in the column %q, so each of them is a group.", b.alone, b.read, b.rec.columns()[b.columns.group])}
}
