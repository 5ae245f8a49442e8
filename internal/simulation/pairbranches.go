package simulation

import (
	"strings"

	"crosswalk/internal/engine"
	"crosswalk/internal/plan"
)

// Branches are the ways in which two changes can be settled; a long run must have gone every one of them.

const branchMark = "branch: "

func (s *Sim) branch(name string) { s.hit(branchMark + name) }

// branches lists every one that a run must have met.
var branches = []string{
	"newest: HubSpot's history says it is the later one", "newest: Salesforce's stamp says it is the later one",
	"conflict: salesforce", "conflict: hubspot", "conflict: hold asks", "conflict: a blank loses",
	"only_blank: salesforce keeps what it has", "only_blank: hubspot keeps what it has",
	"each side keeps its own: " + winsFill, "each side keeps its own: " + onlySalesforce, "each side keeps its own: " + onlyHubSpot,
	"furthest", "drift: restore", "first meeting: one side wins", "first meeting: blanks are filled", "changed at one side",
	"different fields edited on both sides, both stand", "old value set back wins",
	"echo: our own write is told to us", "place taken",
	"overwritten in flight",
}

// countBranch says which branch a decision about one field took, as the audit trail words it. target is the side that would be written.
func (c *pairCheck) countBranch(target string, f plan.FieldDecision) {
	winner := winsSalesforce
	if target == winsSalesforce {
		winner = winsHubSpot
	}
	wrote := f.Action == plan.WriteIt
	switch rule := f.Rule; {
	case strings.HasPrefix(rule, "conflict: newest: hubspot"):
		c.s.branch(branches[0])
	case strings.HasPrefix(rule, "conflict: newest: salesforce"):
		c.s.branch(branches[1])
	case strings.Contains(rule, "was emptied"):
		c.s.branch("conflict: a blank loses")
	case strings.HasPrefix(rule, "conflict: furthest"):
		c.s.branch("furthest")
	case strings.HasPrefix(rule, "conflict: fill"):
		c.s.branch("conflict: fill")
	case strings.HasPrefix(rule, "conflict: ") && wrote:
		c.s.branch("conflict: " + winner)
	case strings.HasPrefix(rule, "only_blank: "):
		side, _, _ := strings.Cut(strings.TrimPrefix(rule, "only_blank: "), " ")
		c.s.branch("only_blank: " + side + " keeps what it has")
	case strings.HasPrefix(rule, "drift: restore"):
		c.s.branch("drift: restore")
	case strings.HasPrefix(rule, "first: "):
		c.s.branch("first meeting: one side wins")
	case strings.HasPrefix(rule, "fills a blank"), strings.Contains(rule, "filled from"):
		c.s.branch("first meeting: blanks are filled")
	case strings.HasPrefix(rule, "changed at "):
		c.s.branch("changed at one side")
	}
}

// countHeld says which question a person is asked.
func (c *pairCheck) countHeld(x engine.SyncError) {
	switch {
	case strings.Contains(x.Text, "conflict: hold"):
		c.s.branch("conflict: hold asks")
	case x.Category == plan.SeveralHits:
		c.s.branch("several of one side match")
	case x.Category == plan.Taken:
		c.s.branch("place taken")
	}
}
