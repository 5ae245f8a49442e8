package hubspottest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// draft is a write that has been checked and not yet made: a batch without trace
// ids checks all rows before it makes any.
type draft struct {
	kind     *kind
	target   *record // nil for a create
	set      map[string]string
	warnings []warning
	links    []linkDraft
	by       actor
}

// requirement is a portal-configured rule that binds writes from 2026-09 on
// (section 1). Without when it binds creates; with it, any write that leaves the
// record with that value.
type requirement struct {
	kind, property    string
	when, whenIsValue string
}

// RequireOnCreate marks properties as required on the create form of an object
// type: 2026-09 refuses creates without them, older versions do not.
func (s *Sim) RequireOnCreate(objectType string, properties ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range properties {
		s.rules = append(s.rules, requirement{kind: s.kind(objectType).name, property: p})
	}
}

// RequireWhen makes property required once another has a value (2026-09 only).
func (s *Sim) RequireWhen(objectType, property, other, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, requirement{kind: s.kind(objectType).name, property: property, when: other, whenIsValue: value})
}

// prepare checks a write without making it. taken holds unique values of rows
// before it in the same batch.
func (s *Sim) prepare(k *kind, target *record, in map[string]string, by actor, strict bool, taken map[string]bool) (*draft, *apiError) {
	d := &draft{kind: k, target: target, set: map[string]string{}, by: by}
	if e := s.checkValues(d, in, strict); e != nil {
		return nil, e
	}
	if target == nil {
		s.fillIn(d)
		if e := s.checkRequired(d, in); e != nil {
			return nil, e
		}
	}
	if e := s.checkStage(d); e != nil {
		return nil, e
	}
	if strict {
		if e := s.checkRules(d); e != nil {
			return nil, e
		}
	}
	if e := s.checkUnique(d, taken); e != nil {
		return nil, e
	}
	return d, nil
}

// checkValues validates every value; all complaints come in one error and any
// one of them refuses the whole write.
func (s *Sim) checkValues(d *draft, in map[string]string, lenientDates bool) *apiError {
	var bad []invalid
	for _, name := range slices.Sorted(maps.Keys(in)) {
		p := d.kind.usable(name)
		if p == nil {
			bad = append(bad, invalid{name, "PROPERTY_DOESNT_EXIST", fmt.Sprintf("Property %q does not exist", name)})
			continue
		}
		if name == d.kind.created && d.target == nil {
			if t, ok := parseTime(in[name]); ok { // writable on create (section 14, inferred)
				d.set[name] = stampText(t)
				continue
			}
		}
		c, no := s.check(d.kind, p, in[name], lenientDates)
		if no != nil {
			bad = append(bad, *no)
			continue
		}
		if c.normalised {
			d.warnings = append(d.warnings, warning{Category: "PROPERTY_VALUE_NORMALIZED",
				Context: map[string]string{"propertyName": name, "rawValue": in[name], "normalizedValue": c.value},
				Message: fmt.Sprintf("The value of %s was normalized.", name)})
		}
		d.set[name] = d.appended(p, c.value)
	}
	if len(bad) > 0 {
		return invalidProperties(bad)
	}
	return nil
}

// appended applies the leading ";" of a multi-checkbox, which adds instead of
// replacing.
func (d *draft) appended(p *property, v string) string {
	if p.FieldType != "checkbox" || !strings.HasPrefix(v, ";") {
		return strings.Trim(v, ";")
	}
	var have []string
	if old := d.value(p.Name); old != "" {
		have = strings.Split(old, ";")
	}
	for add := range strings.SplitSeq(strings.Trim(v, ";"), ";") {
		if !slices.Contains(have, add) {
			have = append(have, add)
		}
	}
	return strings.Join(have, ";")
}

// value is what the record will have: the draft's value, else the record's.
func (d *draft) value(name string) string {
	if v, ok := d.set[name]; ok {
		return v
	}
	if d.target != nil {
		return d.target.props[name]
	}
	return ""
}

