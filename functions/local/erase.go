package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"crosswalk/internal/web"
)

func (c *cli) erase() *cobra.Command {
	reason, dry := "", false
	cmd := c.command("erase EMAIL|REF|-", "remove a person everywhere on our side, by e-mail address or record; documents keep ids and amounts", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		subject := args[0]
		if subject == "-" { // so that an address need not stand in the shell's history
			line, err := bufio.NewReader(c.in).ReadString('\n')
			if subject = strings.TrimSpace(line); subject == "" {
				return wrongUse("standard input has no e-mail address and no record (%v)", err)
			}
		}
		e, err := post[web.Erasure](ctx, api, "/erasures", map[string]any{"subject": subject, "reason": reason, "dry_run": dry})
		if err != nil {
			return err
		}
		var look error
		if e.Pending > 0 || len(e.Warnings) > 0 {
			look = errLook
		}
		if c.json {
			return errorsFirst(c.printJSON(e), look)
		}
		return errorsFirst(c.printErasure(e), look)
	})
	cmd.Long = cmd.Short + ".\nWith - the subject is read from standard input. What is stored where, and for how long: crosswalk help privacy."
	cmd.Flags().StringVar(&reason, "reason", "", "kept with the decision; no names")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "say what would go, and change nothing")
	return cmd
}

func (c *cli) printErasure(e web.Erasure) error {
	did := "went"
	if e.DryRun {
		did = "would go (nothing was changed)"
	}
	rows := [][]string{{"WHAT", "HOW MANY"}}
	for _, r := range e.Removed {
		rows = append(rows, []string{r.What, fmt.Sprint(r.Count)})
	}
	if len(rows) == 1 {
		fmt.Fprintf(c.out, "nothing is kept of %s\n", plain(e.Of))
	} else {
		fmt.Fprintf(c.out, "of %s %s:\n", plain(e.Of), did)
		if err := columns(c.out, rows); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		title string
		list  []web.RecordAt
	}{{"never synced again:", e.Gone}, {"go on without it:", e.Stripped}} {
		if len(part.list) > 0 {
			fmt.Fprintln(c.out, part.title)
		}
		for _, r := range part.list {
			fmt.Fprintln(c.out, plain(strings.TrimSpace("  "+r.Ref+" "+r.URL)))
		}
	}
	if len(e.Documents) > 0 {
		fmt.Fprintln(c.out, "documents that keep their ids and amounts:")
	}
	for _, d := range e.Documents {
		fmt.Fprintln(c.out, plain(strings.TrimSpace("  "+d.Ref+" -> "+d.Document+" "+amount(d.Net, d.Currency))))
	}
	for _, w := range e.Warnings {
		fmt.Fprintln(c.out, "note: "+plain(w))
	}
	if e.Pending > 0 {
		fmt.Fprintf(c.out, "%d links are being written right now; the next sweep takes them\n", e.Pending)
	}
	if e.Again != nil {
		fmt.Fprintf(c.out, "erasure %s; it is looked for again at %s and once more within a day\n", e.ID, shortTime(*e.Again))
	}
	if !e.DryRun {
		fmt.Fprintln(c.out, "nothing was erased in any system; do that there, where it is wanted")
	}
	return nil
}
