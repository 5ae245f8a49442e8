package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"crosswalk/internal/web"
)

// The commands from a preset to a mapping that is live, in the order in which somebody uses them.

// either is the error, or else the answer as JSON.
func (c *cli) either(err error, answer any) error {
	if err != nil {
		return err
	}
	return c.printJSON(answer)
}

func marks(f web.ObjectField) string {
	var out []string
	for _, m := range []struct {
		is   bool
		name string
	}{{f.Required, "required"}, {f.ReadOnly, "read only"}, {f.CreateOnly, "create only"}, {f.Unique, "unique"}} {
		if m.is {
			out = append(out, m.name)
		}
	}
	return strings.Join(out, ", ")
}

// maxOptions keeps a line readable; --json has them all.
const maxOptions = 6

func optionsOf(f web.ObjectField) string {
	if f.References != "" {
		return "-> " + f.References
	}
	var out []string
	for _, o := range f.Options {
		if len(out) == maxOptions {
			out = append(out, fmt.Sprintf("and %d more", len(f.Options)-maxOptions))
			break
		}
		out = append(out, o.Value)
	}
	return strings.Join(out, ", ")
}

func (c *cli) apply() *cobra.Command {
	over := 0
	cmd := c.command("apply FILE...", "check mapping documents and store them as next versions: all of them or none", cobra.MinimumNArgs(1), func(ctx context.Context, args []string) error {
		if over != 0 && len(args) != 1 {
			return wrongUse("--over is about one mapping: name one file")
		}
		var documents []string
		for _, path := range args {
			text, err := os.ReadFile(path)
			if err != nil {
				return wrongUse("%v", err)
			}
			documents = append(documents, string(text))
		}
		api, err := c.client()
		if err != nil {
			return err
		}
		answer, err := postOver[appliedAnswer](ctx, api, "/mappings", map[string][]string{"documents": documents}, over)
		if err != nil || c.json {
			return c.either(err, answer)
		}
		for _, a := range answer.Applied {
			if err := c.printApplied(a); err != nil {
				return err
			}
		}
		return nil
	})
	cmd.Flags().IntVar(&over, "over", 0, "only if this is still the newest version: the one that you exported and changed")
	return cmd
}

type appliedAnswer struct {
	Applied []web.Applied `json:"applied"`
}

func applyAll(ctx context.Context, api *client, documents []string) (appliedAnswer, error) {
	return post[appliedAnswer](ctx, api, "/mappings", map[string][]string{"documents": documents})
}

func (c *cli) printApplied(a web.Applied) error {
	what := fmt.Sprintf("%s: version %d stored, %s", a.Name, a.Latest, a.Status)
	if !a.Changed {
		what = fmt.Sprintf("%s: no change, version %d, %s", a.Name, a.Latest, a.Status)
	}
	if a.Running > 0 && a.Running != a.Latest {
		what += fmt.Sprintf("; version %d goes on running until: crosswalk live %s", a.Running, a.Name)
	}
	fmt.Fprintln(c.out, what)
	var rows [][]string
	for _, r := range a.Resolved {
		is := r.ID
		if r.Label != "" && r.Label != r.Name {
			is += " (" + r.Label + ")"
		}
		rows = append(rows, []string{fmt.Sprintf("  line %d", r.Line), r.Field, r.Name, "is " + is})
	}
	return columns(c.out, rows)
}
