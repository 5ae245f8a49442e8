package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crosswalk/internal/web"
)

// budget shows what connections may spend a day and have spent, or sets it.
func (c *cli) budget() *cobra.Command {
	perDay, note := "", ""
	cmd := c.command("budget [CONNECTION]", "calls that a connection may make a day, and has made, by the vendor's limits; --per-day N or N% sets it", cobra.MaximumNArgs(1), func(ctx context.Context, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		if perDay != "" {
			if len(args) == 0 {
				return wrongUse("name the connection: crosswalk budget CONNECTION --per-day %s", perDay)
			}
			return c.setBudget(ctx, api, args[0], perDay, note)
		}
		all, err := get[struct {
			Budgets []web.Budget `json:"budgets"`
		}](ctx, api, "/budget")
		if err != nil {
			return err
		}
		if len(args) == 1 {
			all.Budgets = slices.DeleteFunc(all.Budgets, func(b web.Budget) bool { return b.Connection != args[0] })
			if len(all.Budgets) == 0 {
				return fmt.Errorf("there is no connection %s; crosswalk connections lists them", args[0])
			}
		}
		if c.json {
			return c.printJSON(all)
		}
		return c.printBudgets(all.Budgets)
	})
	cmd.Flags().StringVar(&perDay, "per-day", "", "calls a day (50000), or a part of what the vendor allows (80%)")
	cmd.Flags().StringVar(&note, "note", "", "why, for whoever reads it later")
	return cmd
}

func (c *cli) setBudget(ctx context.Context, api *client, connection, perDay, note string) error {
	body := map[string]any{"note": note}
	number, percent := strings.CutSuffix(perDay, "%")
	n, err := strconv.Atoi(number)
	if err != nil || n <= 0 {
		return wrongUse("--per-day %q: write a number of calls, 50000, or a percentage, 80%%", perDay)
	}
	body[map[bool]string{true: "percent", false: "per_day"}[percent]] = n
	b, err := post[web.Budget](ctx, api, "/budget/"+url.PathEscape(connection), body)
	if err != nil || c.json {
		return c.either(err, b)
	}
	if err := c.printBudgets([]web.Budget{b}); err != nil {
		return err
	}
	fmt.Fprintln(c.out, "workers take it up within a minute")
	return nil
}

func (c *cli) printBudgets(all []web.Budget) error {
	rows := [][]string{{"CONNECTION", "LIMIT", "VENDOR'S DAY", "SHARE", "MAY SPEND", "SPENT BY US", "ALL, BY THE VENDOR", "LEFT", ""}}
	for _, b := range all {
		if !b.Limited {
			rows = append(rows, []string{b.Connection, "(limits: off in the configuration; calls are only counted)"})
		}
		for _, one := range b.Buckets {
			rows = append(rows, bucketRow(b.Connection, one))
		}
	}
	if err := columns(c.out, rows); err != nil {
		return err
	}
	for _, b := range all {
		if err := c.printSpending(b); err != nil {
			return err
		}
	}
	return nil
}

func bucketRow(connection string, b web.BudgetBucket) []string {
	row := []string{connection, b.Bucket, "no limit", "", "", fmt.Sprint(b.Used), "", "", ""}
	if b.PerDay > 0 {
		row[3], row[4] = b.Share, fmt.Sprint(b.PerDay)
	}
	if b.Limit > 0 {
		row[2] = fmt.Sprintf("%d (%s)", b.Limit, b.Day)
	}
	if b.Word != nil && b.WordAt != nil {
		row[6] = fmt.Sprintf("%d at %s", *b.Word, shortTime(*b.WordAt))
	}
	if b.Left != nil {
		row[7] = fmt.Sprint(*b.Left)
	}
	switch {
	case b.Out && b.Resumes != nil:
		row[8] = "out: goes on at " + shortTime(*b.Resumes)
	case b.Blocked != nil:
		row[8] = "the vendor told us to wait until " + shortTime(*b.Blocked)
	}
	return row
}

// printSpending writes who set a connection's share, and what its calls of the last 24 hours were for.
func (c *cli) printSpending(b web.Budget) error {
	if b.SetAt != nil {
		text := fmt.Sprintf("%s: set by %s at %s", b.Connection, b.SetBy, b.SetAt.UTC().Format(time.RFC3339))
		if b.Note != "" {
			text += ": " + b.Note
		}
		fmt.Fprintln(c.out, plain(text))
	}
	if len(b.Uses) == 0 {
		return nil
	}
	fmt.Fprintf(c.out, "%s, the last 24 hours:\n", b.Connection)
	var rows [][]string
	for _, u := range b.Uses {
		rows = append(rows, []string{"    " + orElse(u.Mapping, "(shared)"), orElse(u.Cause, "(asked)"), fmt.Sprint(u.Calls)})
	}
	return columns(c.out, rows)
}
