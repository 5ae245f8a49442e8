package main

import (
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
	if len(odd) > 0 {
		return fmt.Errorf("demo: %d records are not as they must be after the undo", len(odd))
	}
	return nil
}

// leftBy are the records that an undo's plan leaves as they are, with its reasons.
func (p *pairRun) leftBy(ctx context.Context, plan web.Plan) (map[string]string, error) {
	out := map[string]string{}
	for from := 0; ; {
		page, err := get[web.Rows](ctx, p.api, "/plans/"+plan.ID+"/rows", "from", fmt.Sprint(from), "limit", "500")
		if err != nil {
			return nil, err
		}
		for _, r := range page.Rows {
			if r.Reason != "" {
				out[r.Target] = r.Reason
			}
		}
		if page.Next == 0 {
			return out, nil
		}
		from = page.Next
	}
}

// judgeUndo counts what was undone and what stays, and says of every other record how it differs from what it must be.
func (p *pairRun) judgeUndo(before, after, people, now snapshot, left map[string]string) []string {
	var odd []string
	for _, ref := range slices.Sorted(maps.Keys(people)) {
		made := before[ref] == nil && after[ref] != nil
		switch {
		case made && now[ref] == nil:
			p.res.Undone++
		case made && left[ref] == "":
			odd = append(odd, ref+": the plan made it, it is still there, and the undo does not say why")
		case made:
			p.res.Kept++
		case now[ref] == nil:
			odd = append(odd, ref+": it is gone")
		default:
			want, changed, kept := wantedBack(before[ref], after[ref], people[ref])
			switch {
			case !maps.Equal(now[ref], want):
				odd = append(odd, fmt.Sprintf("%s: %s", ref, fieldsOff(want, now[ref])))
			case kept:
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

// wantedBack is what a record must be after an undo: whether the plan had changed it, and whether any of what the plan changed stays.
func wantedBack(before, after, people map[string]string) (want map[string]string, changed, kept bool) {
	want = maps.Clone(people)
	for name, was := range before {
		if after == nil || was == after[name] {
			continue
		}
		changed = true
		if people[name] == after[name] {
			want[name] = was
		} else {
			kept = true
		}
	}
	return want, changed, kept
}
