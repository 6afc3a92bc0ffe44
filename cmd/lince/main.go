// Command lince trains, evaluates and uses image classifiers. Run lince --help for its commands.
package main

import (
	"os"

	"github.com/lince-ml/lince/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) }
