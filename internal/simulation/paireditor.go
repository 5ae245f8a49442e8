package simulation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
)

// slotEditor is the place of who sits at Crosswalk itself.
const slotEditor = 40

// newerContacts is what an editor adds to the contacts of either set in mid run.
const newerContacts = "  - { a: Department, b: company }\n"

// newerRule is what the checker knows of it; how the two sides met is judged by how it stands at rest alone.
var newerRule = rule{just("Department"), just("company"), winsNewest, "text"}

// atDesk is somebody at Crosswalk while all runs: a mapping is paused and goes on, a newer version is taken into use, records come by
// import. What fails because the store does is tried again, as people do.
func (p *pair) atDesk(a *actor, until time.Time) {
	ctx := context.Background()
	e := p.s.engine(a)
	p.s.doSome(a, until, 20, 80, func() { p.dice = a.dice }, []deed{
		{5, "records come by import", func() error { return p.importSome(a) }},
		{2, "a mapping is paused and goes on", func() error { return p.pauseOne(ctx, a, e) }},
		{3, "a newer version is taken into use", func() error { return p.takeNewer(ctx, a, e) }},
	})
}

// insist does something until it is done; what the store does not let through is tried again.
func insist(a *actor, do func() error) error {
	var err error
	for range 20 {
		if err = do(); err == nil {
			return nil
		}
		var refused *engine.RefusedError
		if errors.As(err, &refused) {
			return err
		}
		a.pause(5 * time.Second)
	}
	return err
}

func (p *pair) pauseOne(ctx context.Context, a *actor, e *engine.Engine) error {
	name := []string{"accounts", "contacts", "leads", "opportunities"}[a.dice.IntN(4)]
	if err := pauseAWhile(ctx, a, e, name); err != nil {
		return err
	}
	return insist(a, func() error { return p.goOn(ctx, e) })
}

// pauseAWhile pauses a mapping and lets a time pass.
func pauseAWhile(ctx context.Context, a *actor, e *engine.Engine, name string) error {
	err := insist(a, func() error {
		_, err := e.SetStatus(ctx, name, mapping.Paused, nil, "editor", "looked at")
		return err
	})
	if err == nil {
		a.pause(a.between(20*time.Second, 2*time.Minute))
	}
	return err
}

// goOn takes every mapping that is paused up again.
func (p *pair) goOn(ctx context.Context, e *engine.Engine) error {
	heads, err := e.Heads(ctx)
	if err != nil {
		return err
	}
	for _, h := range heads {
		if h.Status == mapping.Paused {
			if _, err := e.Resume(ctx, h.Name, "editor", "looked at"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *pair) takeNewer(ctx context.Context, a *actor, e *engine.Engine) error {
	return insist(a, func() error {
		h, err := e.Apply(ctx, []byte(p.set.newer), "editor")
		if err == nil && (h.Status != mapping.Live || h.Running != h.Latest) {
			_, err = e.SetStatus(ctx, h.Name, mapping.Live, nil, "editor", "")
		}
		return err
	})
}

// importSome brings people in by the vendor's own import, at one side: all of one moment.
func (p *pair) importSome(a *actor) error {
	n := 15 + a.dice.IntN(25)
	mail := func(at int) string { return fmt.Sprintf("import-%d-%d@people.example", p.s.Seed, at) }
	if a.dice.IntN(2) == 0 {
		rows := make([]map[string]string, n)
		for at := range rows {
			rows[at] = map[string]string{"lastname": p.word("Imported"), "email": mail(at), "jobtitle": p.word("head of")}
		}
		ids, err := p.s.HubSpot.Import().CreateMany("contacts", rows)
		for _, id := range ids {
			p.know("hubspot", "contacts", id)
		}
		return err
	}
	rows, at := make([]map[string]any, n), time.Now()
	for n := range rows {
		rows[n] = map[string]any{"LastName": p.word("Imported"), "Email": mail(n), "Title": p.word("head of")}
	}
	ids, err := p.s.Salesforce.Import("Contact", n, at, func(n int) map[string]any { return rows[n] })
	for n, id := range ids {
		p.know("salesforce", "Contact", id)
		for name, v := range rows[n] { // what is loaded leaves nothing in the log
			p.journal.loaded["Contact/"+id+"/"+name] = []version{{v.(string), at.Truncate(time.Second), person}}
		}
	}
	return err
}
