package link_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/link"
	"crosswalk/internal/record"
)

const slot = "account|hubspot|light"

var (
	company  = record.Ref{Connection: "hubspot", Object: "companies", ID: "12345678901"}
	customer = record.Ref{Connection: "light", Object: "customers", ID: "3f0c2b1a-0000-4000-8000-0123456789ab"}
	noon     = time.Date(2026, 9, 13, 12, 0, 0, 0, time.UTC)
)

func digest(n int) string { return fmt.Sprintf("%016x", uint64(n)*0x9e3779b97f4a7c15) }

// everything has a value in every field, of all depths.
func everything() link.Link {
	return link.Link{
		Slot: slot, A: company, State: link.Linked, B: customer, To: record.Ref{Connection: "hubspot", Object: "companies", ID: "a/b:c%"}, Mapping: "companies-to-customers", Version: 7,
		Reason: &link.Reason{Category: "taken", Text: "a text", Fields: []string{"name"}, At: noon, Home: true, Candidates: []record.Ref{customer, company}}, Source: digest(1),
		Claim: &link.Claim{Key: "xw-0123", Generation: 1, Attempt: 2, Token: "t", At: noon, Until: noon.Add(5 * time.Minute), Looks: 1, Sends: 2, SentAt: noon.Add(time.Second), Object: "customers",
			Net: "100", Money: "EUR", Matches: []string{"k"}},
		Former: []record.Ref{customer, company}, Mirror: record.Ref{Connection: "salesforce", Object: "Opportunity", ID: "006000000000001AAA"}, Needs: []record.Ref{company, customer, {Connection: "hubspot", Object: "companies", ID: "x:y/z"}}, Erased: noon,
		Agreed: map[string]link.Pair{
			"billingAddress.city": {A: digest(2), B: digest(2)}, "billingAddress.country": {A: digest(3), B: digest(4), Unsure: true}, "name": {A: "?", B: digest(5), Rounds: 2},
			"a name with % + and .dots": {A: "", B: "not a digest"}, ".hidden": {A: digest(6)}, ".hidden2": {}, "custom.a.b": {B: digest(7)}, "custom.a.c d": {B: digest(8)}, "custom.x": {A: "ABCDEF0123456789"},
		},
		StampA: noon.Add(123456 * time.Microsecond), StampB: noon.Add(time.Nanosecond),
		Intent: &link.Intent{Token: "tok", Until: noon, A: map[string]string{"name": digest(9), "other": "?"}, B: map[string]string{"name": digest(9), "other": digest(10), "only b": ""}, Home: true},
		Ghosts: []link.Ghost{{Until: noon, Home: true, B: map[string]string{"name": digest(11), "gone": digest(12)}}, {Until: noon.Add(time.Hour), B: map[string]string{"name": digest(13)}, Was: true}},
		Lines:  map[string]link.Line{"1": {ID: "id 1", Digest: digest(14)}, "?x": {ID: "x"}, link.DefaultLine: {Digest: digest(15)}},
		Todo:   []link.Todo{{Do: "verify", Since: noon}, {Do: "open", Handle: "h", Tries: 3}, {Do: "forward", Handle: "EXPORT", Tries: 1, Seen: noon}}, Net: "25050", Money: "EUR",
		Made: &link.Made{Mapping: "deals-to-invoices", Version: 3, Approver: "finance", Single: true, Run: "r", At: noon}, Page: "20260913-120000-abc|1789300800000-0123456789abcdef", Noted: true, Refused: map[string]string{"salesforce/country": "0123"},
		Hand: &link.Hand{Did: link.HandUnlinked, Actor: "operator", At: noon, Why: "why", B: customer}, Ignored: &link.Ignored{Actor: "operator", At: noon, State: link.Held, Reason: &link.Reason{Category: "taken", Text: "x"}},
		Extra: map[string]string{"word": "any text", ".next": `{"of":["a","newer"],"program":1}`},
	}
}

