package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"net"
	"strings"
	"time"

	"crosswalk/internal/web"
)

// monthEnd reconciles every month since the first day, and holds the result against both systems as an outsider sees them.
func (j *journey) monthEnd(ctx context.Context) error {
	first, err := time.Parse(time.DateOnly, sampleSince)
	if err != nil {
		return err
	}
	won := 0
	for month := first; !month.After(time.Now()); month = month.AddDate(0, 1, 0) {
		n, err := j.reconcile(ctx, month.Format("2006-01"))
		if err != nil {
			return err
		}
		won += n
	}
	if err := j.count(ctx, won); err != nil {
		return err
	}
	all, err := j.messages()
	j.res.Messages = len(all)
	return err
}

// count compares both systems as somebody does who knows nothing of Crosswalk, and asks it only for the reason of what is not there.
func (j *journey) count(ctx context.Context, reconciled int) error {
	d := &demoRun{cli: j.cli, vendors: j.vendors, before: j.before, since: sampleSince}
	byName, err := d.newDocuments()
	if err != nil {
		return err
	}
	byHand := len(byName[madeByHand])
	delete(byName, madeByHand)
	j.res.Documents = byHand
	won := 0
	sales, err := d.from().won()
	if err != nil {
		return err
	}
	for _, deal := range sales {
		if deal.closed != "" && deal.closed < sampleSince {
			continue
		}
		won++
		one := look(deal)
		documents := byName[one.name]
		delete(byName, one.name)
		j.res.Documents += len(documents)
		switch {
		case len(documents) > 1:
			return fmt.Errorf("deal %s was billed %d times", one.id, len(documents))
		case len(documents) == 1 && (one.expected == nil || documents[0].net.Cmp(one.expected) != 0 || documents[0].currency != one.currency):
			return fmt.Errorf("the document of deal %s comes to %s %s, not to %s %s", one.id, documents[0].net, documents[0].currency, one.expected, one.currency)
		case len(documents) == 1 || "hubspot:deals/"+one.id == j.deal("no-company"):
			continue
		}
		w, err := j.why(ctx, finance, "hubspot:deals/"+one.id)
		if err != nil {
			return err
		}
		j.res.Held++
		if w.Category == "" || w.Reason == "" {
			j.res.Unexplained++
			fmt.Fprintf(j.err, "deal %s has neither a document nor a reason\n", one.id)
		}
	}
	switch {
	case len(byName) > 0 || byHand != 1:
		return fmt.Errorf("there are %d documents by hand, and documents of no won deal: %v", byHand, byName)
	case won != reconciled:
		return fmt.Errorf("%d deals were won, and the months account for %d", won, reconciled)
	}
	return nil
}

// madeByHand is the description of the invoice that a person makes.
const madeByHand = "made by hand"

// freeAddress is one that nothing listens at.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// reconciled is what reconcile --json prints.
type reconciled struct {
	web.Reconciliation
	List []web.ReconcileRow `json:"list"`
}

// reconcile has one month accounted for: every deal is billed or has its reason, and the sums are the rows'. It gives how
// many deals were won.
func (j *journey) reconcile(ctx context.Context, month string) (int, error) {
	j.res.Steps++
	fmt.Fprintf(j.out, "%3d. %s: crosswalk reconcile %s --month %s\n", j.res.Steps, finance, billing, month)
	var out, errs bytes.Buffer
	status := run(ctx, []string{"--api", j.api, "--token-file", j.path(finance + ".token"), "reconcile", billing, "--month", month, "--json"}, strings.NewReader(""), &out, &errs)
	if status != exitDone && status != exitLook {
		return 0, fmt.Errorf("it ended with %d: %s", status, errs.String())
	}
	var r reconciled
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return 0, err
	}
	won := 0
	for _, row := range r.List {
		if row.Outcome != "stray" {
			won++
		}
		if row.Outcome != "billed" && (row.Category == "" || row.Reason == "") {
			j.res.Unexplained++
			fmt.Fprintf(j.err, "%s: %s is %s without a reason\n", month, row.Ref, row.Outcome)
		}
	}
	for _, g := range r.Groups {
		parts := new(big.Int).Add(whole(g.UnbilledNet), whole(g.DifferingNet))
		if whole(g.Difference).Cmp(parts) != 0 || whole(g.Difference).Cmp(new(big.Int).Sub(whole(g.Deals), whole(g.DocumentsNet))) != 0 {
			return won, fmt.Errorf("%s, %s %s: a difference of %s is not its parts", month, g.Entity, g.Currency, g.Difference)
		}
	}
	return won, nil
}

// whole reads minor units; what is no number is nothing.
func whole(text string) *big.Int {
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return new(big.Int)
	}
	return n
}
