package script

import (
	"slices"
	"strconv"
	"strings"

	"crosswalk/internal/money"
	"crosswalk/internal/transform"

	"github.com/agext/levenshtein"
	"go.starlark.net/starlark"
)

// builtins are the names every script has besides Starlark's own. Those with a dot cannot be written in a script:
// rewrite.go makes calls of them.
var builtins = makeBuiltins()

func makeBuiltins() starlark.StringDict {
	all := operatorFuncs()
	for name, f := range helpers() {
		b := starlark.NewBuiltin(name, f)
		all[name], all["fn."+name] = b, b
	}
	// Functions of Starlark whose names are also names of fields (type, min): a call reaches the function even so.
	for name, v := range starlark.Universe {
		if _, ok := v.(*starlark.Builtin); ok && !all.Has("fn."+name) {
			all["fn."+name] = v
		}
	}
	all.Freeze()
	return all
}

type builtin = func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)

// helpers are the functions of the help page. None in is never an error: it is what a field without a value gives.
func helpers() map[string]builtin {
	return map[string]builtin{
		"decimal":     toDecimal,
		"float":       toDecimal, // there is no floating point here
		"round":       round,
		"minor_units": minorUnits,
		"price":       price,
		"lower":       onText(strings.ToLower),
		"upper":       onText(strings.ToUpper),
		"trim":        onText(strings.TrimSpace),
		"domain":      onText(transform.RegistrableDomain),
		"valid_email": testText(transform.ValidEmail),
		"free_mail":   testText(transform.IsFreeMail),
		"blank":       blank,
		"is_true":     isTrue,
		"contains":    contains,
		"starts_with": pairOfTexts(strings.HasPrefix),
		"ends_with":   pairOfTexts(strings.HasSuffix),
		"in_list":     inList,

		"lifecycle_stage": lifecycleStage,
		"furthest":        furthest,
		"skip":            verdictOf(Skip),
		"hold":            verdictOf(Hold),
		"fail":            fail,
		"print": func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
			return starlark.None, nil
		},
	}
}

// helperNames gives the names a script may call, for "did you mean".
func helperNames() []string {
	var names []string
	for _, dict := range []starlark.StringDict{builtins, starlark.Universe} {
		for name := range dict {
			if !strings.Contains(name, ".") {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

func nearest(name string, names []string) string {
	best, least := "", max(2, len(name)/3)+1
	for _, n := range names {
		if d := levenshtein.Distance(strings.ToLower(name), strings.ToLower(n), nil); d < least {
			best, least = n, d
		}
	}
	return best
}

func one(b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) != 1 || len(kwargs) > 0 {
		return nil, plainf("%s takes one argument", b.Name())
	}
	return args[0], nil
}

func onText(f func(string) string) builtin {
	return func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		v, err := one(b, args, kwargs)
		if err != nil || isNone(v) {
			return v, err
		}
		text, ok := starlark.AsString(v)
		if !ok {
			return nil, plainf("%s takes a text, not %s", b.Name(), kindName(v))
		}
		return starlark.String(f(text)), nil
	}
}

func testText(f func(string) bool) builtin {
	return func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		v, err := one(b, args, kwargs)
		if err != nil {
			return nil, err
		}
		text, ok := starlark.AsString(v)
		return starlark.Bool(ok && f(text)), nil
	}
}

func pairOfTexts(f func(text, part string) bool) builtin {
	return func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if len(args) != 2 || len(kwargs) > 0 {
			return nil, plainf("%s takes two arguments", b.Name())
		}
		text, ok1 := starlark.AsString(args[0])
		part, ok2 := starlark.AsString(args[1])
		if !ok2 {
			return nil, plainf("%s looks for a text, not for %s", b.Name(), kindName(args[1]))
		}
		return starlark.Bool(ok1 && f(text, part)), nil
	}
}

// contains(x, part): a text holds a part, or a list an entry. Nothing contains nothing.
func contains(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) != 2 || len(kwargs) > 0 {
		return nil, plainf("%s takes two arguments", b.Name())
	}
	return in(args[1], args[0])
}

// blank(x): None, a text of blanks, an empty list.
func blank(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	v, err := one(b, args, kwargs)
	if err != nil {
		return nil, err
	}
	if text, ok := starlark.AsString(v); ok {
		return starlark.Bool(strings.TrimSpace(text) == ""), nil
	}
	return starlark.Bool(isNone(v) || starlark.Len(v) == 0), nil
}

// is_true(x): vendors send truth values as texts.
func isTrue(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	v, err := one(b, args, kwargs)
	if err != nil {
		return nil, err
	}
	if text, ok := starlark.AsString(v); ok {
		text = strings.ToLower(strings.TrimSpace(text))
		return starlark.Bool(slices.Contains([]string{"true", "yes", "y", "1", "on"}, text)), nil
	}
	return v.Truth(), nil
}

