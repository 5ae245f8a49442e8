package salesforce

import (
	"strings"

	"crosswalk/internal/connector"
)

var _ connector.Namer = (*Connector)(nil)

// CanonicalID gives the 18-character form, in which every Ref of this connector is; other systems keep 15 or 18.
func (c *Connector) CanonicalID(text string) (string, bool) { return ID(strings.TrimSpace(text)) }
