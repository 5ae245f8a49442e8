package engine

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// planEnv is what transforms may know of an account.
type planEnv = plan.Env

func (p *preflight) env(ctx context.Context, connection string) (planEnv, error) {
	a, err := p.account(ctx, connection)
	return planEnv{TimeZone: a.TimeZone, Currency: a.Currency}, err
}

// The ways in which a value does not fit.
const (
	unmapped  = "values: has nothing for their value"
	untold    = "the transform cannot read their value"
	noChoice  = "their value is none that the field takes"
	tooLong   = "their text is longer than the field"
	wrongForm = "their text is not of the field's type"
	noPlace   = "their state or country is none that the org knows"
)

// trial puts each sampled record's values through the rules and holds what comes out against the target's field. Records are
// counted; no value leaves here.
func (d direction) trial() {
	s := d.sample
	if s == nil || len(s.records) == 0 {
		return
	}
	for _, f := range d.m.Fields {
		to, ok := fieldOf(d.target, f.B)
		if !ok || f.Value != "" || f.Through != "" || f.Table != "" || f.Static != nil || !d.plain(f) || to.References == "owners" {
			continue
		}
		failures := map[string]int{}
		for n := range s.records {
			if why := d.try(f, to, &s.records[n]); why != "" {
				failures[why]++
			}
		}
		if from, _, one := d.ends(f); one && len(from.Options) > 0 {
			delete(failures, unmapped) // choices names the values
		}
		for _, why := range sortedNames(failures) {
			d.addN("stop", d.name, failures[why], fmt.Sprintf("%s: in %d %s %s", d.line(f), failures[why], s.said(), why), "the mapping's editor", fixOf(why, to))
		}
	}
}

// plain tells whether all inputs are fields of the record itself.
func (d direction) plain(f mapping.Field) bool {
	return len(f.A) > 0 && !slices.ContainsFunc(f.A, func(name string) bool {
		_, known := fieldOf(d.source, name)
		_, _, joins := connector.AssociationField(name)
		return !known || joins
	})
}

func fixOf(why string, to connector.Field) string {
	switch why {
	case tooLong:
		return fmt.Sprintf("add transform: truncate(%d), or have the administrator make %s longer", to.MaxLength, to.Name)
	case noPlace:
		return "add a transform that gives the org's own values (crosswalk help mapping: country, state), map them with values:, or add the values to the org's state and country picklists"
	case wrongForm:
		return "add a transform that gives " + to.Type
	case untold:
		return "mend these records, or take another transform"
	}
	return "add the values to values:, say else:, or have the administrator add them to " + to.Name
}

// try gives "" for a value that fits, or is blank.
func (d direction) try(f mapping.Field, to connector.Field, r *record.Record) string {
	texts := make([]string, len(f.A))
	for n, name := range f.A {
		texts[n] = r.Field(name).Text()
	}
	blank := strings.TrimSpace(strings.Join(texts, "")) == ""
	if many := r.Field(f.A[0]).List(); len(f.A) == 1 && f.Transform == "" && len(f.Values) == 0 && len(many) > 1 {
		for _, one := range many {
			if why := d.fits(one, to); why != "" {
				return why
			}
		}
		return ""
	}
	if blank {
		return ""
	}
	text := strings.Join(texts, " ")
	if f.Transform != "" {
		out, err := d.Tools.Transform(f.Transform, texts, d.env)
		if err != nil {
			return untold
		}
		text = out
	}
	if len(f.Values) > 0 {
		mapped, ok := f.Values[text]
		switch {
		case ok:
			text = mapped
		case f.Else != nil:
			text = *f.Else
		default:
			return unmapped
		}
	}
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return d.fits(text, to)
}

// fits holds a text against a field. Lists of choices are exact: HubSpot minds the case of its own.
func (d direction) fits(text string, to connector.Field) string {
	has := func(options []connector.Option, same func(connector.Option) bool) bool {
		return slices.ContainsFunc(options, same)
	}
	switch {
	case (to.Type == "enum" || to.Type == "multi") && len(to.Options) > 0:
		for _, one := range strings.Split(text, ";") {
			if to.Type == "enum" {
				one = text
			}
			if !has(to.Options, func(o connector.Option) bool { return o.Value == one }) {
				return noChoice
			}
		}
	case governed(d.target, to.Name) != nil:
		named := has(governed(d.target, to.Name), func(o connector.Option) bool {
			return strings.EqualFold(o.Value, text) || strings.EqualFold(o.Label, text)
		})
		if !named && !d.inUse(to.Name, text) {
			return noPlace
		}
	case to.MaxLength > 0 && len([]rune(text)) > to.MaxLength:
		return tooLong
	case !formed(to.Type, text):
		return wrongForm
	}
	return ""
}

// inUse tells whether a record of the target has the text already: what an administrator made of a country's text is told
// nowhere else (salesforce.md 15.5).
func (d direction) inUse(field, text string) bool {
	there := d.samples[d.way.target()]
	return there != nil && slices.ContainsFunc(there.records, func(r record.Record) bool { return strings.EqualFold(r.Field(field).Text(), text) })
}

var decimalForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^-?\d+(\.\d+)?$`) })

// formed tells whether a text has the canonical form of a type.
func formed(kind, text string) bool {
	switch kind {
	case "number":
		return decimalForm().MatchString(text)
	case "integer":
		_, err := strconv.ParseInt(text, 10, 64)
		return err == nil
	case "bool":
		return text == "true" || text == "false"
	case "date":
		_, err := time.Parse(time.DateOnly, text)
		return err == nil
	case "datetime":
		_, err := time.Parse(time.RFC3339, text)
		return err == nil
	}
	return true
}

// count writes a number with thin thousands, as people read it.
func count(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
