package salespadtest

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"time"
)

// What all resources share: lists, lookups by key, updates, deletes.

func listOf(resource string) func(*Sim, *call) (any, *failure) {
	return func(s *Sim, c *call) (any, *failure) { return s.list(c, s.kinds[resource]) }
}

func getOf(resource string) func(*Sim, *call) (any, *failure) {
	return func(s *Sim, c *call) (any, *failure) {
		k := s.kinds[resource]
		r, bad := s.named(c, k)
		if bad != nil {
			return nil, bad
		}
		var out bytes.Buffer
		s.render(&out, k, r, s.getting(c, k))
		return out.Bytes(), nil
	}
}

// named finds the record a path names. A key with a space is not found: path lookups break on it (section 4).
func (s *Sim) named(c *call, k *kind) (*row, *failure) {
	var parts []string
	for _, name := range k.keys {
		parts = append(parts, c.vars[name])
	}
	key := keyOf(parts...)
	r := s.tables[k.name].get(key)
	if r == nil || slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(p, " ") }) || k.name == "SalesDocument" && !isOpen(r) {
		return nil, notFound("%s %s was not found", k.noun, strings.Join(parts, " "))
	}
	if !c.who.sees(k, r) {
		return nil, fail(http.StatusForbidden, 2004, "The customer filter does not allow %s %s", k.noun, strings.Join(parts, " "))
	}
	return r, nil
}

// echo answers a write.
func (s *Sim) echo(c *call, k *kind, r *row) []byte {
	var out bytes.Buffer
	s.render(&out, k, r, s.echoing(c, k))
	return out.Bytes()
}

// created answers a POST: what was sent, the key and the stamps, trimmed; defaults are not in it (section 5).
func (s *Sim) created(c *call, k *kind, r *row, d *draft) (any, *failure) {
	shown := &row{id: r.id, vals: map[string]string{}, user: d.user}
	for i := range k.fields {
		f := &k.fields[i]
		_, sent := d.vals[f.name]
		if sent || f.once || f.kind == dayValue || f.kind == rowValue || slices.Contains(k.keys, f.name) || f.name == "Master_Num" {
			shown.vals[f.name] = r.vals[f.name]
		}
	}
	return reply{s.cfg.Profile.Created, s.echo(c, k, shown)}, nil
}

// mayCreate checks the right to create a resource.
func (c *call) mayCreate(resource string) *failure {
	if listed(c.who.NoCreate, resource) {
		return fail(http.StatusForbidden, 2001, "No permission to create %s", resource)
	}
	return nil
}

func (c *call) mayDelete(resource string) *failure {
	if listed(c.who.NoDelete, resource) {
		return fail(http.StatusForbidden, 2001, "No permission to delete %s", resource)
	}
	return nil
}

// updateOf answers a PUT: fields left out keep their value, unless the profile says that PUT replaces.
func updateOf(resource string) func(*Sim, *call) (any, *failure) {
	return func(s *Sim, c *call) (any, *failure) {
		k := s.kinds[resource]
		r, bad := s.named(c, k)
		if bad != nil {
			return nil, bad
		}
		d, bad := s.read(c, k, false)
		if bad != nil {
			return nil, bad
		}
		if bad := k.sameKey(d, r); bad != nil {
			return nil, bad
		}
		if bad := s.mayChange(k, r, d); bad != nil {
			return nil, bad
		}
		if slices.Contains(s.cfg.Profile.PutReplaces, resource) {
			k.clearRest(d)
		}
		s.change(k, r, d.vals, d.user, c.now)
		s.log(c, "update", k, r, d)
		return s.echo(c, k, r), nil
	}
}

// clearRest empties every writable field that was not sent.
func (k *kind) clearRest(d *draft) {
	for i := range k.fields {
		f := &k.fields[i]
		if _, sent := d.vals[f.name]; !sent && !f.read && !f.once && !f.silent && !f.must {
			d.vals[f.name] = ""
		}
	}
}

