// Package data turns image files and arrays into batches. It has three stages:
//
//   - [Open] lists the image files of a source with their labels, as a [Table], and [NewTable] makes one of rows in memory;
//   - [Table.TrainTestSplit] and [TrainTestSplit] divide the rows;
//   - [Images] makes a [Dataset] of a table, and [Tensors] makes one of arrays.
//
// [ImageDatasetFromDirectory] does all three as keras.utils.image_dataset_from_directory does. [ImageTensors]
// augments arrays of images, as ImageDataGenerator.flow does. [Map] applies a function to batches, and [FromFunc] makes them by one. Package
// data/datasets reads MNIST and CIFAR.
//
// The package follows Keras' flow_from_dataframe and flow_from_directory, scikit-learn's
// train_test_split and pandas' way of printing tables. Where Keras' result depends on chance (the
// order of files, a corrupt file, the number of workers), the result is defined here: the same
// seed gives the same bits. Sources on disk are never written.
//
// docs/keras.md translates the names of Keras, tf.data and scikit-learn to those of this package.
package data
