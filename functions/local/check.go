package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"crosswalk/internal/record"
	"crosswalk/internal/web"
)

// checking is what the flags of check say.
type checking struct {
	mapping, csv, emit string
	sample             int
	dry, force         bool
}

func (c *cli) check() *cobra.Command {
	f := checking{}
	cmd := c.command("check [FILE...]", "preflight: connections, rights, marker fields, other integrations, mappings against the accounts, samples of two CRMs", cobra.ArbitraryArgs, func(ctx context.Context, args []string) error {
		body := map[string]any{"mapping": f.mapping, "dry": f.dry}
		if f.sample >= 0 {
			body["sample"] = f.sample
		}
		documents, err := texts(args)
		if err != nil {
			return err
		}
		if len(documents) > 0 {
			body["documents"] = documents
		}
		api, err := c.client()
		if err != nil {
			return err
		}
		report, err := post[web.Report](ctx, api, "/check", body)
		if err != nil {
			return err
		}
		if c.json {
			err = c.printJSON(report)
		} else if err = c.table(findings(report), f.csv); err == nil && f.csv == "" {
			err = c.printSides(report)
		}
		if err == nil && f.emit != "" {
			err = c.emit(ctx, api, report, f)
		}
		if err == nil && !report.Ready {
			err = errLook
		}
		return err
	})
	csvFlag(cmd, &f.csv)
	flags := cmd.Flags()
	flags.StringVar(&f.mapping, "mapping", "", "only this mapping")
	flags.IntVar(&f.sample, "sample", -1, "records read of each object of two CRMs: 0 for none, at most 1000, which is the standard")
	flags.BoolVar(&f.dry, "dry", false, "make no marker field either: nothing at all is written anywhere")
	flags.StringVar(&f.emit, "emit", "", "write what the accounts need into this folder: the permission set with what is in use, scopes, missing fields")
	flags.BoolVar(&f.force, "force", false, "with --emit: write over files that are there and differ")
	cmd.Long = "Looks at everything that can stand in the way before a mapping's first write, and writes no record. With FILE it looks at these documents in place of what is applied; nothing is stored then."
	return cmd
}

// texts reads mapping documents.
func texts(paths []string) ([]string, error) {
	var out []string
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, wrongUse("%v", err)
		}
		out = append(out, string(text))
	}
	return out, nil
}

func findings(report web.Report) [][]string {
	rows := [][]string{{"SEVERITY", "WHERE", "FINDING", "RECORDS", "WHO", "WHAT TO DO"}}
	for _, f := range report.Findings {
		records := ""
		if f.Records > 0 {
			records = fmt.Sprint(f.Records)
		}
		rows = append(rows, []string{f.Severity, f.Where, f.Finding, records, f.Owner, f.Fix})
	}
	return rows
}

// printSides shows how full the mapped fields of two CRMs are.
func (c *cli) printSides(report web.Report) error {
	rows := [][]string{{"MAPPING", "SIDE", "RECORDS", "SAMPLED", "FILLED, IN % OF THE SAMPLE (80 IS THE MARK)"}}
	for _, s := range report.Sides {
		total := fmt.Sprint(s.Total)
		if s.Total < 0 {
			total = "not told"
		}
		var filled []string
		for _, f := range s.Fields {
			filled = append(filled, fmt.Sprintf("%s %d", f.Field, f.Percent))
		}
		rows = append(rows, []string{s.Mapping, s.Connection + "/" + s.Object, total, fmt.Sprint(s.Sampled), strings.Join(filled, ", ")})
	}
	if len(rows) == 1 {
		return nil
	}
	fmt.Fprintln(c.out)
	return columns(c.out, rows)
}

func (c *cli) duplicates() *cobra.Command {
	side, csv := "", ""
	cmd := c.command("duplicates MAPPING", "records of one side that the mapping's match rules take for one: to be merged before going live", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		all, err := allDuplicates(ctx, api, args[0], side)
		if err != nil {
			return err
		}
		if c.json {
			return c.printJSON(all)
		}
		rows := [][]string{{"SIDE", "SAME", "RECORDS", "WHICH"}}
		for _, g := range all.Groups {
			refs := make([]string, len(g.Refs))
			for n, ref := range g.Refs {
				refs[n] = ref.String()
			}
			most := fmt.Sprint(len(g.Refs))
			if g.More {
				most += " or more"
			}
			rows = append(rows, []string{g.Refs[0].Connection + "/" + g.Refs[0].Object, g.Rule, most, strings.Join(refs, " ")})
		}
		if err := c.table(rows, csv); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%d records were read, %d groups found\n", all.Read, len(all.Groups))
		return nil
	})
	cmd.Flags().StringVar(&side, "side", "", "a or b; both without it")
	csvFlag(cmd, &csv)
	return cmd
}

// allDuplicates asks part by part. A group that is given again is longer: its last form counts.
func allDuplicates(ctx context.Context, api *client, mapping, side string) (web.Duplicates, error) {
	all := web.Duplicates{Groups: []web.DuplicateGroup{}}
	for after := ""; ; {
		part, err := get[web.Duplicates](ctx, api, "/mappings/"+mapping+"/duplicates", "side", side, "after", after)
		if err != nil {
			return all, err
		}
		all.Read += part.Read
		for _, g := range part.Groups {
			all.Groups = append(slices.DeleteFunc(all.Groups, func(old web.DuplicateGroup) bool { return old.Rule == g.Rule && overlap(old.Refs, g.Refs) }), g)
		}
		if after = part.Next; after == "" {
			return all, nil
		}
	}
}

func overlap(a, b []record.Ref) bool {
	return slices.ContainsFunc(a, func(ref record.Ref) bool { return slices.Contains(b, ref) })
}
