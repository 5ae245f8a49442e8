package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"crosswalk/internal/connector/hubspot/hubspottest"
)

// source is the CRM that a demonstration reads deals from, as those see it who know nothing of Crosswalk: what is set up for
// it, which of its deals are tried out, and what the outsider finds there.
type source interface {
	name() string   // of its connection, and of --source
	vendor() string // as people call it
	// documents are the texts of the mappings, filled in for the sample.
	documents() ([]string, error)
	// mappings are their names, in the order in which they go live; the last one is previewed and run.
	mappings() (parts, makers []string)
	// pilots are deals to try the mappings out with, by mapping.
	pilots(folder bool) map[string][]string
	// load fills the account from a folder and gives the mappings for it, with their first day.
	load(ctx context.Context, folder string) ([]string, string, error)
	// won are the deals that stand in a won stage.
	won() ([]sale, error)
	calls() int
	resetCalls()
}

// sale is a won deal in the words of no vendor. Lines have the properties of lineNet.
type sale struct {
	id, ref, name, currency, amount string
	closed                          string // day
	customer                        string // whom it is billed to, by an id of the CRM
	lines                           []map[string]string
}

// sourceOf gives a source by its name.
func sourceOf(name string, v *vendors) (source, error) {
	switch name {
	case "hubspot":
		return hubspotSource{v}, nil
	case "salesforce":
		return salesforceSource{v}, nil
	}
	return nil, wrongUse("--source %s: this version reads deals from hubspot or salesforce", name)
}

type hubspotSource struct{ *vendors }

func (hubspotSource) name() string                       { return "hubspot" }
func (hubspotSource) vendor() string                     { return "HubSpot" }
func (hubspotSource) documents() ([]string, error)       { return presetTexts(), nil }
func (hubspotSource) mappings() (parts, makers []string) { return partMappings, documentMappings }
func (s hubspotSource) calls() int                       { return s.hubspot.Calls()["total"] }
func (s hubspotSource) resetCalls()                      { s.hubspot.ResetCalls() }

func (s hubspotSource) pilots(folder bool) map[string][]string {
	if folder {
		return folderPilots(s.vendors)
	}
	return samplePilots(s.vendors)
}

func (s hubspotSource) load(ctx context.Context, folder string) ([]string, string, error) {
	return loadFolder(ctx, s.vendors, folder)
}

func (s hubspotSource) won() ([]sale, error) {
	var out []sale
	for _, deal := range s.hubspot.Records("deals") {
		if !isWon(deal) {
			continue
		}
		p := deal.Properties
		one := sale{id: deal.ID, ref: "hubspot:deals/" + deal.ID, name: p["dealname"], currency: p["deal_currency_code"], amount: p["amount"], closed: day(deal), customer: companyOf(deal)}
		for _, id := range deal.Associations["line_items"] {
			record, ok := s.hubspot.Record("line_items", id)
			if !ok {
				return nil, fmt.Errorf("line item %s of deal %s is not there", id, deal.ID)
			}
			one.lines = append(one.lines, record.Properties)
		}
		out = append(out, one)
	}
	return out, nil
}

// isWon knows the two pipelines of the simulated portal.
func isWon(deal hubspottest.Record) bool {
	stage := deal.Properties["dealstage"]
	return !deal.Archived && deal.MergedInto == "" && (stage == hubspottest.WonStage || stage == hubspottest.SecondWonStage)
}

// day is the close date; the data sets hold none near midnight.
func day(deal hubspottest.Record) string {
	return deal.Properties["closedate"][:min(len(deal.Properties["closedate"]), len(time.DateOnly))]
}

func companyOf(deal hubspottest.Record) string {
	if deal.PrimaryCompany != "" {
		return deal.PrimaryCompany
	}
	return strings.Join(deal.Associations["companies"], "+")
}

// edited changes a text as an editor does, pair by pair of old and new; one that changes nothing is a mistake.
func edited(text string, pairs ...string) (string, error) {
	var errs []error
	for n := 0; n+1 < len(pairs); n += 2 {
		if !strings.Contains(text, pairs[n]) {
			errs = append(errs, fmt.Errorf("the preset has no %q to change", pairs[n]))
		}
		text = strings.Replace(text, pairs[n], pairs[n+1], 1)
	}
	return text, errors.Join(errs...)
}
