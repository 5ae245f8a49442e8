package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"crosswalk/internal/web"
)

func (c *cli) notify() *cobra.Command {
	test := false
	cmd := c.command("notify", "what people are told of now; --test sends everybody who is told a test message", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		if test {
			return c.notifyTest(ctx, api)
		}
		list, err := get[struct {
			News []web.Topic `json:"news"`
		}](ctx, api, "/news")
		if err != nil || c.json {
			return c.either(err, list)
		}
		if len(list.News) == 0 {
			fmt.Fprintln(c.out, "nothing is open")
			return nil
		}
		rows := [][]string{{"WHAT", "MAPPING", "CATEGORY", "HOW MANY", "SUCH AS", "COMMAND"}}
		for _, t := range list.News {
			rows = append(rows, []string{t.Event, t.Mapping, t.Category, fmt.Sprint(t.Count), strings.Join(t.Names, ", "), t.Command})
		}
		return columns(c.out, rows)
	})
	cmd.Flags().BoolVar(&test, "test", false, "send a test message to operations and to every business address")
	return cmd
}

func (c *cli) notifyTest(ctx context.Context, api *client) error {
	told, err := post[struct {
		Told []web.Told `json:"told"`
	}](ctx, api, "/news/test", nil)
	if err != nil || c.json {
		return c.either(err, told)
	}
	for _, t := range told.Told {
		who := t.Audience
		if t.Mapping != "" {
			who += " of " + t.Mapping
		}
		to := strings.Join(t.To, ", ")
		if to == "" {
			to = "no address; the file and the terminal have it"
		}
		fmt.Fprintf(c.out, "%s: %s\n", who, to)
	}
	return nil
}