func roundTrip(t *testing.T, slot string, a record.Ref, l link.Link) (link.Link, []byte) {
	t.Helper()
	data, err := link.Encode(slot, a, l)
	if err != nil {
		t.Fatal(err)
	}
	got, err := link.Decode(slot, a, data)
	if err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return got, data
}

// A12: nothing of a link is lost in its stored form.
func TestA12_EncodedLinkKeepsEverything(t *testing.T) {
	whole := everything()
	for _, v := range fields(reflect.ValueOf(whole)) {
		if v.value.IsZero() {
			t.Fatalf("the link of this test has no %s: give it one, and see that it is stored", v.name)
		}
	}
	for name, l := range map[string]link.Link{
		"everything": whole, "nothing": {Slot: slot, A: company}, "of another key": {Slot: "other|x|y", A: customer, State: link.Skipped},
		"made by its own mapping": {Slot: slot, A: company, Mapping: "m", Version: 2, Made: &link.Made{Mapping: "m", Version: 2, At: noon}},
		"page of an hour":         {Slot: slot, A: company, Page: "hour-2026-09-13T12|1789300800000-0123456789abcdef"},
		"page of another hour":    {Slot: slot, A: company, Page: "hour-2026-09-13T13|1789300800000-0123456789abcdef"},
		"empty intention":         {Slot: slot, A: company, Intent: &link.Intent{Token: "t", Until: noon, A: map[string]string{}, B: map[string]string{}}},
	} {
		if got, data := roundTrip(t, slot, company, l); !reflect.DeepEqual(got, l) {
			t.Errorf("%s:\n got %+v\nwant %+v\nof %s", name, got, l, data)
		}
	}
}

type field struct {
	name  string
	value reflect.Value
}

func fields(v reflect.Value) (out []field) {
	for n := range v.NumField() {
		out = append(out, field{v.Type().Field(n).Name, v.Field(n)})
		if f := v.Field(n); f.Kind() == reflect.Pointer && f.Elem().Kind() == reflect.Struct && f.Type() != reflect.TypeFor[*link.Ignored]() && f.Type() != reflect.TypeFor[*link.Hand]() {
			out = append(out, fields(f.Elem())...)
		}
	}
	return out
}

// A12: the stored form is the documented one. Every byte here was put down by hand from the comments of encode.go and digest.go.
func TestA12_EncodedLinkIsAsDocumented(t *testing.T) {
	l := link.Link{Slot: slot, A: company, State: link.Linked, B: customer, Mapping: "companies-to-customers", Version: 1, StampA: noon, StampB: noon.Add(1500 * time.Microsecond),
		Page: "hour-2026-09-13T12|1789300800000-0123456789abcdef",
		Agreed: map[string]link.Pair{"billingAddress.city": {A: "0101010101010101", B: "0101010101010101"}, "billingAddress.country": {A: "0202020202020202", B: "0303030303030303", Unsure: true},
			"name": {A: "?", B: "0404040404040404", Rounds: 2}},
		Intent: &link.Intent{Token: "0123456789abcdef", Until: noon.Add(5 * time.Minute), A: map[string]string{"name": "0505050505050505"}, B: map[string]string{"name": "0606060606060606"}}}
	agreed := "\x07" + strings.Repeat("\x01", 8) + "\x0b" + strings.Repeat("\x02", 8) + strings.Repeat("\x03", 8) + "\x33\x01?" + strings.Repeat("\x04", 8) + "\x02"
	intent := "\x02\x03" + strings.Repeat("\x05", 8) + strings.Repeat("\x06", 8)
	b64 := base64.RawURLEncoding.EncodeToString
	want := `{"v":2,"s":"linked","b":"customers/3f0c2b1a-0000-4000-8000-0123456789ab","m":"companies-to-customers","mv":1,"f":"billingAddress.city .country name","ag":"` + b64([]byte(agreed)) +
		`","ta":1789300800000,"tb":1789300800001.5,"n":{"o":"0123456789abcdef","u":1789301100000,"d":"` + b64([]byte(intent)) + `"},"p":"1789300800000-0123456789abcdef"}`
	if data, err := link.Encode(slot, company, l); err != nil || string(data) != want {
		t.Errorf("%v\n got %s\nwant %s", err, data, want)
	}
	got, err := link.Decode(slot, company, []byte(want))
	if err != nil || !reflect.DeepEqual(got, l) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, l)
	}
}

