package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crosswalk/internal/help"
	"crosswalk/internal/web"
)

func isRef(text string) bool { return strings.Contains(text, ":") }

func (c *cli) preview() *cobra.Command {
	save, all, set, csv := false, false, false, ""
	cmd := c.command("preview MAPPING [REF...] | --set [MAPPING...]", "every field that would be written and by which rule, with no write made", cobra.ArbitraryArgs, func(ctx context.Context, args []string) error {
		body := map[string]any{}
		switch {
		case set && len(args) > 0:
			body["mappings"] = args
		case set:
			body["all"] = true
		case len(args) == 0:
			return wrongUse("name a mapping, or preview all that make no documents as one plan with --set")
		default:
			body["mapping"], body["refs"] = args[0], args[1:]
		}
		api, err := c.client()
		if err != nil {
			return err
		}
		r, err := post[web.Run](ctx, api, "/previews", body)
		if err != nil {
			return err
		}
		if r, err = c.follow(ctx, api, r); err != nil {
			return err
		}
		p, err := get[web.Plan](ctx, api, "/plans/"+r.Plan)
		if err != nil {
			return err
		}
		if c.json && save {
			return c.printJSON(p)
		}
		if csv != "" {
			if err := c.planTable(ctx, api, p, csv); err != nil || csv == "-" {
				return err
			}
		} else if err := c.printRows(ctx, api, p, all || !set && len(args) > 1); err != nil || c.json {
			return err
		}
		c.printPlan(p)
		if save {
			fmt.Fprintf(c.out, "saved as plan %s, digest %s\nhave it approved: crosswalk approve %s\n", p.ID, p.Digest, p.ID)
		}
		return nil
	})
	cmd.Flags().BoolVar(&save, "save", false, "print the plan's id, for approve and run --plan")
	cmd.Flags().BoolVar(&set, "set", false, "several mappings as one plan, in the order of their references; without names all that make no documents")
	cmd.Flags().BoolVar(&all, "all", false, "print every row, not only the first ones")
	csvFlag(cmd, &csv)
	return cmd
}

// planTable writes every row of a plan as CSV: a line a record, amounts in major units, for whoever approves it.
func (c *cli) planTable(ctx context.Context, api *client, p web.Plan, path string) error {
	table := [][]string{{"RECORD", "MAPPING", "WHAT", "NEEDED", "TARGET", "NET", "CURRENCY", "CATEGORY", "WHY", "FIELDS"}}
	for from := 0; ; {
		page, err := get[web.Rows](ctx, api, "/plans/"+p.ID+"/rows", "from", fmt.Sprint(from), "limit", "200")
		if err != nil {
			return err
		}
		for _, r := range page.Rows {
			net, _, _ := strings.Cut(amount(r.Net, r.Currency), " ")
			var fields []string
			for _, f := range r.Fields {
				fields = append(fields, f.Field+"="+f.New.Text())
			}
			table = append(table, []string{r.Ref.String(), r.Mapping, string(r.Kind), map[bool]string{true: "yes"}[r.Needed], r.Target, net, r.Currency, r.Category, r.Reason, strings.Join(fields, "; ")})
		}
		if page.Next == 0 {
			return c.table(table, path)
		}
		from = page.Next
	}
}

// firstRows is how many rows a preview shows by itself: enough to see the pattern.
const firstRows = 20

// printRows writes a plan's rows with their fields, page by page, so that no plan is ever held whole.
func (c *cli) printRows(ctx context.Context, api *client, p web.Plan, all bool) error {
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
			if c.json {
				err = c.printJSON(row)
			} else {
				err = c.printRow(row)
			}
			if err != nil {
				return err
			}
			shown++
		}
		if page.Next == 0 {
			return nil
		}
		if !all {
			if !c.json {
				fmt.Fprintf(c.out, "... and %d more rows: crosswalk preview %s --all\n", p.Rows+p.Needed-shown, p.Mapping)
			}
			return nil
		}
		from = page.Next
	}
}

func (c *cli) printRow(r web.Row) error {
	head := fmt.Sprintf("%s: %s", r.Ref, r.Kind)
	if r.Needed {
		head += " (needed)"
	}
	if r.Target != "" {
		head += " -> " + r.Target
	}
	if r.Category != "" {
		head += ": " + r.Category + ": " + r.Reason
	}
	if r.Net != "" {
		head += ", net " + amount(r.Net, r.Currency)
	}
	fmt.Fprintln(c.out, plain(head))
	return columns(c.out, append(fieldRows(r.Fields), lineRows(r.Lines)...))
}