// mayChange holds the rules of single resources.
func (s *Sim) mayChange(k *kind, r *row, d *draft) *failure {
	switch k.name {
	case "Customer":
		return s.customerRules(d.vals)
	case "Prospect":
		if r.vals["Customer_Num"] != "" {
			return refused("Prospect %s was converted to customer %s and cannot be changed", r.id, r.vals["Customer_Num"])
		}
	}
	return nil
}

// change writes values and moves the stamps: a write of user fields alone does not move them (section 5).
func (s *Sim) change(k *kind, r *row, vals, user map[string]string, now time.Time) {
	next := map[string]string{}
	for name, v := range vals {
		next[name] = v
	}
	if len(vals) > 0 || s.cfg.Profile.StampUDF {
		if k.byName["DEX_ROW_TS"] != nil {
			touch(r, next, now)
		}
		for _, name := range []string{"Changed_On", "Modified_On", "Modified_Date"} {
			if k.byName[name] != nil {
				next[name] = dayOf(now)
			}
		}
	}
	s.tables[k.name].set(r, next, user)
}

// dayOf is the UTC day.
func dayOf(now time.Time) string { return stampText(now.UTC().Truncate(24 * time.Hour)) }

// enter stores a new record with its first stamps.
func (s *Sim) enter(k *kind, vals, user map[string]string, now time.Time) *row {
	r := &row{vals: map[string]string{}}
	assign(&r.vals, vals)
	assign(&r.user, user)
	stamps := map[string]string{}
	touch(r, stamps, now)
	for _, name := range []string{"Created_On", "Created_Date", "Modified_Date"} {
		if k.byName[name] != nil {
			stamps[name] = dayOf(now)
		}
	}
	if k.byName["DEX_ROW_TS"] == nil {
		delete(stamps, "DEX_ROW_TS")
	}
	assign(&r.vals, stamps)
	r.id = k.keyIn(r.vals)
	s.tables[k.name].add(r)
	return r
}

func (k *kind) keyIn(vals map[string]string) string {
	var parts []string
	for _, name := range k.keys {
		v := vals[name]
		if f := k.byName[name]; f.kind == integerValue {
			v = orZero(v)
		}
		parts = append(parts, v)
	}
	return keyOf(parts...)
}

// deleteOf answers a DELETE of a plain record.
func deleteOf(resource string) func(*Sim, *call) (any, *failure) {
	return func(s *Sim, c *call) (any, *failure) {
		k := s.kinds[resource]
		r, bad := s.named(c, k)
		if bad == nil {
			bad = c.mayDelete(resource)
		}
		if bad != nil {
			return nil, bad
		}
		s.drop(k, r)
		s.log(c, "delete", k, r, nil)
		return done(k.noun + " " + strings.ReplaceAll(r.id, "|", " ") + " was deleted"), nil
	}
}

// drop removes a record with what hangs on it.
func (s *Sim) drop(k *kind, r *row) {
	s.tables[k.name].remove(r)
	below := map[string]string{"Customer": "CustomerAddr", "Prospect": "ProspectContact"}[k.name]
	if below == "" {
		return
	}
	for _, child := range slices.Clone(s.tables[below].having(k.keys[0], r.id)) {
		s.tables[below].remove(child)
	}
}

func done(message string) Envelope { return Envelope{"OK", 0, codeNames[0], []string{message}} }

// stored makes a resource's lists from its table, with the indexes it has.
func stored(k *kind) *kind {
	k.source = func(s *Sim) []reader { return readers(s.tables[k.name].rows) }
	k.stamp = func(s *Sim) uint64 { return s.tables[k.name].version }
	k.lookup = func(s *Sim, field, folded string) ([]reader, bool) {
		t := s.tables[k.name]
		if t.index[field] == nil {
			return nil, false
		}
		return readers(t.having(field, folded)), true
	}
	return k
}
