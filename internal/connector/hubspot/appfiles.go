package hubspot

import (
	"encoding/json"
	"slices"
	"strings"

	"crosswalk/internal/connector"
)

// App is an app of a customer's own, as HubSpot's developer projects describe it (fact sheet 2 and 3).
type App struct {
	OAuth    bool   // else static: one account, a token that does not expire
	Redirect string // of OAuth, exactly as it will be sent
	Webhook  string // where HubSpot sends its events
	Needs    []connector.Need
}

// AppFile is one file of a project, by its path in the project's folder.
type AppFile struct{ Path, Text string }

// platform is the version of the developer platform that the files are written for (fact sheet 1: current).
const platform = "2026.09"

type project struct {
	Name     string `json:"name"`
	Source   string `json:"srcDir"`
	Platform string `json:"platformVersion"`
}

type component[T any] struct {
	UID    string `json:"uid"`
	Type   string `json:"type"`
	Config T      `json:"config"`
}

type appConfig struct {
	Name         string `json:"name"`
	Description  string `json:"description"`
	Distribution string `json:"distribution"`
	Auth         struct {
		Type        string   `json:"type"`
		Redirects   []string `json:"redirectUrls,omitempty"`
		Required    []string `json:"requiredScopes"`
		Optional    []string `json:"optionalScopes"`
		Conditional []string `json:"conditionallyRequiredScopes"`
	} `json:"auth"`
	Permitted struct {
		Fetch  []string `json:"fetch"`
		IFrame []string `json:"iframe"`
		Image  []string `json:"img"`
	} `json:"permittedUrls"`
}

type webhookConfig struct {
	Settings struct {
		Target string `json:"targetUrl"`
		Most   int    `json:"maxConcurrentRequests"`
	} `json:"settings"`
	Subscriptions struct {
		Classic []subscription `json:"legacyCrmObjects"`
		Hub     []subscription `json:"hubEvents"`
	} `json:"subscriptions"`
}

// subscription is one of the classic kind: its events are those that Receive reads. Active is said, because HubSpot's own
// default is paused (fact sheet 3).
type subscription struct {
	Type     string `json:"subscriptionType"`
	Property string `json:"propertyName,omitempty"`
	Active   bool   `json:"active"`
}

// concurrent is how many deliveries HubSpot may have under way (fact sheet 3: ten is its own limit).
const concurrent = 10

// AppFiles writes the project: hsproject.json, the app, and its webhooks.
func AppFiles(a App) []AppFile {
	app := component[appConfig]{UID: "crosswalk_app", Type: "app"}
	app.Config.Name, app.Config.Distribution = "Crosswalk", "private"
	app.Config.Description = "Keeps this account's records in agreement with the company's other systems. Made by crosswalk connect --app-files."
	app.Config.Auth.Type, app.Config.Auth.Required = "static", RegisteredScopes(a.Needs, a.OAuth)
	if a.OAuth {
		app.Config.Auth.Type, app.Config.Auth.Redirects = "oauth", []string{a.Redirect}
	}
	_, optional := Scopes(a.Needs)
	app.Config.Auth.Optional, app.Config.Auth.Conditional = append([]string{}, optional...), []string{}
	app.Config.Permitted.Fetch, app.Config.Permitted.IFrame, app.Config.Permitted.Image = []string{}, []string{}, []string{}

	hooks := component[webhookConfig]{UID: "crosswalk_webhooks", Type: "webhooks"}
	hooks.Config.Settings.Target, hooks.Config.Settings.Most = a.Webhook, concurrent
	hooks.Config.Subscriptions.Classic, hooks.Config.Subscriptions.Hub = subscriptions(a.Needs)
	return []AppFile{
		{"hsproject.json", document(project{"crosswalk", "src", platform})},
		{"src/app/app-hsmeta.json", document(app)},
		{"src/app/webhooks/webhooks-hsmeta.json", document(hooks)},
	}
}

func document(v any) string {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic("hubspot: an app's file does not encode: " + err.Error()) // a mistake in this program, found by any test
	}
	return string(text) + "\n"
}

// events of each object that is watched, besides changes of properties (fact sheet 3: eventType values). A product has no
// merge that its events would tell of here, and no associationChange.
var events = map[string][]string{
	"contacts":   {"creation", "deletion", "restore", "merge", "associationChange"},
	"companies":  {"creation", "deletion", "restore", "merge", "associationChange"},
	"deals":      {"creation", "deletion", "restore", "merge", "associationChange"},
	"products":   {"creation", "deletion", "restore"},
	"line_items": {"creation", "deletion", "restore", "associationChange"},
}

// subscriptions are those that the needs call for: one for each property that is read (there is no wildcard), fewer than the
// 1,000 that an app may have. Calculated properties do not fire; they are left to the polls.
func subscriptions(needs []connector.Need) (classic, hub []subscription) {
	classic = []subscription{}
	for _, n := range needs {
		k, ok := kindNamed(n.Object)
		if !ok || !n.Watch {
			continue
		}
		for _, what := range events[k.name] {
			classic = append(classic, subscription{Type: k.singular + "." + what, Active: true})
		}
		if len(events[k.name]) == 0 {
			continue // activities: polls only
		}
		for _, property := range n.Reads {
			if fires(property, k) {
				classic = append(classic, subscription{Type: k.singular + ".propertyChange", Property: property, Active: true})
			}
		}
	}
	hub = []subscription{}
	if slices.ContainsFunc(needs, func(n connector.Need) bool { return n.Object == "contacts" }) {
		hub = append(hub, subscription{Type: "contact.privacyDeletion", Active: true}) // its scope is that of contacts
	}
	return classic, hub
}

// fires tells whether a change of the property makes an event: not of associations, of stamps that HubSpot excludes, nor of
// what it computes itself (fact sheet 3).
func fires(property string, k kind) bool {
	calculated := strings.HasPrefix(property, "hs_is_") || strings.HasPrefix(property, "hs_v2_date_") || strings.HasPrefix(property, "hs_date_entered_")
	return propertyForm().MatchString(property) && !calculated && !isSystem(property, k) && property != k.created && property != "num_unique_conversion_events"
}

// AfterFiles says what a person does with the files, in order.
func AfterFiles(connection string, oauth bool) []string {
	next := []string{
		"in that folder, with HubSpot's command line tool: hs account auth, then hs project upload",
		"at HubSpot, Development > Projects > crosswalk: look at the build",
	}
	if oauth {
		return append(next,
			"on the app's Distribution tab allow the account; on its Auth tab copy client id and client secret into a file, separated by a space",
			"crosswalk connect "+connection+" --client-file FILE, and open the link that it prints")
	}
	return append(next,
		"on the app's Distribution tab choose Install now; on its Auth tab copy the access token and the client secret into two files",
		"crosswalk connect "+connection+" --key --webhook-secret-file SECRETFILE < TOKENFILE")
}
