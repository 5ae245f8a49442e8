package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"crosswalk/internal/web"
)

// undo shows what undoing a run would put back. It is carried out like any plan: approved by its digest, then run.
func (c *cli) undo() *cobra.Command {
	archive, all, csv := false, false, ""
	cmd := c.command("undo RUN", "what undoing a run would put back at both systems, saved as a plan to approve and run; hour-2026-11-01T09 is what signals wrote in that hour (UTC)", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		r, err := post[web.Run](ctx, api, "/runs/"+args[0]+"/undo", map[string]any{"archive_created": archive})
		if err != nil {
			return err
		}
		if r, err = c.follow(ctx, api, r); err != nil {
			return err
		}
		p, err := get[web.Plan](ctx, api, "/plans/"+r.Plan)
		if err != nil || c.json {
			return c.either(err, p)
		}
		if csv != "" {
			if err := c.planTable(ctx, api, p, csv); err != nil || csv == "-" {
				return err
			}
		} else if err := c.undoRows(ctx, api, p, args[0], all); err != nil {
			return err
		}
		c.printUndo(p, args[0], archive)
		return nil
	})
	cmd.Flags().BoolVar(&archive, "archive-created", false, "archive the records that the run made, unless somebody changed them since; nothing makes them again")
	cmd.Flags().BoolVar(&all, "all", false, "print every row, not only the first ones")
	csvFlag(cmd, &csv)
	return cmd
}

// undoRows prints the first rows, or all of them.
func (c *cli) undoRows(ctx context.Context, api *client, p web.Plan, run string, all bool) error {
	for from, shown := 0, 0; ; {
		limit := "200"
		if !all {
			limit = fmt.Sprint(firstRows)
		}
		page, err := get[web.Rows](ctx, api, "/plans/"+p.ID+"/rows", "from", fmt.Sprint(from), "limit", limit)
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			if err := c.printRow(row); err != nil {
				return err
			}
			shown++
		}
		switch {
		case page.Next == 0:
			return nil
		case !all:
			fmt.Fprintf(c.out, "... and %d more rows: crosswalk undo %s --all\n", p.Rows-shown, run)
			return nil
		}
		from = page.Next
	}
}

// printUndo says what the plan comes to, and how to go on.
func (c *cli) printUndo(p web.Plan, run string, archive bool) {
	fmt.Fprintf(c.out, "undo of %s: %d records: %d are put back, %d archived, %d linked again; %d left as they are (each says why), %d as they were already\n", run, p.Rows,
		p.Kinds["restore"], p.Kinds["archive_made"], p.Kinds["relink"], p.Kinds["skip"]+p.Kinds["hold"], p.Kinds["nothing"])
	if p.Kinds["restore"]+p.Kinds["archive_made"]+p.Kinds["relink"] == 0 {
		fmt.Fprintln(c.out, "there is nothing to carry out")
		return
	}
	if !archive && p.Kinds["skip"] > 0 {
		fmt.Fprintf(c.out, "to archive what the run made too: crosswalk undo %s --archive-created\n", run)
	}
	fmt.Fprintf(c.out, "saved as plan %s, digest %s\nhave it approved: crosswalk approve %s --digest %s\nthen carry it out: crosswalk run --plan %s\n", p.ID, p.Digest, p.ID, p.Digest, p.ID)
}
