package hubspottest

import (
	"strconv"
	"strings"
)

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
		if k.name == "contacts" {
			d.set["hs_marketable_status"] = strconv.FormatBool(s.cfg.MarketingContacts && d.by.source == "INTEGRATION")
		}
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
