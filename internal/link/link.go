// Package link holds what Crosswalk knows about one pair of records: that they are the same thing (identity), what
// both sides last read as (content), and what we are about to do (intention). It has no I/O; the engine keeps links
// in its store under a condition, so that two workers can never both act. Start with Link, then Intent; encode.go has the form
// in which links are stored.
package link

import (
	"slices"
	"time"

	"crosswalk/internal/record"
)

// State of a link.
type State string

const (
	None      State = ""          // nothing is kept
	Skipped   State = "skipped"   // looked at, nothing to do, for a reason
	Held      State = "held"      // a person must decide or mend something
	Claimed   State = "claimed"   // a create is intended or under way; Claim says which
	Linked    State = "linked"    // both records are known
	Alias     State = "alias"     // a second record for a taken place; B is the taken one's counterpart
	MovedTo   State = "moved"     // merged or converted; A lives on under To
	Tombstone State = "tombstone" // never touch again
)

// Link is the item kept for record A in a slot. It is written as a whole under a revision condition.
type Link struct {
	Slot    string     `json:"slot"` // with both connections: document|hubspot|light
	A       record.Ref `json:"a"`
	State   State      `json:"state"`
	B       record.Ref `json:"b,omitzero"`
	To      record.Ref `json:"to,omitzero"`       // of MovedTo; of Alias the deal in another CRM that the document was handed to
	Mapping string     `json:"mapping,omitempty"` // that made or last settled it
	Version int        `json:"version,omitempty"` // of that mapping
	Reason  *Reason    `json:"reason,omitempty"`  // of Skipped, Held, Alias; or the standing complaint on a linked one
	Source  string     `json:"source,omitempty"`  // digest of the source when the reason or the last settlement was decided
	Claim   *Claim     `json:"claim,omitempty"`

	Former []record.Ref `json:"former,omitempty"` // what it was linked to before a person took that away; newest last
	Mirror record.Ref   `json:"mirror,omitzero"`  // of a document: the same deal in another CRM, which had it before
	Needs  []record.Ref `json:"needs,omitempty"`  // of a document: the records at a that it is billed to
	Erased time.Time    `json:"erased,omitzero"`  // when what identifies a person was taken out; a document is not written any more

	Agreed map[string]Pair `json:"agreed,omitempty"`
	StampA time.Time       `json:"stampA,omitzero"`
	StampB time.Time       `json:"stampB,omitzero"`
	Intent *Intent         `json:"intent,omitempty"`
	Ghosts []Ghost         `json:"ghosts,omitempty"`
	Lines  map[string]Line `json:"lines,omitempty"` // by id of the source line; DefaultLine for a deal without lines
	Todo   []Todo          `json:"todo,omitempty"`
	Net    string          `json:"net,omitempty"`   // a document's planned net total in minor units
	Money  string          `json:"money,omitempty"` // its currency
	Made   *Made           `json:"made,omitempty"`  // who made the document, for why
	Page   string          `json:"page,omitempty"`  // last audit page that tells of it
	// Refused are values that a system refused for good, each by the system and the key of its field, as a digest of the side that was
	// written: they are not sent again, and the rest of the record is carried on without them.
	Refused map[string]string `json:"refused,omitempty"`
	Noted   bool              `json:"noted,omitempty"` // a sync error may be open for it: it is looked for when its reason is gone
	Hand    *Hand             `json:"hand,omitempty"`  // what a person last did to it
	Ignored *Ignored          `json:"ignored,omitempty"`
	Extra   map[string]string `json:"extra,omitempty"` // what a newer version wrote and this one must keep
}

// DefaultLine is the key in Lines of the one line made for a deal without lines.
const DefaultLine = "deal"

// Claim says which create is intended. A held or skipped link keeps the generation and attempt of a claim that was given up. Key is (slot, source, generation) and never content, mapping, version or kind (A6).
type Claim struct {
	Key        string    `json:"key"`
	Generation int       `json:"generation,omitempty"`
	Attempt    int       `json:"attempt"` // raised only by a definite refusal: the next body may differ
	Token      string    `json:"token"`   // of the worker that holds it
	At         time.Time `json:"at"`      // when first claimed
	Until      time.Time `json:"until"`   // after this another worker may look, never blindly create
	Looks      int       `json:"looks,omitempty"`
	Sends      int       `json:"sends,omitempty"`
	SentAt     time.Time `json:"sentAt,omitzero"` // when a send was last intended
	Object     string    `json:"object"`          // kind of record at b, frozen by the claim
	Net        string    `json:"net,omitempty"`
	Money      string    `json:"money,omitempty"`
	Matches    []string  `json:"matches,omitempty"` // match keys claimed with it, to be released
}