func fieldRows(fields []web.Field) [][]string {
	var rows [][]string
	for _, f := range fields {
		from := strings.Join(f.From, " + ")
		if from != "" {
			from = "from " + from
		}
		change := f.New.Text()
		if !f.Old.Blank() && !f.Old.Same(f.New) {
			change = f.Old.Text() + " -> " + change
		}
		rule := f.Rule
		if f.Lost != nil {
			rule += "; lost: " + orElse(f.Lost.Text(), "a blank")
		}
		rows = append(rows, []string{"    " + f.Field, string(f.Action), change, from, rule})
	}
	return rows
}

func lineRows(lines []web.Line) [][]string {
	var rows [][]string
	for _, l := range lines {
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(l.Fields)) {
			parts = append(parts, name+"="+l.Fields[name].Text())
		}
		rows = append(rows, []string{"    line " + l.Source, l.Op, strings.Join(parts, " "), "", l.Note})
	}
	return rows
}

func (c *cli) printPlan(p web.Plan) {
	fmt.Fprintf(c.out, "%d records of %s, %d more that they need: %s\n", p.Rows, p.Mapping, p.Needed, counts(p.Kinds))
	if len(p.Reasons) > 0 {
		fmt.Fprintf(c.out, "not written: %s\n", counts(p.Reasons))
	}
	if len(p.Set) > 0 {
		fmt.Fprintf(c.out, "carried out in this order: %s\nrecords made or changed: %s\n", strings.Join(p.Set, ", "), counts(p.Writes))
	}
	for _, s := range p.SetsOff {
		fmt.Fprintf(c.out, "%d new %s/%s may set off: %s\n", s.Creates, s.Connection, s.Object, plain(strings.Join(s.What, "; ")))
	}
	for _, currency := range slices.Sorted(maps.Keys(p.Totals)) {
		fmt.Fprintf(c.out, "net total of new documents: %s\n", amount(p.Totals[currency], currency))
	}
}

func (c *cli) why() *cobra.Command {
	return c.command("why REF [FIELD]", "what was decided about a record of either side, and why", cobra.RangeArgs(1, 2), func(ctx context.Context, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		field := ""
		if len(args) == 2 {
			field = args[1]
		}
		answer, err := get[whyAnswer](ctx, api, "/why", "ref", args[0], "field", field)
		if err != nil || c.json {
			return c.either(err, answer)
		}
		for _, w := range answer.Why {
			if err := c.printWhy(w, field); err != nil {
				return err
			}
		}
		return nil
	})
}

// lookSays is what a match rule found.
func lookSays(l web.MatchLook) string {
	switch {
	case l.Saw == "blank":
		return "the record has no value for it"
	case l.Saw == "many":
		return "more than can be told apart"
	case l.Saw == "claim":
		return "nothing yet; another record with the value is just being carried over"
	case l.Hits == 0:
		return "nothing"
	}
	text := fmt.Sprintf("%d: %s", l.Hits, strings.Join(l.Of, ", "))
	if l.Hits > len(l.Of) {
		text += " ..."
	}
	return text
}

type whyAnswer struct {
	Why []web.Why `json:"why"`
}

