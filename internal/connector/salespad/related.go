package salespad

import (
	"context"
	"slices"
	"strings"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// What belongs to a record: its parent by the key or a field, its children and lines by a list of their own.

// progress are the fields that tell how far a document is: a read of nothing else needs no lines.
var progress = []string{"Sales_Batch", "Source", "state", "DEX_ROW_TS", "Created_On", "Customer_Num"}

// attach adds lines and associations to the records of one batch.
func (j *reading) attach(ctx context.Context, ids []string, found map[string]*record.Record) error {
	var there []string
	for _, id := range ids {
		if found[id] != nil {
			there = append(there, id)
		}
	}
	if len(there) == 0 {
		return nil
	}
	if err := j.lines(ctx, there, found); err != nil {
		return err
	}
	if err := j.children(ctx, there, found); err != nil {
		return err
	}
	for _, id := range there {
		j.pointers(j.rows[id], found[id])
	}
	return nil
}

func (j *reading) wantsLines() bool {
	if j.o.Lines == "" {
		return false
	}
	return slices.Contains(j.r.With, j.o.Lines) || j.r.Fields == nil ||
		slices.ContainsFunc(j.r.Fields, func(f string) bool { return !slices.Contains(progress, f) })
}

// lines reads the lines of documents, by number alone, since types rarely share one, and sorts them by their key.
func (j *reading) lines(ctx context.Context, ids []string, found map[string]*record.Record) error {
	if !j.wantsLines() {
		return nil
	}
	lines := j.c.Profile.Objects[j.o.Lines]
	number := func(i int) expr { return equal(column(j.o.Key[1]), quoted(j.parts[ids[i]][1])) }
	for _, chunk := range j.c.Profile.chunks(len(ids), 1, number) {
		var which []expr
		for _, i := range chunk {
			which = append(which, number(i))
		}
		err := j.c.each(ctx, j.op, lines, lines.List, query{filter: either(which...), order: lines.order()}, func(r row) error {
			parent := canonical(r.key(j.o)) // the first parts of a line's key are its document's
			rec := j.c.record(lines, r, nil)
			if doc := found[parent]; doc != nil && rec.Ref.ID != "" && !slices.ContainsFunc(doc.Children, func(l record.Record) bool { return l.Ref == rec.Ref }) {
				rec.Related = []record.Related{{Ref: doc.Ref, Primary: true}}
				doc.Children = append(doc.Children, rec)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if slices.Contains(j.r.With, j.o.Lines) {
		for _, id := range ids {
			for _, l := range found[id].Children {
				found[id].Related = append(found[id].Related, record.Related{Ref: l.Ref})
			}
		}
	}
	return nil
}

// children reads the refs of addresses or contacts, where they were asked for.
func (j *reading) children(ctx context.Context, ids []string, found map[string]*record.Record) error {
	if j.o.Children == "" || !slices.Contains(j.r.With, j.o.Children) {
		return nil
	}
	kids := j.c.Profile.Objects[j.o.Children]
	of := func(i int) expr { return j.o.keyIs(j.parts[ids[i]]) }
	for _, chunk := range j.c.Profile.chunks(len(ids), len(j.o.Key), of) {
		var which []expr
		for _, i := range chunk {
			which = append(which, of(i))
		}
		err := j.c.each(ctx, j.op, kids, kids.List, query{filter: either(which...), order: kids.order()}, func(r row) error {
			if parent := found[canonical(r.key(j.o))]; parent != nil {
				ref := j.c.ref(kids, r.key(kids))
				if ref.ID != "" && !slices.ContainsFunc(parent.Related, func(o record.Related) bool { return o.Ref == ref }) {
					parent.Related = append(parent.Related, record.Related{Ref: ref})
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// pointers adds what fields of the record itself point to: references, and the addresses a document or customer names.
func (j *reading) pointers(r row, rec *record.Record) {
	add := func(object, id string, label string) {
		o := j.c.Profile.Objects[object]
		if o == nil || id == "" || !slices.Contains(j.r.With, object) {
			return
		}
		ref := j.c.ref(o, id)
		for i := range rec.Related {
			if rec.Related[i].Ref.Object == object && strings.EqualFold(rec.Related[i].Ref.ID, id) {
				rec.Related[i].Labels = append(rec.Related[i].Labels, label)
				return
			}
		}
		rec.Related = append(rec.Related, record.Related{Ref: ref, Labels: []string{label}})
	}
	for _, f := range j.o.Fields {
		text := strings.TrimSpace(r.text(f.Name))
		if text == "" {
			continue
		}
		if f.References != "" {
			add(f.References, joinKey([]string{text}), f.Name)
		}
		if customer := strings.TrimSpace(r.text("Customer_Num")); strings.HasSuffix(f.Name, "Address_Code") && j.o.name == "sales-documents" && customer != "" {
			add("customer-addresses", joinKey([]string{customer, text}), f.Name)
		}
	}
	if j.o.Lines == "" && j.o.Parent == "sales-documents" {
		add("sales-documents", joinKey([]string{r.text("Sales_Doc_Type"), r.text("Sales_Doc_Num")}), "")
	}
	for i := range rec.Related {
		rec.Related[i].Primary = i == slices.IndexFunc(rec.Related, func(o record.Related) bool { return o.Ref.Object == rec.Related[i].Ref.Object })
		rec.Related[i].Labels = slices.DeleteFunc(rec.Related[i].Labels, func(l string) bool { return l == "" })
	}
}

// moved follows prospects to their customers, and contacts to the addresses they became (fact sheet 8).
func (j *reading) moved(ctx context.Context, ids []string) error {
	if j.o.MovedTo == "" {
		return nil
	}
	to := map[string]string{}
	var err error
	if j.o.Moved != "" {
		to = j.named(ids)
	} else if to, err = j.contacts(ctx, ids); err != nil || len(to) == 0 {
		return err
	}
	var targets []string
	for _, id := range ids {
		if to[id] != "" && !slices.Contains(targets, to[id]) {
			targets = append(targets, to[id])
		}
	}
	if len(targets) == 0 {
		return nil
	}
	reads, err := j.c.Read(ctx, connector.ReadRequest{Object: j.o.MovedTo, IDs: targets, Fields: j.r.Fields})
	if err != nil {
		for id := range to {
			delete(j.got, id)
		}
		return err
	}
	for id, target := range to {
		at := reads[slices.Index(targets, target)]
		switch at.State {
		case record.Found:
			j.got[id] = record.Read{State: record.Moved, To: at.Ref, Record: at.Record}
		default: // the customer is gone, hidden or was not answered: so is its prospect
			j.got[id] = record.Read{State: at.State, Err: at.Err}
		}
	}
	return nil
}

// PagesHide tells of an object whose pages do not show where its records went: a prospect's contact goes where its prospect does, and
// its row stays as it was.
func (c *Connector) PagesHide(object string) bool {
	o, err := c.object("pages of "+object, object)
	return err == nil && o.MovedTo != "" && o.Moved == ""
}

// named gives where records say they went.
func (j *reading) named(ids []string) map[string]string {
	out := map[string]string{}
	for _, id := range ids {
		if to := strings.TrimSpace(j.rows[id].text(j.o.Moved)); to != "" && j.got[id].State == record.Found {
			out[id] = joinKey([]string{to})
		}
	}
	return out
}

// contacts finds what became of the contacts of converted prospects. Nothing names the address of a contact (fact sheet 10):
// the marker tells, which conversion copies; else the code that the contact had; else name and e-mail, if they are those of one
// address alone. A contact whose address cannot be told stays, as one that is not to be used.
func (j *reading) contacts(ctx context.Context, ids []string) (map[string]string, error) {
	prospects := j.c.Profile.Objects[j.o.Parent]
	if prospects == nil || prospects.Moved == "" {
		return nil, nil
	}
	customers, err := j.converted(ctx, prospects, ids)
	if err != nil || len(customers) == 0 {
		return nil, err
	}
	addresses := j.c.Profile.Objects[j.o.MovedTo]
	out := map[string]string{}
	byCustomer := map[string][]row{}
	for _, id := range ids {
		customer := customers[canonical(j.parts[id][0])]
		if customer == "" || j.got[id].State != record.Found {
			continue
		}
		if _, known := byCustomer[customer]; !known {
			list, err := j.c.addressesOf(ctx, j.op, addresses, customer)
			if err != nil {
				return nil, err
			}
			byCustomer[customer] = list
		}
		if at := j.o.became(j.rows[id], addresses, byCustomer[customer]); at != "" {
			out[id] = at
		} else {
			j.got[id].Record.Archived = true
		}
	}
	return out, nil
}

// converted gives the customers of those prospects that were converted, by the prospect's canonical id.
func (j *reading) converted(ctx context.Context, prospects *Object, ids []string) (map[string]string, error) {
	var parents []string
	for _, id := range ids {
		if p := j.parts[id][0]; j.got[id].State == record.Found && !slices.ContainsFunc(parents, func(q string) bool { return strings.EqualFold(p, q) }) {
			parents = append(parents, p)
		}
	}
	say := func(i int) expr { return prospects.keyIs([]string{parents[i]}) }
	out := map[string]string{}
	for _, chunk := range j.c.Profile.chunks(len(parents), 1, say) {
		var which []expr
		for _, i := range chunk {
			which = append(which, say(i))
		}
		err := j.c.each(ctx, j.op, prospects, prospects.List, query{filter: either(which...), order: prospects.order()}, func(r row) error {
			if to := strings.TrimSpace(r.text(prospects.Moved)); to != "" {
				out[canonical(r.text(prospects.Key[0]))] = to
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *Connector) addressesOf(ctx context.Context, op string, o *Object, customer string) ([]row, error) {
	var out []row
	err := c.each(ctx, op, o, o.List, query{filter: equal(column(o.Key[0]), quoted(customer)), order: o.order()}, func(r row) error {
		out = append(out, r)
		return nil
	})
	return out, err
}

// became gives the id of the only address that a contact can have become, "" when none or several can.
func (o *Object) became(contact row, addresses *Object, list []row) string {
	marker, _ := contact.userField(o.Marker)
	ways := []func(a row) bool{
		func(a row) bool {
			theirs, _ := a.userField(addresses.Marker)
			m, t := textOf(marker), textOf(theirs)
			return m != "" && m == t
		},
		func(a row) bool {
			return contact.text(o.Key[1]) != "" && strings.EqualFold(contact.text(o.Key[1]), a.text(addresses.Key[1])) && sameText(contact, a, "Contact_Person")
		},
		func(a row) bool {
			return contact.text("Email") != "" && sameText(contact, a, "Contact_Person") && sameText(contact, a, "Email")
		},
		func(a row) bool {
			return contact.text("Contact_Person") != "" && sameText(contact, a, "Contact_Person")
		},
	}
	for _, fits := range ways {
		hits := slices.DeleteFunc(slices.Clone(list), func(a row) bool { return !fits(a) })
		if len(hits) > 1 { // the customer's own address, made of the prospect's, may name the same person
			hits = slices.DeleteFunc(hits, func(a row) bool { return strings.EqualFold(a.text(addresses.Key[1]), addresses.Own) })
		}
		if len(hits) == 1 {
			return hits[0].key(addresses)
		}
		if len(hits) > 1 {
			return ""
		}
	}
	return ""
}

func sameText(a, b row, field string) bool { return strings.EqualFold(a.text(field), b.text(field)) }

func textOf(raw []byte) string {
	v, ok := plain(raw)
	if !ok {
		return ""
	}
	return strings.TrimSpace(v.Text())
}
