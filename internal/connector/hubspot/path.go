package hubspot

import "strings"

// Versions of HubSpot's API that the connector can speak (fact sheet 1). The version segment sits at another place
// in the dated paths than in the legacy ones, hence a table.
const (
	Version202609 = "2026-09" // current
	Version202603 = "2026-03" // supported until about September 2027
	VersionLegacy = "v3"      // v3 and, for associations, v4; unsupported from September 2027
)

// paths of one version. {type}, {from}, {to} and {name} are filled in; the text itself is the route for counting.
type paths struct {
	objects, associations, properties, pipelines, owners, account, lists, schemas string
}

var versions = map[string]paths{
	Version202609: dated(Version202609),
	Version202603: dated(Version202603),
	VersionLegacy: {
		objects:      "/crm/v3/objects/{type}",
		associations: "/crm/v4/associations/{from}/{to}",
		properties:   "/crm/v3/properties/{type}",
		pipelines:    "/crm/v3/pipelines/{type}",
		owners:       "/crm/v3/owners",
		account:      "/account-info/v3/details",
		lists:        "/crm/v3/lists",
		schemas:      "/crm-object-schemas/v3/schemas",
	},
}

func dated(version string) paths {
	return paths{
		objects:      "/crm/objects/" + version + "/{type}",
		associations: "/crm/associations/" + version + "/{from}/{to}",
		properties:   "/crm/properties/" + version + "/{type}",
		pipelines:    "/crm/pipelines/" + version + "/{type}",
		owners:       "/crm/owners/" + version,
		account:      "/account-info/" + version + "/details",
		lists:        "/crm/lists/" + version,
		schemas:      "/crm-object-schemas/" + version + "/schemas",
	}
}

// fill puts values for placeholders into a route: fill(route, "{type}", "deals").
func fill(route string, parts ...string) string { return strings.NewReplacer(parts...).Replace(route) }
