package simulation

import (
	"context"

	"crosswalk/internal/connector"
)

// crm is the system that deals come from: its people, its roads of change, and its records as an outsider compares them.
// portal.go (HubSpot) and org.go (Salesforce) are the two.
type crm interface {
	connection() string // the name refs carry
	vendor() string     // the name that people know
	// connect makes the connector of one process.
	connect(s *Sim, a *actor) (connector.Connector, error)
	// settings makes what an administrator sets up before the first record: fields, and the roads of change.
	settings()
	// found makes the first records; size draws how many of a kind.
	found(size func(low, high int) int)
	// edit is one thing that a person does; an error is what a person gets too.
	edit(a *actor) (what string, err error)
	// deliver sends what is due on the roads of change.
	deliver(ctx context.Context, bell *doorbell)
	// objects names the kinds of record that mappings read: deals, firms, products.
	objects() (deals, firms, products string)
	deals() []deal // in a fixed order, the deleted and merged too; firms likewise
	firms() []firm
	catalogue() []product
	// written tells what was changed there that is not ours to change; "" for nothing.
	written() string
	// writes counts what our own user changed there.
	writes() int
}

// deal is what an outsider compares of a deal.
type deal struct {
	id, name         string
	won              bool
	unheard          bool     // it was deleted, which is told by a webhook alone, and that may be lost
	mergedInto       string   // the deal that took its place
	merged           []string // deals whose place it took
	firms            []string
	primary          string
	closed           string // YYYY-MM-DD
	currency, amount string
	lines            []dealLine
}

// dealLine is one line, with what it comes to in minor units.
type dealLine struct {
	net               int64
	currency, product string
	recurs            bool
	overDiscounted    bool
}

// total is what a deal's lines come to.
func (d deal) total() int64 {
	var sum int64
	for _, l := range d.lines {
		sum += l.net
	}
	return sum
}

// firm is what an outsider compares of a company.
type firm struct {
	id, name, street, vat, domain, email string
	gone, cameOfMerge                    bool
	mergedInto                           string
}

// product is one of the catalogue.
type product struct {
	id     string
	active bool
}
