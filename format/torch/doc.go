// Package torch reads the state dicts that PyTorch's torch.save writes: .pth and .pt files in the form of a zip archive and in
// the older form. FORMAT.md describes both.
//
// The files contain a pickle, which is a program. This package runs only those of its operations that make tensors, dicts,
// lists, text and numbers, and refuses a file that refers to anything else. Files may come from untrusted sources: the size of
// the file bounds the memory.
package torch
