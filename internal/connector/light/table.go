package light

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/rest"
)

// Tables lists the reference data Light has calls for. Tax codes, invoice templates and accrual templates have none:
// their ids are copied from Light's screens (fact sheet 9).
func (c *Connector) Tables() []string {
	return []string{"entities", "companies", "ledger_accounts", "bank_accounts", "custom_properties"}
}

// Table reads one of them. Keys are what records hold: ids, and for custom_properties the internal name.
func (c *Connector) Table(ctx context.Context, name string) (connector.Table, error) {
	op := "read table " + name
	var rows []row
	var err error
	switch name {
	case "entities":
		rows, err = c.all(ctx, op, "/v1/entities", nil)
	case "ledger_accounts":
		rows, err = c.all(ctx, op, "/v1/ledger-accounts", nil)
	case "custom_properties":
		rows, err = c.all(ctx, op, "/v1/custom-properties/groups", nil)
	case "bank_accounts":
		rows, err = c.banks(ctx, op)
	case "companies":
		var one row
		one, _, err = c.object(ctx, op, rest.Request{Path: "/v1/companies/current", Route: "/v1/companies/current", Safe: true})
		rows = []row{one}
	default:
		return connector.Table{}, invalid("read table", "table", fmt.Sprintf("Light has these tables: %s", strings.Join(c.Tables(), ", ")))
	}
	if err != nil {
		return connector.Table{}, err
	}
	out := connector.Table{Name: name, Rows: make([]connector.Row, 0, len(rows))}
	for _, r := range rows {
		one, err := tableRow(name, r)
		if err != nil {
			return connector.Table{}, nonsense(op)
		}
		out.Rows = append(out.Rows, one)
	}
	return out, nil
}

// banks: the one list that is a plain array.
func (c *Connector) banks(ctx context.Context, op string) ([]row, error) {
	answer, err := c.call(ctx, op, rest.Request{Path: "/v1/bank-accounts", Route: "/v1/bank-accounts", Safe: true})
	if err != nil {
		return nil, err
	}
	var rows []row
	if json.Unmarshal(answer.Body, &rows) != nil {
		return nil, nonsense(op)
	}
	return rows, nil
}

// columns are each table's key, label and attributes by the names of Light's fields; a:b renames b to a.
var columns = map[string]struct{ key, label, attrs string }{
	"entities":          {"id", "name", "code currency:localCurrency status display_name:displayName vat_number:vatNumber"},
	"companies":         {"id", "name", "currency:baseCurrency"},
	"ledger_accounts":   {"id", "label", "code type status"},
	"bank_accounts":     {"id", "name", "currency type entity:companyEntityId bank_name:bankName"},
	"custom_properties": {"internalName", "label", "id type:inputType level:objectLevel objects:objectTypes required"},
}

func tableRow(table string, r row) (connector.Row, error) {
	col := columns[table]
	out := connector.Row{Key: r.text(col.key), Label: r.text(col.label), Attrs: map[string]string{}}
	if out.Key == "" {
		return out, errShape
	}
	for _, attr := range strings.Fields(col.attrs) {
		name, from, renamed := strings.Cut(attr, ":")
		if !renamed {
			from = name
		}
		if text := r.text(from); text != "" {
			out.Attrs[name] = text
		}
	}
	return out, nil
}
