package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crosswalk/internal/web"
)

// connections asks every account who it is.
func (c *cli) connections() *cobra.Command {
	return c.command("connections", "every account: what it is, and whether it answers now", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		list, err := get[struct {
			Connections []web.Connection `json:"connections"`
		}](ctx, api, "/connections")
		if err != nil {
			return err
		}
		var look error
		rows := [][]string{{"CONNECTION", "SYSTEM", "IS", "STATE", "ACCOUNT", "CURRENCY", "TIME ZONE", "CALLS LEFT TODAY"}}
		for _, one := range list.Connections {
			rows = append(rows, []string{one.Name, one.System, strings.Join(one.Roles, ", "), one.State, strings.TrimSpace(one.Account + " " + one.Label + sandbox(one)), one.Currency, one.TimeZone, left(one.CallsLeft)})
			if one.State != "ok" {
				look = errLook
			}
		}
		if c.json {
			return errorsFirst(c.printJSON(list), look)
		}
		if err := columns(c.out, rows); err != nil {
			return err
		}
		for _, one := range list.Connections {
			if one.State == "not connected" {
				fmt.Fprintf(c.out, "%s: connect it: crosswalk connect %s (or with a key: --key); what it needs: crosswalk help connecting\n", one.Name, one.Name)
			}
			if one.Error != "" {
				fmt.Fprintf(c.out, "%s: %s\n  connect it again: crosswalk connect %s; what it needs: crosswalk help %s\n", one.Name, plain(one.Error), one.Name, one.System)
			}
		}
		return look
	})
}

// sandbox marks an account that says it is no production account.
func sandbox(c web.Connection) string {
	if c.Production != nil && !*c.Production {
		return " (sandbox)"
	}
	return ""
}

// left writes what may still be called today; a limit without a day is not worth a word.
func left(all []web.Allowance) string {
	var out []string
	for _, a := range all {
		if a.LeftToday >= 0 {
			out = append(out, fmt.Sprintf("%s %d", a.Bucket, a.LeftToday))
		}
	}
	return strings.Join(out, ", ")
}

func (c *cli) settings() *cobra.Command {
	return c.command("settings", "what the deployment's configuration says, without credentials", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		s, err := get[web.Settings](ctx, api, "/settings")
		if err != nil || c.json {
			return c.either(err, s)
		}
		rows := [][]string{{"approval", s.Approval}, {"listen", s.Listen}, {"webhooks", s.PublicURL + "/webhooks/CONNECTION"}, {"poll", (time.Duration(s.PollSeconds) * time.Second).String()},
			{"epoch", fmt.Sprint(s.Epoch)}}
		for _, role := range slices.Sorted(maps.Keys(s.Roles)) {
			rows = append(rows, []string{"role " + role, s.Roles[role]})
		}
		for _, name := range slices.Sorted(maps.Keys(s.Connections)) {
			one := s.Connections[name]
			text := one.System + " at " + one.Base + ", by " + one.Auth
			for _, more := range [][2]string{{"account", one.Account}, {"edition", one.Edition}, {"limits", one.Limits}} {
				if more[1] != "" {
					text += ", " + more[0] + " " + more[1]
				}
			}
			rows = append(rows, []string{"connection " + name, text})
		}
		rows = append(rows, []string{"acceptance", fmt.Sprintf("%d rounds before a mapping goes live", s.Acceptance)}, []string{"told of everything", told(s.Tell)})
		for _, name := range slices.Sorted(maps.Keys(s.Mappings)) {
			one := s.Mappings[name]
			text := "told: " + told(one.Tell)
			if one.Acceptance != nil {
				text += fmt.Sprintf(", %d rounds of acceptance", *one.Acceptance)
			}
			rows = append(rows, []string{"mapping " + name, text})
		}
		for _, name := range slices.Sorted(maps.Keys(s.Reconcile)) {
			rows = append(rows, []string{"reconcile " + name, s.Reconcile[name]})
		}
		for _, class := range slices.Sorted(maps.Keys(s.Retention)) {
			rows = append(rows, []string{"retention of " + class, s.Retention[class]})
		}
		if err := columns(c.out, rows); err != nil {
			return err
		}
		fmt.Fprintln(c.out, "change them in the configuration file and start crosswalk up again")
		return nil
	})
}

// told writes addresses; without any, messages still go to the file and the terminal.
func told(addresses []string) string {
	if len(addresses) == 0 {
		return "the file of messages and the terminal only"
	}
	return strings.Join(addresses, ", ")
}

// openapi needs no running product: the description is made from the program itself.
func (c *cli) openapi() *cobra.Command {
	return c.command("openapi", "the operator API as OpenAPI 3.1 (JSON)", cobra.NoArgs, func(context.Context, []string) error {
		_, err := c.out.Write(web.OpenAPI())
		return err
	})
}
