package connectortest

import (
	"testing"
	"time"

	"crosswalk/internal/connector"
)

// Subject is one connector with its simulated vendor.
type Subject struct {
	System     string
	Connection string                               // the name every ref must carry
	Open       func(t *testing.T, o Options) *World // a fresh world; called inside a synctest bubble
	Kinds      []Kind                               // the kinds of record the suite tries, each in every case
	Lacks      map[Ability]string                   // what the system cannot do at all, and why
	Lag        time.Duration                        // the longest its lists or searches lag in a world opened with Options.Lag
	Refusal    func(message string) (int, []byte)   // the vendor's 400 whose message quotes this text
	InFlight   int                                  // calls a connector may have under way at once; 0 means 1
	Hostile    []string                             // more ids that must do no harm, beside the suite's own
}

// Kind of record to try.
type Kind struct {
	Object  string
	Fields  []string // asked for in every read and feed; Text, Enum and Integer are added
	Text    string   // a free text field that feed, read and update all carry
	Enum    string   // an enum field as read, "" for none
	Integer string   // a field of 64-bit integers as read, "" for none
	Page    int      // records in one page of the feed
	Batch   int      // records in one read call; 0 or 1: read one by one
	// Create gives a valid create number n whose Text field holds text. Marker and key are the suite's business.
	Create func(w *World, n int, text string) connector.Write
	Lacks  map[Ability]string // beyond the subject's own
}

// Options of a world.
type Options struct {
	Lag    time.Duration // changes become visible to lists this late, each by a delay of its own
	Window int           // the vendor's result window, scaled down; 0 keeps the vendor's own
}

// World is a simulated vendor with a connector on it, and what somebody else can do there: none of these hooks
// passes through the connector. A nil hook must be declared as lacking.
type World struct {
	Connector connector.Connector
	Again     func() connector.Connector // a new connector on the same account, as after a restart
	Wire      *Wire                      // stands between the connector and the vendor

	Add      func(object string, n int, stamp func(i int) time.Time) []string // makes n records; stamp is the modified stamp, nil: now
	Change   func(object, id, text string)                                    // sets the kind's Text field
	Delete   func(object, id string)
	Hide     func(object, id string)                   // takes the right to see the record from our credential
	Merge    func(object, winner, loser string) string // gives the id that survives
	Expire   func()                                    // the access token is dead, the grant lives
	Revoke   func()                                    // the grant is dead
	Renewals func() int                                // how often the token was renewed
	Marked   func(object, marker string) int           // how many records bear the marker
	Refs     map[string]string                         // ids the subject's Create needs: a customer, an entity
}

// Ability of a system. Its text completes "cannot ...".
type Ability string

const (
	Stamps      Ability = "choose modified stamps"
	Window      Ability = "scale down a result window"
	Lag         Ability = "show records late"
	Deleting    Ability = "delete records"
	Hiding      Ability = "hide single records"
	Merging     Ability = "merge records"
	Expiring    Ability = "expire tokens"
	Revoking    Ability = "revoke a grant"
	BatchRead   Ability = "read in batches"
	BatchWrite  Ability = "write in batches"
	Creating    Ability = "create"
	Updating    Ability = "update"
	Clearing    Ability = "clear the text field"
	Keyed       Ability = "take an idempotency key"
	Looking     Ability = "look for a marker"
	Finding     Ability = "be asked for a value"
	Enums       Ability = "hold an enum"
	Integers    Ability = "hold a 64-bit integer"
	Reordering  Ability = "attribute rows that come in another order" // answers are matched by position alone
	RowFailures Ability = "fail single rows of a batch"
)

// Canary is in every text the suite writes; no error may carry it.
const Canary = "canary4f1d"

func (s *Subject) lacks(k Kind, a Ability) string {
	if why := k.Lacks[a]; why != "" {
		return why
	}
	return s.Lacks[a]
}

func (s *Subject) check(t *testing.T) {
	t.Helper()
	if s.Open == nil || s.Connection == "" || len(s.Kinds) == 0 || s.Refusal == nil {
		t.Fatal("Subject: Open, Connection, Kinds and Refusal are required")
	}
	for _, k := range s.Kinds {
		if k.Object == "" || k.Text == "" || k.Page == 0 {
			t.Fatalf("Kind %q: Object, Text and Page are required", k.Object)
		}
		needs := map[Ability]bool{Creating: k.Create == nil, Enums: k.Enum == "", Integers: k.Integer == "",
			BatchRead: k.Batch < 2, Lag: s.Lag == 0}
		for a, missing := range needs {
			if missing && s.lacks(k, a) == "" {
				t.Fatalf("Kind %s: nothing shows that it can %s; give the field or declare it in Lacks with the reason", k.Object, a)
			}
		}
	}
}

func (w *World) check(t *testing.T, s *Subject, k Kind) {
	t.Helper()
	if w.Connector == nil || w.Again == nil || w.Wire == nil || w.Add == nil || w.Change == nil {
		t.Fatal("World: Connector, Again, Wire, Add and Change are required")
	}
	hooks := map[Ability]bool{Deleting: w.Delete == nil, Hiding: w.Hide == nil, Merging: w.Merge == nil,
		Expiring: w.Expire == nil || w.Renewals == nil, Revoking: w.Revoke == nil, Looking: w.Marked == nil}
	for a, missing := range hooks {
		if missing && s.lacks(k, a) == "" {
			t.Fatalf("World of %s: no hook to %s; give it or declare it in Lacks with the reason", s.System, a)
		}
	}
}
