// Package report turns a run into things to look at and to compute with: curves,
// confusion matrices, galleries of pictures, classification reports and CSV files. It
// takes plain numbers and pictures, and knows nothing of models.
//
// Equal input gives equal bytes.
package report
