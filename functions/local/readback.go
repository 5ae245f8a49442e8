package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crosswalk/internal/web"
)

func (c *cli) usage() *cobra.Command {
	csv := ""
	cmd := c.command("usage", "calls of the last 24 hours by connection, mapping and cause, and what is left today", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		u, err := get[web.Usage](ctx, api, "/usage")
		if err != nil || c.json {
			return c.either(err, u)
		}
		rows := [][]string{{"CONNECTION", "MAPPING", "CAUSE", "CALLS"}}
		for _, use := range u.Uses {
			rows = append(rows, []string{use.Connection, orElse(use.Mapping, "(shared)"), orElse(use.Cause, "(asked)"), fmt.Sprint(use.Calls)})
		}
		if err := c.table(rows, csv); err != nil || csv == "-" {
			return err
		}
		c.printCallsLeft(u.CallsLeft)
		return nil
	})
	csvFlag(cmd, &csv)
	return cmd
}

func orElse(text, standard string) string {
	if text == "" {
		return standard
	}
	return text
}

func (c *cli) printCallsLeft(all []web.Allowance) {
	for _, a := range all {
		switch {
		case a.OutUntil != nil:
			fmt.Fprintf(c.out, "%s %s: today's calls are used up; it goes on at %s: crosswalk budget %s\n", a.Connection, a.Bucket, shortTime(*a.OutUntil), a.Connection)
		case a.LeftToday >= 0:
			fmt.Fprintf(c.out, "%s %s: %d calls left today\n", a.Connection, a.Bucket, a.LeftToday)
		}
	}
}

func (c *cli) history() *cobra.Command {
	csv := ""
	cmd := c.command("history MAPPING", "versions, changes of status, approvals and runs, with who and when, newest first", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		var all web.History
		for from := 0; ; {
			part, err := get[web.History](ctx, api, "/mappings/"+args[0]+"/history", "from", fmt.Sprint(from))
			if err != nil {
				return err
			}
			all.Happenings = append(all.Happenings, part.Happenings...)
			if part.Next == 0 {
				break
			}
			from = part.Next
		}
		if c.json {
			return c.printJSON(all)
		}
		rows := [][]string{{"AT", "WHAT", "VERSION", "WHO", "", "NOTE"}}
		for _, h := range all.Happenings {
			rows = append(rows, happeningRow(h))
		}
		return c.table(rows, csv)
	})
	csvFlag(cmd, &csv)
	return cmd
}

func happeningRow(h web.Happening) []string {
	version, more := "", []string{}
	if h.Version > 0 {
		version = fmt.Sprint(h.Version)
	}
	for _, part := range [][2]string{{"", h.Text}, {"plan ", h.Plan}, {"run ", h.Run}} {
		if part[1] != "" {
			more = append(more, part[0]+part[1])
		}
	}
	if h.Single {
		more = append(more, "approval: single")
	}
	return []string{shortTime(h.At), h.What, version, h.Actor, strings.Join(more, ", "), h.Note}
}

// audit streams the trail: a part is printed before the next is asked for.
func (c *cli) audit() *cobra.Command {
	from, to, ref, csv := "", "", "", ""
	cmd := c.command("audit --from DAY --to DAY", "the audit trail: what was decided about which record and field, by which rule, old and new value, run and who", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		out, done, err := c.auditWriter(csv)
		if err != nil {
			return err
		}
		for after := ""; ; {
			part, err := get[web.Audit](ctx, api, "/audit", "from", from, "to", to, "ref", ref, "after", after)
			if err != nil {
				return errorsFirst(err, done())
			}
			for _, entry := range part.Entries {
				if err := out(entry); err != nil {
					return errorsFirst(err, done())
				}
			}
			if part.Next == "" {
				return done()
			}
			after = part.Next
		}
	})
	cmd.Flags().StringVar(&from, "from", "", "a day or a moment: from then on")
	cmd.Flags().StringVar(&to, "to", "", "a day or a moment: before it")
	cmd.Flags().StringVar(&ref, "ref", "", "only of this record, of either side")
	csvFlag(cmd, &csv)
	return cmd
}

var auditHead = []string{"AT", "RECORD", "TARGET", "KIND", "FIELD", "OLD", "NEW", "ACTION", "RULE", "MAPPING", "VERSION", "CAUSE", "RUN", "WHO", "CATEGORY", "REASON", "NET", "CURRENCY", "OUTCOME"}

