package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (c *cli) demo() *cobra.Command {
	return c.command("demo", "x", cobra.NoArgs, func(ctx context.Context, args []string) error { return nil })
}
