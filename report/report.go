// Package report writes the results of training: plots of its metrics, confusion matrices,
// galleries of images, classification reports, CSV files and pages for a browser. It takes numbers and images, not
// models, so it can also report on models of other libraries.
//
// The same input always gives the same bytes. docs/keras.md translates the names of scikit-learn and matplotlib to those of
// this package.
package report
