package connectortest

import (
	"maps"
	"time"

	"crosswalk/internal/connector"
)

var feedCases = []acceptance{
	{name: "the feed resumes at each page after a crash", run: resume},
	{name: "records of one equal stamp, more than a page of them", needs: []Ability{Stamps}, run: equalStamps},
	{name: "records of two neighbouring stamps across a page border", needs: []Ability{Stamps}, run: twoStamps},
	{name: "more records than the result window, equal stamps", needs: []Ability{Stamps, Window}, setup: smallWindow,
		run: func(e *env) { beyondWindow(e, 3*windowSize+7, true) }},
	{name: "more records than the result window, different stamps", needs: []Ability{Stamps, Window}, setup: smallWindow,
		run: func(e *env) { beyondWindow(e, 3*windowSize+7, false) }},
	{name: "more than 10,000 records at full size", run: func(e *env) { beyondWindow(e, 10050, true) }},
	{name: "records that become visible late are found", needs: []Ability{Lag}, setup: lagging, run: late},
	{name: "one record that lists show later than its neighbours is found", run: lateOne},
	{name: "a page shift while paging loses nothing", run: pageShift},
	{name: "what changed after the last page comes next time", run: nextTime},
	{name: "a feed from a date leaves out what is older", needs: []Ability{Stamps}, run: fromDate},
	{name: "a feed of nothing ends at once and still has a cursor", run: emptyFeed},
	{name: "a cursor that is not ours is an error", run: badCursor},
}

// windowSize is the scaled-down result window.
const windowSize = 450

func smallWindow(*Subject) Options { return Options{Window: windowSize} }

func lagging(s *Subject) Options { return Options{Lag: s.Lag} }

// ago gives a stamp function: the i-th record was changed step after the one before it, the last an hour ago.
func ago(n int, step time.Duration) func(int) time.Time {
	start := time.Now().Add(-time.Hour - time.Duration(n)*step).Truncate(time.Millisecond)
	return func(i int) time.Time { return start.Add(time.Duration(i) * step) }
}

func resume(e *env) {
	n := 2*e.k.Page + 3
	ids := e.addAt(n, ago(n, time.Second))
	time.Sleep(time.Hour)
	pages := e.drain(e.c, nil)
	e.wantAll(e.seen(pages...), ids, "read in one go")
	if len(pages) < 3 {
		e.Errorf("%d records came in %d pages of %d; want at least 3", n, len(pages), e.k.Page)
	}
	for i := range pages {
		again := e.drain(e.w.Again(), pages[i].Cursor)
		all := e.seen(pages[:i+1]...)
		maps.Copy(all, e.seen(again...))
		e.wantAll(all, ids, "resumed after a page")
	}
}

func equalStamps(e *env) {
	same := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	ids := e.w.Add(e.k.Object, 2*e.k.Page+3, func(int) time.Time { return same })
	pages := e.drain(e.c, nil)
	e.wantAll(e.seen(pages...), ids, "equal stamps")
	for i := range pages {
		all := e.seen(pages[:i+1]...)
		maps.Copy(all, e.seen(e.drain(e.w.Again(), pages[i].Cursor)...))
		e.wantAll(all, ids, "equal stamps, resumed after a page")
	}
}

func twoStamps(e *env) {
	first := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	ids := e.w.Add(e.k.Object, 2*e.k.Page, func(i int) time.Time {
		if i < e.k.Page-1 {
			return first
		}
		return first.Add(time.Millisecond)
	})
	e.wantAll(e.seen(e.drain(e.c, nil)...), ids, "two stamps")
}

func beyondWindow(e *env, n int, equal bool) {
	step := time.Second
	if equal {
		step = 0
	}
	ids := e.addAt(n, ago(n, step))
	time.Sleep(time.Hour)
	e.wantAll(e.seen(e.drain(e.c, nil)...), ids, "beyond the window")
}

// late adds records one by one and polls after each: with a lag of its own for each record, younger ones are
// visible before older ones.
func late(e *env) {
	var ids []string
	seen := map[string]bool{}
	pages := e.drain(e.c, nil)
	look := func() {
		pages = e.drain(e.c, pages[len(pages)-1].Cursor)
		for id := range e.seen(pages...) {
			seen[id] = true
		}
	}
	const rounds = 24
	for range rounds {
		ids = append(ids, e.add(1)...)
		time.Sleep(e.s.Lag/8 + time.Second)
		look()
	}
	time.Sleep(2*e.s.Lag + time.Minute)
	look()
	for i, id := range ids {
		if !seen[id] {
			e.Fatalf("record %d of %d became visible late and was never found", i+1, len(ids))
		}
	}
}

