package salespadtest

import (
	"net/http"
	"slices"
	"time"
)

// Workflow: a queue is the GP batch of the same name (fact sheet, section 6). The calls are inferred.

// ForwardRule decides about a document that is to leave a queue: another queue instead of the next one ("" keeps the
// next), or a reason why it may not leave, as a rule or a Pre Forward script gives it.
type ForwardRule func(doc Record) (to, refusal string)

// SetForwardRule sets the rule of a queue, nil for none. It runs inside the simulator's lock and must not call it.
func (s *Sim) SetForwardRule(queue string, rule ForwardRule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules[fold(queue)] = rule
}

// firstQueue is where a new document of an id stands; "" without a workflow.
func (s *Sim) firstQueue(id DocumentID) string {
	for _, q := range s.cfg.Workflows {
		if q.Type == id.Type && fold(q.ID) == fold(id.ID) {
			return q.Name
		}
	}
	return ""
}

// queueRow shows one step of a workflow.
type queueRow struct {
	q        Queue
	sequence int
}

func (r queueRow) value(field string) string {
	switch field {
	case "Sales_Doc_Type":
		return r.q.Type
	case "Sales_Doc_ID":
		return r.q.ID
	case "Queue":
		return r.q.Name
	case "Sequence":
		return itoa(r.sequence)
	}
	return r.q.Next
}

func (r queueRow) userValue(string) string { return "" }
func (r queueRow) key() string             { return keyOf(r.q.Type, r.q.ID, r.q.Name) }

func queueKind() *kind {
	k := &kind{name: "WorkflowQueue", noun: "Queue", keys: []string{"Sales_Doc_Type", "Sales_Doc_ID", "Queue"}, fields: []field{
		long("Sales_Doc_Type").readOnly(), text("Sales_Doc_ID", 15, 15).readOnly(), text("Queue", 15, 15).readOnly(), integer("Sequence").readOnly(), long("Next_Queue").readOnly().orNull(),
	}}
	k.source = func(s *Sim) []reader {
		var out []reader
		count := map[string]int{}
		for _, q := range s.cfg.Workflows {
			count[q.Type+"|"+q.ID]++
			out = append(out, queueRow{q, count[q.Type+"|"+q.ID]})
		}
		return out
	}
	k.stamp = func(*Sim) uint64 { return 0 }
	return k
}

func (s *Sim) forwardDocument(c *call) (any, *failure) {
	k := s.kinds["SalesDocument"]
	r, bad := s.named(c, k)
	if bad != nil {
		return nil, bad
	}
	if !c.who.mayUpdate(k.name, "Sales_Batch") {
		return nil, fail(http.StatusForbidden, 2002, "No permission to update SalesDocument.Sales_Batch")
	}
	from := ""
	if len(c.body) > 0 {
		like := &kind{name: "Forward", fields: []field{text("From_Queue", 15, 15)}}
		like.named()
		d, bad := s.read(c, like, false)
		if bad != nil {
			return nil, bad
		}
		from = d.vals["From_Queue"]
	}
	if bad := s.forward(r, from, c.who.Name, c.now); bad != nil {
		return nil, bad
	}
	s.log(c, "forward", k, r, &draft{vals: map[string]string{"Sales_Batch": r.vals["Sales_Batch"]}})
	return s.echo(c, k, r), nil
}

// forward moves a document to the next queue by the rules; with a queue named, only from there.
func (s *Sim) forward(r *row, from, by string, now time.Time) *failure {
	at := r.vals["Sales_Batch"]
	if from != "" && fold(from) != fold(at) {
		return fail(http.StatusConflict, 5001, "%s is in queue %s, not in %s", r.id, at, from)
	}
	if !isOpen(r) {
		return refused("%s is in %s", r.id, stateOf(r))
	}
	if bad := s.usable(r); bad != nil {
		return bad
	}
	i := slices.IndexFunc(s.cfg.Workflows, func(q Queue) bool {
		return q.Type == r.vals["Sales_Doc_Type"] && fold(q.ID) == fold(r.vals["Sales_Doc_ID"]) && fold(q.Name) == fold(at)
	})
	if i < 0 {
		return refused("%s is in batch %s, which is no queue of its workflow", r.id, at)
	}
	to := s.cfg.Workflows[i].Next
	if rule := s.rules[fold(at)]; rule != nil {
		other, refusal := rule(s.record(s.kinds["SalesDocument"], r))
		if refusal != "" {
			return refused("Forward was cancelled: %s", refusal)
		}
		to = firstOf(other, to)
	}
	if to == "" {
		return refused("%s is in the last queue %s", r.id, at)
	}
	s.change(s.kinds["SalesDocument"], r, map[string]string{"Sales_Batch": to}, nil, now)
	s.audit(r, "Workflow", "Forwarded from "+at+" to "+to, by, now)
	return nil
}

func auditKind() *kind {
	return stored(&kind{
		name: "Audit", noun: "Audit", keys: []string{"Audit_ID"}, index: []string{"Sales_Doc_Num"}, plain: true,
		fields: []field{
			integer("Audit_ID").readOnly(), long("Sales_Doc_Type").readOnly(), long("Sales_Doc_Num").readOnly(),
			text("Audit_Type", 31, 0), text("Audit_Text", 4000, 0).required(), long("Created_By").readOnly(), wall("Created_On").readOnly(),
		},
	})
}

// audit adds a line to a document's audits.
func (s *Sim) audit(of *row, kind, text, by string, now time.Time) *row {
	s.numbers["Audit"]++
	r := &row{id: itoa(int(s.numbers["Audit"])), vals: map[string]string{
		"Audit_ID": itoa(int(s.numbers["Audit"])), "Sales_Doc_Type": of.vals["Sales_Doc_Type"], "Sales_Doc_Num": of.vals["Sales_Doc_Num"],
		"Audit_Type": kind, "Audit_Text": text, "Created_By": by, "Created_On": stampText(now.In(s.zone)),
	}}
	s.tables["Audit"].add(r)
	return r
}

// listAudits answers a document's audits, newest first unless asked otherwise.
func (s *Sim) listAudits(c *call) (any, *failure) {
	k := s.kinds["Audit"]
	of, bad := s.named(c, s.kinds["SalesDocument"])
	if bad != nil {
		return nil, bad
	}
	q, bad := s.parseQuery(k, c)
	if bad != nil {
		return nil, bad
	}
	var rows []reader
	for _, r := range s.tables["Audit"].having("Sales_Doc_Num", of.vals["Sales_Doc_Num"]) {
		if r.vals["Sales_Doc_Type"] == of.vals["Sales_Doc_Type"] && (q.filter == nil || q.filter.test(r)) {
			rows = append(rows, r)
		}
	}
	if len(q.order) == 0 {
		q.order = []ordering{{k.byName["Audit_ID"], true}}
	}
	return s.page(c, k, q, s.arrange(k, q.order, rows)), nil
}

func (s *Sim) addAudit(c *call) (any, *failure) {
	k := s.kinds["Audit"]
	if bad := c.mayCreate(k.name); bad != nil {
		return nil, bad
	}
	of, bad := s.named(c, s.kinds["SalesDocument"])
	if bad != nil {
		return nil, bad
	}
	d, bad := s.read(c, k, true)
	if bad != nil {
		return nil, bad
	}
	r := s.audit(of, firstOf(d.vals["Audit_Type"], "HubSpot"), d.vals["Audit_Text"], c.who.Name, c.now)
	s.log(c, "create", k, r, d)
	return s.echo(c, k, r), nil
}