// auditWriter gives what writes one entry and what ends the writing: JSON lines, CSV rows, or text.
func (c *cli) auditWriter(csv string) (write func(web.AuditEntry) error, done func() error, err error) {
	none := func() error { return nil }
	switch {
	case csv != "":
		w, end := c.out, none
		if csv != "-" {
			file, err := os.OpenFile(csv, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
			if err != nil {
				return nil, nil, wrongUse("--csv: %v", err)
			}
			w, end = file, file.Close
		}
		return func(e web.AuditEntry) error { return web.WriteCSV(w, auditRows(e)) }, end, web.WriteCSV(w, [][]string{auditHead})
	case c.json:
		encoder := json.NewEncoder(c.out)
		return func(e web.AuditEntry) error { return encoder.Encode(e) }, none, nil
	}
	return func(e web.AuditEntry) error { return printAudit(c.out, e) }, none, nil
}

// auditRows are one row a field, and one for an entry without any.
func auditRows(e web.AuditEntry) [][]string {
	row := func(f web.Field) []string {
		action := string(f.Action)
		if e.Values != "" && f.Field != "" {
			action += " (values " + e.Values + ")"
		}
		return []string{e.At.UTC().Format(time.RFC3339), e.Ref, e.Target, string(e.Kind), f.Field, f.Old.Text(), f.New.Text(), action, f.Rule, e.Mapping, fmt.Sprint(e.Version), e.Cause, e.Run, e.Actor,
			e.Category, e.Reason, major(e.Net, e.Currency), e.Currency, outcomes(e.Outcomes)}
	}
	if len(e.Fields) == 0 {
		return [][]string{row(web.Field{})}
	}
	var out [][]string
	for _, f := range e.Fields {
		out = append(out, row(f))
	}
	return out
}

func outcomes(all []web.Outcome) string {
	var parts []string
	for _, o := range all {
		parts = append(parts, strings.TrimSpace(o.Status+" "+o.Target+" "+o.Note))
	}
	return strings.Join(parts, "; ")
}

func printAudit(w io.Writer, e web.AuditEntry) error {
	head := fmt.Sprintf("%s %s: %s", shortTime(e.At), e.Ref, e.Kind)
	if e.Target != "" {
		head += " -> " + e.Target
	}
	head += fmt.Sprintf(" (%s version %d, %s", e.Mapping, e.Version, e.Cause)
	for _, part := range [][2]string{{"run ", e.Run}, {"by ", e.Actor}, {"values ", e.Values}} {
		if part[1] != "" {
			head += ", " + part[0] + part[1]
		}
	}
	head += ")"
	if e.Category != "" {
		head += ": " + e.Category + ": " + e.Reason
	}
	if text := outcomes(e.Outcomes); text != "" {
		head += ": " + text
	}
	fmt.Fprintln(w, plain(head))
	return columns(w, append(fieldRows(e.Fields), lineRows(e.Lines)...))
}

// printOrigin says where a document came from, in one or two lines.
func (c *cli) printOrigin(o web.Origin) {
	fmt.Fprintf(c.out, "  bills %s by the rule of %s version %d: %s\n", plain(o.Deal), o.Mapping, o.Version, o.Rule)
	var by []string
	if o.Approver != "" {
		text := "approved by " + o.Approver
		if o.Approved != nil {
			text += " at " + shortTime(*o.Approved)
		}
		if o.Single {
			text += " (approval: single)"
		}
		by = append(by, text)
	}
	if o.Run != "" {
		text := "run " + o.Run
		if o.RunKind != "" {
			text = o.RunKind + " " + text
		}
		if o.StartedBy != "" {
			text += " started by " + o.StartedBy
		}
		by = append(by, text)
	}
	if len(by) > 0 {
		fmt.Fprintln(c.out, "  "+strings.Join(by, "; "))
	}
}

// printStanding is the part of the status screen about connections and what waits.
func (c *cli) printStanding(s web.Status) error {
	rows := [][]string{{"CONNECTION", "ACCOUNT", "LAST ANSWER", ""}}
	for _, one := range s.Contacts {
		last, state := "", ""
		if one.LastSuccess != nil {
			last = ago(s.At, *one.LastSuccess)
		}
		if one.Dead != nil {
			state = fmt.Sprintf("refuses our credential since %s: crosswalk connect %s", shortTime(*one.Dead), one.Name)
		}
		if one.Waiting > 0 {
			state = strings.TrimPrefix(fmt.Sprintf("%s; %d wait for it", state, one.Waiting), "; ")
		}
		rows = append(rows, []string{one.Name, one.Account, last, state})
	}
	if err := columns(c.out, rows); err != nil {
		return err
	}
	for _, w := range s.Waits {
		what := strings.TrimSpace(w.For + " " + w.Name)
		fmt.Fprintf(c.out, "parked: %d wait for %s, the first goes on by itself at %s\n", w.Count, what, shortTime(w.Next))
	}
	return nil
}

// ago is how long before now something was, coarse.
func ago(now, at time.Time) string {
	d := now.Sub(at)
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return shortTime(at)
}
