package plan

import (
	"math/big"

	"crosswalk/internal/mapping"
	"crosswalk/internal/money"
	"crosswalk/internal/record"
)

// What a deal's net total was taken from.
const (
	FromLines  = "lines"  // its lines by the mapping's rules: what would be billed
	FromAmount = "amount" // its own amount: its lines cannot be billed as they are
)

// DealNet is what a won deal comes to in minor units of its currency, as its source stands now. What would be billed is
// taken where it can be worked out, else the deal's own amount; nil when neither is a number. Nothing is judged: a negative
// total is a total, and one beyond 64 bits too. It is what reconciliation compares documents with.
func DealNet(f *Facts) (minor *big.Int, currency, basis string) {
	currency, reason := documentCurrency(f)
	if reason != nil {
		return nil, f.Source.Field(f.Mapping.Document.Currency).Text(), ""
	}
	if lines, reason, needs := documentLines(f, currency); reason == nil && len(needs) == 0 {
		return linesNet(lines), currency, basisOf(f)
	}
	minor = ownAmount(f, currency)
	if minor == nil {
		return nil, currency, ""
	}
	return minor, currency, FromAmount
}

func basisOf(f *Facts) string {
	if len(f.Lines) == 0 || f.Mapping.Document.Amounts == "deal" {
		return FromAmount
	}
	return FromLines
}

func linesNet(lines []LineDecision) *big.Int {
	total := new(big.Int)
	for _, l := range lines {
		if n, ok := new(big.Int).SetString(l.Net, 10); ok {
			total.Add(total, n)
		}
	}
	return total
}

// ownAmount is the deal's amount in minor units, halves away from zero as everywhere.
func ownAmount(f *Facts, currency string) *big.Int {
	d, err := money.ParseDecimal(f.Source.Field(f.Mapping.Document.Amount).Text())
	digits, known := money.Exponent(currency)
	if err != nil || !known {
		return nil
	}
	n, _ := d.Shift(digits).Round(0).BigInt()
	return n
}

// EntityField is the field of a document that names the legal entity which bills: the one whose value is looked up in the
// table entities; "" when the mapping has none.
func EntityField(m *mapping.Mapping) string {
	for _, field := range m.Fields {
		if field.Table == "entities" {
			return field.B
		}
	}
	return ""
}

// Entity is the key of the entity that would bill this deal by the mapping; blank when it cannot be told.
func Entity(f *Facts) record.Value {
	for _, field := range f.Mapping.Fields {
		if field.Table == "entities" {
			if w := wantedValue(f, f.Source, field); w.stop == nil && w.need == nil {
				return w.value
			}
		}
	}
	return record.Value{}
}
