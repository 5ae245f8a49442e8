package web

import (
	"strings"

	"crosswalk/internal/engine"
	"crosswalk/internal/help"
)

// sentence is a sync error as a person reads it. What is stored carries no names; the mapping, the record's page and what
// happens next are added when it is shown:
//
//	deals-to-invoices: not billed: no_price_in_currency: deal 9876543210 (https://...), line 3 (77): product 12 has no SEK
//	price in billing and the line has none. Add the price in either system; it is retried when the deal changes, or with: ...
func sentence(s engine.SyncError, url string) string {
	parts := []string{s.Mapping}
	switch {
	case s.Ref.IsZero():
	case !s.Target.IsZero():
		parts = append(parts, "to be looked at")
	case s.Document:
		parts = append(parts, "not billed")
	default:
		parts = append(parts, "not synced")
	}
	parts = append(parts, s.Category)
	out := strings.TrimPrefix(strings.Join(parts, ": "), ": ")
	about := ""
	if !s.Ref.IsZero() {
		about = singular(s.Ref.Object) + " " + s.Ref.ID
		if url != "" {
			about += " (" + url + ")"
		}
	}
	text := s.Text
	switch {
	case about == "":
		out += ": " + text
	case strings.HasPrefix(text, "line "):
		out += ": " + about + ", " + text
	default:
		out += ": " + about + ": " + text
	}
	if e, ok := help.Error(s.Category); ok && !strings.Contains(text, "crosswalk ") {
		ref := ""
		if !s.Ref.IsZero() {
			ref = s.Ref.String()
		}
		out += "; " + e.Next(ref)
	}
	return out
}

// singular is an object's name for one record of it: deals, companies.
func singular(object string) string {
	if stem, ok := strings.CutSuffix(object, "ies"); ok {
		return stem + "y"
	}
	return strings.TrimSuffix(object, "s")
}
