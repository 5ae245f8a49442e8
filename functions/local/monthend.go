package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"crosswalk/internal/web"
)

// reconcile compares a month's won deals with their documents, or both sides of a mapping that makes none. It ends with 3 when a
// person must look at a difference.
func (c *cli) reconcile() *cobra.Command {
	month, csv, past := "", "", false
	cmd := c.command("reconcile MAPPING [--month YYYY-MM]", "every difference between both sides, with its cause and since when; with --month every deal won then beside its document, and both sums", cobra.MaximumNArgs(1), func(ctx context.Context, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		if past {
			return c.listReconciliations(ctx, api, append(args, "")[0])
		}
		if _, err := time.Parse("2006-01", month); err != nil && month != "" || len(args) != 1 {
			return wrongUse("name a mapping, and a month where it makes documents: crosswalk reconcile contacts, crosswalk reconcile deals-to-invoices --month 2026-11")
		}
		body := map[string]string{"mapping": args[0]}
		if month != "" {
			body["month"] = month
		}
		run, err := post[web.Run](ctx, api, "/reconciliations", body)
		if err != nil {
			return err
		}
		if run, err = c.follow(ctx, api, run); err != nil {
			return err
		}
		return c.showReconciliation(ctx, api, run.ID, csv)
	})
	cmd.Flags().StringVar(&month, "month", "", "the month, as 2026-11, of a mapping that makes documents")
	cmd.Flags().BoolVar(&past, "list", false, "what was compared before, newest first")
	csvFlag(cmd, &csv)
	return cmd
}

func (c *cli) showReconciliation(ctx context.Context, api *client, id, csv string) error {
	head, err := get[web.Reconciliation](ctx, api, "/reconciliations/"+id)
	if err != nil {
		return err
	}
	if len(head.Sides) > 0 {
		return c.showParity(ctx, api, head, csv)
	}
	rows, err := c.reconcileRows(ctx, api, id)
	if err != nil {
		return err
	}
	var look error
	if head.Look > 0 {
		look = errLook
	}
	switch {
	case csv != "":
		return errorsFirst(c.table(reconcileTable(rows), csv), look)
	case c.json:
		return errorsFirst(c.printJSON(struct {
			web.Reconciliation
			List []web.ReconcileRow `json:"list"`
		}{head, rows}), look)
	}
	return errorsFirst(c.printReconciliation(head, rows), look)
}

func (c *cli) reconcileRows(ctx context.Context, api *client, id string) ([]web.ReconcileRow, error) {
	var out []web.ReconcileRow
	for from := 0; ; {
		part, err := get[web.ReconcileRows](ctx, api, "/reconciliations/"+id+"/rows", "from", fmt.Sprint(from), "limit", "500")
		if err != nil {
			return nil, err
		}
		out = append(out, part.Rows...)
		if part.Next == 0 {
			return out, nil
		}
		from = part.Next
	}
}

// printReconciliation shows the sums, then each row that is not simply billed.
func (c *cli) printReconciliation(head web.Reconciliation, rows []web.ReconcileRow) error {
	fmt.Fprintf(c.out, "%s: deals won in %s (days in %s) beside their documents\n\n", head.Mapping, head.Month, head.TimeZone)
	table := [][]string{{"ENTITY", "CURRENCY", "WON", "DEALS", "DOCUMENTS", "NET", "DIFFERENCE", "UNBILLED", "DIFFERING", "NO AMOUNT", "STRAY"}}
	for _, g := range head.Groups {
		table = append(table, []string{g.Entity, g.Currency, fmt.Sprint(g.Won), amount(g.Deals, g.Currency), fmt.Sprint(g.Documents), amount(g.DocumentsNet, g.Currency), amount(g.Difference, g.Currency),
			fmt.Sprintf("%d: %s", g.Unbilled, amount(g.UnbilledNet, g.Currency)), fmt.Sprintf("%d: %s", g.Differing, amount(g.DifferingNet, g.Currency)), fmt.Sprint(g.Unpriced), fmt.Sprint(g.Strays)})
	}
	if err := columns(c.out, table); err != nil {
		return err
	}
	list := [][]string{{"DEAL", "WON ON", "NET", "DOCUMENT", "ITS NET", "WHY", ""}}
	for _, r := range rows {
		if r.Category == "" {
			continue
		}
		mark := ""
		if r.New {
			mark = "new"
		}
		list = append(list, []string{r.Ref, r.Day, priced(r.Deal, r.Currency), r.Document, priced(r.Net, r.DocumentCurrency), r.Category + ": " + r.Reason, mark})
	}
	if len(list) > 1 {
		fmt.Fprintln(c.out)
		if err := columns(c.out, list); err != nil {
			return err
		}
	}
	fmt.Fprintf(c.out, "\n%d deals and documents, %d to look at, %d of all differences are new\n", head.Rows, head.Look, head.New)
	return nil
}

func priced(minor, currency string) string {
	if minor == "" {
		return ""
	}
	return amount(minor, currency)
}

// reconcileTable is every row, for a spreadsheet: amounts as plain numbers in major units.
func reconcileTable(rows []web.ReconcileRow) [][]string {
	out := [][]string{{"DEAL", "URL", "WON ON", "ENTITY", "CURRENCY", "NET", "TAKEN FROM", "DOCUMENT", "DOCUMENT URL", "STATE", "DOCUMENT CURRENCY", "DOCUMENT NET", "OUTCOME", "CATEGORY", "REASON", "FIRST FOUND"}}
	for _, r := range rows {
		first := ""
		if r.First != nil {
			first = r.First.UTC().Format(time.RFC3339)
		}
		out = append(out, []string{r.Ref, r.URL, r.Day, r.Entity, r.Currency, major(r.Deal, r.Currency), r.Basis, r.Document, r.DocumentURL, r.State, r.DocumentCurrency, major(r.Net, r.DocumentCurrency),
			r.Outcome, r.Category, r.Reason, first})
	}
	return out
}

// major is an amount in major units without its currency.
func major(minor, currency string) string {
	text := priced(minor, currency)
	if n := len(text) - len(currency) - 1; n > 0 && text[n:] == " "+currency {
		return text[:n]
	}
	return text
}

func (c *cli) listReconciliations(ctx context.Context, api *client, mapping string) error {
	list, err := get[struct {
		Reconciliations []web.Reconciliation `json:"reconciliations"`
	}](ctx, api, "/reconciliations", "mapping", mapping)
	if err != nil || c.json {
		return c.either(err, list)
	}
	rows := [][]string{{"MONTH", "MAPPING", "AT", "BY", "ROWS", "TO LOOK AT", "NEW"}}
	for _, r := range list.Reconciliations {
		rows = append(rows, []string{r.Month, r.Mapping, shortTime(r.At), r.Actor, fmt.Sprint(r.Rows), fmt.Sprint(r.Look), fmt.Sprint(r.New)})
	}
	return columns(c.out, rows)
}
