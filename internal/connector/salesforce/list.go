package salesforce

import (
	"context"
	"fmt"
	"strings"

	"crosswalk/internal/connector"
)

// ListTable starts the names of tables whose rows are the members of a campaign, which is what Salesforce has for a list: list:Spring
// fair, or list: and the campaign's id.
const ListTable = "list:"

// members gives the leads and contacts of a campaign. Key: the record's id. Attrs: object, status.
func (c *Connector) members(ctx context.Context, op, name string) ([]connector.Row, error) {
	name = strings.TrimSpace(name)
	where := condition(compare{"Name", equal, quoted(name)})
	if id, ok := ID(name); ok && prefixes[id[:3]] == "Campaign" {
		where = compare{"Id", equal, quoted(id)}
	}
	found, err := c.askAll(ctx, op, query{fields: []column{"Id"}, from: "Campaign", where: where, limit: 2})
	if err != nil {
		return nil, err
	}
	if len(found.Records) != 1 {
		what := "no campaign"
		if len(found.Records) > 1 {
			what = "several campaigns"
		}
		return nil, &connector.Error{Fault: connector.Missing, Op: op, Code: fmt.Sprintf("Salesforce has %s %q: name a campaign, or its id", what, name)}
	}
	got, err := c.askAll(ctx, op, query{fields: []column{"Id", "ContactId", "LeadId", "Status"}, from: "CampaignMember",
		where: compare{"CampaignId", equal, quoted(found.Records[0].id("Id"))}, order: []column{"Id"}})
	if err != nil {
		return nil, err
	}
	rows := []connector.Row{}
	for _, r := range got.Records {
		for _, end := range []struct{ object, field string }{{"Contact", "ContactId"}, {"Lead", "LeadId"}} {
			if id := r.id(end.field); id != "" {
				rows = append(rows, connector.Row{Key: id, Attrs: map[string]string{"object": end.object, "status": r.text("Status")}})
				break // a member that was a lead once is the contact that it became
			}
		}
	}
	return rows, nil
}
