package salespad

import (
	"context"
	"net/http"
	"strings"
	"time"

	"crosswalk/internal/connector"
)

// rivalLinks is where SalesPad's own HubSpot connector keeps its links (fact sheet 8): the table's name is public, a resource over it is
// not, so that an install may lack it.
const rivalLinks = "AAIntegratedEntityLink"

// rivalExamples is how many links are named.
const rivalExamples = 3

// Rival tells whether SalesPad's own HubSpot connector made links since, by the newest hundred of its table. Where the install does not
// show the table nobody can see it.
func (c *Connector) Rival(ctx context.Context, since time.Time) (connector.Rival, error) {
	out := connector.Rival{Name: "SalesPad's own HubSpot connector", Off: "make its job in SalesPad's Automation Agent inactive"}
	p, err := c.list(ctx, "look for SalesPad's own connector", nil, rivalLinks, query{order: "Linked_On desc", top: 100})
	if e := asError(err); err != nil {
		if e.Code == "no such resource" || e.Status == http.StatusNotFound || e.Fault == connector.Forbidden || e.Fault == connector.Invalid {
			out.Unseen = true
			return out, nil
		}
		return out, err
	}
	for _, r := range p.rows {
		platform := strings.TrimSpace(r.text("Platform"))
		if instant(r.text("Linked_On")).Before(since) || platform != "" && !strings.EqualFold(platform, "HubSpot") {
			continue
		}
		if out.Count++; len(out.Examples) < rivalExamples {
			out.Examples = append(out.Examples, strings.TrimSpace(r.text("Entity_Type"))+" "+strings.TrimSpace(r.text("Entity_Key")))
		}
	}
	return out, nil
}
