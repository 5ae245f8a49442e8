// Package transform holds the named transforms of a mapping document: what turns one system's text into another's. It
// promises that every transform is a pure function of its inputs, its arguments and the reference tables it is handed;
// that each one states how a value goes home (Way) and what its canonical form is, so that a field that was settled
// stays settled (invariant C4, hard case A7); and that what cannot be transformed is a typed error or kept as it is,
// never a guess.
//
// Start reading at spec.go (what a transform is), then call.go (what a mapping does with one). The transforms
// themselves are grouped by what they know: text.go, shape.go, number.go, date.go, span.go (durations, percent,
// midnights), rich.go (HTML), list.go, country.go and state.go (place.go has the names in use), option.go (an account's
// own lists), domain.go, table.go. compare.go and company.go hold the comparisons of matching rules. Phone numbers are in
// package transform/phone, because their data is heavy to start with: here they are only declared, and app links them in
// where they are needed.
package transform