// Pair is what both sides read as when a field was last settled, as keyed digests of each side's canonical form; of lists of
// references each side also says what it left out (pair.go). Settled does not mean equal (A7).
type Pair struct {
	A string `json:"a,omitempty"`
	B string `json:"b,omitempty"`
	// Unsure marks a B that was written but not yet read back.
	Unsure bool `json:"u,omitempty"`
	// Rounds counts how often b rewrote what we wrote (tug of war after two).
	Rounds int `json:"r,omitempty"`
}

// Intent is an update that is intended or under way: nothing is sent unless it was put less than 30 s ago.
type Intent struct {
	Token string            `json:"token"`
	Until time.Time         `json:"until"`
	A     map[string]string `json:"a"`              // digest per field of the source it was decided from
	B     map[string]string `json:"b"`              // digest per field of what will be written
	Home  bool              `json:"home,omitempty"` // it is written at a, from b
}

// Ghost is an intention that was lost or left unfinished; a target value equal to it is ours (A4). Kept 24 h.
type Ghost struct {
	Until time.Time         `json:"until"`
	B     map[string]string `json:"b"`
	Home  bool              `json:"home,omitempty"` // it was written at a
	// Was tells that B is not what we wrote but what had stood there: who reads that has an old copy, unless its stamp is certainly newer
	// than our write. Kept for as long as a replica may lack the write.
	Was bool `json:"was,omitempty"`
}

// Line is one line of a document: its id at b, and the digest of what was written.
type Line struct {
	ID     string `json:"id,omitempty"`
	Digest string `json:"digest"`
}

// Todo is a follow-up that is written with the state it follows from (T12) and struck by a conditional write.
type Todo struct {
	Do     string    `json:"do"` // verify, open, publish, send_email, einvoice, archive, write_back, wake, after_link, after_update, after_update_home
	Handle string    `json:"handle,omitempty"`
	Tries  int       `json:"tries,omitempty"`
	Since  time.Time `json:"since,omitzero"`
	Seen   time.Time `json:"seen,omitzero"` // of a forward: the record's stamp when it was last sent; of an audit: since when it is being noted
}

// Reason is why nothing (more) was done. Category is one of help/errors.md; Text carries ids, field names and links, never
// names or addresses.
type Reason struct {
	Category string    `json:"category"`
	Text     string    `json:"text"`
	Fields   []string  `json:"fields,omitempty"`
	At       time.Time `json:"at,omitzero"`
	Home     bool      `json:"home,omitempty"` // it stops what goes home, from b to a
	// Candidates are the records at b among which a person must choose.
	Candidates []record.Ref `json:"candidates,omitempty"`
}

// Made names deal, mapping version, approver and run behind a document.
type Made struct {
	Mapping  string    `json:"mapping"`
	Version  int       `json:"version"`
	Approver string    `json:"approver,omitempty"`
	Single   bool      `json:"single,omitempty"` // approved under approval: single
	Run      string    `json:"run,omitempty"`
	At       time.Time `json:"at"`
}

// Pointer is the item kept for record B in a slot: who holds it. It is a reservation, valid only while the link of A
// names that B or claims it.
type Pointer struct {
	Slot string     `json:"slot"`
	B    record.Ref `json:"b"`
	A    record.Ref `json:"a"`
	At   time.Time  `json:"at"`
}

// Turned gives the link as it is seen from b: the sides change places, and what is said of a way is said of the other. It is how a
// mapping that works both ways carries b's changes home; turned again it is the link that is stored.
func (l Link) Turned() Link {
	l.A, l.B = l.B, l.A
	l.StampA, l.StampB = l.StampB, l.StampA
	if l.Agreed != nil {
		agreed := make(map[string]Pair, len(l.Agreed))
		for key, p := range l.Agreed {
			p.A, p.B = p.B, p.A
			agreed[key] = p
		}
		l.Agreed = agreed
	}
	if l.Intent != nil {
		n := *l.Intent
		n.Home = !n.Home
		l.Intent = &n
	}
	l.Ghosts = slices.Clone(l.Ghosts)
	for i := range l.Ghosts {
		l.Ghosts[i].Home = !l.Ghosts[i].Home
	}
	if l.Reason != nil {
		r := *l.Reason
		r.Home = !r.Home
		l.Reason = &r
	}
	return l
}

// maxFormer is how many former counterparts a link remembers.
const maxFormer = 5

// LetGo gives Former as it is when the link lets go of B.
func (l *Link) LetGo() []record.Ref {
	if l.B.IsZero() || slices.Contains(l.Former, l.B) {
		return l.Former
	}
	former := append(slices.Clone(l.Former), l.B)
	return former[max(0, len(former)-maxFormer):]
}

// Given is what stays of a claim that was given up or fulfilled: enough for the next create to go on from there. A nil
// claim stays nil.
func (c *Claim) Given() *Claim {
	if c == nil {
		return nil
	}
	return &Claim{Key: c.Key, Generation: c.Generation, Attempt: c.Attempt}
}