// fillIn adds what the portal sets by itself on a create.
func (s *Sim) fillIn(d *draft) {
	k := d.kind
	if k.stageProp != "" && d.set[k.pipeProp] == "" && len(k.pipelines) > 0 {
		d.set[k.pipeProp] = k.pipelines[0].ID
	}
	switch k.name {
	case "contacts", "companies":
		if d.set["lifecyclestage"] == "" && !s.cfg.Quirks.NoLifecycleDefaults {
			d.set["lifecyclestage"] = "lead"
		}
		d.set["hs_pipeline"] = k.name + "-lifecycle-pipeline"
	case "line_items":
		s.copyProduct(d)
	case "tasks":
		for name, v := range map[string]string{"hs_task_status": "NOT_STARTED", "hs_task_priority": "NONE", "hs_task_type": "TODO"} {
			if d.set[name] == "" {
				d.set[name] = v
			}
		}
	}
	if k.name == "companies" { // (inferred) each is filled from the other
		if d.set["domain"] == "" && d.set["website"] != "" {
			d.set["domain"] = domainOf(d.set["website"])
		}
		if d.set["website"] == "" && d.set["domain"] != "" {
			d.set["website"] = d.set["domain"]
		}
	}
}

// copyProduct fills a new line item from hs_product_id (section 6). Later edits
// of the product change nothing here.
func (s *Sim) copyProduct(d *draft) {
	p, _ := s.kind("products").find(d.set["hs_product_id"])
	if p == nil || p.archived {
		return
	}
	for _, name := range []string{"name", "description", "hs_sku", "hs_cost_of_goods_sold", "recurringbillingfrequency", "hs_recurring_billing_period", "tax"} {
		if _, sent := d.set[name]; !sent && p.props[name] != "" {
			d.set[name] = p.props[name]
		}
	}
	if _, sent := d.set["price"]; sent {
		return
	}
	price := p.props["price"]
	if cur := d.set["hs_line_item_currency_code"]; cur != "" && cur != s.cfg.Currency {
		price = p.props["hs_price_"+strings.ToLower(cur)] // (inferred) no price in that currency copies none
	}
	if price != "" {
		d.set["price"] = price
	}
}

func (s *Sim) checkRequired(d *draft, in map[string]string) *apiError {
	var missing []string
	for _, name := range d.kind.required {
		if d.set[name] == "" {
			missing = append(missing, name)
		}
	}
	if len(d.kind.anyOf) > 0 && !slices.ContainsFunc(d.kind.anyOf, func(n string) bool { return d.set[n] != "" }) {
		missing = append(missing, d.kind.anyOf...)
	}
	if len(missing) > 0 {
		e := validation("Error creating %s. Some required properties were not set.", d.kind.label())
		for _, m := range missing {
			e.Errors = append(e.Errors, errorDetail{Message: "Required property not set: " + m, Code: "MISSING_REQUIRED_PROPERTY", Context: map[string][]string{"propertyName": {m}}})
		}
		return e
	}
	if d.kind.name == "contacts" && s.barred[d.set["email"]] { // (inferred) the status of a barred address
		return invalidProperties([]invalid{{"email", "GDPR_BLOCKLISTED", "email has been GDPR blocklisted"}})
	}
	if v := in["hs_product_id"]; d.kind.name == "line_items" && v != "" {
		if p, _ := s.kind("products").find(v); p == nil || p.archived { // (inferred)
			return invalidProperties([]invalid{{"hs_product_id", "INVALID_PRODUCT_ID", "Product " + v + " does not exist"}})
		}
	}
	return nil
}

// checkStage: pipeline and stage must fit, and changing the pipeline needs both
// (section 7).
func (s *Sim) checkStage(d *draft) *apiError {
	k := d.kind
	if k.stageProp == "" {
		return nil
	}
	_, pipe := d.set[k.pipeProp]
	_, stage := d.set[k.stageProp]
	if !pipe && !stage {
		return nil
	}
	p := k.pipeline(d.value(k.pipeProp))
	if p == nil {
		return invalidProperties([]invalid{{k.pipeProp, "INVALID_OPTION", fmt.Sprintf("%s was not one of the allowed options: no such pipeline", d.value(k.pipeProp))}})
	}
	if p.stage(d.value(k.stageProp)) == nil {
		return invalidProperties([]invalid{{k.stageProp, "INVALID_OPTION", fmt.Sprintf("%s was not one of the allowed options: pipeline %s has no such stage", d.value(k.stageProp), p.ID)}})
	}
	return nil
}

