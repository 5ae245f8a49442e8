package script_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"crosswalk/internal/record"
	"crosswalk/internal/script"
)

// How an opportunity looks through a contact role, through a Salesforce query of its own, and as a HubSpot deal.
var (
	open    = map[string]any{"Opportunity.IsWon": "false", "Opportunity.IsClosed": "false"}
	won     = map[string]any{"Opportunity": map[string]any{"IsWon": true, "IsClosed": true}}
	lost    = map[string]any{"IsWon": "false", "IsClosed": "true"}
	wonDeal = map[string]any{"hs_is_closed_won": "true", "hs_is_closed": "true"}
	mute    = map[string]any{"id": "1", "IsWon": nil, "IsClosed": ""}
)

// TestLifecycleStage is worked out by hand from HubSpot's description (HS-45, HS-46, HS-49, HS-51): an open opportunity
// makes Opportunity, a won one Customer, no contact role makes nothing.
func TestLifecycleStage(t *testing.T) {
	for name, c := range map[string]struct {
		roles any
		want  any
	}{
		"no roles":                    {[]any{}, nil},
		"roles not read":              {nil, nil},
		"one open":                    {[]any{open}, "opportunity"},
		"one won":                     {[]any{won}, "customer"},
		"one lost":                    {[]any{lost}, nil},
		"lost, then open":             {[]any{lost, open}, "opportunity"},
		"open, then lost":             {[]any{open, lost}, "opportunity"},
		"won before and lost after":   {[]any{won, lost}, "customer"},
		"lost before and won after":   {[]any{lost, won}, "customer"},
		"open before and won after":   {[]any{open, won}, "customer"},
		"won before and open after":   {[]any{won, open}, "customer"},
		"three":                       {[]any{lost, lost, open}, "opportunity"},
		"a deal of HubSpot":           {[]any{wonDeal}, "customer"},
		"one that says nothing":       {[]any{mute}, nil},
		"one that says nothing, open": {[]any{mute, open}, "opportunity"},
		"a role without opportunity":  {[]any{nil, open}, "opportunity"},
		"one record alone":            {won, "customer"},
		"a record as read":            {map[string]record.Value{"IsWon": record.Of("false"), "IsClosed": record.Of("false")}, "opportunity"},
	} {
		p := compile(t, `lifecycle_stage(with.roles)`, script.Expr, "with_")
		res := run(t, script.NewInProcess(), p, map[string]any{"with_": map[string]any{"roles": c.roles}})
		if res.Err != nil || res.Value != c.want {
			t.Errorf("%s: %v, %v; want %v", name, res.Value, res.Err, c.want)
		}
	}
	for text, want := range map[string]any{
		`lifecycle_stage([{"IsWon": True}], won="12345")`: "12345", `lifecycle_stage([{"IsClosed": False}], open="678")`: "678", `lifecycle_stage([{"IsWon": "TRUE"}])`: "customer",
		`furthest("lead", "customer")`: "customer", `furthest("customer", "lead")`: "customer", `furthest("customer", "customer")`: "customer",
		`furthest("", "lead")`: "lead", `furthest("lead", None)`: "lead", `furthest(None, "")`: nil, `furthest(" ", "subscriber")`: "subscriber",
		`furthest("evangelist", "customer")`: "evangelist", `furthest("opportunity", "marketingqualifiedlead")`: "opportunity",
		`furthest("678", "12345", ["lead", "12345", "678"])`: "678", `furthest("lead", "678", order=["lead", "12345", "678"])`: "678",
		`furthest("99", "customer")`: "99", `furthest("customer", "99")`: "99", // a stage nobody ranked stays
		`furthest("lead", lifecycle_stage([{"IsWon": True}]))`: "customer", `furthest("customer", lifecycle_stage([{"IsClosed": False}]))`: "customer", `furthest("lead", lifecycle_stage([]))`: "lead",
		`furthest("a", "b", ["b", "a"])`: "a",
	} {
		if res := run(t, script.NewInProcess(), compile(t, text, script.Expr), nil); res.Err != nil || res.Value != want {
			t.Errorf("%s = %v, %v; want %v", text, res.Value, res.Err, want)
		}
	}
	for text, part := range map[string]string{
		`lifecycle_stage("open")`: "takes a list of records", `lifecycle_stage(["open"])`: "one entry is", `lifecycle_stage()`: "missing argument", `furthest(1, "lead")`: "compares texts",
		`furthest("a", "b", "a,b")`: "list of texts", `furthest("a", "b", ["a", "a"])`: "different texts", `furthest("a", "b", [1])`: "different texts",
	} {
		if res := run(t, script.NewInProcess(), compile(t, text, script.Expr), nil); res.Err == nil || !strings.Contains(res.Err.Error(), part) {
			t.Errorf("%s: %v, want an error with %q", text, res.Err, part)
		}
	}
}

// A stage never goes backwards whatever comes, in whichever order (HS-47): all runs of three events end at the furthest.
func TestFurthestIsOneWhateverTheOrder(t *testing.T) {
	stages := []string{"", "subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist", "other"}
	p := compile(t, `furthest(furthest(x, y), z)`, script.Expr, "x", "y", "z")
	var calls []script.Call
	var want []any
	for i, x := range stages {
		for j, y := range stages {
			for k, z := range stages {
				calls = append(calls, script.Call{Program: p, Args: map[string]any{"x": x, "y": y, "z": z}})
				want = append(want, any(stages[max(i, j, k)]))
				if max(i, j, k) == 0 {
					want[len(want)-1] = nil
				}
			}
		}
	}
	results, err := script.NewInProcess().Run(t.Context(), calls)
	if err != nil {
		t.Fatal(err)
	}
	for n, r := range results {
		if r.Err != nil || r.Value != want[n] {
			t.Fatalf("%v = %v, %v; want %v", calls[n].Args, r.Value, r.Err, want[n])
		}
	}
}

func TestInList(t *testing.T) {
	p := compile(t, `in_list("Sales ready") and not in_list('Partners') and not in_list("Sales ready 2" if False else "Partners")`, script.Expr, "lists")
	if got := p.Lists(); !slices.Equal(got, []string{"Partners", "Sales ready"}) {
		t.Errorf("the script names %q", got)
	}
	if got := compile(t, `lifecycle_stage([])`, script.Expr).Lists(); len(got) != 0 {
		t.Error(got)
	}
	for name, lists := range map[string]any{"names": []string{"Sales ready"}, "by name": map[string]any{"Sales ready": true, "Partners": false}} {
		if res := run(t, script.NewInProcess(), p, map[string]any{"lists": lists}); res.Err != nil || res.Value != true {
			t.Errorf("%s: %v, %v", name, res.Value, res.Err)
		}
	}
	for name, lists := range map[string]any{"not handed over": nil, "no such list": map[string]any{"Partners": false}} {
		res := run(t, script.NewInProcess(), p, map[string]any{"lists": lists})
		var e *script.Error
		if !errors.As(res.Err, &e) || !strings.Contains(e.Message, "in_list") {
			t.Errorf("%s: %v, %v", name, res.Value, res.Err)
		}
	}
}
