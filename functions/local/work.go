package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"crosswalk/internal/web"
)

// lookEvery is how often a command that waits asks how far a run is.
const lookEvery = 300 * time.Millisecond

// sayEvery is how often it tells.
const sayEvery = 2 * time.Second

// follow waits for a run to end and tells its progress on standard error. Ending the command does not end the run.
func (c *cli) follow(ctx context.Context, api *client, r web.Run) (web.Run, error) {
	said := time.Now()
	for !r.Over() && r.Status != "held" {
		if time.Since(said) >= sayEvery {
			said = time.Now()
			fmt.Fprintf(c.err, "%s\n", progress(r))
		}
		select {
		case <-ctx.Done():
			return r, fmt.Errorf("the run goes on; look at it with: crosswalk runs %s", r.ID)
		case <-time.After(lookEvery):
		}
		next, err := get[web.Run](ctx, api, "/runs/"+r.ID)
		if err != nil {
			if ctx.Err() != nil {
				continue
			}
			return r, err
		}
		r = next
	}
	return r, stoppedBy(r)
}

// stoppedBy is the error of a run that did not go to its end.
func stoppedBy(r web.Run) error {
	if r.Waits() {
		return nil
	}
	if r.Status == "failed" || r.Status == "held" {
		return fmt.Errorf("run %s %s: %s", r.ID, map[string]string{"failed": "failed", "held": "is stopped by the brake"}[r.Status], r.Error)
	}
	return nil
}

// endOf is what a command that only shows a run ends with: nothing while it is under way.
func endOf(r web.Run) error {
	if !r.Over() && r.Status != "held" {
		return nil
	}
	return errorsFirst(stoppedBy(r), lookAt(r))
}

// lookAt asks for a person when a run left something open.
func lookAt(r web.Run) error {
	if r.Counts.Held+r.Counts.Refused+r.Counts.Failed > 0 {
		return errLook
	}
	return nil
}

func errorsFirst(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *cli) run() *cobra.Command {
	plan, since, stop, detach, full, changed, goOn := "", "", "", false, false, false, false
	cmd := c.command("run [MAPPING [REF...]]", "start a run: of a plan, of named records, or of everything a mapping's source holds", cobra.ArbitraryArgs, func(ctx context.Context, args []string) error {
		body := map[string]any{}
		switch {
		case full && changed || (full || changed) && len(args) > 1:
			return wrongUse("run MAPPING takes one of --full, --changed and named records")
		case plan != "" && (len(args) > 0 || since != "" || full || changed):
			return wrongUse("run --plan ID takes nothing else: the plan says which records it is about")
		case (stop != "" || goOn) && plan == "":
			return wrongUse("--stop-after-phase and --go-on are of a plan: run --plan ID")
		case plan != "":
			body["plan"], body["stop_after"], body["go_on"] = plan, stop, goOn
		case len(args) == 0:
			return wrongUse("name a mapping, or a plan with --plan ID")
		default:
			body["mapping"], body["refs"], body["won_since"], body["changed"] = args[0], args[1:], since, changed
		}
		api, err := c.client()
		if err != nil {
			return err
		}
		r, err := post[web.Run](ctx, api, "/runs", body)
		if err != nil {
			return err
		}
		if !detach {
			if r, err = c.follow(ctx, api, r); err != nil {
				return err
			}
		}
		if c.json {
			return errorsFirst(c.printJSON(r), lookAt(r))
		}
		if detach {
			fmt.Fprintf(c.out, "run %s began; follow it with: crosswalk runs %s\n", r.ID, r.ID)
			return nil
		}
		c.printRun(r)
		return lookAt(r)
	})
	cmd.Flags().StringVar(&plan, "plan", "", "carry out this approved plan: exactly its rows")
	cmd.Flags().StringVar(&stop, "stop-after-phase", "", "of a set's plan: stop behind this mapping, when its records were counted")
	cmd.Flags().BoolVar(&goOn, "go-on", false, "of a plan whose run stopped behind a phase: go on, to the end or to --stop-after-phase")
	cmd.Flags().StringVar(&since, "won-since", "", "also deals won since this day (YYYY-MM-DD), in place of the mapping's own start date")
	cmd.Flags().BoolVar(&full, "full", false, "everything that both sides hold; the same as naming no record")
	cmd.Flags().BoolVar(&changed, "changed", false, "only what changed at either side since the schedule last read it, now")
	cmd.Flags().BoolVar(&detach, "detach", false, "do not wait for the end")
	return cmd
}