func (s *Sim) checkRules(d *draft) *apiError {
	var out []errorDetail
	for _, r := range s.rules {
		if r.kind != d.kind.name || d.value(r.property) != "" {
			continue
		}
		switch {
		case r.when == "" && d.target == nil:
			out = append(out, errorDetail{Message: r.property + " is required", Code: "MISSING_REQUIRED_PROPERTY", Context: map[string][]string{"propertyName": {r.property}}})
		case r.when != "" && d.value(r.when) == r.whenIsValue:
			out = append(out, errorDetail{Message: r.property + " is required when " + r.when + " is " + r.whenIsValue, Code: "MISSING_CONDITIONAL_REQUIRED_PROPERTY", Context: map[string][]string{"propertyName": {r.property}}})
		}
	}
	if len(out) == 0 {
		return nil
	}
	e := validation("Property values were not valid: required properties are missing")
	e.Errors = out
	return e
}

// checkUnique refuses a value that another record holds (section 13, 409). taken
// may be nil.
func (s *Sim) checkUnique(d *draft, taken map[string]bool) *apiError {
	names := slices.Sorted(maps.Keys(d.kind.unique))
	if d.kind.name == "contacts" { // e-mail first: its conflict has its own message
		names = append([]string{"email"}, slices.DeleteFunc(names, func(n string) bool { return n == "email" })...)
	}
	for _, name := range names {
		v := fold(d.set[name])
		if v == "" {
			continue
		}
		holder, held := d.kind.unique[name][v]
		if held && (d.target == nil || holder != d.target.id) || taken[name+"\x00"+v] {
			return s.uniqueClash(d, name, holder)
		}
		if taken != nil {
			taken[name+"\x00"+v] = true
		}
	}
	return nil
}

// uniqueClash: creating a contact with a known e-mail is 409 with the id in the
// text; any other clash names property, value and holder, as 409 on create and
// 400 on update (the latter as seen in the wild).
func (s *Sim) uniqueClash(d *draft, name string, holder int64) *apiError {
	if d.kind.name == "contacts" && name == "email" && d.target == nil {
		e := fail(http.StatusConflict, "CONFLICT", "Contact already exists. Existing ID: %d", holder)
		if holder == 0 {
			e.Message = "Contact already exists" // a twin in the same batch
		}
		return e
	}
	subject := "new object"
	if d.target != nil {
		subject = d.target.text()
	}
	e := fail(http.StatusConflict, "CONFLICT",
		"Cannot set PropertyValueCoordinates{portalId=%d, objectTypeId=ObjectTypeId{legacyObjectType=%s}, propertyName=%s, value=%s} on %s. %d already has that value.",
		s.cfg.PortalID, d.kind.label(), name, d.set[name], subject, holder)
	if d.target != nil || s.cfg.Quirks.UniqueClash400 {
		e.http, e.Category = http.StatusBadRequest, "VALIDATION_ERROR"
		e.Errors = []errorDetail{{Message: e.Message, Code: "CONFLICTING_UNIQUE_VALUE", Context: map[string][]string{"propertyName": {name}}}}
	}
	return e
}

// commit makes a checked write and gives the record.
func (s *Sim) commit(d *draft) *record {
	if d.target == nil {
		return s.commitCreate(d)
	}
	s.apply(d.target, d.set, d.by)
	return d.target
}

func (s *Sim) commitCreate(d *draft) *record {
	k, now := d.kind, s.now()
	r := &record{id: s.newID(k), kind: k, props: map[string]string{}, history: map[string][]change{}, created: now, updated: now}
	if v := d.set[k.created]; v != "" {
		r.created, _ = parseTime(v)
	}
	k.records[r.id] = r
	k.order = append(k.order, r.id)
	s.renew(r)
	maps.Copy(r.props, map[string]string{
		"hs_object_id": r.text(), k.created: stampText(r.created), k.modified: stampText(now),
		"hs_object_source": d.by.source, "hs_object_source_id": d.by.sourceID, "hs_object_source_label": d.by.label,
	})
	if d.by.userID != 0 {
		r.props["hs_created_by_user_id"] = strconv.FormatInt(d.by.userID, 10)
	}
	delete(d.set, k.created)
	s.emit(event{Type: "creation", kind: k, ObjectID: r.id, ChangeFlag: "NEW"}, d.by)
	s.store(r, d.set, d.by)
	for _, l := range d.links {
		s.link(r, l.to, l.types, d.by)
	}
	s.recalculate(r)
	if k.name == "deals" && len(d.links) > 0 {
		s.carryLifecycle(r, d.by)
	}
	return r
}

