package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The text between these lines of BENCHMARKS.md is generated from bench/results.
const (
	begin = "<!-- begin: go run ./bench -tables -->\n"
	end   = "<!-- end -->\n"
)

// writeDocument updates the tables in BENCHMARKS.md.
func writeDocument(root string) error {
	path := filepath.Join(root, "BENCHMARKS.md")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	changed, err := withTables(root, string(text))
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(changed), 0o666)
}

// withTables returns the document with its tables replaced by those of bench/results.
func withTables(root, document string) (string, error) {
	before, rest, ok := strings.Cut(document, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", fmt.Errorf("BENCHMARKS.md must have the lines %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	files, err := filepath.Glob(filepath.Join(root, "bench", "results", "*.json"))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(before + begin)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		var r results
		if err := json.Unmarshal(text, &r); err != nil {
			return "", fmt.Errorf("%s: %w", file, err)
		}
		r.markdown(&b)
	}
	b.WriteString(end + after)
	return b.String(), nil
}

// markdown writes the section of a machine: its limits, the table, and the measurements in which
// the peer is faster.
func (r *results) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n### %s, %d cores (%s)\n\n", r.CPU, r.Cores, r.ISA)
	fmt.Fprintf(b, "Measured limits with %d threads: %.0f GFLOP/s (FMA), %.0f GB/s reading, %.0f GB/s copying. With one thread: %.0f GFLOP/s, %.0f GB/s, %.0f GB/s. Built with %s.\n\n",
		r.Limits.Threads, r.Limits.FMA, r.Limits.Read, r.Limits.Copy, r.One.FMA, r.One.Read, r.One.Copy, r.Go)
	columns := append(slices.Clone(heads[:3]), append([]string{"name of the peer"}, heads[3:]...)...)
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	var losing []item
	for _, row := range r.Rows {
		if row.Error != "" {
			fmt.Fprintf(b, "| %s | not measured: %s |%s\n", row.Name, row.Error, strings.Repeat(" |", len(columns)-2))
		}
		for _, l := range linesOf(row, r.Limits) {
			cells := l.cells()
			fmt.Fprintf(b, "| %s | %s | %s |\n", strings.Join(cells[:3], " | "), row.Peer, strings.Join(cells[3:], " | "))
			for _, it := range l.items {
				if it.ratio() < 1 {
					it.Name = row.Name + ": " + it.Name
					losing = append(losing, it)
				}
			}
		}
	}
	for i, bal := range r.Balance {
		if i == 0 {
			b.WriteString("\nThe following numbers are the speedup over one thread that several threads would reach if they had no overhead and shared no resources. They show how evenly the work is divided into parts, and are computed from the measured times of the parts:\n")
		}
		fmt.Fprintf(b, "- %s\n", bal)
	}
	if len(losing) == 0 {
		return
	}
	slices.SortStableFunc(losing, func(a, b item) int { return cmp.Compare(a.ratio(), b.ratio()) })
	fmt.Fprintf(b, "\n<details><summary>The %d measurements in which the peer is faster, lowest speedup first</summary>\n\n", len(losing))
	b.WriteString("| work | lince | peer | speedup |\n|---|---|---|---|\n")
	for _, it := range losing {
		fmt.Fprintf(b, "| %s | %s | %s | %.2fx |\n", it.Name, digits(it.Lince), digits(it.Peer), it.ratio())
	}
	b.WriteString("\n</details>\n")
}
