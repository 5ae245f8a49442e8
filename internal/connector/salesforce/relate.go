package salesforce

import (
	"context"
	"slices"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// join is how the records of one object lead to those of another: by a reference of their own, by a reference of the
// other's, or through an object between them.
type join struct {
	to      string
	own     []column // references of the record itself, the main one first
	through column   // else: the object to ask, ...
	back    column   // ... its reference to the record, ...
	forth   column   // ... and what it leads to: Id for children
	primary column   // says which one is the primary, "" for none
	label   column
	order   []column
}

// joins finds the way to each object that With names. An object that does not exist is an error; one to which there is
// no way, or none that our user may see, is an error too, since "has none" would be said of every record.
func (c *Connector) joins(ctx context.Context, op string, sel *selection, with []string) ([]join, error) {
	var out []join
	for _, to := range with {
		if _, err := c.object(op, to); err != nil {
			return nil, &connector.Error{Fault: connector.Invalid, Op: op, Code: "no such associated object"}
		}
		found, err := c.join(ctx, op, sel.schema, to)
		if err != nil {
			return nil, err
		}
		out = append(out, found)
	}
	return out, nil
}

func (c *Connector) join(ctx context.Context, op string, from *schema, to string) (join, error) {
	if j, ok := junctions[pair{from.Name, to}]; ok {
		between, err := c.schema(ctx, op, j.object)
		if err != nil {
			return join{}, err
		}
		if cols := between.columns(j.from, j.to); len(cols) == 2 {
			out := join{to: to, through: column(between.Name), back: cols[0], forth: cols[1], order: ordered(between)}
			out.primary, _ = between.column(j.primary)
			out.label, _ = between.column(j.label)
			return out, nil
		}
		return join{}, noWay(op, from.Name, to)
	}
	_, child := mainFields[pair{to, from.Name}]
	if own := references(from, to); len(own) > 0 && !(child && from.Name != to) {
		return join{to: to, own: own}, nil
	}
	other, err := c.schema(ctx, op, to)
	if err != nil {
		return join{}, err
	}
	if back := references(other, from.Name); len(back) > 0 {
		return join{to: to, through: column(other.Name), back: back[0], forth: "Id", order: ordered(other)}, nil
	}
	return join{}, noWay(op, from.Name, to)
}

func noWay(op, from, to string) error {
	return &connector.Error{Fault: connector.Forbidden, Op: op, Code: "no association of " + from + " with " + to + " that our user may see"}
}

// references gives an object's fields that point to another one, the one that means the association first: named in
// mainFields, or called after it, or the only one. Who made or changed a record is no association, except with users,
// where its owner is.
func references(s *schema, to string) []column {
	var out []column
	main := mainFields[pair{s.Name, to}]
	for _, p := range s.Fields {
		_, visible := s.field(p.Name)
		if !visible || !slices.Contains(p.ReferenceTo, to) || slices.Contains([]string{"CreatedById", "LastModifiedById", "MasterRecordId"}, p.Name) && p.Name != main {
			continue
		}
		switch {
		case p.Name == main, main == "" && p.Name == to+"Id", main == "" && to == "User" && p.Name == "OwnerId":
			out = slices.Insert(out, 0, column(p.Name))
		default:
			out = append(out, column(p.Name))
		}
	}
	return out
}

// ordered sorts lines as people see them; ids come last, so that the order is the same every time.
func ordered(s *schema) []column { return append(s.columns("SortOrder"), "Id") }

// query asks for what leads from the ids; false when the record itself says it.
func (j join) query(ids []string) (query, bool) {
	if j.through == "" {
		return query{}, false
	}
	q := query{from: j.through, where: among{j.back, quotedAll(ids)}, order: j.order}
	for _, col := range []column{"Id", j.back, j.forth, j.primary, j.label} {
		if col != "" && !slices.Contains(q.fields, col) {
			q.fields = append(q.fields, col)
		}
	}
	return q, true
}

// collect reads the associations out of rows: of the records themselves, or of what was asked beside them.
func (j join) collect(c *Connector, rows []row, links map[string][]record.Related) {
	for _, r := range rows {
		if j.through == "" {
			j.collectOwn(c, r, links)
			continue
		}
		from, to := r.id(string(j.back)), r.id(string(j.forth))
		if from == "" || to == "" {
			continue
		}
		link := record.Related{Ref: c.ref(j.to, to), Primary: j.primary != "" && r.yes(string(j.primary))}
		if label := r.text(string(j.label)); j.label != "" && label != "" {
			link.Labels = []string{label}
		}
		add(links, from, link)
	}
}

// collectOwn reads a record's own references; the main one is the primary. A reference that may point to several kinds
// of record counts for the kind that its id says.
func (j join) collectOwn(c *Connector, r row, links map[string][]record.Related) {
	for i, col := range j.own {
		id := r.id(string(col))
		if id == "" || prefixes[id[:3]] != "" && prefixes[id[:3]] != j.to {
			continue
		}
		link := record.Related{Ref: c.ref(j.to, id), Primary: i == 0}
		if i > 0 {
			link.Labels = []string{string(col)}
		}
		add(links, r.id("Id"), link)
	}
}

// add keeps one association per record: a person may have two roles in one opportunity.
func add(links map[string][]record.Related, from string, link record.Related) {
	for i, l := range links[from] {
		if l.Ref == link.Ref {
			links[from][i].Primary = l.Primary || link.Primary
			links[from][i].Labels = append(l.Labels, link.Labels...)
			return
		}
	}
	links[from] = append(links[from], link)
}
