package web

import (
	"context"
	"net/http"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/plan"
)

// MonthEnd compares the deals won in a month with their documents, and the sides of mappings that make none.
type MonthEnd interface {
	StartReconcile(ctx context.Context, mapping, month, actor string) (engine.Run, error)
	Reconciliation(ctx context.Context, id string) (engine.Reconciliation, error)
	Reconciliations(ctx context.Context, mapping string) ([]engine.Reconciliation, error)
	ReconcileRows(ctx context.Context, id string, from, most int) ([]engine.ReconcileRow, error)
	PairDifferences(ctx context.Context, id string, from, most int) ([]engine.PairDifference, int, error)
}

// Reconciliation is a month's comparison; its id is its run's. Reasons count what is not simply billed, Look those of them
// that a person must look at. Of a mapping that makes no documents it is the comparison of its sides: it has no month and no groups,
// its rows are differences, and Reasons count their causes.
type Reconciliation struct {
	ID       string           `json:"id"`
	Mapping  string           `json:"mapping"`
	Month    string           `json:"month,omitempty"`
	TimeZone string           `json:"time_zone,omitempty"` // of the days
	Actor    string           `json:"actor"`
	At       time.Time        `json:"at"`
	Rows     int              `json:"rows"`
	New      int              `json:"new"`  // differences that the one before of this month had not
	Look     int              `json:"look"` // differences that a person must look at
	Groups   []ReconcileGroup `json:"groups"`
	Reasons  map[string]int   `json:"reasons"`
	Sides    []string         `json:"sides,omitempty"` // of a comparison of sides: its connections
	Pairs    int              `json:"pairs,omitempty"` // linked pairs that were met
	Kinds    map[string]int   `json:"kinds,omitempty"` // differences by kind: field, missing, gone, twin
	Mended   int              `json:"mended,omitempty"`
	// Unexplained are differences that no rule and nothing that is kept gives a cause for.
	Unexplained int `json:"unexplained,omitempty"`
}

// ReconcileGroup is one entity and currency; sums are whole minor units. Difference is Deals less Documents and the sum of
// UnbilledNet and DifferingNet. Unpriced deals have no readable amount and are in no sum; strays are documents whose deal is
// not won any more.
type ReconcileGroup struct {
	Entity       string `json:"entity"`
	Currency     string `json:"currency"`
	Won          int    `json:"won"`
	Deals        string `json:"deals"`
	Documents    int    `json:"documents"`
	DocumentsNet string `json:"documents_net"`
	Difference   string `json:"difference"`
	Unbilled     int    `json:"unbilled"`
	UnbilledNet  string `json:"unbilled_net"`
	Differing    int    `json:"differing"`
	DifferingNet string `json:"differing_net"`
	Unpriced     int    `json:"unpriced"`
	Strays       int    `json:"strays"`
	StraysNet    string `json:"strays_net"`
}

// ReconcileRow is one deal beside its document.
type ReconcileRow struct {
	Ref              string     `json:"ref"`
	URL              string     `json:"url,omitempty"`
	Day              string     `json:"day,omitempty"` // when it was won
	Mapping          string     `json:"mapping,omitempty"`
	Entity           string     `json:"entity,omitempty"`
	Currency         string     `json:"currency,omitempty"`
	Deal             string     `json:"deal,omitempty"`  // net, minor units; missing when it is no number
	Basis            string     `json:"basis,omitempty"` // lines, or amount when its lines cannot be billed as they are
	Document         string     `json:"document,omitempty"`
	DocumentURL      string     `json:"document_url,omitempty"`
	State            string     `json:"state,omitempty"` // of the document, as billing shows it
	DocumentCurrency string     `json:"document_currency,omitempty"`
	Net              string     `json:"net,omitempty"` // of the document
	Outcome          string     `json:"outcome"`       // billed, differs, unbilled, stray
	Category         string     `json:"category,omitempty"`
	Reason           string     `json:"reason,omitempty"`
	First            *time.Time `json:"first,omitempty"` // when it was first found
	New              bool       `json:"new,omitempty"`
}

