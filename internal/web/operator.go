package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine"
	"crosswalk/internal/record"
)

// Mappings keeps documents and their versions.
type Mappings interface {
	ApplyOver(ctx context.Context, documents [][]byte, base int, actor string) ([]engine.Applied, error)
	Heads(ctx context.Context) ([]engine.Head, error)
	Versions(ctx context.Context, name string) ([]engine.Version, error)
	LatestMapping(ctx context.Context, name string) (*engine.Active, error)
}

// Plans are saved previews.
type Plans interface {
	Plan(ctx context.Context, id string) (engine.SavedPlan, error)
	PlanRows(ctx context.Context, id string, from, most int) ([]engine.PlanRow, error)
	Approve(ctx context.Context, id, digest, actor string) (engine.SavedPlan, error)
}

// Starter starts runs.
type Starter interface {
	PreviewSet(ctx context.Context, names []string, actor string) (engine.Run, error)
	RunMapping(ctx context.Context, r engine.Run, refs []record.Ref) (engine.Run, error)
	RunPlanUntil(ctx context.Context, id, phase, actor string) (engine.Run, error)
	GoOnWithPlan(ctx context.Context, id, phase, actor string) (engine.Run, error)
}

// Runs are read by those who wait for them.
type Runs interface {
	GetRun(ctx context.Context, id string) (engine.Run, error)
	Runs(ctx context.Context) ([]engine.Run, error)
}

// Errors are what a person must mend.
type Errors interface {
	Errors(ctx context.Context, category string) ([]engine.SyncError, error)
	Retry(ctx context.Context, ref record.Ref, category, actor string) (int, error)
}

// Insight answers questions from the store, without a call to any system.
type Insight interface {
	Why(ctx context.Context, ref record.Ref) ([]engine.Explanation, error)
	Status(ctx context.Context) (engine.Status, error)
	Idle(ctx context.Context, within time.Duration) (bool, error)
}

// Engine is all that the operator API asks; *engine.Engine is one.
type Engine interface {
	Mappings
	Lifecycle
	Checker
	Approvals
	Plans
	Starter
	Runs
	Eraser
	Errors
	Insight
	MonthEnd
	Readback
	News
	Linker
	Onces
	Rebuilder
	Budgeter
	Undoer
	Saver
}

// Allowance is how many calls a connection may still make under one of its vendor's limits.
type Allowance struct {
	Connection string `json:"connection"`
	Bucket     string `json:"bucket"`
	LeftToday  int    `json:"left_today"` // -1: the vendor sets no daily limit
	// OutUntil is when there are calls again; missing while there are some.
	OutUntil *time.Time `json:"out_until,omitempty"`
}

// Deps is what the operator API is made of. Allowances, Refused and Log may be missing.
type Deps struct {
	Engine      Engine
	Connections map[string]connector.Connector
	Roles       map[string]string // role in mappings to connection name
	Allowances  func() []Allowance
	Budgets     func(ctx context.Context) ([]ConnectionBudget, error) // as they stand now; may be nil
	SaveUsage   func(ctx context.Context) error                       // puts counted calls where Usage reads them; may be nil
	Identity    Identity
	// Desk is where credentials come in and go out, Tickets what links are good for; without a Desk nothing can be connected.
	Desk    Desk
	Tickets Tickets
	// Principal, where set, says who asks in place of Identity: whoever stands before the API has authenticated them.
	Principal func(r *http.Request) string
	Refused   *Refusals
	Approval  string // two or single, for status
	Settings  Settings
	Remote    bool // lets in callers of other machines; only behind something that encrypts
	NewID     func() string
	Log       *slog.Logger
}

// route is one call of the API. What do returns is the answer's JSON; status is the one of success.
type route struct {
	method, path, summary string
	status                int
	do                    func(a *api, r *http.Request) (any, error)
}

