package light

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"crosswalk/internal/record"
)

var priceShape = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([A-Z]{3}):(0|[1-9][0-9]*)$`) })

// prices writes a product's price list. A PATCH replaces it (fact sheet 6), so prices in other currencies are kept
// from the base. pricings takes CUR:minor units, one or a list; pricings.CUR takes the amount alone, empty removes it.
func (b *builder) prices() {
	order, amount := []string{}, map[string]string{}
	put := func(code, minor string) {
		if _, ok := amount[code]; !ok {
			order = append(order, code)
		}
		amount[code] = minor
	}
	named := false
	if !b.create {
		for _, p := range b.base.Field("pricings").List() {
			code, minor, _ := strings.Cut(p, ":")
			put(code, minor)
		}
	}
	if v, ok := b.given("pricings"); ok {
		named = true
		for _, p := range v.List() {
			m := priceShape().FindStringSubmatch(p)
			if m == nil || !fits(m[2]) {
				b.complain("pricings", "write each price as currency and whole minor units: EUR:4215")
				return
			}
			put(m[1], m[2])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.values)) {
		code, ok := strings.CutPrefix(name, "pricings.")
		if !ok || !currencyShape().MatchString(code) {
			continue
		}
		v, ok := b.given(name)
		switch {
		case !ok:
			continue
		case v.Blank():
			delete(amount, code)
			order = slices.DeleteFunc(order, func(c string) bool { return c == code })
		case !priceShape().MatchString("EUR:"+v.Text()) || !fits(v.Text()):
			b.complain(name, "it takes whole minor units: 4215 for 42.15 EUR")
		default:
			put(code, v.Text())
		}
		named = true
	}
	b.priceList(order, amount, named)
}

func (b *builder) priceList(order []string, amount map[string]string, named bool) {
	switch {
	case !named && !b.create:
		return
	case len(order) == 0 && b.values["pricings"].Kind() != record.Unreadable:
		b.complain("pricings", "a product needs a price: EUR:4215")
		return
	}
	raw := []byte{'['}
	for i, code := range order {
		if i > 0 {
			raw = append(raw, ',')
		}
		raw = fmt.Appendf(raw, `{"currency":%q,"amount":%s}`, code, amount[code])
	}
	b.member("pricings", append(raw, ']'))
}
