package salesforce

import (
	"context"
	"strconv"
	"strings"

	"crosswalk/internal/connector"
)

// Tables lists the reference data there is.
func (c *Connector) Tables() []string {
	return []string{"stages", "owners", "record_types", "pricebooks", "currencies", "lead_statuses", "task_statuses", "countries", "states"}
}

// Table reads one of them whole:
//   - stages: opportunity stages. Key: what StageName holds. Attrs: won, closed (true or false), probability (0 to 100),
//     order, forecast, archived. Won is by the stage's own IsWon (T1), whatever it is called.
//   - owners: users, and queues for leads and tasks. Key: the id that OwnerId holds. Attrs: email, archived, kind (user
//     or queue), type.
//   - record_types: key: id. Attrs: object, developer_name, archived.
//   - pricebooks: key: id. Attrs: standard, archived.
//   - currencies: key: ISO 4217 code. Attrs: home.
//   - lead_statuses, task_statuses: key: what Status holds. Attrs: converted or closed, default.
//   - countries: where the org has state and country picklists, else none. Key: ISO 3166-1 code. Label: as people see it; the text
//     beside the code may be another, which only records show (fact sheet 15.5).
//   - states: key: country and state code with a dash. Attrs: country, code.
//   - picklist:OBJECT.FIELD, not in the list of tables: every value of a picklist. Key: what the field holds. Attrs: active,
//     default, restricted (other values are refused), controller (the field that decides which values go, or "").
func (c *Connector) Table(ctx context.Context, name string) (connector.Table, error) {
	op := "read table " + name
	var rows []connector.Row
	var err error
	switch name {
	case "stages":
		rows, err = c.stages(ctx, op)
	case "owners":
		rows, err = c.owners(ctx, op)
	case "record_types":
		rows, err = c.recordTypes(ctx, op)
	case "pricebooks":
		rows, err = c.pricebooks(ctx, op)
	case "currencies":
		rows, err = c.currencyTable(ctx)
	case "lead_statuses":
		rows, err = c.statuses(ctx, op, "LeadStatus", "IsConverted", "converted")
	case "task_statuses":
		rows, err = c.statuses(ctx, op, "TaskStatus", "IsClosed", "closed")
	case "countries", "states":
		rows, err = c.places(ctx, op, name)
	default:
		if list, ok := strings.CutPrefix(name, ListTable); ok {
			rows, err = c.members(ctx, "read list", list)
			break
		}
		rows, err = c.picklist(ctx, op, name)
	}
	return connector.Table{Name: name, Rows: rows}, err
}

// no gives the opposite of a boolean column as text; a value that was not sent is neither.
func no(r row, name string) string {
	if _, sent := r[name]; !sent {
		return ""
	}
	return strconv.FormatBool(!r.yes(name))
}

func flag(r row, name string) string { return strconv.FormatBool(r.yes(name)) }

func (r row) number(name string) string {
	if isNull(r[name]) || len(r[name]) == 0 {
		return ""
	}
	return plainNumber(string(r[name]))
}

// stages keeps one row per value: a stage that was renamed and made anew is there twice, and the active one counts.
func (c *Connector) stages(ctx context.Context, op string) ([]connector.Row, error) {
	got, err := c.askAll(ctx, op, query{from: "OpportunityStage", order: []column{"SortOrder"},
		fields: []column{"ApiName", "MasterLabel", "IsActive", "IsClosed", "IsWon", "DefaultProbability", "ForecastCategoryName", "SortOrder"}})
	if err == nil && len(got.Records) == 0 { // every org has some
		err = &connector.Error{Fault: connector.Unavailable, Op: op, Code: "no stages in the answer"}
	}
	var rows []connector.Row
	at := map[string]int{}
	for _, r := range got.Records {
		key := r.text("ApiName")
		if key == "" {
			key = r.text("MasterLabel")
		}
		row := connector.Row{Key: key, Label: r.text("MasterLabel"), Attrs: map[string]string{
			"won": flag(r, "IsWon"), "closed": flag(r, "IsClosed"), "archived": no(r, "IsActive"), "probability": r.number("DefaultProbability"),
			"order": r.number("SortOrder"), "forecast": r.text("ForecastCategoryName"),
		}}
		i, twice := at[key]
		switch {
		case key == "":
		case !twice:
			at[key] = len(rows)
			rows = append(rows, row)
		case r.yes("IsActive"):
			rows[i] = row
		}
	}
	return rows, err
}

