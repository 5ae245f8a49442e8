package hubspottest

import (
	"encoding/json"
	"maps"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// recalculate renews the calculated values of a record and of the records that
// are calculated from it. It moves no last-modified by itself.
func (s *Sim) recalculate(r *record) {
	set := map[string]string{}
	switch r.kind.name {
	case "contacts":
		s.calculateContact(r, set)
	case "companies":
		set["num_associated_contacts"] = s.count(r, "contacts")
		set["num_associated_deals"] = s.count(r, "deals")
	case "deals":
		s.calculateDeal(r, set)
	case "line_items":
		s.calculateLine(r, set)
	case "tickets":
		set["hs_ticket_id"] = r.text()
	case "emails":
		calculateEmail(r, set)
	}
	r.assign(set)
	if r.kind.name == "line_items" {
		s.recalculateNeighbours(r)
	}
}

// calculateEmail takes the addresses out of the headers (section 11).
func calculateEmail(r *record, set map[string]string) {
	type address struct {
		Email string `json:"email"`
	}
	var headers struct {
		From address   `json:"from"`
		To   []address `json:"to"`
	}
	var to []string
	if json.Unmarshal([]byte(r.props["hs_email_headers"]), &headers) == nil {
		for _, a := range headers.To {
			to = append(to, a.Email)
		}
	}
	set["hs_email_from_email"], set["hs_email_to_email"] = headers.From.Email, strings.Join(to, ";")
}

// assign replaces values without touching a published map; empty deletes.
func (r *record) assign(set map[string]string) {
	changed := false
	for name, v := range set {
		changed = changed || r.props[name] != v
	}
	if !changed {
		return
	}
	r.props = maps.Clone(r.props)
	for name, v := range set {
		if v == "" {
			delete(r.props, name)
		} else {
			r.props[name] = v
		}
	}
}

// recalculateNeighbours renews counters and sums on records linked to r.
func (s *Sim) recalculateNeighbours(r *record) {
	for _, k := range s.kinds {
		if k.name != "deals" && k.name != "companies" && k.name != "contacts" {
			continue
		}
		for _, n := range s.linked(r, k) {
			s.recalculate(n)
		}
	}
}

func (s *Sim) count(r *record, kindName string) string {
	return strconv.Itoa(len(s.linked(r, s.kind(kindName))))
}

var nonDigit = regexp.MustCompile(`\D`)

func (s *Sim) calculateContact(r *record, set map[string]string) {
	_, set["hs_email_domain"], _ = strings.Cut(r.props["email"], "@")
	name := strings.TrimSpace(r.props["firstname"] + " " + r.props["lastname"])
	setDefault(&name, r.props["email"])
	set["hs_full_name_or_email"] = name
	set["hs_is_contact"], set["hs_is_unworked"] = "true", "true"
	set["hs_all_contact_vids"] = r.text()
	set["hs_searchable_calculated_phone_number"] = nonDigit.ReplaceAllString(r.props["phone"], "")
	set["hs_searchable_calculated_mobile_number"] = nonDigit.ReplaceAllString(r.props["mobilephone"], "")
	set["num_associated_deals"] = s.count(r, "deals")
	set["associatedcompanyid"] = ""
	if c := s.primary(r, s.kind("companies")); c != nil {
		set["associatedcompanyid"] = c.text()
	}
}

func (s *Sim) calculateDeal(r *record, set map[string]string) {
	stage := r.kind.pipeline(r.props["pipeline"]).stage(r.props["dealstage"])
	if stage == nil {
		stage = noStage
	}
	rate := s.rates[r.props["deal_currency_code"]]
	setDefault(&rate, "1")
	amount, factor := decimal(r.props["amount"]), decimal(rate)
	probability := decimal(stage.Metadata["probability"])
	if amount != nil && factor != nil && probability != nil {
		home := plain(new(big.Rat).Mul(amount, factor))
		weighted := plain(new(big.Rat).Mul(amount, probability))
		set["amount_in_home_currency"], set["hs_forecast_amount"], set["hs_projected_amount"] = home, r.props["amount"], weighted
	} else {
		set["amount_in_home_currency"], set["hs_forecast_amount"], set["hs_projected_amount"] = "", "", ""
	}
	set["hs_exchange_rate"] = ""
	if r.props["deal_currency_code"] != "" {
		set["hs_exchange_rate"] = rate
	}
	lines := s.linked(r, s.kind("line_items"))
	set["hs_num_of_associated_line_items"] = strconv.Itoa(len(lines))
	set["num_associated_contacts"] = s.count(r, "contacts")
	set["hs_primary_associated_company"] = ""
	if c := s.primary(r, s.kind("companies")); c != nil {
		set["hs_primary_associated_company"] = c.text()
	}
	for _, name := range []string{"hs_acv", "hs_arr", "hs_mrr", "hs_tcv"} {
		sum := new(big.Rat)
		for _, l := range lines {
			if v := decimal(l.props[name]); v != nil {
				sum.Add(sum, v)
			}
		}
		set[name] = ""
		if len(lines) > 0 {
			set[name] = plain(sum)
		}
	}
	s.calculateClosing(r, stage, set)
}

// calculateClosing sets what follows from the stage. With CalculatedLag it shows
// later (T1): readers meet the new stage beside the old hs_is_closed_won.
func (s *Sim) calculateClosing(r *record, stage *stage, set map[string]string) {
	closing := map[string]string{
		"hs_is_closed":              strconv.FormatBool(stage.closed()),
		"hs_is_closed_won":          strconv.FormatBool(stage.won()),
		"hs_is_closed_lost":         strconv.FormatBool(stage.closed() && !stage.won()),
		"hs_deal_stage_probability": stage.probability(),
		"hs_closed_won_date":        "", "hs_closed_amount": "0", "hs_closed_amount_in_home_currency": "0", "days_to_close": "",
	}
	if stage.won() {
		closing["hs_closed_won_date"] = r.props["hs_v2_date_entered_"+stage.ID]
		closing["hs_closed_amount"] = r.props["amount"]
		closing["hs_closed_amount_in_home_currency"] = set["amount_in_home_currency"]
	}
	if close, ok := parseTime(r.props["closedate"]); ok {
		closing["days_to_close"] = strconv.Itoa(max(0, int(close.Sub(r.created)/(24*time.Hour))))
	}
	if s.cfg.CalculatedLag <= 0 || s.silent || r.props["hs_is_closed"] == closing["hs_is_closed"] && r.props["hs_is_closed_won"] == closing["hs_is_closed_won"] {
		maps.Copy(set, closing)
		return
	}
	// A newer calculation replaces one that is still on its way.
	r.pending = []calculated{{due: time.Now().Add(s.cfg.CalculatedLag), props: closing}}
	s.lagging = append(s.lagging, r)
}

// calculateLine sets the net amount (section 6). `discount` is taken as an amount
// per unit (inferred, Quirks.DiscountPerLine).
func (s *Sim) calculateLine(r *record, set map[string]string) {
	for _, n := range []string{"amount", "hs_pre_discount_amount", "hs_total_discount", "hs_acv", "hs_arr", "hs_mrr", "hs_tcv", "hs_term_in_months", "hs_recurring_billing_end_date"} {
		set[n] = ""
	}
	quantity, price := decimal(r.props["quantity"]), decimal(r.props["price"])
	if quantity == nil || price == nil {
		return
	}
	gross := new(big.Rat).Mul(quantity, price)
	off := new(big.Rat)
	if percent := decimal(r.props["hs_discount_percentage"]); percent != nil {
		off.Mul(gross, percent).Quo(off, big.NewRat(100, 1))
	} else if each := decimal(r.props["discount"]); each != nil {
		off.Set(each)
		if !s.cfg.Quirks.DiscountPerLine {
			off.Mul(off, quantity)
		}
	}
	net := new(big.Rat).Sub(gross, off)
	if s.cfg.Quirks.RoundLineAmounts {
		net, _ = new(big.Rat).SetString(net.FloatString(2))
	}
	set["amount"], set["hs_pre_discount_amount"], set["hs_total_discount"] = plain(net), plain(gross), plain(off)
	s.calculateRecurring(r, net, set)
}

// monthsPer is how many months one billing period has.
var monthsPer = map[string]*big.Rat{
	"weekly": big.NewRat(12, 52), "biweekly": big.NewRat(12, 26), "monthly": big.NewRat(1, 1), "quarterly": big.NewRat(3, 1),
	"per_six_months": big.NewRat(6, 1), "annually": big.NewRat(12, 1), "per_two_years": big.NewRat(24, 1),
	"per_three_years": big.NewRat(36, 1), "per_four_years": big.NewRat(48, 1), "per_five_years": big.NewRat(60, 1),
}

// calculateRecurring sets term and contract values. One-time lines have a total
// contract value and no recurring revenue.
func (s *Sim) calculateRecurring(r *record, net *big.Rat, set map[string]string) {
	per := monthsPer[r.props["recurringbillingfrequency"]]
	if per == nil {
		set["hs_tcv"], set["hs_acv"], set["hs_arr"], set["hs_mrr"] = plain(net), plain(net), "0", "0"
		return
	}
	monthly := new(big.Rat).Quo(net, per)
	yearly := new(big.Rat).Mul(monthly, big.NewRat(12, 1))
	set["hs_mrr"], set["hs_arr"], set["hs_acv"], set["hs_tcv"] = rounded(monthly), rounded(yearly), rounded(yearly), rounded(yearly)
	months, ok := periodMonths(r.props["hs_recurring_billing_period"])
	if !ok {
		return
	}
	set["hs_term_in_months"] = strconv.Itoa(months)
	set["hs_tcv"] = rounded(new(big.Rat).Mul(monthly, big.NewRat(int64(months), 1)))
	if start, ok := parseTime(r.props["hs_recurring_billing_start_date"]); ok {
		set["hs_recurring_billing_end_date"] = start.AddDate(0, months, -1).Format(time.DateOnly)
	}
}

// rounded is six decimals: weekly prices do not divide into months.
func rounded(r *big.Rat) string {
	v, _ := new(big.Rat).SetString(r.FloatString(6))
	return plain(v)
}

var isoPeriod = regexp.MustCompile(`^P(?:(\d+)Y)?(?:(\d+)M)?$`)

// periodMonths reads P12M, P1Y, P1Y6M.
func periodMonths(v string) (int, bool) {
	m := isoPeriod.FindStringSubmatch(v)
	if m == nil || m[1] == "" && m[2] == "" {
		return 0, false
	}
	years, _ := strconv.Atoi("0" + m[1])
	months, _ := strconv.Atoi("0" + m[2])
	return years*12 + months, true
}
