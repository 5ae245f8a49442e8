package engine

import (
	"slices"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// Looking for counterparts reads the target's feed up to now (catchUp). What its pages showed a moment ago need not be read once more to
// be compared: a candidate that will be linked and not written is taken from there, for as long as an intention may be sent on (A3,
// Config.SendWithin). One that may be written is read by the worker.

// maxShown is how many records one batch keeps: five times what it works. A first look at a large account shows more; those are read.
const maxShown = 5 * bulkBatch

// maxCarried is how many characters of field names a page is asked for beyond those of the match rules: a search of HubSpot takes 3,000
// with its conditions, and reads the records by further calls where the names are longer.
const maxCarried = 1500

// shownPages are the records that pages showed, and when. nil keeps nothing.
type shownPages struct {
	at map[record.Ref]cameRead
}

// shown gives the batch's pages. A preview and a plan read everything themselves.
func (b *batch) shown() *shownPages {
	if b.preview || b.plan != nil {
		return nil
	}
	if b.pages == nil {
		b.pages = &shownPages{at: map[record.Ref]cameRead{}}
	}
	return b.pages
}

func (s *shownPages) keep(records []record.Record) {
	if s == nil {
		return
	}
	now := time.Now()
	for n := range records {
		if _, known := s.at[records[n].Ref]; known || len(s.at) < maxShown {
			s.at[records[n].Ref] = cameRead{&records[n], now}
		}
	}
}

// records gives those of an object that were shown no longer ago than within, with all of the fields.
func (s *shownPages) records(conn, object string, ids, fields []string, within time.Duration) map[string]*record.Record {
	out := map[string]*record.Record{}
	if s == nil {
		return out
	}
	for _, id := range ids {
		came, ok := s.at[record.Ref{Connection: conn, Object: object, ID: id}]
		if !ok || came.record.Modified.IsZero() || time.Since(came.at) >= within {
			continue
		}
		whole := !slices.ContainsFunc(fields, func(name string) bool { _, shown := came.record.Fields[name]; return !shown })
		if whole {
			copied := *came.record
			out[id] = &copied
		}
	}
	return out
}

// linksOnly tells whether a match of the mapping is linked and never written.
func (a *Active) linksOnly() bool { return !a.AToB.Update && a.AToB.Create.When != "needed" }

// carried are the fields that pages of a target are asked for: those of its match rules, and what linking compares, where that fits. False:
// no mapping takes its candidates from there.
func (s *mappingSet) carried(conn, object string, fields []string) ([]string, bool) {
	var more []string
	use := false
	for _, a := range s.ways() {
		if a.ConnB != conn || a.B.Object != object || len(a.Match) == 0 || !a.linksOnly() {
			continue
		}
		use = true
		for _, name := range a.wantedB {
			if _, _, association := connector.AssociationField(name); !association {
				more = append(more, name)
			}
		}
	}
	length := 0
	for _, name := range distinct(more) {
		length += len(name) + len(`"",`)
	}
	if length > maxCarried {
		return fields, false
	}
	return append(slices.Clip(fields), more...), use
}
