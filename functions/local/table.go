package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/big"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"crosswalk/internal/money"
	"crosswalk/internal/web"
)

// printJSON prints an answer as the API gave it.
func (c *cli) printJSON(v any) error {
	e := json.NewEncoder(c.out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// columns prints rows in columns. The first row is the head.
func columns(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, row := range rows {
		for n, cell := range row {
			if n > 0 {
				fmt.Fprint(t, "\t")
			}
			fmt.Fprint(t, plain(cell))
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

// csvFlag lets a command write its table to a file, to be handed round.
func csvFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "csv", "", "write the table as CSV to this file; - is standard output")
}

// table prints rows in columns, or writes them as CSV where that was asked for. Cells that a spreadsheet would take for a
// formula are made harmless.
func (c *cli) table(rows [][]string, path string) error {
	switch path {
	case "":
		return columns(c.out, rows)
	case "-":
		return web.WriteCSV(c.out, rows)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return wrongUse("--csv: %v", err)
	}
	if err := errorsFirst(web.WriteCSV(file, rows), file.Close()); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%d rows are in %s\n", len(rows)-1, path)
	return nil
}

// plain makes a text of the outside safe for a terminal: one line, no control characters.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control) {
			return ' '
		}
		return r
	}, text)
}

// counts writes a map as "a 3, b 1", most first.
func counts(m map[string]int) string {
	var parts []string
	for _, name := range slices.SortedFunc(maps.Keys(m), func(x, y string) int {
		if m[x] != m[y] {
			return m[y] - m[x]
		}
		return strings.Compare(x, y)
	}) {
		if m[name] != 0 {
			parts = append(parts, fmt.Sprintf("%s %d", name, m[name]))
		}
	}
	return strings.Join(parts, ", ")
}

// amount writes minor units of a currency in major units: "4215", "EUR" is 42.15 EUR.
func amount(minor, currency string) string {
	n, ok := new(big.Int).SetString(minor, 10)
	digits, known := money.Exponent(currency)
	if !ok || !known {
		return strings.TrimSpace(minor + " " + currency)
	}
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	return new(big.Rat).SetFrac(n, scale).FloatString(digits) + " " + currency
}

func shortTime(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

// progress is one line about a run: 300 of 8800 (3 %), 41.2 a second, 3m27s left.
func progress(r web.Run) string {
	total := "?"
	if r.Total >= 0 {
		total = fmt.Sprint(r.Total)
	}
	out := fmt.Sprintf("%s %s: %s: %d of %s", r.Kind, r.Mapping, r.Status, r.Done, total)
	if r.Total > 0 {
		out += fmt.Sprintf(" (%d %%)", r.Done*100/r.Total)
	}
	if r.Done > 0 {
		out += fmt.Sprintf(", %.1f a second", r.Rate)
	}
	if r.SecondsLeft > 0 {
		out += fmt.Sprintf(", %s left", time.Duration(r.SecondsLeft)*time.Second)
	}
	for _, a := range r.CallsLeft {
		if a.LeftToday >= 0 {
			out += fmt.Sprintf(", %s %d calls left today", a.Bucket, a.LeftToday)
		}
	}
	return out
}

func outcome(r web.Run) string {
	return counts(map[string]int{"created": r.Counts.Created, "updated": r.Counts.Updated, "linked": r.Counts.Linked, "skipped": r.Counts.Skipped,
		"held": r.Counts.Held, "refused": r.Counts.Refused, "failed": r.Counts.Failed})
}
