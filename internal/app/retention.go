package app

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"crosswalk/internal/engine"
)

// Retention is how long each class of what is remembered is kept; help/privacy.md says what is in each. What is left out
// has its default.
type Retention struct {
	Documents Keep `yaml:"documents"` // audit trail of documents; default never dropped
	Others    Keep `yaml:"others"`    // audit trail of every other record; default 400d
	Values    Keep `yaml:"values"`    // the values in both, and in previews; default 90d
	Runs      Keep `yaml:"runs"`      // runs and the rows of saved plans; default 90d
}

// Keep reads whole days (90d) or never, which keeps for ever.
type Keep time.Duration

// UnmarshalYAML reads 90d or never.
func (k *Keep) UnmarshalYAML(n *yaml.Node) error {
	if n.Value == "never" {
		*k = Keep(engine.Forever)
		return nil
	}
	digits, ok := strings.CutSuffix(n.Value, "d")
	days, err := strconv.Atoi(digits)
	if !ok || err != nil || days < 1 || days > 36500 {
		return fmt.Errorf("line %d: %q is not a time to keep something; write whole days as in 90d, or never for what is never dropped", n.Line, n.Value)
	}
	*k = Keep(time.Duration(days) * 24 * time.Hour)
	return nil
}

// String writes what UnmarshalYAML reads.
func (k Keep) String() string {
	if k < 0 {
		return "never"
	}
	return fmt.Sprintf("%dd", time.Duration(k)/(24*time.Hour))
}

func (r Retention) engine() engine.Retention {
	return engine.Retention{Documents: time.Duration(r.Documents), Others: time.Duration(r.Others), Values: time.Duration(r.Values), Runs: time.Duration(r.Runs)}
}

// Standing gives every class with its default filled in, in order.
func (r Retention) Standing() [][2]string {
	e := r.engine().WithDefaults()
	return [][2]string{{"documents", Keep(e.Documents).String()}, {"others", Keep(e.Others).String()}, {"values", Keep(e.Values).String()}, {"runs", Keep(e.Runs).String()}}
}