// routes lists the whole API under /api/v1, in the order in which somebody uses it.
var routes = []route{
	{"GET", "/openapi.json", "this API as OpenAPI 3.1", 200, (*api).openapi},
	{"GET", "/status", "one screen: connections, mappings, what waits, what is held", 200, (*api).status},
	{"GET", "/connections", "every account and whether it answers now", 200, (*api).connectionsAsked},
	{"POST", "/connections/{name}/connect", "a link, good once and for ten minutes, at which a person agrees at the system", 200, (*api).connect},
	{"POST", "/connections/{name}/credential", "hand over a key: tried, held against the account that is bound, then kept", 200, (*api).credential},
	{"POST", "/connections/{name}/disconnect", "revoke the grant where the system lets us, and forget the credential", 200, (*api).disconnect},
	{"POST", "/connections/{name}/app", "the files of an app with the scopes that the mappings need and this deployment's addresses", 200, (*api).register},
	{"GET", "/settings", "what the configuration says, without credentials", 200, (*api).settings},
	{"GET", "/presets", "mapping documents to copy", 200, (*api).presets},
	{"GET", "/presets/{name...}", "one of them, with its text", 200, (*api).preset},
	{"GET", "/fields/{connection}/{object}", "the fields of an object as the account has them now; ?sample=N: in how many of N records each is filled", 200, (*api).fields},
	{"GET", "/mappings", "all mappings", 200, (*api).mappings},
	{"POST", "/mappings", "apply documents: checked against both accounts and each other, stored as next versions", 200, (*api).apply},
	{"GET", "/mappings/{name}", "one mapping with the text of its newest version", 200, (*api).mapping},
	{"GET", "/mappings/{name}/versions", "everything ever applied under this name", 200, (*api).versions},
	{"GET", "/mappings/{name}/versions/{version}", "one version with its text, to the letter as it was applied", 200, (*api).version},
	{"POST", "/check", "preflight: connections, rights, marker fields, other integrations, mappings against the accounts, and between two CRMs a sample of records", 200, (*api).check},
	{"GET", "/mappings/{name}/duplicates", "records of one side that the match rules take for one, as far as one page reads: ?side=&after=", 200, (*api).duplicates},
	{"POST", "/previews", "what would be written, with no write made; saved as a plan", 202, (*api).preview},
	{"GET", "/plans/{id}", "a saved plan", 200, (*api).plan},
	{"GET", "/plans/{id}/rows", "its rows: ?from=&limit=", 200, (*api).planRows},
	{"POST", "/plans/{id}/submit", "ask for a plan's approval, and tell those who may give it", 200, (*api).submitPlan},
	{"POST", "/plans/{id}/approve", "put one's name under a plan, by its digest", 200, (*api).approve},
	{"POST", "/mappings/{name}/pilot", "write named records and what they need, for a trial", 202, (*api).pilot},
	{"GET", "/mappings/{name}/standing", "what was shown and signed of the newest version, and what is missing before it goes live", 200, (*api).standing},
	{"POST", "/mappings/{name}/acceptance", "a tester's result in a round of acceptance", 200, (*api).acceptRound},
	{"POST", "/mappings/{name}/submit", "ask for the newest version's approval, and tell those who may give it", 200, (*api).submitMapping},
	{"POST", "/mappings/{name}/approve", "put one's name under a version", 200, (*api).approveMapping},
	{"POST", "/mappings/{name}/live", "let the newest version write, once it passed its gates", 200, (*api).live},
	{"POST", "/mappings/{name}/pause", "stop writing; signals wait", 200, (*api).pause},
	{"POST", "/pause", "stop everything that writes", 200, (*api).pauseAll},
	{"POST", "/mappings/{name}/resume", "go on after a pause or the brake", 200, (*api).resume},
	{"GET", "/mappings/{name}/save", "what the newest version may write over, both sides of each pair, for a file to keep: ?after=", 200, (*api).savePart},
	{"POST", "/mappings/{name}/save", "record that such a file is kept, by the receipt of its last part", 200, (*api).saved},
	{"GET", "/rebuild", "after a restore from backup: how it stands, and with ?limit= a part of the report: ?from=&limit=", 200, (*api).rebuilding},
	{"POST", "/rebuild", "after a restore from backup: read back what was made since; nothing is written before", 202, (*api).rebuild},
	{"GET", "/mappings/{name}/history", "versions, changes of status, approvals and runs, with who and when: ?from=&limit=", 200, (*api).history},
	{"GET", "/reconciliations", "months that were compared, newest first: ?mapping=", 200, (*api).reconciliations},
	{"POST", "/reconciliations", "compare the deals won in a month with their documents, from both systems; or both sides of a mapping without documents", 202, (*api).reconcile},
	{"GET", "/reconciliations/{id}", "both sums and their difference by entity and currency", 200, (*api).reconciliation},
	{"GET", "/reconciliations/{id}/rows", "every deal beside its document: ?from=&limit=", 200, (*api).reconcileRows},
	{"GET", "/reconciliations/{id}/differences", "every difference between the sides of a mapping without documents: ?from=&limit=", 200, (*api).pairDifferences},
	{"GET", "/usage", "calls of the last 24 hours by connection, mapping and cause", 200, (*api).usage},
	{"GET", "/budget", "what each connection may spend a day and has spent, by the vendor's limits, and for what", 200, (*api).budgets},
	{"POST", "/budget/{connection}", "set how much of the vendor's day may be spent", 200, (*api).setBudget},
	{"GET", "/audit", "the audit trail: ?from=&to=&ref=&after=&limit=", 200, (*api).audit},
	{"GET", "/runs", "runs, newest first", 200, (*api).runs},
	{"POST", "/runs", "start a run: of a plan, of named records, or of everything", 202, (*api).start},
	{"GET", "/runs/{id}", "a run with its progress", 200, (*api).run},
	{"POST", "/runs/{id}/undo", "what undoing a run would put back, saved as a plan; no write is made", 202, (*api).undo},
	{"POST", "/erasures", "remove a person everywhere on our side; documents keep ids and amounts, and nothing is erased at any system", 200, (*api).erase},
	{"GET", "/errors", "open sync errors by category: ?category=&from=&limit=", 200, (*api).errors},
	{"GET", "/news", "what people are told of now", 200, (*api).news},
	{"POST", "/news/test", "send a test message to everybody who is told", 200, (*api).notifyTest},
	{"POST", "/retry", "look at a record, or all of a category, again", 202, (*api).retry},
	{"GET", "/reviews", "held records that a person must choose for, with the candidates: ?mapping=&category=&from=&limit=", 200, (*api).reviews},
	{"GET", "/links", "what is kept about records: ?mapping=&state=&after=&limit=", 200, (*api).links},
	{"POST", "/links", "join records by hand; nothing is written to them, and a deal with its document is never billed again", 200, (*api).link},
	{"POST", "/links/unlink", "take pairs apart; the record waits for a person after that", 200, (*api).unlink},
	{"POST", "/ignore", "set a record aside until it is un-ignored", 200, (*api).ignore},
	{"POST", "/unignore", "put a record back to how it stood", 200, (*api).unignore},
	{"GET", "/records", "both sides of a record as they read now, with what is known of it: ?ref=", 200, (*api).record},
	{"GET", "/why", "what was decided about a record, and why: ?ref=&field=", 200, (*api).why},
}

