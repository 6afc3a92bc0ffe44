// Package inference has the messages and the service of the Open Inference Protocol over gRPC, generated from inference.proto.
package inference

//go:generate ./generate.sh
