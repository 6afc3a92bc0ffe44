// Package data turns images and arrays into batches: tables of labelled files
// ([Open], [Table]), splits ([TrainTestSplit]), and datasets that a model trains on
// ([Dataset]: [Images] for files, [Tensors] for arrays).
//
// It follows Keras' flow_from_dataframe and flow_from_directory, scikit-learn's
// train_test_split and pandas' printing; where Keras leaves something to chance (row
// order, a corrupt file, the number of workers), it is defined here, so that the same
// seed gives the same bits. A dataset on disk is only ever read.
package data