// apply writes properties to an existing record. A write that changes nothing
// still moves last-modified (inferred from recorded updates).
func (s *Sim) apply(r *record, set map[string]string, by actor) {
	s.renew(r)
	r.updated = later(s.now(), r.updated)
	r.props[r.kind.modified] = stampText(r.updated)
	if by.userID != 0 {
		r.props["hs_updated_by_user_id"] = strconv.FormatInt(by.userID, 10)
	}
	s.store(r, set, by)
	s.recalculate(r)
}

// later keeps last-modified moving by at least a millisecond.
func later(now, before time.Time) time.Time {
	if now.After(before) {
		return now
	}
	return before.Add(time.Millisecond)
}

// store puts values into the current version with history, unique index, events
// and side effects. Calculated values come afterwards.
func (s *Sim) store(r *record, set map[string]string, by actor) {
	names := slices.Sorted(maps.Keys(set))
	stage := r.props[r.kind.stageProp]
	for _, name := range names {
		s.put(r, name, set[name], by)
	}
	if r.kind.stageProp != "" && r.props[r.kind.stageProp] != stage {
		s.enterStage(r, stage, set, by)
	}
	if id := set["associatedcompanyid"]; id != "" && r.kind.name == "contacts" {
		if c, _ := s.kind("companies").find(id); c != nil {
			s.link(r, c, []int{primaryContactCompany}, by)
		}
	}
}

// put sets one value; false when it stayed as it was.
func (s *Sim) put(r *record, name, value string, by actor) bool {
	old := r.props[name]
	if name == "lifecyclestage" && !s.forward(r, old, value) {
		return false
	}
	if index := r.kind.unique[name]; index != nil {
		if old != "" {
			delete(index, fold(old))
		}
		if value != "" {
			index[fold(value)] = r.id
		}
	}
	if _, had := r.props[name]; value != "" || had {
		r.props[name] = value // a cleared value reads as "" from then on, a never set one as null (recorded)
	}
	if old == value {
		return false
	}
	if name == "lifecyclestage" && value != "" {
		r.props["hs_lifecyclestage_"+value+"_date"] = stampText(s.now())
	}
	if name == "hs_additional_emails" {
		s.indexAdditional(r, old, value)
	}
	if name == "hubspot_owner_id" {
		r.props["hubspot_owner_assigneddate"], r.props["hs_all_owner_ids"] = stampText(s.now()), value
	}
	s.remember(r, name, value, by)
	s.emit(event{Type: "propertyChange", kind: r.kind, ObjectID: r.id, PropertyName: name, PropertyValue: value}, by)
	return true
}

// indexAdditional lets additional addresses count like the first one (section 14);
// an address that another contact has stays with that one.
func (s *Sim) indexAdditional(r *record, old, value string) {
	index := r.kind.unique["email"]
	for mail := range strings.SplitSeq(old, ";") {
		if v := fold(mail); index[v] == r.id && v != fold(r.props["email"]) {
			delete(index, v)
		}
	}
	for mail := range strings.SplitSeq(value, ";") {
		if _, held := index[fold(mail)]; !held && fold(mail) != "" {
			index[fold(mail)] = r.id
		}
	}
}

// historyDepth is how many versions of a property are kept and shown.
const historyDepth = 20

func (s *Sim) remember(r *record, name, value string, by actor) {
	h := append(r.history[name], change{Value: value, Timestamp: stampText(s.now()), SourceType: by.source, SourceID: by.sourceID, SourceLabel: by.label, UpdatedByUserID: by.userID})
	if len(h) > historyDepth {
		h = h[len(h)-historyDepth:]
	}
	r.history[name] = h
}