// A12: links of programs that wrote Link as JSON are read, and parts of newer ones kept.
func TestA12_OtherForms(t *testing.T) {
	before := everything()
	data, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := link.Decode(slot, company, data); err != nil || !reflect.DeepEqual(got, before) {
		t.Errorf("the form before: %v\n got %+v\nwant %+v", err, got, before)
	}
	newer := `{"v":2,"s":"held","later":{"a":[1,2]},"x":{"word":"text"},"z":7}`
	l, err := link.Decode(slot, company, []byte(newer))
	if err != nil {
		t.Fatal(err)
	}
	l.State = link.Skipped
	again, err := link.Encode(slot, company, l)
	if err != nil {
		t.Fatal(err)
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(again, &parts); err != nil {
		t.Fatal(err)
	}
	if string(parts["later"]) != `{"a":[1,2]}` || string(parts["z"]) != "7" || string(parts["x"]) != `{"word":"text"}` || string(parts["s"]) != `"skipped"` {
		t.Errorf("a newer program's parts became %s", again)
	}
	for name, bad := range map[string]string{
		"a form of a newer program": `{"v":3}`, "no JSON": `{`, "cut digests": `{"v":2,"f":"name","ag":"BwEB"}`, "digests of more fields": `{"v":2,"f":"name","ag":"gIA"}`,
		"an intention of no field": `{"v":2,"n":{"d":"AIA"}}`, "no base64": `{"v":2,"f":"name","ag":"!"}`, "no address": `{"v":2,"b":"customers"}`, "no time": `{"v":2,"ta":"noon"}`, "an endless place": `{"v":2,"f":"a","n":{"d":"_____________w"}}`,
	} {
		if _, err := link.Decode(slot, company, []byte(bad)); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

// A12: a link of a preset fits a write unit with its key, also while everything of it is written, with a ghost.
func TestA12_LinksFitOneUnit(t *testing.T) {
	names := strings.Fields("name domain vatNumber businessRegistrationNumber email type billingAddress.street billingAddress.street2 billingAddress.city billingAddress.state billingAddress.zipcode billingAddress.country")
	l := link.Link{Slot: slot, A: company, State: link.Linked, B: customer, Mapping: "companies-to-customers", Version: 12, StampA: noon.Add(time.Microsecond), StampB: noon.Add(123456 * time.Microsecond),
		Page: "20260913-120000-abcdef|1789300800000-0123456789abcdef", Claim: &link.Claim{Key: "xw-0123456789abcdef01234567"}, Agreed: map[string]link.Pair{},
		Intent: &link.Intent{Token: "0123456789abcdef", Until: noon, A: map[string]string{}, B: map[string]string{}}, Ghosts: []link.Ghost{{Until: noon, B: map[string]string{}}}}
	for n, name := range names {
		l.Agreed[name] = link.Pair{A: digest(n), B: digest(n + 100), Unsure: true}
		l.Intent.A[name], l.Intent.B[name] = digest(n+200), digest(n+200)
	}
	l.Ghosts[0].B["name"] = digest(400)
	deal := record.Ref{Connection: "hubspot", Object: "deals", ID: "12345678901"}
	d := link.Link{Slot: "document|hubspot|light", A: deal, State: link.Linked, B: record.Ref{Connection: "light", Object: "invoice-receivables", ID: customer.ID}, Mapping: "deals-to-invoices", Version: 12,
		StampA: noon, StampB: noon.Add(time.Microsecond), Page: l.Page, Needs: []record.Ref{company}, Net: "1234567", Money: "EUR", Claim: l.Claim, Todo: []link.Todo{{Do: "verify", Since: noon}},
		Made: &link.Made{Mapping: "deals-to-invoices", Version: 12, Approver: "finance@example.com", Run: "20260913-120000-abcdef", At: noon}, Lines: map[string]link.Line{}, Agreed: map[string]link.Pair{},
		Intent: &link.Intent{Token: "0123456789abcdef", Until: noon, A: map[string]string{}, B: map[string]string{}}}
	for n, name := range strings.Fields("customerId companyEntityId invoiceDate netTerms description poNumber") {
		d.Agreed[name] = link.Pair{A: digest(n), B: digest(n + 100)}
	}
	d.Intent.A["description"], d.Intent.B["description"] = digest(1), digest(2)
	for n := range 2 {
		d.Lines[fmt.Sprint(23456789012+n)] = link.Line{ID: customer.ID, Digest: digest(n)}
	}
	for name, l := range map[string]link.Link{"customer": l, "invoice of two lines": d} {
		_, data := roundTrip(t, l.Slot, l.A, l)
		// names of the attributes 14, token 16, the time to live is not set
		if size := len("L#") + len(l.Slot) + len("#07") + len(l.A.String()) + 14 + 16 + 4 + len(data); size > 1024 {
			t.Errorf("a %s has %d bytes: %s", name, size, data)
		}
	}
}

// A12: whatever fields are named and whatever values have, they come back.
func TestA12_AnyNames(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	pieces := []string{"a", "b", ".", "..", " ", "%", "+", "é", "customProperties.", "\n", `"`, "%2E"}
	text := func(least int) string {
		out := ""
		for range least + r.Intn(4) {
			out += pieces[r.Intn(len(pieces))]
		}
		return out
	}
	for range 3000 {
		l := link.Link{Slot: slot, A: company, Agreed: map[string]link.Pair{}}
		for range 1 + r.Intn(5) {
			l.Agreed[text(1)] = link.Pair{A: []string{"", "?", digest(r.Int()), text(0)}[r.Intn(4)], B: []string{"", digest(r.Int()), text(0)}[r.Intn(3)], Unsure: r.Intn(2) == 0, Rounds: r.Intn(3)}
		}
		if got, data := roundTrip(t, slot, company, l); !maps.Equal(got.Agreed, l.Agreed) {
			t.Fatalf("\n got %+v\nwant %+v\nof %s", got.Agreed, l.Agreed, data)
		}
	}
}

// A link that is turned twice is the link; turned once it says of each side what was said of the other.
func TestTurnedLink(t *testing.T) {
	whole := everything()
	once := whole.Turned()
	if once.A != whole.B || once.B != whole.A || once.StampA != whole.StampB || once.StampB != whole.StampA {
		t.Errorf("the sides stay: %v %v", once.A, once.B)
	}
	for key, p := range whole.Agreed {
		if q := once.Agreed[key]; q.A != p.B || q.B != p.A || q.Rounds != p.Rounds || q.Unsure != p.Unsure {
			t.Errorf("%s: %+v became %+v", key, p, q)
		}
	}
	if once.Intent.Home == whole.Intent.Home || once.Ghosts[0].Home == whole.Ghosts[0].Home || once.Reason.Home == whole.Reason.Home {
		t.Error("an intention, a ghost or a reason is still of the same way")
	}
	if twice := once.Turned(); !reflect.DeepEqual(twice, whole) {
		t.Errorf("turned twice:\n%+v\nwas\n%+v", twice, whole)
	}
	if !reflect.DeepEqual(whole, everything()) {
		t.Error("the link itself was changed")
	}
}
