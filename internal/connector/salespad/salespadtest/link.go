package salespadtest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Links as SalesPad's own HubSpot connector keeps them in spAAIntegratedEntityLink. The table's name is confirmed; its
// columns and any API over it are inferred (fact sheet, section 8).

// Link is one row of the table. EntityKey joins the trimmed parts of a key by "|".
type Link struct {
	LinkID         string    `json:"Link_ID"`
	Platform       string    `json:"Platform"`
	ExternalTenant string    `json:"External_Tenant"` // HubSpot hub id
	ExternalType   string    `json:"External_Type"`   // company, contact, product, deal, line_item
	ExternalID     string    `json:"External_ID"`
	EntityType     string    `json:"Entity_Type"` // Customer, CustomerAddr, Prospect, ProspectContact, ItemMaster, SalesDocument, SalesLineItem
	EntityKey      string    `json:"Entity_Key"`
	LinkedOn       time.Time `json:"-"`
	LinkedBy       string    `json:"Linked_By"` // the component that made it
}

func linkKind() *kind {
	return stored(&kind{
		name: "AAIntegratedEntityLink", noun: "Link", keys: []string{"Link_ID"}, index: []string{"Link_ID", "External_ID", "Entity_Key"}, plain: true,
		fields: []field{
			long("Link_ID").readOnly(), text("Platform", 0, 0).required().of("HubSpot"), text("External_Tenant", 64, 0).required(),
			long("External_Type").required().of("company", "contact", "product", "deal", "line_item"), text("External_ID", 64, 0).required(),
			long("Entity_Type").required().of("Customer", "CustomerAddr", "Prospect", "ProspectContact", "ItemMaster", "SalesDocument", "SalesLineItem"),
			text("Entity_Key", 120, 0).required(), wall("Linked_On").readOnly(), long("Linked_By").readOnly(),
		},
	})
}

func (s *Sim) createLink(c *call) (any, *failure) {
	k := s.kinds["AAIntegratedEntityLink"]
	if bad := c.mayCreate(k.name); bad != nil {
		return nil, bad
	}
	d, bad := s.read(c, k, true)
	if bad != nil {
		return nil, bad
	}
	r, bad := s.newLink(d.vals, c.who.Name, c.now)
	if bad != nil {
		return nil, bad
	}
	s.log(c, "create", k, r, d)
	return reply{s.cfg.Profile.Created, s.echo(c, k, r)}, nil
}

// newLink stores a link; either side has one at most within a platform and a tenant.
func (s *Sim) newLink(vals map[string]string, by string, now time.Time) (*row, *failure) {
	t := s.tables["AAIntegratedEntityLink"]
	same := func(r *row, names ...string) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return fold(r.vals[name]) != fold(vals[name]) })
	}
	for _, r := range t.having("External_ID", vals["External_ID"]) {
		if same(r, "Platform", "External_Tenant", "External_Type") {
			return nil, duplicate("%s %s is linked to %s %s", r.vals["External_Type"], r.vals["External_ID"], r.vals["Entity_Type"], r.vals["Entity_Key"])
		}
	}
	for _, r := range t.having("Entity_Key", vals["Entity_Key"]) {
		if same(r, "Platform", "External_Tenant", "Entity_Type") {
			return nil, duplicate("%s %s is linked to %s %s", r.vals["Entity_Type"], r.vals["Entity_Key"], r.vals["External_Type"], r.vals["External_ID"])
		}
	}
	r := &row{id: s.newGUID("link"), vals: map[string]string{"Linked_On": stampText(now.In(s.zone)), "Linked_By": by}}
	assign(&r.vals, vals)
	r.vals["Link_ID"] = r.id
	t.add(r)
	return r, nil
}

func (s *Sim) deleteLink(c *call) (any, *failure) {
	id := c.vars["Link_ID"]
	if !guid.MatchString(id) {
		return nil, fail(400, 3010, "Link_ID must be a GUID")
	}
	return deleteOf("AAIntegratedEntityLink")(s, c)
}

