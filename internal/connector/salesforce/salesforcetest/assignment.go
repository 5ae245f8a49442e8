package salesforcetest

import "strings"

// ruled is whom the active assignment rule gives a record to, "" where none runs: people's saves and calls that say
// Sforce-Auto-Assign: FALSE set none off (section 4.1: on unless the header says so).
func (t *tx) ruled(o *object) string {
	if t.person || strings.EqualFold(t.opts.autoAssign, "false") {
		return ""
	}
	return t.s.rules.assignment[strings.ToLower(o.Name)]
}

// owner is the owner of a new record that names none.
func (t *tx) owner(d *draft) string {
	if to := t.ruled(d.o); to != "" {
		t.s.assigned[strings.ToLower(d.o.Name)]++
		return to
	}
	return t.user
}

// reassign runs the assignment rule on an update that names no owner: the record changes hands.
func (t *tx) reassign(d *draft) {
	to := t.ruled(d.o)
	if to == "" || d.sent("OwnerId") || len(d.given) == 0 || d.str("OwnerId") == to {
		return
	}
	t.s.assigned[strings.ToLower(d.o.Name)]++
	d.put("OwnerId", to)
}

// Assigned is how many records of an object assignment rules have given away: each is an e-mail to somebody, and a record taken from
// somebody else.
func (s *Sim) Assigned(object string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.assigned[strings.ToLower(object)]
}
