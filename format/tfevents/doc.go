// Package tfevents reads and writes TensorBoard's event files (events.out.tfevents...). FORMAT.md describes the format
// and lists what is supported.
//
// [Writer] appends events to a file. [Scalar], [Histogram], [Images] and [KerasModel] make the values that
// TensorBoard's dashboards show. [Reader] reads files, which may come from untrusted sources.
package tfevents
