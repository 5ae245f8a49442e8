package engine

import (
	"context"
	"fmt"
	"slices"

	"crosswalk/internal/connector"
	"crosswalk/internal/mapping"
)

// A mapping that fills a CRM from another system without a filter makes a record there of every one it finds: SalesPad's Product Export
// without a filter exports all item masters (SP-155). Before it goes live the first time it says how many there are, and wants them seen in
// a preview.

const noFilterGate = "no_filter"

// unfilteredGate is the gate of such a mapping; none for any other.
func (e *Engine) unfilteredGate(ctx context.Context, h Head, m *mapping.Mapping, s Standing) ([]Gate, error) {
	if h.Running != 0 || m.Document != nil {
		return nil, nil
	}
	for _, way := range []*mapping.Mapping{m, m.Turn()} {
		if way == nil || way.AToB.Create.When != "always" || way.AToB.Create.Filter != "" {
			continue
		}
		fromName, from, errA := e.connection(way.A.Connection)
		_, to, errB := e.connection(way.B.Connection)
		if errA != nil || errB != nil || isCRM(from) || !isCRM(to) {
			continue // that a connection is missing is said by another gate
		}
		how := "every"
		if s.Preview == "" {
			page, err := from.Changes(e.labelled(ctx, h.Name, noFilterGate, false), connector.FeedRequest{Object: way.A.Object})
			if err != nil {
				return nil, &fromConnection{fromName, err}
			}
			switch {
			case page.Total >= 0:
				how = fmt.Sprintf("each of %d", page.Total)
			case !page.More:
				how = fmt.Sprintf("each of %d", len(page.Records))
			}
		}
		return []Gate{gate(noFilterGate, s.Preview != "", "it has no filter; previewed whole, as plan "+s.Preview,
			fmt.Sprintf("it has no filter: %s of %s:%s would be made at %s", how, fromName, way.A.Object, way.B.Connection),
			"write a create filter, or see how many they are: crosswalk preview "+h.Name+" --save")}, nil
	}
	return nil, nil
}

// isCRM tells whether a connector's account is a CRM.
func isCRM(c connector.Connector) bool {
	return slices.ContainsFunc(crmObjects, func(both [2]string) bool {
		return slices.Contains(c.Objects(), both[0]) && slices.Contains(c.Objects(), both[1])
	})
}
