package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"crosswalk/internal/record"
	"crosswalk/internal/web"
)

// The commands by which a person joins records, takes them apart, sets them aside, and looks at what is there.

// pair is one row of a list to link or unlink, as the API takes it.
type pair struct {
	A        string `json:"a"`
	B        string `json:"b,omitempty"`
	Mapping  string `json:"mapping,omitempty"`
	Archived bool   `json:"archived,omitempty"`
	row      int    // in the file, as a spreadsheet counts
}

// pairFlags are what link and unlink share.
type pairFlags struct {
	mapping, reason, file, csv string
	dry                        bool
	salespad                   string        // whose table of links the file is
	refused                    []web.PairRow // rows of the file that are no pair
}

func (f *pairFlags) on(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.mapping, "mapping", "", "needed only where several mappings join such records in different places")
	flags.StringVar(&f.reason, "reason", "", "kept with the decision")
	flags.StringVar(&f.file, "file", "", "CSV with columns a, b and perhaps mapping, or, to link, an export of SalesPad's own table of links (CSV or JSON); a line is printed for each row")
	flags.BoolVar(&f.dry, "dry-run", false, "say what would become of each, and store nothing")
	csvFlag(cmd, &f.csv)
}

func (c *cli) link() *cobra.Command {
	f, archived := &pairFlags{}, false
	cmd := c.command("link REF OTHER", "join two records by hand; nothing is written to either, and a deal with its document is never billed again", cobra.MaximumNArgs(2), func(ctx context.Context, args []string) error {
		pairs, err := c.pairsToLink(ctx, f, args)
		if err != nil {
			return err
		}
		for n := range pairs {
			pairs[n].Archived = archived
		}
		return c.sendPairs(ctx, "/links", pairs, f, map[string]any{"reason": f.reason, "dry_run": f.dry})
	})
	f.on(cmd)
	cmd.Flags().StringVar(&f.salespad, "salespad", "", "of a file that is SalesPad's table of links: the connection it comes from, where there are several")
	cmd.Flags().BoolVar(&archived, "archived", false, "the counterpart is meant although it is archived")
	return cmd
}

func (c *cli) unlink() *cobra.Command {
	f, rematch := &pairFlags{}, false
	cmd := c.command("unlink REF [OTHER]", "take a pair apart; the record then waits until it is linked again or retried", cobra.MaximumNArgs(2), func(ctx context.Context, args []string) error {
		pairs, err := f.pairs(args, 1)
		if err != nil {
			return err
		}
		return c.sendPairs(ctx, "/links/unlink", pairs, f, map[string]any{"reason": f.reason, "dry_run": f.dry, "rematch": rematch})
	})
	f.on(cmd)
	cmd.Flags().BoolVar(&rematch, "rematch", false, "have it looked at again at once, as if it were new: it may be matched, made or billed")
	return cmd
}

// pairs takes the pair of the arguments, or the rows of the file.
func (f *pairFlags) pairs(args []string, least int) ([]pair, error) {
	switch {
	case f.file != "" && len(args) > 0:
		return nil, wrongUse("give records or --file, not both")
	case f.file == "" && len(args) < least:
		return nil, wrongUse("name %s as connection:object/id, or give --file pairs.csv", map[int]string{1: "a record", 2: "both records"}[least])
	case f.file == "":
		p := pair{A: args[0], Mapping: f.mapping, row: 1}
		if len(args) == 2 {
			p.B = args[1]
		}
		return []pair{p}, nil
	}
	rows, err := f.rows()
	if err != nil {
		return nil, err
	}
	if _, is := linkTable(rows); is {
		return nil, wrongUse("the file is SalesPad's table of links: crosswalk link --file reads it")
	}
	return f.pairsIn(rows)
}

// rows are those of the file.
func (f *pairFlags) rows() ([][]string, error) {
	file, err := os.Open(f.file)
	if err != nil {
		return nil, wrongUse("--file: %v", err)
	}
	defer file.Close()
	rows, err := readRows(file)
	if err != nil {
		return nil, wrongUse("--file %s: %v", f.file, err)
	}
	return rows, nil
}

// pairsToLink takes the pair of the arguments, the rows of the file, or those of SalesPad's table of links.
func (c *cli) pairsToLink(ctx context.Context, f *pairFlags, args []string) ([]pair, error) {
	if f.file == "" || len(args) > 0 {
		return f.pairs(args, 2)
	}
	rows, err := f.rows()
	if err != nil {
		return nil, err
	}
	at, is := linkTable(rows)
	if !is {
		return f.pairsIn(rows)
	}
	in, err := c.accountsOf(ctx, f.salespad)
	if err != nil {
		return nil, err
	}
	pairs, refused := pairsOfTable(rows, at, in, f.mapping)
	f.refused = refused
	if len(pairs)+len(refused) == 0 {
		return nil, wrongUse("--file %s: there is no row", f.file)
	}
	return pairs, nil
}

