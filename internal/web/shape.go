package web

// shape is what the API's description says of a route beyond its row in routes: how a person does the same at the command
// line, what it takes and what it answers.
type shape struct {
	command string  // of bin/crosswalk, with the flag that makes it this call where there are several
	query   []param // of the address
	body    any     // a value of the request's type; nil for none
	yaml    bool    // the body may be one YAML document as well
	answer  any     // a value of the answer's type
	may     []int   // problem answers besides those that every call has
}

type param struct {
	name, kind, text string
	needed           bool
}

func text(name, what string) param   { return param{name: name, kind: "string", text: what} }
func number(name, what string) param { return param{name: name, kind: "integer", text: what} }
func needed(name, kind, what string) param {
	return param{name: name, kind: kind, text: what, needed: true}
}

// list is an answer that holds one list under a name.
type list struct {
	name string
	of   any
}

// shapes has a shape for each route, by its method and path. A test holds it against routes and the command line: a route
// that is added needs a line here, and a command.
var shapes = map[string]shape{
	"GET /openapi.json":                       {command: "openapi", answer: map[string]any{}},
	"GET /status":                             {command: "status", query: []param{number("idle_within", "seconds: idle tells whether anything wakes within them")}, answer: Status{}},
	"GET /connections":                        {command: "connections", answer: list{"connections", Connection{}}},
	"POST /connections/{name}/connect":        {command: "connect", body: connectBody{}, answer: Invitation{}, may: []int{404, 409}},
	"POST /connections/{name}/credential":     {command: "connect --key", body: credentialBody{}, answer: Opened{}, may: []int{404, 409, 502}},
	"POST /connections/{name}/disconnect":     {command: "disconnect", body: disconnectBody{}, answer: Dropped{}, may: []int{404, 409}},
	"POST /connections/{name}/app":            {command: "connect --app-files", body: struct{}{}, answer: AppFiles{}, may: []int{404, 409}},
	"GET /settings":                           {command: "settings", answer: Settings{}},
	"GET /mappings/{name}/versions/{version}": {command: "export --version", answer: Version{}, may: []int{400, 404}},
	"GET /presets":                            {command: "presets", answer: list{"presets", Preset{}}},
	"GET /presets/{name...}":                  {command: "presets", answer: Preset{}, may: []int{404}},
	"GET /fields/{connection}/{object}":       {command: "fields", query: []param{number("sample", "read up to so many records, at most 500, and count which fields are filled")}, answer: ObjectFields{}, may: []int{404, 502}},
	"GET /mappings":                           {command: "status", answer: list{"mappings", Mapping{}}},
	"POST /mappings":                          {command: "apply", body: applyBody{}, yaml: true, answer: list{"applied", Applied{}}, may: []int{404, 409, 422, 502}},
	"GET /mappings/{name}":                    {command: "export", answer: Mapping{}, may: []int{404}},
	"GET /mappings/{name}/versions":           {command: "export --version", answer: list{"versions", Version{}}, may: []int{404}},
	"POST /check":                             {command: "check", body: checkBody{}, answer: Report{}, may: []int{404, 422, 502}},
	"GET /mappings/{name}/duplicates":         {command: "duplicates", query: []param{text("side", "a or b; both without it"), text("after", "next of the part before")}, answer: Duplicates{}, may: []int{404, 409, 502}},
	"POST /previews":                          {command: "preview", body: previewBody{}, answer: Run{}, may: []int{404, 409, 502}},
	"GET /plans/{id}":                         {command: "preview", answer: Plan{}, may: []int{404}},
	"GET /plans/{id}/rows":                    {command: "preview --all", query: []param{number("from", "the first row, from 0"), number("limit", "how many, at most 500")}, answer: Rows{}, may: []int{404}},
	"POST /plans/{id}/approve":                {command: "approve", body: approveBody{}, answer: Plan{}, may: []int{404, 409}},
	"POST /mappings/{name}/pilot":             {command: "pilot", body: pilotBody{}, answer: Moved{}, may: []int{404, 409, 502}},
	"POST /plans/{id}/submit":                 {command: "submit", body: reasonBody{}, answer: Plan{}, may: []int{404, 409}},
	"GET /mappings/{name}/standing":           {command: "standing", answer: Standing{}, may: []int{404}},
	"POST /mappings/{name}/acceptance":        {command: "accept", body: acceptBody{}, answer: Standing{}, may: []int{404, 409}},
	"POST /mappings/{name}/submit":            {command: "submit", body: versionBody{}, answer: Standing{}, may: []int{404, 409}},
	"POST /mappings/{name}/approve":           {command: "approve", body: versionBody{}, answer: Standing{}, may: []int{404, 409}},
	"POST /pause":                             {command: "pause --all", body: reasonBody{}, answer: list{"mappings", Mapping{}}},
	"GET /news":                               {command: "notify", answer: list{"news", Topic{}}},
	"POST /news/test":                         {command: "notify --test", body: notifyBody{}, answer: list{"told", Told{}}, may: []int{409}},
	"POST /mappings/{name}/live":              {command: "live", body: liveBody{}, answer: Moved{}, may: []int{404, 409, 502}},
	"POST /mappings/{name}/pause":             {command: "pause", body: reasonBody{}, answer: Moved{}, may: []int{404, 409}},
	"POST /mappings/{name}/resume":            {command: "resume", body: reasonBody{}, answer: Moved{}, may: []int{404, 409}},
	"GET /runs":                               {command: "runs", answer: list{"runs", Run{}}},
	"POST /erasures":                          {command: "erase", body: eraseBody{}, answer: Erasure{}, may: []int{404, 409}},
	"POST /runs":                              {command: "run", body: startBody{}, answer: Run{}, may: []int{404, 409, 502}},
	"GET /runs/{id}":                          {command: "runs", answer: Run{}, may: []int{404}},
	"POST /runs/{id}/undo":                    {command: "undo", body: undoBody{}, answer: Run{}, may: []int{404, 409}},
	"GET /mappings/{name}/save":               {command: "save", query: []param{text("after", "next of the part before")}, answer: SavedPart{}, may: []int{404, 409, 502}},
	"POST /mappings/{name}/save":              {command: "save", body: savedBody{}, answer: Saved{}, may: []int{404, 409}},
	"GET /errors":                             {command: "errors", query: []param{text("category", "only of this one"), number("from", "the first error, from 0"), number("limit", "how many, at most 500")}, answer: Failures{}},
	"POST /retry":                             {command: "retry", body: retryBody{}, answer: retried{}, may: []int{404}},
	"GET /reviews":                            {command: "reviews", query: []param{text("mapping", "only of this one"), text("category", "only of this one"), number("from", "the first, from 0"), number("limit", "how many, at most 100")}, answer: Reviews{}},
	"GET /links":                              {command: "links", query: []param{text("mapping", "only those that this one settled"), text("state", "linked, held, skipped, claimed, alias, moved, tombstone, ignored"), text("after", "next of the part before"), number("limit", "how many at most, up to 500")}, answer: Links{}, may: []int{404, 409}},
	"POST /links":                             {command: "link", body: linkBody{}, answer: PairRows{}, may: []int{409, 502}},
	"POST /links/unlink":                      {command: "unlink", body: unlinkBody{}, answer: PairRows{}, may: []int{409}},
	"POST /ignore":                            {command: "ignore", body: ignoreBody{}, answer: PairRows{}, may: []int{404, 409}},
	"POST /unignore":                          {command: "unignore", body: ignoreBody{}, answer: PairRows{}, may: []int{404, 409}},
	"GET /records":                            {command: "record", query: []param{needed("ref", "string", "a record of either side: connection:object/id")}, answer: list{"records", Record{}}, may: []int{404, 502}},
	"GET /rebuild":                            {command: "rebuild --look", query: []param{number("from", "the first row of the report, from 0"), number("limit", "how many rows, at most 500; 0 or none: no rows")}, answer: Rebuild{}},
	"POST /rebuild":                           {command: "rebuild", body: reasonBody{}, answer: Rebuild{}, may: []int{409}},
	"GET /mappings/{name}/history":            {command: "history", query: []param{number("from", "the first, from 0"), number("limit", "how many, at most 500")}, answer: History{}, may: []int{404}},
	"GET /reconciliations":                    {command: "reconcile --list", query: []param{text("mapping", "only of this one")}, answer: list{"reconciliations", Reconciliation{}}},
	"POST /reconciliations":                   {command: "reconcile", body: reconcileBody{}, answer: Run{}, may: []int{404, 409}},
	"GET /reconciliations/{id}":               {command: "reconcile", answer: Reconciliation{}, may: []int{404}},
	"GET /reconciliations/{id}/rows":          {command: "reconcile --csv", query: []param{number("from", "the first row, from 0"), number("limit", "how many, at most 500")}, answer: ReconcileRows{}, may: []int{404}},
	"GET /reconciliations/{id}/differences":   {command: "reconcile --csv", query: []param{number("from", "a place, as next of the part before gives it"), number("limit", "how many, at most 500")}, answer: PairDifferences{}, may: []int{404}},
	"GET /usage":                              {command: "usage", answer: Usage{}},
	"GET /budget":                             {command: "budget", answer: list{"budgets", Budget{}}},
	"POST /budget/{connection}":               {command: "budget --per-day", body: budgetBody{}, answer: Budget{}, may: []int{404, 409}},
	"GET /audit":                              {command: "audit", query: []param{text("from", "a day or a moment; from then on"), text("to", "a day or a moment; before it"), text("ref", "only of this record of either side"), text("after", "next of the part before"), number("limit", "about how many entries, at most 500")}, answer: Audit{}},
	"GET /why":                                {command: "why", query: []param{needed("ref", "string", "a record of either side: connection:object/id"), text("field", "only decisions about this field, of either side")}, answer: list{"why", Why{}}, may: []int{404}},
}

// retried is how many records are looked at again.
type retried struct {
	Retried int `json:"retried"`
}
