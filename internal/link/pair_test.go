package link_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"crosswalk/internal/link"
)

// A side of a pair is taken apart as it was put together, and is kept as it is when it is stored and turned.
func TestSideLeavesOut(t *testing.T) {
	side := link.Side(digest(1), []string{"00ff01", "00ff00", "00ff01"})
	if got := link.LeftOut(side); link.Shown(side) != digest(1) || !slices.Equal(got, []string{"00ff00", "00ff01"}) {
		t.Errorf("%s: %s without %v", side, link.Shown(side), got)
	}
	if plain := link.Side(digest(1), nil); plain != digest(1) || link.LeftOut(plain) != nil || link.Shown(plain) != digest(1) {
		t.Errorf("a side that leaves nothing out is %s", plain)
	}
	if got := link.ShownAs(digest(2), side); got != digest(2)+"|00ff00,00ff01" {
		t.Errorf("it reads otherwise now, and is %s", got)
	}
	l := link.Link{Slot: slot, A: company, B: customer, State: link.Linked, Agreed: map[string]link.Pair{"people": {A: side, B: digest(3), Unsure: true}, "others": {A: digest(4), B: side}},
		Intent: &link.Intent{Token: "t", Until: noon, A: map[string]string{"people": side}, B: map[string]string{"people": digest(3)}}}
	got, data := roundTrip(t, slot, company, l)
	if !reflect.DeepEqual(got, l) {
		t.Errorf("stored it is\n%+v, of %s", got, data)
	}
	if turned := got.Turned(); turned.Agreed["people"].B != side || turned.Agreed["others"].A != side {
		t.Errorf("turned it is %+v", turned.Agreed)
	}
}

// When the audit trail last told of a pair is the time that its page names, in a run, in an hour, and in the short form.
func TestTold(t *testing.T) {
	at := time.UnixMilli(1789300800000).UTC()
	for page, want := range map[string]time.Time{"20260913-120000-abc|1789300800000-0123456789abcdef": at, "hour-2026-09-13T12|1789300800000-01": at, "1789300800000-0123": at, "": {}, "a|b": {}} {
		l := link.Link{Page: page}
		if got := l.Told(); !got.Equal(want) {
			t.Errorf("%q: %s, want %s", page, got, want)
		}
	}
}