// pairsIn reads rows. A first row without any address names the columns; without one they are a, b and mapping.
func (f *pairFlags) pairsIn(rows [][]string) ([]pair, error) {
	at := map[string]int{"a": 0, "b": 1, "mapping": 2}
	first := 0
	if len(rows) > 0 && !slices.ContainsFunc(rows[0], isRef) {
		clear(at)
		for n, name := range rows[0] {
			at[strings.ToLower(strings.TrimSpace(name))] = n
		}
		if _, ok := at["a"]; !ok {
			return nil, wrongUse("--file %s: the first row names no column a; write a, b and perhaps mapping", f.file)
		}
		first = 1
	}
	cell := func(row []string, name string) string {
		if n, ok := at[name]; ok && n < len(row) {
			return strings.TrimSpace(row[n])
		}
		return ""
	}
	var out []pair
	for n, row := range rows[min(first, len(rows)):] {
		p := pair{A: cell(row, "a"), B: cell(row, "b"), Mapping: cell(row, "mapping"), row: n + first + 1}
		if p.Mapping == "" {
			p.Mapping = f.mapping
		}
		if p.A != "" || p.B != "" {
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		return nil, wrongUse("--file %s: there is no row", f.file)
	}
	return out, nil
}

// sendPairs sends pairs in parts and prints a line for each. A part that fails ends the command after what was done is
// printed; the same command again goes on, since what is done already is only said to be so.
func (c *cli) sendPairs(ctx context.Context, path string, pairs []pair, f *pairFlags, body map[string]any) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	var all web.PairRows
	asked := len(pairs) + len(f.refused)
	if f.file != "" && path == "/links" {
		pairs, all.Rows = contradicted(pairs)
		all.Rows = append(all.Rows, f.refused...)
	}
	for part := range slices.Chunk(pairs, web.MaxPairs/2) {
		body["pairs"] = part
		var got web.PairRows
		if got, err = post[web.PairRows](ctx, api, path, body); err != nil {
			break
		}
		for n, row := range got.Rows {
			row.Row = part[n].row
			all.Rows = append(all.Rows, row)
		}
	}
	slices.SortStableFunc(all.Rows, func(x, y web.PairRow) int { return x.Row - y.Row })
	for _, row := range all.Rows {
		if row.Status == "refused" {
			all.Refused++
		}
	}
	if len(all.Rows) == 0 {
		return err
	}
	if printed := c.printPairs(all, f, asked); printed != nil || err != nil {
		return errorsFirst(err, printed)
	}
	if all.Refused > 0 {
		return errLook
	}
	return nil
}

// readable tells whether both sides are addresses; what is wrong with one that is not, the API says.
func (p pair) readable() bool {
	_, errA := record.ParseRef(p.A)
	_, errB := record.ParseRef(p.B)
	return errA == nil && errB == nil
}

// contradicted sets apart the rows of a file that link one record to several others: which is meant, only a person can
// know, and the rows may be sent in different parts.
func contradicted(pairs []pair) (good []pair, bad []web.PairRow) {
	others := map[string]map[string]int{} // record to its counterparts, each with its first row
	sides := func(p pair) [][2]string {
		return [][2]string{{p.Mapping + "\x00" + p.A, p.B}, {p.Mapping + "\x00" + p.B, p.A}}
	}
	for _, p := range pairs {
		if !p.readable() {
			continue
		}
		for _, s := range sides(p) {
			if others[s[0]] == nil {
				others[s[0]] = map[string]int{}
			}
			if _, ok := others[s[0]][s[1]]; !ok {
				others[s[0]][s[1]] = p.row
			}
		}
	}
	for _, p := range pairs {
		rival := 0
		for _, s := range sides(p) {
			for other, row := range others[s[0]] {
				if other != s[1] && p.readable() && (rival == 0 || row < rival) {
					rival = row
				}
			}
		}
		if rival == 0 {
			good = append(good, p)
			continue
		}
		bad = append(bad, web.PairRow{Row: p.row, A: p.A, B: p.B, Mapping: p.Mapping, Status: "refused", Why: fmt.Sprintf("row %d of this file links one of the two to another record", rival), Fix: "keep one of the two rows"})
	}
	return good, bad
}

