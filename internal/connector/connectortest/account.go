package connectortest

import (
	"slices"

	"crosswalk/internal/connector"
)

var accountCases = []acceptance{
	{name: "the account has an id and a currency", run: account},
	{name: "objects are described with every field that reads and creates use", run: describe},
	{name: "every table it names can be read, another name is an error", run: tables},
}

var fieldTypes = []string{"text", "number", "integer", "bool", "date", "datetime", "enum", "multi", "ref", "list"}

func account(e *env) {
	a, err := e.c.Account(e.Context())
	if err != nil {
		e.Fatalf("Account: %v", e.clean(err))
	}
	if a.ID == "" || len(a.Currency) != 3 {
		e.Errorf("the account is %q in currency %q; want an id and an ISO 4217 code", a.ID, a.Currency)
	}
}

func describe(e *env) {
	if !slices.Contains(e.c.Objects(), e.k.Object) {
		e.Fatalf("Objects does not list %s", e.k.Object)
	}
	o, err := e.c.Describe(e.Context(), e.k.Object)
	if err != nil {
		e.Fatalf("Describe: %v", e.clean(err))
	}
	known := map[string]connector.Field{}
	for _, f := range o.Fields {
		if _, twice := known[f.Name]; twice {
			e.Errorf("field %s is described twice", f.Name)
		}
		known[f.Name] = f
		if !slices.Contains(fieldTypes, f.Type) {
			e.Errorf("field %s has the type %q, want one of %v", f.Name, f.Type, fieldTypes)
		}
	}
	used := e.fields()
	if e.k.Create != nil {
		for name := range e.k.Create(e.w, 0, text(0)).Fields {
			used = append(used, name)
			if known[name].ReadOnly {
				e.Errorf("field %s is described as read only, the subject creates with it", name)
			}
		}
	}
	for _, name := range used {
		if known[name].Name == "" {
			e.Errorf("field %s is used and not described", name)
		}
	}
	if _, err := e.c.Describe(e.Context(), "no such object"); err == nil {
		e.Error("Describe of an object that does not exist gave no error")
	}
}

func tables(e *env) {
	for _, name := range e.c.Tables() {
		got, err := e.c.Table(e.Context(), name)
		if err != nil {
			e.Errorf("Table %s: %v", name, e.clean(err))
			continue
		}
		for _, row := range got.Rows {
			if row.Key == "" {
				e.Errorf("table %s has a row without a key", name)
			}
		}
	}
	if _, err := e.c.Table(e.Context(), "no such table"); err == nil {
		e.Error("Table of a name that does not exist gave no error")
	}
}