// forward is the lifecycle rule of section 14: backward writes are answered with
// success and change nothing; clearing is always possible.
func (s *Sim) forward(r *record, old, value string) bool {
	if old == "" || value == "" || s.cfg.Quirks.LifecycleOverwrites {
		return true
	}
	rank := map[string]int{}
	for i, o := range r.kind.properties["lifecyclestage"].Options {
		rank[o.Value] = i
	}
	return rank[value] >= rank[old]
}

// enterStage stamps the stages and closes or re-opens the record.
func (s *Sim) enterStage(r *record, left string, set map[string]string, by actor) {
	k, now := r.kind, s.now()
	to := r.props[k.stageProp]
	if left != "" {
		r.props["hs_v2_date_exited_"+left] = stampText(now)
	}
	r.props["hs_v2_date_entered_"+to] = stampText(now)
	s.remember(r, "hs_v2_date_entered_"+to, stampText(now), actor{source: "CALCULATED"})
	if k.name != "deals" {
		return
	}
	stage := k.pipeline(r.props[k.pipeProp]).stage(to)
	if _, given := set["closedate"]; !given && stage.closed() && !s.wasClosed(r, left) {
		s.put(r, "closedate", timeValue(now), by)
	}
	s.carryLifecycle(r, by)
}

// carryLifecycle moves the stage of a deal's contacts and companies with it.
func (s *Sim) carryLifecycle(deal *record, by actor) {
	stage := deal.kind.pipeline(deal.props["pipeline"]).stage(deal.props["dealstage"])
	switch {
	case stage.won():
		s.moveLifecycle(deal, "customer", by)
	case !stage.closed():
		s.moveLifecycle(deal, "opportunity", by)
	}
}

func (s *Sim) wasClosed(r *record, stageID string) bool {
	for _, p := range r.kind.pipelines {
		if st := p.stage(stageID); st != nil {
			return st.closed()
		}
	}
	return false
}

// moveLifecycle carries a deal's progress to its contacts and companies, as the
// portal setting does by default (section 14).
func (s *Sim) moveLifecycle(deal *record, stage string, by actor) {
	if s.cfg.Quirks.NoLifecycleDefaults {
		return
	}
	auto := actor{source: "DEALS", sourceID: deal.text(), label: "DEALS"}
	for _, kindName := range []string{"companies", "contacts"} {
		for _, r := range s.linked(deal, s.kind(kindName)) {
			old := r.props["lifecyclestage"]
			if old == stage || !s.forward(r, old, stage) {
				continue
			}
			s.apply(r, map[string]string{"lifecyclestage": stage}, auto)
		}
	}
}

// archive moves a record to the bin (90 days); false if it was there already.
func (s *Sim) archive(r *record, by actor) bool {
	if r.archived {
		return false
	}
	s.renew(r)
	r.archived, r.archivedAt = true, s.now()
	for name, index := range r.kind.unique { // (inferred) a binned record gives its unique values free
		if v := fold(r.props[name]); v != "" && index[v] == r.id {
			delete(index, v)
		}
	}
	if extra := r.props["hs_additional_emails"]; extra != "" && r.kind.name == "contacts" {
		s.indexAdditional(r, extra, "")
	}
	s.emit(event{Type: "deletion", kind: r.kind, ObjectID: r.id, ChangeFlag: "DELETED"}, by)
	s.recalculateNeighbours(r)
	return true
}

// restore takes a record back from the bin, which only a person can do.
func (s *Sim) restore(r *record, by actor) {
	if !r.archived {
		return
	}
	s.renew(r)
	r.archived, r.archivedAt = false, time.Time{}
	r.updated = later(s.now(), r.updated)
	r.props[r.kind.modified] = stampText(r.updated)
	for name, index := range r.kind.unique {
		v := fold(r.props[name])
		if v == "" {
			continue
		}
		if _, taken := index[v]; taken {
			delete(r.props, name)
		} else {
			index[v] = r.id
		}
	}
	if extra := r.props["hs_additional_emails"]; extra != "" && r.kind.name == "contacts" {
		s.indexAdditional(r, "", extra)
	}
	s.emit(event{Type: "restore", kind: r.kind, ObjectID: r.id}, by)
	s.recalculateNeighbours(r)
}

// sortedIDs gives ids in ascending order.
func sortedIDs(m map[int64][]int) []int64 {
	out := make([]int64, 0, len(m))
	for id := range m {
		out = append(out, id)
	}
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	return out
}
