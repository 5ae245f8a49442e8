package light

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/record"
)

// Native is what Light's own CRM integration touched of late.
type Native struct {
	Count    int
	Examples []record.Ref // at most nativeExamples
}

const nativeExamples = 5

// NativeActivity counts customers, products and contracts that come from HubSpot or Salesforce by Light's own
// integration and changed since: two integrations would bill one deal twice, so going live is refused while there
// are any (issue 2). Contracts have no filter and are read whole.
func (c *Connector) NativeActivity(ctx context.Context, since time.Time) (Native, error) {
	var out Native
	for _, name := range []string{"customers", "products", "contracts"} {
		o := find(name)
		var query url.Values
		if name != "contracts" {
			query = url.Values{"sort": {"updatedAt:asc"}, "filter": {"updatedAt:gte:" + stamp(since)}}
		}
		err := c.each(ctx, o.op("look for native"), o.path, query, func(p listPage) (bool, error) {
			for _, r := range p.rows {
				rec, err := c.recordOf(o, r, []string{"externalSource"})
				if err != nil {
					return true, nonsense(o.op("look for native"))
				}
				from, _, _ := strings.Cut(rec.Field("externalSource").Text(), ":")
				if rec.Modified.Before(since) || !slices.Contains([]string{"HUBSPOT", "SALESFORCE"}, from) {
					continue
				}
				out.Count++
				if len(out.Examples) < nativeExamples {
					out.Examples = append(out.Examples, rec.Ref)
				}
			}
			return false, nil
		})
		if err != nil {
			return Native{}, err
		}
	}
	return out, nil
}
