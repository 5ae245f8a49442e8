package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"crosswalk/internal/web"
)

func (c *cli) disconnect() *cobra.Command {
	force := false
	cmd := c.command("disconnect CONNECTION", "revoke the grant where the system lets us, and forget the credential; says which mappings stop", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		d, err := post[web.Dropped](ctx, api, "/connections/"+url.PathEscape(args[0])+"/disconnect", map[string]any{"force": force})
		if err != nil || c.json {
			return c.either(err, d)
		}
		what := "its credential is forgotten"
		if d.Revoked {
			what = "the grant was revoked at " + d.System + ", and " + what
		}
		fmt.Fprintf(c.out, "%s is disconnected: %s\n", d.Connection, what)
		if d.ByHand != "" {
			fmt.Fprintf(c.out, "still to be done by hand: %s\n", d.ByHand)
		}
		if len(d.Stops) > 0 {
			fmt.Fprintf(c.out, "these mappings write nothing until it is connected again, and what changes meanwhile waits: %s\n", strings.Join(d.Stops, ", "))
		} else {
			fmt.Fprintln(c.out, "no mapping that writes uses it")
		}
		if d.Account != "" {
			fmt.Fprintf(c.out, "it stays bound to account %s, with all that is kept of its records: crosswalk connect %s\n", d.Account, d.Connection)
		}
		return nil
	})
	cmd.Flags().BoolVar(&force, "force", false, "forget the credential although it could not be revoked")
	return cmd
}
