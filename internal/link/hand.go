package link

import (
	"time"

	"crosswalk/internal/record"
)

// Hand is what a person last did to a link: joined two records, took them apart, or said that a record is to be looked
// at again after that.
type Hand struct {
	Did   string     `json:"did"` // linked, unlinked, released
	Actor string     `json:"actor,omitempty"`
	At    time.Time  `json:"at"`
	Why   string     `json:"why,omitempty"`
	B     record.Ref `json:"b,omitzero"` // of unlinked: what it was linked to
}

// What a Hand did.
const (
	HandLinked   = "linked"
	HandUnlinked = "unlinked"
	HandReleased = "released" // looked at again after unlinked
)

// Ignored is a person's word that a record is not to be looked at, and how its link stood before.
type Ignored struct {
	Actor  string    `json:"actor"`
	At     time.Time `json:"at"`
	Why    string    `json:"why,omitempty"`
	State  State     `json:"state,omitempty"`
	Reason *Reason   `json:"reason,omitempty"`
}

// Unlinked tells whether a person took the pair apart and nobody has said since that the record may be looked at again.
func (l *Link) Unlinked() bool { return l.Hand != nil && l.Hand.Did == HandUnlinked }

// ByHand tells whether a person joined the pair. A document that is linked by hand was made by hand: it is never written.
func (l *Link) ByHand() bool { return l.Hand != nil && l.Hand.Did == HandLinked && l.State == Linked }
