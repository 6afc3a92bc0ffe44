// Package report writes the results of a training: plots of its metrics, confusion matrices,
// galleries of images, classification reports and CSV files. Its input is plain numbers and
// images, so it also works for models of other libraries.
//
// Equal input gives equal bytes.
package report
