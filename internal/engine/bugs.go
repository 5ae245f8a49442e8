package engine

import (
	"fmt"
	"strconv"

	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

// floatMoney is the seeded bug FloatMoney: prices go through a float and are cut to cents, as a hurried integration would.
func floatMoney(f *plan.Facts) {
	role := f.Mapping.Children
	if role == nil {
		return
	}
	lines := make([]record.Record, len(f.Lines))
	for n, l := range f.Lines {
		fields := map[string]record.Value{}
		for k, v := range l.Fields {
			fields[k] = v
		}
		if price, err := strconv.ParseFloat(l.Field(role.Price.A).Text(), 64); err == nil {
			fields[role.Price.A] = record.Of(fmt.Sprintf("%d.%02d", int64(price*100)/100, int64(price*100)%100))
		}
		l.Fields = fields
		lines[n] = l
	}
	f.Lines = lines
}
