package plan

import (
	"fmt"
	"slices"
	"strings"

	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/money"
	"crosswalk/internal/record"
)

// Won tells whether the source stands in a won stage, by the stage's own metadata (T1): isClosed and probability 1, as the
// connector reads it. known is false for a stage the table does not have.
func Won(m *mapping.Mapping, source *record.Record, stages Table) (won, known bool) {
	row, known := stages[source.Field(m.Document.Stage).Text()]
	return row.Attrs["won"] == "true", known
}

// wonGate stops deals that are not won, or were won before the mapping's start date (A2). A deal whose document exists
// already goes on: what happens to that is decided by its state.
func wonGate(f *Facts) (Decision, bool) {
	doc := f.Mapping.Document
	for _, name := range []string{doc.Stage, doc.ClosedOn, doc.EnteredOn} {
		if !f.Lacking.None() && f.Lacking.A[name] {
			return hold(UnreadableField, hidden(name, "telling whether it is won, and since when,").Text, name), true
		}
	}
	won, known := Won(f.Mapping, f.Source, f.Tables["a/"+doc.Stages])
	switch {
	case f.Source.Archived && f.Link.State == link.Linked:
		return noLongerWon(f, "was deleted"), true
	case !known:
		return hold(UnknownStage, doc.Stage+" is not one of the account's stages. Move it to one that is there, or let our credential read its pipeline", doc.Stage), true
	case !won && f.Link.State == link.Linked:
		return noLongerWon(f, "is no longer in a won stage"), true
	case !won:
		return skip(NotWon, "its stage is not a won one", doc.Stage), true
	case f.Link.State == link.Linked || f.Link.State == link.Claimed || f.Named:
		return Decision{}, false
	}
	day, err := WonDay(f)
	if err != nil {
		return hold(NoCloseDate, err.Error()+". Set "+doc.ClosedOn, doc.ClosedOn), true
	}
	since := f.WonSince
	if since == "" && f.Mapping.Since != nil {
		since = f.Mapping.Since.String()
	}
	if day < since {
		return skip(BeforeSince, fmt.Sprintf("won on %s, before the mapping's since: %s. Bill it with: crosswalk run %s %s", day, since, f.Mapping.Name, f.Source.Ref)), true
	}
	return Decision{}, false
}

// WonDay is the day the deal was won: its close date or the day it entered the won stage, whichever is earlier, as a day
// in the account's time zone, YYYY-MM-DD.
func WonDay(f *Facts) (string, error) {
	doc := f.Mapping.Document
	names := []string{doc.ClosedOn}
	if doc.EnteredOn != "" {
		names = append(names, strings.ReplaceAll(doc.EnteredOn, "{stage}", f.Source.Field(doc.Stage).Text()))
	}
	first := ""
	for _, name := range names {
		v := f.Source.Field(name)
		if v.Blank() {
			continue
		}
		day, err := f.Tools.Transform(`date("portal")`, []string{v.Text()}, Env{TimeZone: f.Account.TimeZone})
		if err != nil {
			return "", fmt.Errorf("%s is not a date: %w", name, err)
		}
		if first == "" || day < first {
			first = day
		}
	}
	if first == "" {
		return "", fmt.Errorf("%s is empty; a won deal needs its close date", doc.ClosedOn)
	}
	return first, nil
}

// noLongerWon keeps the document and says so; a draft may be archived where the mapping says so (T5).
func noLongerWon(f *Facts, how string) Decision {
	d := Decision{Kind: Nothing, Object: f.Link.B.Object, Reason: &link.Reason{Category: NoLongerWon,
		Text: fmt.Sprintf("%s %s, its document %s is kept as it is. Decide about it in billing", f.Source.Ref, how, f.Link.B)}}
	switch {
	case archived(f.Target):
		d.Reason.Text = fmt.Sprintf("%s %s, its document %s is archived", f.Source.Ref, how, f.Link.B)
	case f.Mapping.Document.Lost == "archive" && f.Target != nil && draft(f.Target) && !handMade(f):
		d.Kind, d.Archive = Update, true
		d.Reason.Text = fmt.Sprintf("%s %s, its draft %s is archived", f.Source.Ref, how, f.Link.B)
	}
	return d
}