// lateOne hides one of three records from lists for a moment, whatever the simulated world can do by itself.
func lateOne(e *env) {
	e.add(1)
	time.Sleep(time.Hour)
	last := e.drain(e.c, nil)
	cursor := last[len(last)-1].Cursor
	var ids []string
	for range 3 {
		ids = append(ids, e.add(1)...)
		time.Sleep(5 * time.Second)
	}
	e.w.Wire.Arm(Fault{Kind: Unlisted, Value: ids[1], Reads: true, Times: endless})
	first := e.drain(e.c, cursor)
	if _, ok := e.seen(first...)[ids[1]]; ok {
		e.Fatal("the world did not hide the record from lists; name the list of rows in Wire.Rows")
	}
	e.w.Wire.Forget()
	time.Sleep(20 * time.Second)
	all := e.seen(append(first, e.drain(e.c, first[len(first)-1].Cursor)...)...)
	e.wantAll(all, ids, "one shown late")
}

func pageShift(e *env) {
	n := 3*e.k.Page + 5
	ids := e.addAt(n, ago(n, time.Second))
	time.Sleep(time.Hour)
	first, err := e.page(e.c, nil)
	if err != nil || len(first.Records) == 0 {
		e.Fatalf("first page: %d records, %v", len(first.Records), err)
	}
	read := first.Records[0].Ref.ID
	last := ids[len(ids)-1]
	e.w.Change(e.k.Object, read, text(1001))
	e.w.Change(e.k.Object, last, text(1002))
	want := ids
	if e.w.Delete != nil && e.s.lacks(e.k, Deleting) == "" {
		gone := first.Records[len(first.Records)/2].Ref.ID
		e.w.Delete(e.k.Object, gone)
	}
	time.Sleep(10 * time.Minute)
	pages := append([]connector.Page{first}, e.drain(e.c, first.Cursor)...)
	pages = append(pages, e.drain(e.c, pages[len(pages)-1].Cursor)...)
	seen := e.seen(pages...)
	e.wantAll(seen, want, "page shift")
	for id, now := range map[string]string{read: text(1001), last: text(1002)} {
		r := seen[id]
		if got := r.Field(e.k.Text).Text(); got != now {
			e.Errorf("the feed's last word on a record changed while paging is %q, want %q", got, now)
		}
	}
}

func nextTime(e *env) {
	ids := e.add(3)
	time.Sleep(time.Hour)
	pages := e.drain(e.c, nil)
	e.wantAll(e.seen(pages...), ids, "first cycle")
	for round := range 3 {
		more := e.add(1)
		e.w.Change(e.k.Object, ids[round], text(2000+round))
		time.Sleep(time.Hour)
		pages = e.drain(e.w.Again(), pages[len(pages)-1].Cursor)
		seen := e.seen(pages...)
		e.wantAll(seen, append(more, ids[round]), "a later cycle")
		r := seen[ids[round]]
		if got := r.Field(e.k.Text).Text(); got != text(2000+round) {
			e.Errorf("the feed shows %q, want the change", got)
		}
		if r.Modified.IsZero() {
			e.Error("a record of the feed has no modified stamp")
		}
	}
}

func fromDate(e *env) {
	now := time.Now().Truncate(time.Millisecond)
	old := e.w.Add(e.k.Object, 3, func(int) time.Time { return now.Add(-240 * time.Hour) })
	young := e.w.Add(e.k.Object, 3, func(int) time.Time { return now.Add(-time.Hour) })
	p, err := e.c.Changes(e.Context(), connector.FeedRequest{Object: e.k.Object, From: now.Add(-24 * time.Hour), Fields: e.fields()})
	if err != nil {
		e.Fatalf("Changes: %v", e.clean(err))
	}
	seen := e.seen(p)
	e.wantAll(seen, young, "from a date")
	for _, id := range old {
		if _, ok := seen[id]; ok {
			e.Errorf("a record ten days old came in a feed from yesterday")
		}
	}
}

func emptyFeed(e *env) {
	pages := e.drain(e.c, nil)
	last := pages[len(pages)-1]
	if len(last.Cursor) == 0 {
		e.Fatal("a feed of nothing gave no cursor")
	}
	time.Sleep(time.Minute)
	ids := e.add(1)
	time.Sleep(time.Hour)
	e.wantAll(e.seen(e.drain(e.c, last.Cursor)...), ids, "after an empty feed")
}

func badCursor(e *env) {
	for _, cursor := range []string{`"x"`, `[]`, `7`, `{"v":999}`} {
		if _, err := e.page(e.c, []byte(cursor)); err == nil {
			e.Errorf("the cursor %s was taken without an error", cursor)
		}
	}
}