func (c *cli) printPairs(all web.PairRows, f *pairFlags, asked int) error {
	if c.json {
		return c.printJSON(all)
	}
	if f.file == "" && f.csv == "" {
		for _, r := range all.Rows {
			fmt.Fprintln(c.out, plain(pairLine(r)))
		}
		return nil
	}
	rows := [][]string{{"row", "a", "b", "mapping", "status", "why", "fix"}}
	done := map[string]int{}
	for _, r := range all.Rows {
		why := r.Why
		if r.Difference != "" {
			why = r.Difference
		}
		rows = append(rows, []string{fmt.Sprint(r.Row), r.A, r.B, r.Mapping, r.Status, why, r.Fix})
		done[r.Status]++
	}
	if err := c.table(rows, f.csv); err != nil || f.csv == "-" {
		return err
	}
	fmt.Fprintf(c.out, "%d of %d rows: %s\n", len(all.Rows), asked, counts(done))
	return nil
}

// pairLine says in words what became of a pair.
func pairLine(r web.PairRow) string {
	pair := r.A
	if r.B != "" {
		pair += " and " + r.B
	}
	out := fmt.Sprintf("%s: %s", pair, strings.ReplaceAll(r.Status, "_", " "))
	if r.Mapping != "" {
		out += " (" + r.Mapping + ")"
	}
	for _, more := range []string{r.Why, r.Difference, r.Fix} {
		if more != "" {
			out += ": " + more
		}
	}
	if r.Status == "unlinked" {
		out += fmt.Sprintf("\nit waits for a person now: crosswalk link %s OTHER, or crosswalk retry %s", r.A, r.A)
	}
	return out
}

func (c *cli) ignore() *cobra.Command {
	return c.aside("ignore REF", "set a record aside, whatever happens to it, until unignore", "/ignore")
}

func (c *cli) unignore() *cobra.Command {
	return c.aside("unignore REF", "put a record back to how it stood, and have it looked at", "/unignore")
}

func (c *cli) aside(use, short, path string) *cobra.Command {
	mapping, reason := "", ""
	cmd := c.command(use, short, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		got, err := post[web.PairRows](ctx, api, path, map[string]string{"ref": args[0], "mapping": mapping, "reason": reason})
		if err != nil || c.json {
			return c.either(err, got)
		}
		for _, r := range got.Rows {
			fmt.Fprintln(c.out, plain(pairLine(r)))
		}
		return nil
	})
	cmd.Flags().StringVar(&mapping, "mapping", "", "only in this mapping's place; default in all of them")
	cmd.Flags().StringVar(&reason, "reason", "", "kept with the decision")
	return cmd
}

func (c *cli) links() *cobra.Command {
	mapping, state, csv, limit := "", "", "", 0
	cmd := c.command("links", "what is linked, held, skipped or ignored, record by record", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		all := web.Links{Links: []web.Link{}}
		for {
			part, err := get[web.Links](ctx, api, "/links", "mapping", mapping, "state", state, "after", all.Next, "limit", "500")
			if err != nil {
				return err
			}
			all.Links, all.Next = append(all.Links, part.Links...), part.Next
			if all.Next == "" || limit > 0 && len(all.Links) >= limit {
				break
			}
		}
		more := all.Next != ""
		if limit > 0 && len(all.Links) > limit {
			all.Links, more = all.Links[:limit], true
		}
		if c.json {
			return c.printJSON(all)
		}
		rows := [][]string{{"RECORD", "STATE", "COUNTERPART", "MAPPING", "CATEGORY", "BY HAND"}}
		for _, l := range all.Links {
			hand := ""
			for _, h := range []*web.Hand{l.Hand, l.Ignored} {
				if h != nil {
					hand = strings.TrimSpace(strings.TrimSpace(h.Did+" by "+h.Actor) + " " + h.Why)
				}
			}
			rows = append(rows, []string{l.Ref, string(l.State), l.Target, l.Mapping, l.Category, hand})
		}
		if err := c.table(rows, csv); err != nil || csv != "" {
			return err
		}
		if more {
			fmt.Fprintf(c.out, "these are the first %d; all of them: crosswalk links --limit 0 --csv FILE\n", len(all.Links))
		}
		return nil
	})
	cmd.Flags().StringVar(&mapping, "mapping", "", "only those that this mapping settled")
	cmd.Flags().StringVar(&state, "state", "", "linked, held, skipped, claimed, alias, moved, tombstone or ignored")
	cmd.Flags().IntVar(&limit, "limit", 1000, "how many at most; 0 is all")
	csvFlag(cmd, &csv)
	return cmd
}