// draft tells whether a document may still be changed: Light's DRAFT invoices, CREATED and DRAFT contracts.
func draft(target *record.Record) bool {
	switch target.Field("state").Text() {
	case "DRAFT", "CREATED":
		return true
	}
	return false
}

// posted tells whether the document has left draft and is not ours to change any more.
func posted(f *Facts) bool { return f.Target != nil && !draft(f.Target) }

// archived tells whether a document was taken out of billing, by a person or by the mapping's lost: archive.
func archived(target *record.Record) bool {
	return target != nil && target.Field("state").Text() == "ARCHIVED"
}

func decideDocument(f *Facts) Decision {
	doc := f.Mapping.Document
	if f.Link.State == link.Linked && archived(f.Target) { // never a second one (T5), and never revived behind anybody's back
		return Decision{Kind: Nothing, Object: f.Link.B.Object, Net: f.Link.Net, Money: f.Link.Money, Reason: &link.Reason{Category: TargetArchived,
			Text: fmt.Sprintf("%s is won and its document %s is archived. Take it out of the archive in billing if it is to be billed", f.Source.Ref, f.Link.B)}}
	}
	if name := lackedRole(f); name != "" {
		return Decision{Kind: Hold, Reason: hidden(name, "the document")}
	}
	if d, stop := rightKind(f); stop {
		return d
	}
	currency, reason := documentCurrency(f)
	if reason != nil {
		return Decision{Kind: Hold, Reason: reason}
	}
	want := wantedValues(f)
	lines, reason, needs := documentLines(f, currency)
	d, stop := stopped(want)
	switch {
	case stop && d.Kind == Hold:
		return d
	case reason != nil:
		return Decision{Kind: Hold, Reason: reason}
	case stop || len(needs) > 0:
		return Decision{Kind: Wait, Needs: append(d.Needs, needs...)}
	}
	net, reason := netTotal(lines, currency)
	if reason != nil {
		return Decision{Kind: Hold, Reason: reason}
	}
	want = append(want, fixedFields(doc, currency)...)
	return finishDocument(f, want, lines, net)
}

// lackedRole gives a field that amounts, lines or the kind of document are made of and that is not shown any more: without a
// discount or a quantity the document would come to something else.
func lackedRole(f *Facts) string {
	if f.Lacking.None() {
		return ""
	}
	d := f.Mapping.Document
	for _, name := range []string{d.Stage, d.ClosedOn, d.EnteredOn, d.Amount, d.Currency} {
		if name != "" && f.Lacking.A[name] {
			return name
		}
	}
	if f.Mapping.Children == nil {
		return ""
	}
	for _, role := range f.Mapping.Children.Roles() {
		if role.A != "" && f.Lacking.Lines[role.A] && role.Name != "name" && role.Name != "position" {
			return role.A
		}
	}
	return ""
}

// fixedFields are what billing itself decides: the currency and whether prices include tax.
func fixedFields(doc *mapping.Document, currency string) []wanted {
	return []wanted{
		{field: mapping.Field{A: []string{doc.Currency}, B: "currency"}, value: record.Of(currency), rule: "the deal's currency, else the account's"},
		{field: mapping.Field{B: "areLinesWithTax"}, value: record.Of(fmt.Sprint(doc.Prices == "gross")), rule: "prices: " + doc.Prices},
	}
}

