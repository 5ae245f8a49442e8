package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crosswalk/internal/web"
)

func (c *cli) rebuild() *cobra.Command {
	reason, look := "", false
	cmd := c.command("rebuild", "after a restore from backup: read back what was made since; nothing is written before", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		r, err := get[web.Rebuild](ctx, api, "/rebuild")
		if err != nil {
			return err
		}
		if !look {
			if r, err = post[web.Rebuild](ctx, api, "/rebuild", map[string]any{"reason": reason}); err != nil {
				return err
			}
			if r, err = c.followRebuild(ctx, api, r); err != nil {
				return err
			}
		}
		if err := rebuildRows(ctx, api, &r); err != nil {
			return err
		}
		var left error
		if r.State == web.RebuildAwaited || r.State == web.RebuildDone && r.Look() {
			left = errLook
		}
		if c.json {
			return errorsFirst(c.printJSON(r), left)
		}
		return errorsFirst(c.printRebuild(r), left)
	})
	cmd.Long = cmd.Short + ".\nThe whole way, from the backup to the last mapping: crosswalk help restore. Asked again while it runs, it says how far it is."
	reasonFlag(cmd, &reason)
	cmd.Flags().BoolVar(&look, "look", false, "only say how it stands, with the report of the last one")
	return cmd
}

// followRebuild waits for a rebuild to end. Ending the command does not end it.
func (c *cli) followRebuild(ctx context.Context, api *client, r web.Rebuild) (web.Rebuild, error) {
	said := time.Now().Add(-sayEvery)
	for r.State == web.RebuildRuns {
		if time.Since(said) >= sayEvery {
			said = time.Now()
			fmt.Fprintln(c.err, rebuildProgress(r))
		}
		select {
		case <-ctx.Done():
			return r, fmt.Errorf("the rebuild goes on; look at it with: crosswalk rebuild --look")
		case <-time.After(lookEvery):
		}
		next, err := get[web.Rebuild](ctx, api, "/rebuild")
		if err != nil {
			if ctx.Err() != nil {
				continue
			}
			return r, err
		}
		r = next
	}
	return r, nil
}

// rebuildProgress is where a rebuild stands, in a line.
func rebuildProgress(r web.Rebuild) string {
	out := map[string]string{"wait": "waiting until the systems show all that was made before the restore", "marks": "reading what was made", "sources": "linking it again",
		"links": "looking at links", "strays": "looking for what is linked to nothing"}[r.Phase]
	out += fmt.Sprintf(": %d records read, %d with our mark; %d looked at, %d linked again", r.Read, r.Marked, r.Looked, r.Adopted)
	if r.Error != "" {
		out += "; it does not go on right now: " + r.Error
	}
	if r.Goes != nil && r.Goes.After(time.Now()) {
		out += "; it goes on at " + shortTime(*r.Goes)
	}
	return plain(out)
}

// rebuildRows reads all parts of the report.
func rebuildRows(ctx context.Context, api *client, r *web.Rebuild) error {
	for from := 0; ; {
		part, err := get[web.Rebuild](ctx, api, "/rebuild", "from", fmt.Sprint(from), "limit", "500")
		if err != nil {
			return err
		}
		r.Rows = append(r.Rows, part.Rows...)
		if part.Next == 0 {
			return nil
		}
		from = part.Next
	}
}

// lookedAt are the kinds of row that a person must look at, with what is to be done.
var lookedAt = []struct {
	title string
	is    func(web.RebuildRow) bool
}{
	{"several records bear one mark; archive all but one, then crosswalk retry REF, or crosswalk link REF TARGET:", func(r web.RebuildRow) bool { return r.What == "held" }},
	{"found, and not linked yet; they are looked for again when their mapping goes on:", func(r web.RebuildRow) bool { return r.What == "open" }},
	{"linked as the backup has it, and another one was made since; link the right one (crosswalk unlink REF, crosswalk link REF TARGET):", func(r web.RebuildRow) bool { return r.What == "other" }},
	{"documents whose e-mail or e-invoice may or may not have been sent; it is not sent again, look in billing:", func(r web.RebuildRow) bool { return r.EMail }},
	{"documents that come to something else than their record today; they stay as they are:", func(r web.RebuildRow) bool { return r.Differs }},
	{"they bear our mark and are linked to nothing; look whether they are wanted:", func(r web.RebuildRow) bool { return r.What == "stray" }},
}

func (c *cli) printRebuild(r web.Rebuild) error {
	switch r.State {
	case web.RebuildNone:
		fmt.Fprintf(c.out, "the table carries epoch %d and was not restored from a backup, as far as that says; after a restore: crosswalk help restore\n", r.Epoch)
		return nil
	case web.RebuildAwaited:
		fmt.Fprintf(c.out, "%s\nhave what was made since read back: crosswalk rebuild\n", restoredText(r))
		return nil
	case web.RebuildRuns:
		fmt.Fprintf(c.out, "%s\n%s\n", restoredText(r), rebuildProgress(r))
		return nil
	}
	fmt.Fprintf(c.out, "read back: %d records, %d with our mark; of %d records %d were linked again to what had been made for them\n", r.Read, r.Marked, r.Looked, r.Adopted)
	for _, group := range lookedAt {
		var rows [][]string
		for _, row := range r.Rows {
			if group.is(row) {
				rows = append(rows, []string{"  " + row.Ref, row.Target, row.Mapping, row.Text, row.Address})
			}
		}
		if len(rows) == 0 {
			continue
		}
		fmt.Fprintln(c.out, group.title)
		if err := columns(c.out, rows); err != nil {
			return err
		}
	}
	for _, name := range r.Resume {
		fmt.Fprintf(c.out, "%s goes on with: crosswalk resume %s\n", name, name)
	}
	fmt.Fprintln(c.out, "what people decided since the backup (unlinked, ignored, approved, erased) is forgotten: do it again; crosswalk help restore")
	return nil
}

// restoredText says that nothing is written, and why.
func restoredText(r web.Rebuild) string {
	out := fmt.Sprintf("the table was restored from a backup (epoch %d, now %d)", r.From, r.Epoch)
	if r.Restored != nil {
		out += ", seen " + shortTime(*r.Restored)
	}
	return strings.TrimSpace(out + ": nothing is written")
}