func (c *cli) reviews() *cobra.Command {
	mapping, csv := "", ""
	cmd := c.command("reviews [CATEGORY]", "held records that a person must choose for, with the candidates and the command that chooses each", cobra.MaximumNArgs(1), func(ctx context.Context, args []string) error {
		category := ""
		if len(args) == 1 {
			category = args[0]
		}
		api, err := c.client()
		if err != nil {
			return err
		}
		all := web.Reviews{Reviews: []web.Review{}}
		for from := 0; ; from = all.Next {
			part, err := get[web.Reviews](ctx, api, "/reviews", "mapping", mapping, "category", category, "from", fmt.Sprint(from))
			if err != nil {
				return err
			}
			all.Reviews, all.Total, all.Next = append(all.Reviews, part.Reviews...), part.Total, part.Next
			if all.Next == 0 {
				break
			}
		}
		switch {
		case c.json:
			return c.printJSON(all)
		case csv != "":
			return c.table(reviewRows(all), csv)
		case len(all.Reviews) == 0:
			fmt.Fprintln(c.out, "nobody has to choose anything")
			return nil
		}
		for _, r := range all.Reviews {
			fmt.Fprintln(c.out, plain(fmt.Sprintf("%s: %s: %s (%s)", r.Mapping, r.Category, r.Ref, r.Text)))
			fmt.Fprintln(c.out, plain("    shows "+showing(r.Shows)))
			for _, cand := range r.Candidates {
				fmt.Fprintln(c.out, plain("  "+candidateLine(cand)))
			}
		}
		fmt.Fprintf(c.out, "%d to choose; what none of these is: crosswalk ignore REF --reason WHY\n", len(all.Reviews))
		return nil
	})
	cmd.Flags().StringVar(&mapping, "mapping", "", "only of this mapping")
	csvFlag(cmd, &csv)
	return cmd
}

func candidateLine(c web.Candidate) string {
	out := c.Command
	var notes []string
	if c.LinkedTo != "" {
		notes = append(notes, "linked to "+c.LinkedTo)
	}
	if c.Archived {
		notes = append(notes, "archived")
	}
	if c.State != "" && c.State != string(record.Found) {
		notes = append(notes, c.State)
	}
	if s := showing(c.Shows); s != "" {
		notes = append(notes, s)
	}
	if len(notes) > 0 {
		out += "    (" + strings.Join(notes, "; ") + ")"
	}
	return out
}

func showing(fields map[string]record.Value) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		parts = append(parts, name+"="+fields[name].Text())
	}
	return strings.Join(parts, ", ")
}

// reviewRows has a row for each candidate, with columns a and b: what stays of it after somebody's choice is a file for
// link --file.
func reviewRows(all web.Reviews) [][]string {
	rows := [][]string{{"a", "b", "mapping", "category", "a shows", "b shows", "b is linked to", "text"}}
	for _, r := range all.Reviews {
		if len(r.Candidates) == 0 {
			rows = append(rows, []string{r.Ref, "", r.Mapping, r.Category, showing(r.Shows), "", "", r.Text})
		}
		for _, cand := range r.Candidates {
			rows = append(rows, []string{r.Ref, cand.Ref, r.Mapping, r.Category, showing(r.Shows), showing(cand.Shows), cand.LinkedTo, r.Text})
		}
	}
	return rows
}

func (c *cli) record() *cobra.Command {
	return c.command("record REF", "both sides of a record as they read now, with what is known of it", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		got, err := get[struct {
			Records []web.Record `json:"records"`
		}](ctx, api, "/records", "ref", args[0])
		if err != nil || c.json {
			return c.either(err, got)
		}
		for _, r := range got.Records {
			if r.Ref != "" {
				if err := c.printWhy(r.Why, ""); err != nil {
					return err
				}
			}
			for _, s := range []*web.Side{r.Source, r.Counterpart} {
				if err := c.printSide(s); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (c *cli) printSide(s *web.Side) error {
	if s == nil {
		return nil
	}
	head := s.Ref + " now: " + s.State
	if s.Archived {
		head += ", archived"
	}
	for _, more := range []string{s.MovedTo, s.Note} {
		if more != "" {
			head += ": " + more
		}
	}
	fmt.Fprintln(c.out, plain(head))
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(s.Fields)) {
		rows = append(rows, []string{"    " + name, s.Fields[name].Text()})
	}
	for n, l := range s.Lines {
		rows = append(rows, []string{fmt.Sprintf("    line %d", n+1), showing(l)})
	}
	return columns(c.out, rows)
}