// AddLink enters a link as SalesPad's own connector or an administrator does: LinkID and LinkedOn are given when empty,
// Platform is HubSpot.
func (s *Sim) AddLink(l Link) (Link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.LinkedOn.IsZero() {
		l.LinkedOn = time.Now()
	}
	r, bad := s.newLink(map[string]string{
		"Platform": firstOf(l.Platform, "HubSpot"), "External_Tenant": l.ExternalTenant, "External_Type": l.ExternalType, "External_ID": l.ExternalID,
		"Entity_Type": l.EntityType, "Entity_Key": keyOf(strings.Split(l.EntityKey, "|")...),
	}, l.LinkedBy, l.LinkedOn)
	if bad != nil {
		return Link{}, bad.asError("add link", l.EntityKey)
	}
	return s.linkOf(r), nil
}

// RemoveLink deletes a link in the table, as the vendor's page advises for wrong ones.
func (s *Sim) RemoveLink(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables["AAIntegratedEntityLink"]
	r := t.get(id)
	if r == nil {
		return fmt.Errorf("salespad: remove link %s: %w", id, errNone)
	}
	t.remove(r)
	return nil
}

// Links gives every link, oldest first.
func (s *Sim) Links() []Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Link
	for _, r := range s.tables["AAIntegratedEntityLink"].rows {
		out = append(out, s.linkOf(r))
	}
	return out
}

func (s *Sim) linkOf(r *row) Link {
	at, err := time.ParseInLocation(stampLayout, r.vals["Linked_On"], s.zone)
	if err != nil {
		panic("salespadtest: stored stamp " + r.vals["Linked_On"]) // a fault of the simulator
	}
	return Link{r.id, r.vals["Platform"], r.vals["External_Tenant"], r.vals["External_Type"], r.vals["External_ID"], r.vals["Entity_Type"], r.vals["Entity_Key"], at, r.vals["Linked_By"]}
}

// LinkColumns are the columns of the export.
var LinkColumns = []string{"Link_ID", "Platform", "External_Tenant", "External_Type", "External_ID", "Entity_Type", "Entity_Key", "Linked_On", "Linked_By"}

// ExportLinksCSV is the table as a query tool saves it: UTF-8 with a byte order mark, CRLF, GP's key parts padded as
// they lie in the table, the server's clock.
func (s *Sim) ExportLinksCSV() []byte {
	var out bytes.Buffer
	out.WriteString("\ufeff")
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	rows := [][]string{LinkColumns}
	for _, l := range s.Links() {
		rows = append(rows, []string{upper(l.LinkID), l.Platform, l.ExternalTenant, l.ExternalType, l.ExternalID, l.EntityType, s.paddedKey(l.EntityType, l.EntityKey), l.LinkedOn.In(s.zone).Format("2006-01-02 15:04:05.000"), l.LinkedBy})
	}
	if err := w.WriteAll(rows); err != nil {
		panic(err) // a buffer takes everything
	}
	return out.Bytes()
}

// ExportLinksJSON is the table as a list of objects, keys trimmed, with the names of LinkColumns.
func (s *Sim) ExportLinksJSON() []byte {
	type full struct {
		Link
		LinkedOn string `json:"Linked_On"`
	}
	out := []full{}
	for _, l := range s.Links() {
		out = append(out, full{l, stampText(l.LinkedOn.In(s.zone))})
	}
	raw, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		panic(err) // our own types always encode
	}
	return raw
}

// paddedKey pads the parts of a key to their columns.
func (s *Sim) paddedKey(entity, key string) string {
	k := s.kinds[entity]
	parts := strings.Split(key, "|")
	if k == nil || len(parts) != len(k.keys) {
		return key
	}
	for i, name := range k.keys {
		parts[i] = pad(parts[i], k.byName[name].width)
	}
	return strings.Join(parts, "|")
}
