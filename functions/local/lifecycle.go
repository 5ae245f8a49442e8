package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"crosswalk/internal/web"
)

// The commands that let mappings write and stop them.

func (c *cli) pilot() *cobra.Command {
	reason := ""
	cmd := c.command("pilot MAPPING REF...", "write named records and what they need, for a trial; a version that is live goes on beside it", cobra.MinimumNArgs(2), func(ctx context.Context, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		moved, err := post[web.Moved](ctx, api, "/mappings/"+args[0]+"/pilot", map[string]any{"refs": args[1:], "reason": reason})
		if err != nil {
			return err
		}
		r, err := c.follow(ctx, api, *moved.Run)
		if err != nil {
			return err
		}
		filled, err := filledIn(ctx, api, r)
		if err != nil {
			return err
		}
		if c.json {
			moved.Run = &r
			return errorsFirst(c.printJSON(pilotAnswer{moved, filled}), lookAt(r))
		}
		tried, beside := moved.Running, ""
		if moved.Trial != 0 {
			tried, beside = moved.Trial, fmt.Sprintf("; version %d goes on for everything else", moved.Running)
		}
		fmt.Fprintf(c.out, "%s is in pilot with version %d: %s%s\nlook at each record: crosswalk why REF; what is missing before it goes live: crosswalk standing %s\n",
			moved.Name, tried, outcome(r), beside, moved.Name)
		return errorsFirst(c.printFilled(filled), lookAt(r))
	})
	reasonFlag(cmd, &reason)
	return cmd
}

func (c *cli) live() *cobra.Command {
	nativeOff, noSave, reason := false, false, ""
	cmd := c.command("live MAPPING...", "let the newest version of mappings write, once it passed its gates", cobra.MinimumNArgs(1), func(ctx context.Context, args []string) error {
		return c.move(ctx, args, "live", map[string]any{"native_off": nativeOff, "without_save": noSave, "reason": reason}, func(m web.Moved) string {
			return fmt.Sprintf("%s is live with version %d", m.Name, m.Running)
		})
	})
	cmd.Flags().BoolVar(&nativeOff, "native-off", false, "state that the finance system's own CRM integration is switched off")
	cmd.Flags().BoolVar(&noSave, "without-save", false, "state that what is written over need not be saved to a file first (crosswalk save)")
	reasonFlag(cmd, &reason)
	return cmd
}

func (c *cli) pause() *cobra.Command {
	reason, all := "", false
	cmd := c.command("pause [MAPPING...]", "stop mappings writing; signals wait; --all stops everything", cobra.ArbitraryArgs, func(ctx context.Context, args []string) error {
		say := func(m web.Mapping) {
			fmt.Fprintf(c.out, "%s is paused; go on with: crosswalk resume %s\n", m.Name, m.Name)
		}
		switch {
		case all && len(args) > 0:
			return wrongUse("pause --all takes no names")
		case !all && len(args) == 0:
			return wrongUse("name mappings, or stop everything with --all")
		case !all:
			return c.move(ctx, args, "pause", map[string]any{"reason": reason}, func(m web.Moved) string {
				return fmt.Sprintf("%s is paused; go on with: crosswalk resume %s", m.Name, m.Name)
			})
		}
		api, err := c.client()
		if err != nil {
			return err
		}
		paused, err := post[struct {
			Mappings []web.Mapping `json:"mappings"`
		}](ctx, api, "/pause", map[string]any{"reason": reason})
		if err != nil || c.json {
			return c.either(err, paused)
		}
		for _, m := range paused.Mappings {
			say(m)
		}
		if len(paused.Mappings) == 0 {
			fmt.Fprintln(c.out, "nothing was running")
		}
		return nil
	})
	cmd.Flags().BoolVar(&all, "all", false, "every mapping that is live or in pilot")
	reasonFlag(cmd, &reason)
	return cmd
}

func (c *cli) resume() *cobra.Command {
	reason := ""
	cmd := c.command("resume MAPPING...", "go on after a pause or the brake, with the version that ran; says how much waits and since when", cobra.MinimumNArgs(1), func(ctx context.Context, args []string) error {
		return c.move(ctx, args, "resume", map[string]any{"reason": reason}, func(m web.Moved) string {
			out := fmt.Sprintf("%s goes on with version %d; %d records waited", m.Name, m.Running, m.Waiting)
			if m.Stopped != nil {
				out += ", stopped since " + shortTime(*m.Stopped) + "; what changed meanwhile is looked at now"
			}
			return out
		})
	})
	reasonFlag(cmd, &reason)
	return cmd
}

// move changes the status of mappings one after the other and says how each stands.
func (c *cli) move(ctx context.Context, names []string, to string, body any, say func(web.Moved) string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	all := []web.Moved{}
	for _, name := range names {
		moved, err := post[web.Moved](ctx, api, "/mappings/"+name+"/"+to, body)
		if err != nil {
			return err
		}
		all = append(all, moved)
		if !c.json {
			fmt.Fprintln(c.out, say(moved))
		}
	}
	if c.json {
		return c.printJSON(map[string]any{"mappings": all})
	}
	return nil
}
