package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"crosswalk/internal/web"
)

// The commands by which other people say yes: submit, approve, accept, and standing, which says what is missing.

// planID is how ids of plans look; every other argument is a mapping's name.
var planID = regexp.MustCompile(`^p\d{8}-\d{6}-[0-9a-f]+$`)

func reasonFlag(cmd *cobra.Command, reason *string) {
	cmd.Flags().StringVar(reason, "reason", "", "kept with the decision")
}

func (c *cli) submit() *cobra.Command {
	reason, version := "", 0
	cmd := c.command("submit MAPPING|PLAN", "ask for approval, and tell those who may give it", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		if planID.MatchString(args[0]) {
			if version != 0 {
				return wrongUse("--version goes with a mapping")
			}
			p, err := post[web.Plan](ctx, api, "/plans/"+args[0]+"/submit", map[string]string{"reason": reason})
			if err != nil || c.json {
				return c.either(err, p)
			}
			fmt.Fprintf(c.out, "approval of plan %s is asked for; somebody else gives it with: crosswalk approve %s --digest %s\n", p.ID, p.ID, p.Digest)
			return nil
		}
		s, err := post[web.Standing](ctx, api, "/mappings/"+args[0]+"/submit", map[string]any{"reason": reason, "version": version})
		if err != nil || c.json {
			return c.either(err, s)
		}
		fmt.Fprintf(c.out, "approval of version %d of %s is asked for; somebody else gives it with: crosswalk approve %s --version %d\n", s.Version, s.Mapping, s.Mapping, s.Version)
		return c.printMissing(s)
	})
	reasonFlag(cmd, &reason)
	cmd.Flags().IntVar(&version, "version", 0, "only if this is the newest version")
	return cmd
}

func (c *cli) approve() *cobra.Command {
	digest, reason, version := "", "", 0
	cmd := c.command("approve MAPPING|PLAN", "put your name under a mapping's version, or under a saved plan", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		if !planID.MatchString(args[0]) {
			if digest != "" {
				return wrongUse("--digest goes with a plan; name a mapping's version with --version")
			}
			return c.approveMapping(ctx, api, args[0], version, reason)
		}
		if version != 0 || reason != "" {
			return wrongUse("--version and --reason go with a mapping; name a plan's contents with --digest")
		}
		p, err := post[web.Plan](ctx, api, "/plans/"+args[0]+"/approve", map[string]string{"digest": digest})
		if err != nil || c.json {
			return c.either(err, p)
		}
		fmt.Fprintf(c.out, "plan %s, digest %s, approved by %s%s\ncarry it out: crosswalk run --plan %s\n", p.ID, p.Digest, p.Approver, ofOne(p.Single), p.ID)
		return nil
	})
	cmd.Flags().StringVar(&digest, "digest", "", "of a plan: only if it still has this digest")
	cmd.Flags().IntVar(&version, "version", 0, "of a mapping: the version that you looked at; default the one that was submitted")
	reasonFlag(cmd, &reason)
	return cmd
}

func (c *cli) approveMapping(ctx context.Context, api *client, name string, version int, reason string) error {
	s, err := post[web.Standing](ctx, api, "/mappings/"+name+"/approve", map[string]any{"version": version, "reason": reason})
	if err != nil || c.json {
		return c.either(err, s)
	}
	fmt.Fprintf(c.out, "version %d of %s, approved by %s%s\n", s.Version, s.Mapping, s.Approver, ofOne(s.Single))
	if s.Ready {
		fmt.Fprintf(c.out, "take it live: crosswalk live %s\n", s.Mapping)
	}
	return c.printMissing(s)
}

// ofOne says of an approval that no second person was asked for.
func ofOne(single bool) string {
	if single {
		return " (approval: single)"
	}
	return ""
}

func (c *cli) accept() *cobra.Command {
	body := struct {
		Round   int    `json:"round"`
		Tester  string `json:"tester"`
		Result  string `json:"result"`
		Note    string `json:"note"`
		Version int    `json:"version"`
	}{}
	cmd := c.command("accept MAPPING --round 1|2 --tester NAME --result pass|fail", "record a tester's result in a round of acceptance", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		s, err := post[web.Standing](ctx, api, "/mappings/"+args[0]+"/acceptance", body)
		if err != nil || c.json {
			return c.either(err, s)
		}
		fmt.Fprintf(c.out, "version %d of %s: round %d: %s, by %s\n", s.Version, s.Mapping, body.Round, body.Result, body.Tester)
		return c.printMissing(s)
	})
	cmd.Flags().IntVar(&body.Round, "round", 0, "1: those who own fields and stages; 2: those who will work with it")
	cmd.Flags().StringVar(&body.Tester, "tester", "", "who tested")
	cmd.Flags().StringVar(&body.Result, "result", "", "pass or fail")
	cmd.Flags().StringVar(&body.Note, "note", "", "what was found")
	cmd.Flags().IntVar(&body.Version, "version", 0, "only if this is the newest version")
	return cmd
}

func (c *cli) standing() *cobra.Command {
	return c.command("standing MAPPING", "what was shown and signed of the newest version, and what is missing before it goes live", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		api, err := c.client()
		if err != nil {
			return err
		}
		s, err := get[web.Standing](ctx, api, "/mappings/"+args[0]+"/standing")
		if err != nil || c.json {
			return c.either(err, s)
		}
		fmt.Fprintf(c.out, "%s version %d\n", s.Mapping, s.Version)
		rows := [][]string{{"GATE", "", "", "COMMAND"}}
		for _, g := range s.Gates {
			rows = append(rows, []string{g.Gate, map[bool]string{true: "passed", false: "missing"}[g.Passed], g.State, g.Command})
		}
		for _, t := range s.Accepted {
			rows = append(rows, []string{fmt.Sprintf("round %d", t.Round), t.Result, strings.TrimSpace(t.Tester + " " + t.Note), ""})
		}
		return columns(c.out, rows)
	})
}

// printMissing lists what is missing before a version goes live.
func (c *cli) printMissing(s web.Standing) error {
	var rows [][]string
	for _, g := range s.Gates {
		if !g.Passed {
			rows = append(rows, []string{"  missing: " + g.State, g.Command})
		}
	}
	return columns(c.out, rows)
}