// printRun tells how a run ended; of a plan, whether its writes were those that were planned.
func (c *cli) printRun(r web.Run) {
	fmt.Fprintf(c.out, "run %s %s: %d of %d records: %s\n", r.ID, r.Status, r.Done, max(r.Total, r.Done), outcome(r))
	for _, p := range r.Phases {
		fmt.Fprintf(c.out, "  %s: %d of %d records are linked; %s; %d references stand at both sides", p.Mapping, p.Linked, p.Rows, counts(map[string]int{"created": p.Counts.Created, "updated": p.Counts.Updated, "linked": p.Counts.Linked,
			"held": p.Counts.Held, "refused": p.Counts.Refused, "failed": p.Counts.Failed}), p.Relations)
		if p.Lacking+p.Waiting > 0 {
			fmt.Fprintf(c.out, ", %d lack, %d are to records that are not linked", p.Lacking, p.Waiting)
		}
		fmt.Fprintln(c.out)
	}
	if r.Kind == "plan" && len(r.Phases) > 0 { // of one that stopped behind a phase nobody knows the total
		fmt.Fprintf(c.out, "plan %s: %d records, %d refused since they changed\n", r.Plan, max(r.Total, r.Done), r.Counts.Refused)
	} else if r.Kind == "plan" {
		made := r.Counts.Created + r.Counts.Updated + r.Counts.Linked
		fmt.Fprintf(c.out, "plan %s: %d writes planned, %d made, %d refused since they changed\n", r.Plan, r.Total, made, r.Counts.Refused)
	}
	if r.Waits() {
		fmt.Fprintf(c.out, "stopped behind %s, as asked. Go on: crosswalk run --plan %s --go-on\n", r.StopAfter, r.Plan)
	}
	for _, ref := range r.Refused {
		fmt.Fprintf(c.out, "  refused: %s changed since the plan was made\n", ref)
	}
	if r.Counts.Held+r.Counts.Failed > 0 {
		fmt.Fprintln(c.out, "what was held, and why: crosswalk errors")
	}
}

func (c *cli) runs() *cobra.Command {
	once := false
	cmd := c.command("runs [ID]", "runs, newest first; with an id, follow one to its end from any terminal", cobra.MaximumNArgs(1), func(ctx context.Context, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		if len(args) == 1 {
			r, err := get[web.Run](ctx, api, "/runs/"+args[0])
			if err != nil {
				return err
			}
			if c.json {
				return errorsFirst(c.printJSON(r), endOf(r))
			}
			fmt.Fprintln(c.out, progress(r))
			if once {
				return nil
			}
			if r, err = c.follow(ctx, api, r); err != nil {
				return err
			}
			c.printRun(r)
			return lookAt(r)
		}
		list, err := get[struct {
			Runs []web.Run `json:"runs"`
		}](ctx, api, "/runs")
		if err != nil || c.json {
			return c.either(err, list)
		}
		return columns(c.out, runLog(list.Runs))
	})
	cmd.Flags().BoolVar(&once, "once", false, "print one line and end")
	return cmd
}

// runLog is the list of runs with what each came to. Refused are rows of a plan that no longer fitted, and what a vendor refused.
func runLog(runs []web.Run) [][]string {
	rows := [][]string{{"RUN", "KIND", "MAPPING", "STATUS", "BEGAN", "SECONDS", "BY", "READ", "CREATED", "UPDATED", "LINKED", "UNCHANGED", "HELD", "REFUSED", "CALLS"}}
	for _, r := range runs {
		n, seconds := r.Counts, "-"
		if r.Ended != nil {
			seconds = fmt.Sprintf("%.0f", r.Ended.Sub(r.At).Seconds())
		}
		refused := n.Refused + n.Failed
		row := []string{r.ID, r.Kind, r.Mapping, r.Status, shortTime(r.At), seconds, r.Actor}
		for _, v := range []int{r.Listed, n.Created, n.Updated, n.Linked, max(0, r.Done-n.Created-n.Updated-n.Linked-n.Held-refused), n.Held, refused, n.Calls} {
			row = append(row, fmt.Sprint(v))
		}
		rows = append(rows, row)
	}
	return rows
}

func (c *cli) retry() *cobra.Command {
	return c.command("retry REF|CATEGORY", "look at a record again, or at all of a category", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		body := map[string]string{"category": args[0]}
		if isRef(args[0]) {
			body = map[string]string{"ref": args[0]}
		}
		n, err := post[map[string]int](ctx, api, "/retry", body)
		if err != nil || c.json {
			return c.either(err, n)
		}
		fmt.Fprintf(c.out, "%d records are looked at again; see crosswalk errors\n", n["retried"])
		return nil
	})
}
