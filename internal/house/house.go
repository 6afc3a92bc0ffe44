// Package house holds the rules of the house, as tests: which package may import which
// (the table in ARCHITECTURE.md), and what no file of the project says.
package house
