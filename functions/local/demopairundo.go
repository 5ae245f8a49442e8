package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosswalk/internal/web"
)

// Undoing the plan's run, and what the outsider finds after it.

// takeBack undoes the plan's run, with what it made, and holds every record of both CRMs against what it must be then: a field that the
// plan changed is what it was before, unless it was changed since; what the plan made is archived, unless it was changed since; nothing
// else is touched.
func (p *pairRun) takeBack(ctx context.Context, ran web.Run, before, after snapshot) error {
	text, err := p.command(ctx, exitDone, "undo", ran.ID, "--archive-created")
	if err != nil {
		return err
	}
	_, id, _ := strings.Cut(text, "saved as plan ")
	id, _, _ = strings.Cut(id, ",")
	plan, err := get[web.Plan](ctx, p.api, "/plans/"+id)
	if err != nil {
		return err
	}
	people := p.look()
	if _, err := p.command(ctx, exitDone, "approve", plan.ID, "--digest", plan.Digest); err != nil {
		return err
	}
	if _, err := p.command(ctx, exitDone, "run", "--plan", plan.ID); err != nil {
		return err
	}
	left, err := p.leftBy(ctx, plan)
	if err != nil {
		return err
	}
	odd := p.judgeUndo(before, after, people, p.look(), left)
	for _, line := range odd[:min(len(odd), 20)] {
		fmt.Fprintf(p.out, "  not as it must be: %s\n", line)
	}
	fmt.Fprintf(p.out, "undone: %d records are what they were, or archived; %d were changed since and stay so; %d are otherwise\n", p.res.Undone, p.res.Kept, len(odd))
	if p.stages > 0 {
		fmt.Fprintf(p.out, "of these %d lifecycle stages stay where they are: HubSpot takes none back to an earlier stage\n", p.stages)
	}
	if len(odd) > 0 {
		return fmt.Errorf("demo: %d records are not as they must be after the undo", len(odd))
	}
	return nil
}

// leftRow is what an undo's plan says of a record that it leaves as it is, whole or in some fields.
type leftRow struct {
	reason string
	fields map[string]bool // as the outsider names them
}

// seenAs are the outsider's names of references.
var seenAs = map[string]string{"associations.contacts": "people", "associations.Contact": "people", "primary.companies": "company of", "primary.Account": "AccountId"}

// leftBy are the records that an undo's plan leaves as they are, with its reasons.
func (p *pairRun) leftBy(ctx context.Context, plan web.Plan) (map[string]leftRow, error) {
	out := map[string]leftRow{}
	for from := 0; ; {
		page, err := get[web.Rows](ctx, p.api, "/plans/"+plan.ID+"/rows", "from", fmt.Sprint(from), "limit", "500")
		if err != nil {
			return nil, err
		}
		for _, r := range page.Rows {
			if r.Reason == "" {
				continue
			}
			l := leftRow{r.Reason, map[string]bool{}}
			for _, f := range r.Fields {
				if name := cmp.Or(seenAs[f.Field], f.Field); f.Action == "keep" {
					l.fields[name] = true
				}
			}
			out[r.Target] = l
		}
		if page.Next == 0 {
			return out, nil
		}
		from = page.Next
	}
}

// judgeUndo counts what was undone and what stays, and says of every other record how it differs from what it must be.
func (p *pairRun) judgeUndo(before, after, people, now snapshot, kept map[string]leftRow) []string {
	var odd []string
	for _, ref := range slices.Sorted(maps.Keys(people)) {
		made := before[ref] == nil && after[ref] != nil
		switch {
		case made && now[ref] == nil:
			p.res.Undone++
		case made && kept[ref].reason == "":
			odd = append(odd, ref+": the plan made it, it is still there, and the undo does not say why")
		case made:
			p.res.Kept++
		case now[ref] == nil:
			odd = append(odd, ref+": it is gone")
		default:
			want, changed, stays := wantedBack(before[ref], after[ref], people[ref], kept[ref].fields)
			now.forget(people, objectSystem(ref), want)
			if stage := "lifecyclestage"; want[stage] != now[ref][stage] && now[ref][stage] == people[ref][stage] {
				want[stage], stays = now[ref][stage], true
				p.stages++
			}
			switch {
			case fieldsOff(want, now[ref]) != "":
				odd = append(odd, fmt.Sprintf("%s: %s", ref, fieldsOff(want, now[ref])))
			case stays:
				p.res.Kept++
			case changed:
				p.res.Undone++
			}
		}
	}
	for _, ref := range slices.Sorted(maps.Keys(now)) {
		if people[ref] == nil {
			odd = append(odd, ref+": the undo made it")
		}
	}
	return odd
}

// wantedBack is what a record must be after an undo: whether the plan had changed it, and whether any of what the plan changed stays,
// since it was changed since or the undo says that it leaves it.
func wantedBack(before, after, people map[string]string, left map[string]bool) (want map[string]string, changed, stays bool) {
	want = maps.Clone(people)
	for name, was := range before {
		switch {
		case after == nil || was == after[name]:
			continue
		case people[name] == after[name] && !left[name]:
			want[name] = was
		default:
			stays = true
		}
		changed = true
	}
	return want, changed, stays
}

// references are fields that hold ids of other records, of which objects.
var references = map[string][]string{"people": {"contacts", "Contact"}, "company of": {"companies"}, "AccountId": {"Account"}, "WhoId": {"Contact", "Lead"}, "WhatId": {"Account", "Opportunity"}}

// forget takes out of what a record must be those references whose records the undo archived: the system drops them with these.
func (now snapshot) forget(people snapshot, system string, want map[string]string) {
	for name, objects := range references {
		if want[name] == "" {
			continue
		}
		ids := slices.DeleteFunc(strings.Split(want[name], ";"), func(id string) bool {
			return slices.ContainsFunc(objects, func(o string) bool { ref := system + ":" + o + "/" + id; return people[ref] != nil && now[ref] == nil })
		})
		want[name] = strings.Join(ids, ";")
	}
}

func objectSystem(ref string) string {
	system, _, _ := strings.Cut(ref, ":")
	return system
}
