package plan

import (
	"crosswalk/internal/link"
	"crosswalk/internal/record"
)

// WriteBack gives the values that go home to a once a document is made: Source is the document, and the mapping's
// write_back fields are read with their direction turned round.
func WriteBack(f *Facts) (map[string]record.Value, *link.Reason) {
	out := map[string]record.Value{}
	for _, field := range f.Mapping.WriteBack {
		turned := field
		turned.A, turned.B = nil, field.A[0]
		if field.B != "" {
			turned.A = []string{field.B}
		}
		w := wantedValue(f, f.Source, turned)
		if w.stop != nil {
			return nil, w.stop
		}
		if w.value.Blank() && field.Blank != "clear" {
			continue
		}
		out[turned.B] = w.value
	}
	return out, nil
}
