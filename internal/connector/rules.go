package connector

import "context"

// RuleKind is what sort of thing an account does by itself when a record is saved.
type RuleKind string

const (
	RuleRefuses    RuleKind = "validation rule" // refuses records, with a message
	RuleDuplicates RuleKind = "duplicate rule"  // warns of records that are like another, or refuses them
	RuleFlow       RuleKind = "flow"
	RuleTrigger    RuleKind = "trigger"
	RuleAssigns    RuleKind = "assignment rule" // gives records to other owners
)

// Rule is one that is active.
type Rule struct {
	Object  string
	Kind    RuleKind
	Name    string
	Message string // of RuleRefuses: what people see
	On      string // create, update, create and update; "" where the account does not say
}

// Ruled is a connector that can name what an account does by itself. It reads what administrators have set up, and writes nothing.
type Ruled interface {
	// Rules gives the active rules of objects, in order of object, kind and name, and what our user is not shown with the right that
	// would show it. The error is for not having been able to ask at all.
	Rules(ctx context.Context, objects []string) ([]Rule, []Refusal, error)
}
