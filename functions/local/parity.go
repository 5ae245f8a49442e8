package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/web"
)

// showParity prints the differences between the sides of a mapping that makes no documents. It ends with 3 when a person must look at
// one.
func (c *cli) showParity(ctx context.Context, api *client, head web.Reconciliation, csv string) error {
	rows, err := c.pairDifferences(ctx, api, head.ID)
	if err != nil {
		return err
	}
	var look error
	if head.Look > 0 {
		look = errLook
	}
	switch {
	case csv != "":
		return errorsFirst(c.table(parityTable(rows), csv), look)
	case c.json:
		return errorsFirst(c.printJSON(struct {
			web.Reconciliation
			List []web.PairDifference `json:"list"`
		}{head, rows}), look)
	}
	return errorsFirst(c.printParity(head, rows), look)
}

func (c *cli) pairDifferences(ctx context.Context, api *client, id string) ([]web.PairDifference, error) {
	var out []web.PairDifference
	for from := 0; ; {
		part, err := get[web.PairDifferences](ctx, api, "/reconciliations/"+id+"/differences", "from", fmt.Sprint(from), "limit", "500")
		if err != nil {
			return nil, err
		}
		out = append(out, part.Differences...)
		if part.Next == 0 {
			return out, nil
		}
		from = part.Next
	}
}

// mostParityRows is how many differences are printed; all of them go into --csv and --json.
const mostParityRows = 200

// printParity shows how many differences there are of each cause, then each, what a person must look at first.
func (c *cli) printParity(head web.Reconciliation, rows []web.PairDifference) error {
	fmt.Fprintf(c.out, "%s: %s as they are now\n\n", head.Mapping, strings.Join(head.Sides, " and "))
	causes := [][]string{{"CAUSE", "DIFFERENCES"}}
	for _, cause := range slices.Sorted(maps.Keys(head.Reasons)) {
		causes = append(causes, []string{cause, fmt.Sprint(head.Reasons[cause])})
	}
	list := [][]string{{"RECORD", "FIELD", "OTHER", "FIELD", "WHY", "SINCE", ""}}
	slices.SortStableFunc(rows, func(x, y web.PairDifference) int {
		return cmp.Or(strings.Compare(x.Cause, y.Cause), x.First.Compare(y.First), strings.Compare(x.Ref, y.Ref))
	})
	for _, d := range rows[:min(len(rows), mostParityRows)] {
		mark := ""
		if d.New {
			mark = "new"
		}
		list = append(list, []string{d.Ref, d.Field, d.Other, d.OtherField, d.Cause + ": " + d.Text, shortTime(d.First), mark})
	}
	for _, table := range [][][]string{causes, list} {
		if len(table) < 2 {
			continue
		}
		if err := columns(c.out, table); err != nil {
			return err
		}
		fmt.Fprintln(c.out)
	}
	if len(rows) > mostParityRows {
		fmt.Fprintf(c.out, "the first %d are shown; all of them: --csv FILE or --json\n", mostParityRows)
	}
	_, err := fmt.Fprintf(c.out, "%d pairs, %d differences, %d to look at, %d unexplained; %d are new, %d of the report before are over\n",
		head.Pairs, head.Rows, head.Look, head.Unexplained, head.New, head.Mended)
	return err
}

// parityTable is every difference, for a spreadsheet.
func parityTable(rows []web.PairDifference) [][]string {
	out := [][]string{{"RECORD", "URL", "FIELD", "OTHER", "OTHER URL", "OTHER FIELD", "KIND", "CAUSE", "RULE", "WHY", "FIRST SEEN", "NEW"}}
	for _, d := range rows {
		mark := ""
		if d.New {
			mark = "new"
		}
		out = append(out, []string{d.Ref, d.URL, d.Field, d.Other, d.OtherURL, d.OtherField, d.Kind, d.Cause, d.Rule, d.Text, d.First.UTC().Format(time.RFC3339), mark})
	}
	return out
}