// finishDocument compares with what is there: nothing, a draft, or a document that is no longer ours to change.
func finishDocument(f *Facts, want []wanted, lines []LineDecision, net money.Amount) Decision {
	d := decideFields(f, want)
	if d.Kind == Hold && !posted(f) {
		return d
	}
	d.Net, d.Money = fmt.Sprint(net.Minor), net.Currency
	if d.Kind == Create {
		d.Lines = lines
		return d
	}
	d.Lines = lineChanges(f, lines)
	if d.Kind != Hold && len(d.Write) == 0 && !changes(d.Lines) {
		return takenUp(f, d)
	}
	if posted(f) {
		if settled := takenUp(f, d); settled.Kind == Settle {
			return settled
		}
		return Decision{Kind: Nothing, Object: f.Link.B.Object, Net: f.Link.Net, Money: f.Link.Money, Reason: &link.Reason{Category: PostedDiffers,
			Text: fmt.Sprintf("%s was changed after its document %s left draft (%s). Credit or correct it in billing", f.Source.Ref, f.Link.B, f.Target.Field("state").Text())}}
	}
	d.Kind = Update
	return d
}

// rightKind sends recurring deals to the contract mapping and the others to the invoice mapping of the slot.
func rightKind(f *Facts) (Decision, bool) {
	doc := f.Mapping.Document
	recurs := Recurs(f.Mapping, f.Lines)
	frozen := f.Link.State == link.Linked || f.Link.State == link.Claimed // the kind is frozen by the claim (A6)
	switch {
	case f.Link.State == link.Linked && doc.Recurring == "no" && recurs:
		return Decision{Kind: Nothing, Object: f.Link.B.Object, Reason: &link.Reason{Category: KindChanged,
			Text: fmt.Sprintf("a line recurs now, and its document %s is an invoice. Make the contract by hand, or take the line out", f.Link.B)}}, true
	case frozen:
		return Decision{}, false
	case doc.Recurring == "no" && recurs:
		return skip(OtherDocument, "a line recurs: a contract is made instead of an invoice"), true
	case doc.Recurring == "yes" && !recurs:
		return skip(OtherDocument, "no line recurs: an invoice is made instead of a contract"), true
	}
	return Decision{}, false
}

// Recurs tells whether any line recurs.
func Recurs(m *mapping.Mapping, lines []record.Record) bool {
	if m.Children == nil || m.Children.Recurrence.A == "" {
		return false
	}
	for i := range lines {
		if v := lines[i].Field(m.Children.Recurrence.A); !v.Blank() && !slices.Contains(m.Children.Recurrence.Once, v.Text()) {
			return true
		}
	}
	return false
}

func documentCurrency(f *Facts) (string, *link.Reason) {
	text := f.Source.Field(f.Mapping.Document.Currency).Text()
	if text == "" {
		text = f.Account.Currency
	}
	code, err := money.ParseCurrency(text)
	if err != nil {
		return "", &link.Reason{Category: UnknownCurrency, Fields: []string{f.Mapping.Document.Currency}, Text: f.Mapping.Document.Currency + " is no currency code in use. Set three letters, as in EUR"}
	}
	return code, nil
}

func netTotal(lines []LineDecision, currency string) (money.Amount, *link.Reason) {
	total := money.Amount{Currency: currency}
	for _, l := range lines {
		var minor int64
		if _, err := fmt.Sscan(l.Net, &minor); err != nil {
			return total, &link.Reason{Category: BadNumber, Text: "line " + l.SourceID + " has no net amount"}
		}
		sum, err := total.Add(money.Amount{Minor: minor, Currency: currency})
		if err != nil {
			return total, &link.Reason{Category: AmountTooLarge, Text: "the lines add up to more than billing can hold. Correct prices and quantities"}
		}
		total = sum
	}
	switch {
	case total.Minor < 0:
		return total, &link.Reason{Category: NegativeAmount, Text: "the total is negative, and a credit is an accountant's decision. Make it in billing by hand, or correct the lines"}
	case total.Minor == 0:
		return total, &link.Reason{Category: ZeroAmount, Text: "the total is zero and there is nothing to bill. Correct the lines, unless it was free"}
	}
	return total, nil
}
