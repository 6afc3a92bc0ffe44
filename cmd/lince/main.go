// Command lince trains, judges and uses image classifiers.
package main

import (
	"os"

	"github.com/lince-ml/lince/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) }