func (c *Connector) owners(ctx context.Context, op string) ([]connector.Row, error) {
	users, err := c.askAll(ctx, op, query{from: "User", fields: []column{"Id", "Name", "Email", "IsActive", "UserType"}, order: []column{"Id"}})
	if err != nil {
		return nil, err
	}
	queues, err := c.queues(ctx, op)
	if err != nil {
		return nil, err
	}
	var rows []connector.Row
	for _, r := range users.Records {
		rows = append(rows, connector.Row{Key: r.id("Id"), Label: r.text("Name"), Attrs: map[string]string{
			"email": strings.ToLower(r.text("Email")), "archived": no(r, "IsActive"), "kind": "user", "type": r.text("UserType")}})
	}
	for _, r := range queues {
		rows = append(rows, connector.Row{Key: r.id("Id"), Label: r.text("Name"), Attrs: map[string]string{"archived": "false", "kind": "queue"}})
	}
	return keyed(rows), nil
}

// queues own leads and cases beside users. An org that does not let our user ask for them has owners without them: a
// record of a queue is then held for its unknown owner, which says what is missing.
func (c *Connector) queues(ctx context.Context, op string) ([]row, error) {
	got, err := c.askAll(ctx, op, query{from: "Group", fields: []column{"Id", "Name"}, where: compare{"Type", equal, quoted("Queue")}, order: []column{"Id"}})
	if f := connector.FaultOf(err); f == connector.Invalid || f == connector.Forbidden {
		return nil, nil
	}
	return got.Records, err
}

func (c *Connector) recordTypes(ctx context.Context, op string) ([]connector.Row, error) {
	got, err := c.askAll(ctx, op, query{from: "RecordType", fields: []column{"Id", "Name", "DeveloperName", "SobjectType", "IsActive"}, order: []column{"Id"}})
	var rows []connector.Row
	for _, r := range got.Records {
		rows = append(rows, connector.Row{Key: r.id("Id"), Label: r.text("Name"), Attrs: map[string]string{
			"object": r.text("SobjectType"), "developer_name": r.text("DeveloperName"), "archived": no(r, "IsActive")}})
	}
	return keyed(rows), err
}

func (c *Connector) pricebooks(ctx context.Context, op string) ([]connector.Row, error) {
	got, err := c.askAll(ctx, op, query{from: "Pricebook2", fields: []column{"Id", "Name", "IsActive", "IsStandard"}, order: []column{"Id"}})
	var rows []connector.Row
	for _, r := range got.Records {
		rows = append(rows, connector.Row{Key: r.id("Id"), Label: r.text("Name"), Attrs: map[string]string{"standard": flag(r, "IsStandard"), "archived": no(r, "IsActive")}})
	}
	return keyed(rows), err
}

func (c *Connector) statuses(ctx context.Context, op string, from, field column, attr string) ([]connector.Row, error) {
	got, err := c.askAll(ctx, op, query{from: from, fields: []column{"ApiName", "MasterLabel", "IsDefault", "SortOrder", field}, order: []column{"SortOrder"}})
	var rows []connector.Row
	for _, r := range got.Records {
		key := r.text("ApiName")
		if key == "" {
			key = r.text("MasterLabel")
		}
		rows = append(rows, connector.Row{Key: key, Label: r.text("MasterLabel"), Attrs: map[string]string{attr: flag(r, string(field)), "default": flag(r, "IsDefault")}})
	}
	return keyed(rows), err
}

// keyed leaves out rows without a key.
func keyed(rows []connector.Row) []connector.Row {
	var out []connector.Row
	for _, r := range rows {
		if r.Key != "" {
			out = append(out, r)
		}
	}
	return out
}

func (c *Connector) currencyTable(ctx context.Context) ([]connector.Row, error) {
	a, err := c.Account(ctx)
	var rows []connector.Row
	for _, code := range a.Currencies {
		rows = append(rows, connector.Row{Key: code, Label: code, Attrs: map[string]string{"home": strconv.FormatBool(code == a.Currency)}})
	}
	return rows, err
}
