package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"crosswalk/internal/plan"
)

// quietScripts takes the values of records out of what scripts say when they hold, skip or fail: their texts become sync
// errors and log lines, which carry ids and field names only (S7). A value is replaced by its field's name in braces, so
// that "ask Sample Ltd" reads "ask {name}", and whoever may see the record knows what is meant.
type quietScripts struct{ Scripts }

// Run is Scripts'.
func (q quietScripts) Run(ctx context.Context, calls []ScriptCall) ([]plan.ScriptResult, error) {
	results, err := q.Scripts.Run(ctx, calls)
	for n := range min(len(results), len(calls)) {
		if r := &results[n]; r.Err != nil {
			r.Err = errors.New(withoutValues(r.Err.Error(), calls[n].Args))
		} else if verdict, ok := r.Value.(map[string]any); ok {
			for _, word := range []string{"hold", "skip"} {
				if text, ok := verdict[word].(string); ok {
					verdict[word] = withoutValues(text, calls[n].Args)
				}
			}
		}
	}
	return results, err
}

// fieldValue is a text that stands in a field of that name.
type fieldValue struct{ name, text string }

// withoutValues replaces the values that a script was given, longest first.
func withoutValues(text string, args map[string]any) string {
	var values []fieldValue
	collectValues(&values, "", args)
	slices.SortFunc(values, func(a, b fieldValue) int {
		if len(a.text) != len(b.text) {
			return len(b.text) - len(a.text)
		}
		return strings.Compare(a.text+"\x00"+a.name, b.text+"\x00"+b.name)
	})
	for _, v := range values {
		text = replaceFold(text, v.text, "{"+v.name+"}")
	}
	return text
}

func collectValues(out *[]fieldValue, name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for field, inner := range v {
			collectValues(out, field, inner)
		}
	case []any:
		for _, inner := range v {
			collectValues(out, name, inner)
		}
	case fmt.Stringer:
		collectValues(out, name, v.String())
	case string:
		for _, part := range append(addresses(v), strings.TrimSpace(v)) {
			if mayTell(name, part) {
				*out = append(*out, fieldValue{name, part})
			}
		}
	}
}

// mayTell tells whether a value may say who somebody is: ids do not, nor do short words and amounts.
func mayTell(name, text string) bool {
	if name == "id" || strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "Id") {
		return false
	}
	letters, digits := 0, 0
	for _, r := range text {
		if unicode.IsLetter(r) {
			letters++
		} else if unicode.IsDigit(r) {
			digits++
		}
	}
	return letters >= 3 || letters+digits >= 6
}

// replaceFold replaces a text whatever its case.
func replaceFold(text, old, with string) string {
	lower, find := strings.ToLower(text), strings.ToLower(old)
	if len(lower) != len(text) || len(find) != len(old) { // letters that change their length with their case
		return strings.ReplaceAll(text, old, with)
	}
	var b strings.Builder
	for {
		at := strings.Index(lower, find)
		if at < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:at])
		b.WriteString(with)
		text, lower = text[at+len(old):], lower[at+len(find):]
	}
}
