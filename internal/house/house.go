// Package house checks the rules of the project with tests: which package may import which (the
// table in ARCHITECTURE.md), how long a file may be, and which words to avoid (the tables in
// docs/glossary.md).
package house
