// Command app makes the cloud assembly of one customer: the stack named in CUSTOMER, described in infra/customers. The CDK's
// command line runs it (cdk.json), and `make synth` without it. It is run at the top of the tree.
//
//	CUSTOMER=acme .build/infra               the assembly, in CDK_OUTDIR or cdk.out; prints the template's path
//	CUSTOMER=acme .build/infra left          what deleting the stack leaves behind, and what of it still costs
//	CUSTOMER=acme .build/infra connections   the names of its connections, one a line
//	CUSTOMER=acme .build/infra url           the deployment's address, from what `make deploy` wrote
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/aws/jsii-runtime-go"

	"crosswalk/infra"
)

func main() {
	err := run(os.Args[1:])
	jsii.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	name := os.Getenv("CUSTOMER")
	if name == "" {
		return fmt.Errorf("CUSTOMER: say whose deployment this is, as CUSTOMER=acme; it is the name of a file in %s", folder)
	}
	c, err := infra.LoadCustomer(folder, name)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		template, err := infra.Synthesize(c, env("CROSSWALK_DIST", "dist"), env("CDK_OUTDIR", "cdk.out"))
		if err == nil && os.Getenv("CDK_OUTDIR") == "" {
			fmt.Println(template)
		}
		return err
	}
	switch args[0] {
	case "left":
		fmt.Print(infra.Left(c))
		return nil
	case "connections":
		for _, name := range slices.Sorted(maps.Keys(c.Connections)) {
			fmt.Println(name)
		}
		return nil
	case "url":
		url, err := infra.DeployedURL(filepath.Join(".build", "outputs-"+name+".json"), c)
		if err == nil {
			fmt.Println(url)
		}
		return err
	}
	return fmt.Errorf("%q: write nothing, left, connections or url", args[0])
}

var folder = filepath.Join("infra", "customers")

func env(name, standard string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return standard
}