func (c *cli) printWhy(w web.Why, field string) error {
	fmt.Fprintf(c.out, "%s: %s", plain(w.Ref), w.State)
	if w.Target != "" {
		fmt.Fprintf(c.out, " -> %s", plain(w.Target))
	}
	fmt.Fprintln(c.out)
	for _, url := range []string{w.URL, w.TargetURL} {
		if url != "" {
			fmt.Fprintln(c.out, "  "+plain(url))
		}
	}
	if w.Stopped != "" {
		fmt.Fprintf(c.out, "  %s\n", plain(w.Stopped))
	}
	if w.Category != "" {
		fmt.Fprintf(c.out, "  %s: %s\n", w.Category, plain(w.Reason))
		if e, ok := help.Error(w.Category); ok {
			fmt.Fprintf(c.out, "  what to do: %s\n", e.Do)
		}
	}
	for _, wait := range w.Waits {
		fmt.Fprintf(c.out, "  parked: waits for %s until %s: %s\n", strings.TrimSpace(wait.For+" "+wait.Name), shortTime(wait.Until), plain(orElse(wait.Reason, "nothing else")))
	}
	if w.Net != "" {
		fmt.Fprintf(c.out, "  net %s\n", amount(w.Net, w.Currency))
	}
	if m := w.MadeBy; m != nil {
		fmt.Fprintf(c.out, "  made by %s version %d at %s", m.Mapping, m.Version, shortTime(m.At))
		if m.Run != "" {
			fmt.Fprintf(c.out, ", run %s", m.Run)
		}
		if m.Approver != "" {
			fmt.Fprintf(c.out, ", approved by %s%s", m.Approver, ofOne(m.Single))
		}
		fmt.Fprintln(c.out)
	}
	if w.Origin != nil {
		c.printOrigin(*w.Origin)
	}
	for _, rule := range w.Rules {
		fmt.Fprintf(c.out, "  rule: %s <- %s: %s\n", rule.Field, strings.Join(rule.From, " + "), plain(rule.Rule))
		if rule.Wins != "" {
			fmt.Fprintf(c.out, "  who wins: %s\n", plain(rule.Wins))
		}
	}
	if field != "" && len(w.Decisions) == 0 && len(w.Rules) == 0 && w.Mapping != "" {
		fmt.Fprintf(c.out, "  no rule of %s version %d names %s, so it is never written\n", w.Mapping, w.Version, plain(field))
	} else if field != "" && len(w.Decisions) == 0 {
		fmt.Fprintf(c.out, "  no decision about %s is kept; its fields may be named by either side\n", plain(field))
	}
	for _, d := range w.Decisions {
		by := d.Cause
		if d.Actor != "" {
			by += " by " + d.Actor
		}
		text := fmt.Sprintf("  %s %s (%s version %d, %s)", shortTime(d.At), d.Kind, d.Mapping, d.Version, by)
		if d.Category != "" {
			text += ": " + d.Category + ": " + d.Reason
		}
		if d.Values != "" {
			text += " (values " + d.Values + ")"
		}
		fmt.Fprintln(c.out, plain(text))
		for _, l := range d.Looks {
			fmt.Fprintf(c.out, "    match: %s by %s: %s\n", l.Mapping, plain(l.Rule), plain(lookSays(l)))
		}
		if err := columns(c.out, append(fieldRows(d.Fields), lineRows(d.Lines)...)); err != nil {
			return err
		}
	}
	for _, o := range w.Outcomes {
		fmt.Fprintln(c.out, "  written: "+plain(strings.TrimSpace(fmt.Sprintf("%s %s %s", o.Status, o.Target, o.Note))))
	}
	return nil
}

func (c *cli) errors() *cobra.Command {
	about, csv := "", ""
	cmd := c.command("errors [CATEGORY]", "what a person must mend, by category; --explain CATEGORY says what it means", cobra.MaximumNArgs(1), func(ctx context.Context, args []string) error {
		if about != "" {
			return c.explainCategory(about)
		}
		api, err := c.client()
		if err != nil {
			return err
		}
		category := ""
		if len(args) == 1 {
			category = args[0]
		}
		f, err := failures(ctx, api, category)
		if err != nil || c.json {
			return c.either(err, f)
		}
		if csv != "" {
			return c.table(failureRows(f), csv)
		}
		if len(f.Errors) == 0 {
			fmt.Fprintln(c.out, "nothing is open")
			return nil
		}
		rows := [][]string{{"CATEGORY", "ERRORS", "RECORDS"}}
		for _, g := range f.Groups {
			rows = append(rows, []string{g.Category, fmt.Sprint(g.Errors), fmt.Sprint(g.Records)})
		}
		if err := columns(c.out, rows); err != nil {
			return err
		}
		fmt.Fprintln(c.out)
		for _, e := range f.Errors {
			fmt.Fprintln(c.out, plain(e.Message))
		}
		fmt.Fprintln(c.out, "\nwhat a category means: crosswalk errors --explain CATEGORY")
		return nil
	})
	cmd.Flags().StringVar(&about, "explain", "", "what happened, who can fix it, what to do")
	csvFlag(cmd, &csv)
	return cmd
}

// failures reads all parts of the open errors.
func failures(ctx context.Context, api *client, category string) (web.Failures, error) {
	all, err := get[web.Failures](ctx, api, "/errors", "category", category)
	for err == nil && all.Next > 0 {
		var next web.Failures
		if next, err = get[web.Failures](ctx, api, "/errors", "category", category, "from", fmt.Sprint(all.Next)); err == nil {
			all.Errors, all.Next = append(all.Errors, next.Errors...), next.Next
		}
	}
	return all, err
}