// decimal(x, default): the exact number of a text or number; default where x is None or blank.
func toDecimal(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x, otherwise starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "x", &x, "default?", &otherwise); err != nil {
		return nil, err
	}
	text, isText := starlark.AsString(x)
	if isNone(x) || isText && strings.TrimSpace(text) == "" {
		if otherwise == nil {
			return nil, plainf("decimal of no value; say what to take then: decimal(x, 0)")
		}
		if n, ok := asNumber(otherwise); ok {
			return decimal{n}, nil
		}
		return otherwise, nil
	}
	if n, ok := asNumber(x); ok {
		return decimal{n}, nil
	}
	if !isText {
		return nil, plainf("decimal takes a text or a number, not %s", kindName(x))
	}
	d, err := money.ParseDecimal(strings.TrimSpace(text))
	if err != nil {
		return nil, plainf("decimal: %v", err)
	}
	return decimal{d}, nil
}

// round(x, scale): halves away from zero.
func round(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x starlark.Value
	scale := 0
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "x", &x, "scale?", &scale); err != nil {
		return nil, err
	}
	n, ok := asNumber(x)
	if !ok || scale < -money.MaxExponent || scale > money.MaxExponent {
		return nil, plainf("round takes a number and a scale between -%d and %d", money.MaxExponent, money.MaxExponent)
	}
	return decimal{n.Round(scale)}, nil
}

// minor_units(amount, currency): whole minor units, halves away from zero; no value of no amount.
func minorUnits(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	a, ok, err := amountOf(b, args, kwargs)
	if err != nil || !ok {
		return starlark.None, err
	}
	return starlark.MakeInt64(a.Minor), nil
}

// price(amount, currency): one part of a product's prices, USD:19999.
func price(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	a, ok, err := amountOf(b, args, kwargs)
	if err == nil && !ok {
		err = plainf("price of no amount")
	}
	if err != nil {
		return nil, err
	}
	return starlark.String(a.Currency + ":" + strconv.FormatInt(a.Minor, 10)), nil
}

func amountOf(b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (money.Amount, bool, error) {
	var x starlark.Value
	var code string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "amount", &x, "currency", &code); err != nil {
		return money.Amount{}, false, err
	}
	text, isText := starlark.AsString(x)
	if isNone(x) || isText && strings.TrimSpace(text) == "" {
		return money.Amount{}, false, nil
	}
	n, isNumber := asNumber(x)
	if !isNumber {
		if !isText {
			return money.Amount{}, false, plainf("%s takes a text or a number, not %s", b.Name(), kindName(x))
		}
		var err error
		if n, err = money.ParseDecimal(strings.TrimSpace(text)); err != nil {
			return money.Amount{}, false, plainf("%s: %v", b.Name(), err)
		}
	}
	currency, err := money.ParseCurrency(code)
	if err != nil {
		return money.Amount{}, false, plainf("%s: the currency is no code in use", b.Name())
	}
	a, _, err := money.FromDecimal(n, currency)
	if err != nil {
		return money.Amount{}, false, plainf("%s: %v", b.Name(), err)
	}
	return a, true, nil
}

// in_list(name): whether the record is in a list of its system. The caller hands over either the names of the record's
// lists, or which of the lists that the script names it is in, by name: then a list that is not among them does not exist,
// and false would quietly leave everyone out.
func inList(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	v, err := one(b, args, kwargs)
	if err != nil {
		return nil, err
	}
	lists, ok := thread.Local(listsName).(starlark.Value)
	if !ok || isNone(lists) {
		return nil, plainf("in_list: the lists of this record are not known here")
	}
	byName, ok := lists.(*fields)
	if !ok {
		return in(v, lists)
	}
	name, ok := starlark.AsString(v)
	if !ok {
		return nil, plainf("in_list takes the name of a list, not %s", kindName(v))
	}
	member, err := byName.get(name)
	if yes, ok := member.(starlark.Bool); ok && err == nil {
		return yes, nil
	}
	return nil, plainf("in_list: the system has no list of this name; write it as it is called there, in quotes")
}

// fail(...) stops the script; what it says is the script's own words and is shown as it is.
func fail(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	var words []string
	for _, a := range args {
		text, ok := starlark.AsString(a)
		if !ok {
			text = kindName(a)
			if _, number := asNumber(a); number {
				text = a.String()
			}
		}
		words = append(words, text)
	}
	text := strings.Join(words, " ")
	return nil, &failError{text: text[:min(len(text), 500)]}
}

// verdictOf makes skip(why) and hold(why): what a filter or hook returns to say that a record is not written.
func verdictOf(action Action) builtin {
	return func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		v, err := one(b, args, kwargs)
		if err != nil {
			return nil, err
		}
		why, ok := starlark.AsString(v)
		if !ok || strings.TrimSpace(why) == "" {
			return nil, plainf("%s takes a text that says why", b.Name())
		}
		return verdict{Verdict{Action: action, Reason: why[:min(len(why), 500)]}}, nil
	}
}