// ReconcileRows is a part of them; Next is where the following part begins, 0 when this was the last.
type ReconcileRows struct {
	Rows []ReconcileRow `json:"rows"`
	Next int            `json:"next,omitempty"`
}

// reconcileBody names a mapping that makes documents, and a month; any other mapping is named alone.
type reconcileBody struct {
	Mapping string `json:"mapping" needed:"yes"`
	Month   string `json:"month" doc:"YYYY-MM, in the time zone of the source's account; left out for a mapping without documents"`
}

func (a *api) reconcile(r *http.Request) (any, error) {
	var body reconcileBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if body.Mapping == "" {
		return nil, badRequest("mapping", "a reconciliation is of one mapping", "name one, such as deals-to-invoices with a month, or contacts without")
	}
	if _, err := time.Parse("2006-01", body.Month); err != nil && body.Month != "" {
		return nil, badRequest("month", "this is no month", "write it as 2026-11")
	}
	return a.started(a.Engine.StartReconcile(r.Context(), body.Mapping, body.Month, actorOf(r.Context())))
}

func (a *api) reconciliations(r *http.Request) (any, error) {
	all, err := a.Engine.Reconciliations(r.Context(), r.URL.Query().Get("mapping"))
	out := []Reconciliation{}
	for _, one := range all {
		out = append(out, reconciliationOf(one))
	}
	return map[string][]Reconciliation{"reconciliations": out}, err
}

func (a *api) reconciliation(r *http.Request) (any, error) {
	got, err := a.Engine.Reconciliation(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return reconciliationOf(got), nil
}

func reconciliationOf(r engine.Reconciliation) Reconciliation {
	out := Reconciliation{ID: r.ID, Mapping: r.Mapping, Month: r.Month, TimeZone: r.Zone, Actor: r.Actor, At: r.At, Rows: r.Rows, New: r.New, Groups: []ReconcileGroup{}, Reasons: there(r.Reasons)}
	for _, g := range r.Groups {
		out.Groups = append(out.Groups, ReconcileGroup(g))
	}
	for category, n := range r.Reasons {
		if !plan.Chosen(category) {
			out.Look += n
		}
	}
	if r.A != "" {
		out.Sides, out.Pairs, out.Kinds, out.Mended, out.Unexplained = []string{r.A, r.B}, r.Pairs, there(r.Kinds), r.Mended, r.Reasons[plan.Unexplained]
	}
	return out
}

func (a *api) reconcileRows(r *http.Request) (any, error) {
	from, limit, err := part(r, 200)
	if err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	if _, err := a.Engine.Reconciliation(r.Context(), id); err != nil {
		return nil, err
	}
	rows, err := a.Engine.ReconcileRows(r.Context(), id, from, limit+1)
	if err != nil {
		return nil, err
	}
	out := ReconcileRows{Rows: []ReconcileRow{}}
	if len(rows) > limit {
		rows, out.Next = rows[:limit], from+limit
	}
	for _, row := range rows {
		out.Rows = append(out.Rows, a.reconcileRowOf(row))
	}
	return out, nil
}

func (a *api) reconcileRowOf(r engine.ReconcileRow) ReconcileRow {
	out := ReconcileRow{Ref: r.Ref.String(), Day: r.Day, Mapping: r.Mapping, Entity: r.Entity, Currency: r.Currency, Deal: r.Deal, Basis: r.Basis, State: r.State,
		DocumentCurrency: r.Money, Net: r.Net, Outcome: r.Outcome, First: moment(r.First), New: r.New, URL: a.url(r.Ref), DocumentURL: a.url(r.Document), Document: r.Document.String()}
	out.Category, out.Reason = reasonOf(r.Reason)
	return out
}