// Prefix is where the API stands.
const Prefix = "/api/v1"

type api struct {
	Deps
	described []byte // as OpenAPI
}

// Operator is the operator API.
func Operator(d Deps) http.Handler {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	a := &api{Deps: d, described: OpenAPI()}
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.HandleFunc(r.method+" "+Prefix+r.path, a.handler(r))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		p := problem(http.StatusNotFound, "not-found", "the API has no such call")
		p.Fix = "crosswalk help lists what there is"
		writeProblem(w, p)
	})
	h := capped(authenticated(d.who, mux))
	if !d.Remote {
		h = local(h)
	}
	return logged(d.Log, d.NewID, h)
}

func (a *api) handler(rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n := note(r.Context())
		n.route = Prefix + rt.path
		answer, err := a.call(rt, r)
		if err != nil {
			p := problemOf(err)
			if p.Status >= http.StatusInternalServerError {
				n.err = err
			}
			if p.Status == http.StatusInternalServerError {
				n.id = a.NewID()
				p.ID = n.id
			}
			writeProblem(w, p)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if m, ok := answer.(interface{ mark() string }); ok {
			w.Header().Set("ETag", m.mark())
		}
		w.WriteHeader(rt.status)
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			n.err = fmt.Errorf("answer: %w", err)
		}
	}
}

// call does what a route does, once for a request with a key, and only while its mapping is as its caller saw it.
func (a *api) call(rt route, r *http.Request) (any, error) {
	if strings.HasPrefix(rt.path, "/mappings/{name}") {
		if err := a.matches(r, r.PathValue("name")); err != nil {
			return nil, err
		}
	}
	if rt.secret() {
		return rt.do(a, r) // nothing is kept of a body with a secret, not even a digest; and doing it again does no harm
	}
	return a.once(rt, r)
}

// secret tells whether the call's body may hold a secret, or its answer a link that is good for one.
func (rt route) secret() bool { return strings.HasPrefix(rt.path, "/connections/{name}/") }

// read decodes a JSON body; no body at all is an empty object. Unknown fields are refused by name.
func read(r *http.Request, into any) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err = d.Decode(into)
	if err == nil && d.More() {
		err = errors.New("there is more than one value")
	}
	if err == nil {
		return nil
	}
	field := ""
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		field = wrong.Field
	} else if _, name, ok := strings.Cut(err.Error(), "unknown field "); ok {
		field = strings.Trim(name, `"`)
	}
	return badRequest(field, "the body is not the JSON object that this call takes", "see the call's fields in the help")
}

// refs reads record addresses.
func refs(texts []string) ([]record.Ref, error) {
	var out []record.Ref
	for n, text := range texts {
		ref, err := refIn(fmt.Sprintf("refs[%d]", n), text)
		if err != nil {
			return nil, err
		}
		out = append(out, ref)
	}
	return out, nil
}

// refIn reads the record address in one field of a request.
func refIn(field, text string) (record.Ref, error) {
	ref, err := record.ParseRef(text)
	if err != nil {
		return ref, badRequest(field, "this is no address of a record", "write connection:object/id, for example hubspot:deals/9876543210")
	}
	return ref, nil
}

func queryNumber(r *http.Request, name string, standard, most int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return standard, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		return 0, badRequest(name, "this is no whole number in range", fmt.Sprintf("write 0 to %d", most))
	}
	return n, nil
}

// maxRows bounds one part of a list, so that an answer stays well under the 6 MB that a function on AWS may give.
const maxRows = 500

// part reads which part of a list is asked for: ?from=&limit=.
func part(r *http.Request, standard int) (from, limit int, err error) {
	if from, err = queryNumber(r, "from", 0, 1<<30); err != nil {
		return 0, 0, err
	}
	if limit, err = queryNumber(r, "limit", standard, maxRows); err == nil && limit == 0 {
		err = badRequest("limit", "nothing would be answered", fmt.Sprintf("write 1 to %d", maxRows))
	}
	return from, limit, err
}

// connection gives the name that a role is bound to.
func (a *api) connection(role string) string {
	if bound, ok := a.Roles[role]; ok {
		return bound
	}
	return role
}