func failureRows(f web.Failures) [][]string {
	rows := [][]string{{"CATEGORY", "MAPPING", "RECORD", "ADDRESS", "WHAT", "FIRST", "LAST", "TIMES", "WHO", "WHAT TO DO"}}
	for _, e := range f.Errors {
		about, _ := help.Error(e.Category)
		rows = append(rows, []string{e.Category, e.Mapping, e.Ref, e.URL, e.Text, e.First.UTC().Format(time.RFC3339), e.Last.UTC().Format(time.RFC3339), fmt.Sprint(e.Count), about.Who, about.Do})
	}
	return rows
}

func (c *cli) explainCategory(category string) error {
	e, ok := help.Error(category)
	if !ok {
		return wrongUse("there is no category %q; crosswalk help errors has them all", category)
	}
	if c.json {
		return c.printJSON(e)
	}
	return columns(c.out, [][]string{{e.Category, ""}, {"  what happened", e.What}, {"  who can fix it", e.Who}, {"  what to do", e.Do}, {"  by itself", e.Retries}})
}

func (c *cli) status() *cobra.Command {
	return c.command("status", "one screen: connections, mappings, what waits, what is held", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		s, err := get[web.Status](ctx, api, "/status")
		if err != nil || c.json {
			return c.either(err, s)
		}
		return c.printStatus(s)
	})
}

func (c *cli) printStatus(s web.Status) error {
	if s.Restored != nil {
		fmt.Fprintf(c.out, "%s before: crosswalk rebuild\n", restoredText(*s.Restored))
		if s.Restored.State == web.RebuildRuns {
			fmt.Fprintln(c.out, rebuildProgress(*s.Restored))
		}
	}
	rows := [][]string{{"MAPPING", "STATUS", "VERSION", "LINKED", "HELD", "LAST SUCCESS", "LAG", "OPEN ERRORS"}}
	for _, m := range s.Mappings {
		version := fmt.Sprint(m.Latest)
		if m.Running > 0 && m.Running != m.Latest {
			version = fmt.Sprintf("%d (newest %d)", m.Running, m.Latest)
			if m.Trial > 0 {
				version = fmt.Sprintf("%d (%d in pilot, newest %d)", m.Running, m.Trial, m.Latest)
			}
		}
		status := string(m.Status)
		if m.Brake {
			status += ", stopped by the brake"
		}
		if m.Restored > 0 {
			status += ", stopped by the restore"
		}
		last, lag := "", ""
		if m.LastSuccess != nil {
			last = ago(s.At, *m.LastSuccess)
		}
		if m.FeedRead != nil {
			lag = (time.Duration(m.LagSeconds) * time.Second).String()
		}
		rows = append(rows, []string{m.Name, status, version, fmt.Sprint(m.Linked), fmt.Sprint(m.Held), last, lag, counts(m.Open)})
	}
	if err := columns(c.out, rows); err != nil {
		return err
	}
	var connections []string
	for _, one := range s.Connections {
		text := one.Name
		if len(one.Roles) > 0 {
			text = strings.Join(one.Roles, ", ") + " is " + one.Name
		}
		connections = append(connections, text)
	}
	fmt.Fprintf(c.out, "connections: %s; approval: %s\n", strings.Join(connections, "; "), s.Approval)
	for _, lane := range slices.Sorted(maps.Keys(s.Lanes)) {
		fmt.Fprintf(c.out, "%s: %d wait, %d in work\n", lane, s.Lanes[lane].Waiting, s.Lanes[lane].InWork)
	}
	fmt.Fprintf(c.out, "parked: %d\n", s.Parked)
	if err := c.printStanding(s); err != nil {
		return err
	}
	for _, r := range s.Runs {
		fmt.Fprintf(c.out, "run %s: %s\n", r.ID, progress(r))
	}
	if len(s.Refused) > 0 {
		fmt.Fprintf(c.out, "webhooks refused: %s\n", counts(s.Refused))
	}
	c.printCallsLeft(s.CallsLeft)
	return nil
}

// help shows a page of the help, or how a command is used.
func (c *cli) help(root *cobra.Command) *cobra.Command {
	return c.command("help [TOPIC|COMMAND]", "pages: "+strings.Join(help.Pages(), ", ")+"; or how a command is used", cobra.ArbitraryArgs, func(_ context.Context, args []string) error {
		if len(args) == 1 {
			if page, ok := help.Page(args[0]); ok && args[0] != "" {
				_, err := fmt.Fprint(c.out, page)
				return err
			}
		}
		cmd, rest, err := root.Find(args)
		if err != nil || len(rest) > 0 {
			return wrongUse("there is no page or command %q; pages: %s", strings.Join(args, " "), strings.Join(help.Pages(), ", "))
		}
		return cmd.Help()
	})
}
