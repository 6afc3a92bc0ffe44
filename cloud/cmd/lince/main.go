// Command lince is the command lince of the main module, whose commands read from buckets, too: s3://, gs:// and azblob://.
package main

import (
	"os"

	"github.com/lince-ml/lince/cloud"
	"github.com/lince-ml/lince/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr, cli.Buckets(cloud.Open))) }
