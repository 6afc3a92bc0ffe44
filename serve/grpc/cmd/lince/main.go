// Command lince is the command lince of the main module, whose lince serve answers requests over gRPC, too. Both protocols use the same address.
package main

import (
	"net/http"
	"os"

	"github.com/lince-ml/lince/internal/cli"
	"github.com/lince-ml/lince/serve/grpc"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr, cli.Protocol(func(h http.Handler, maxBody int64) (http.Handler, error) {
		const around = 1 << 20 // for what surrounds the tensors of a message
		most := int(maxBody) + around
		return grpc.Handler(h, grpc.Options{MaxMessage: most, MaxMessages: max(512<<20, int64(most))})
	})))
}
