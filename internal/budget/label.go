package budget

import "context"

// Label says what calls are made for; it travels in the context. The zero Label is live work of nobody.
type Label struct {
	Mapping string // "" for calls of no mapping: feeds shared by several, connection tests
	Cause   string // webhook, poll, run, retry ...
	Bulk    bool   // may use only what the live reserve leaves
}

type labelKey struct{}

// With gives a context whose calls are made for l.
func With(ctx context.Context, l Label) context.Context {
	return context.WithValue(ctx, labelKey{}, l)
}

// Of gives the label calls under ctx are counted to.
func Of(ctx context.Context) Label {
	l, _ := ctx.Value(labelKey{}).(Label)
	return l
}
