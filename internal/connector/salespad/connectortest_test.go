package salespad_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/connectortest"
	"crosswalk/internal/connector/salespad"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

const (
	base       = "https://salespad.example.test:5501"
	userMarker = "xCrosswalkKey"
)

// resources are what the simulator calls our objects.
var resources = map[string]string{"customers": "Customer", "customer-addresses": "CustomerAddr", "prospects": "Prospect",
	"prospect-contacts": "ProspectContact", "items": "ItemMaster", "sales-documents": "SalesDocument"}

// texts are the fields that the suite writes its texts to.
var texts = map[string]string{"customers": "Note", "customer-addresses": "Comment", "prospects": "Note", "prospect-contacts": "Comment",
	"items": "Note", "sales-documents": "Ship_To_Name"}

const noKeys = "the server numbers the record and takes no idempotency key; where the profile makes the key of the marker, see write_test.go"

// withoutLines leaves lines to read_test.go: they cost a second call for every batch.
const withoutLines = `{"objects": {"sales-documents": {"lines": ""}}}`

// TestAcceptance holds the connector to the contract against the simulated SalesPad, one kind after the other.
func TestAcceptance(t *testing.T) {
	document := map[connectortest.Ability]string{connectortest.Keyed: noKeys, connectortest.Enums: "its only enum is part of the key", connectortest.Hiding: "a customer filter hides a customer's documents together; shown with customers"}
	child := map[connectortest.Ability]string{
		connectortest.Hiding:   "a customer filter hides a customer's records together; shown with customers",
		connectortest.Enums:    "it has no enum",
		connectortest.Integers: "it has no whole number",
	}
	plain := map[connectortest.Ability]string{connectortest.Keyed: noKeys, connectortest.Enums: "it has no enum"}
	prospect := map[connectortest.Ability]string{connectortest.Keyed: noKeys, connectortest.Enums: "it has no enum", connectortest.Integers: "it has no whole number",
		connectortest.Hiding: "customer filters know customers only"}
	item := map[connectortest.Ability]string{connectortest.Creating: "items are SalesPad's own", connectortest.Updating: "items are SalesPad's own",
		connectortest.Hiding: "customer filters know customers only", connectortest.Enums: "it has no enum"}
	connectortest.Run(t, connectortest.Subject{
		System: "salespad", Connection: "erp", Open: openSalesPad,
		Kinds: []connectortest.Kind{
			{Object: "customers", Fields: []string{"Customer_Name", "Customer_Class"}, Text: "Note", Integer: "Currency_Dec", Page: 100, Batch: 100, Lacks: plain,
				Create: func(_ *connectortest.World, n int, text string) connector.Write {
					return write("Customer_Name", fmt.Sprintf("Created %d", n), "Note", text)
				}},
			{Object: "customer-addresses", Fields: []string{"Contact_Person", "Email"}, Text: "Comment", Page: 100, Batch: 100, Lacks: child,
				Create: func(_ *connectortest.World, n int, text string) connector.Write {
					return write("Customer_Num", "BASE", "Contact_Person", fmt.Sprintf("Contact %d", n), "Comment", text)
				}},
			{Object: "prospects", Fields: []string{"Prospect_Name"}, Text: "Note", Page: 100, Batch: 100, Lacks: prospect,
				Create: func(_ *connectortest.World, n int, text string) connector.Write {
					return write("Prospect_Name", fmt.Sprintf("Created %d", n), "Note", text)
				}},
			{Object: "prospect-contacts", Fields: []string{"Contact_Person"}, Text: "Comment", Page: 100, Batch: 100, Lacks: child,
				Create: func(_ *connectortest.World, n int, text string) connector.Write {
					return write("Prospect_ID", "BASEPRO", "Contact_Person", fmt.Sprintf("Contact %d", n), "Comment", text)
				}},
			{Object: "items", Fields: []string{"Item_Description"}, Text: "Note", Integer: "Item_Curr_Dec", Page: 100, Batch: 100, Lacks: item},
			{Object: "sales-documents", Fields: []string{"Sales_Batch"}, Text: "Ship_To_Name", Integer: "Master_Num", Page: 100, Batch: 100, Lacks: document,
				Create: func(_ *connectortest.World, _ int, text string) connector.Write {
					return write("Sales_Doc_Type", "ORDER", "Sales_Doc_ID", "STDORD", "Customer_Num", "BASE", "Ship_To_Name", text)
				}},
		},
		Refusal: func(message string) (int, []byte) {
			body, err := json.Marshal(salespadtest.Envelope{StatusCode: "BadRequest", ErrorCode: 3010, ErrorCodeMessage: "Request cannot be fulfilled", Messages: []string{message}})
			if err != nil {
				panic(err)
			}
			return http.StatusBadRequest, body
		},
		Lacks: map[connectortest.Ability]string{
			connectortest.Window:     "lists have no result window",
			connectortest.Lag:        "lists come straight from the database",
			connectortest.Merging:    "GP merges no customers through this API",
			connectortest.BatchWrite: "every write is a call of its own",
			connectortest.Reordering: "every write is a call of its own",
		},
		Hostile: []string{"001624|PRIMARY", "' or 1 eq 1 or Customer_Num eq '", "a%7Cb", "a%27", "ORDER|a/b", "ORDER|x' or 'x' eq 'x"},
	})
}

func write(pairs ...string) connector.Write {
	fields := map[string]record.Value{}
	for i := 0; i+1 < len(pairs); i += 2 {
		fields[pairs[i]] = record.Of(pairs[i+1])
	}
	return connector.Write{Fields: fields}
}

// memory keeps one session.
type memory struct {
	mu  sync.Mutex
	raw []byte
}

func (m *memory) Load(context.Context) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.raw, nil
}

func (m *memory) Save(_ context.Context, raw []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.raw = raw
	return nil
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// labelled is SalesPad whose rows say their key as ID as well, so that the suite's wire can name a row.
type labelled struct{ sim http.Handler }

func (l labelled) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		l.sim.ServeHTTP(w, r)
		return
	}
	rec := httptest.NewRecorder()
	l.sim.ServeHTTP(rec, r)
	body := must(io.ReadAll(rec.Body))
	var list struct {
		Items []map[string]json.RawMessage
		Count json.RawMessage
	}
	if bytes.HasPrefix(body, []byte(`{"Items":`)) && json.Unmarshal(body, &list) == nil {
		for _, row := range list.Items {
			row["ID"] = must(json.Marshal(keyOf(strings.TrimPrefix(r.URL.Path, "/api/"), row)))
		}
		body = must(json.Marshal(list))
	}
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(rec.Code)
	if _, err := w.Write(body); err != nil {
		panic(err)
	}
}

var keys = map[string][]string{"Customer": {"Customer_Num"}, "CustomerAddr": {"Customer_Num", "Address_Code"}, "Prospect": {"Prospect_ID"},
	"ProspectContact": {"Prospect_ID", "Contact_ID"}, "ItemMaster": {"Item_Number"}, "SalesDocumentSearch": {"Sales_Doc_Type", "Sales_Doc_Num"}}

func keyOf(resource string, row map[string]json.RawMessage) string {
	var parts []string
	for _, name := range keys[resource] {
		var text string
		if json.Unmarshal(row[name], &text) != nil {
			return ""
		}
		parts = append(parts, strings.TrimSpace(text))
	}
	return strings.Join(parts, "|")
}

func isLogin(r *http.Request) bool {
	return r.URL.Path == "/api/Session" || r.URL.Path == "/api/Session/Permanent"
}

// install is a simulated SalesPad with a customer, a prospect and an item, and a way to connect to it.
type install struct {
	sim     *salespadtest.Sim
	wire    *connectortest.Wire
	kept    *memory
	logins  int
	mu      sync.Mutex
	profile string
	change  func(*salespad.Config)
}

func newInstall(cfg salespadtest.Config) *install {
	in := &install{sim: salespadtest.New(cfg), kept: &memory{}}
	in.sim.Must("Customer", salespadtest.Fields{"Customer_Num": "BASE", "Customer_Name": "Base customer"})
	in.sim.Must("Prospect", salespadtest.Fields{"Prospect_ID": "BASEPRO", "Prospect_Name": "Base prospect"})
	in.wire = &connectortest.Wire{Vendor: labelled{in.sim}, Rows: []string{"Items"}, Writing: func(c connectortest.Call) bool { return c.Method != http.MethodGet },
		Token: func(r *http.Request) bool {
			if isLogin(r) {
				in.mu.Lock()
				in.logins++
				in.mu.Unlock()
				return true
			}
			return false
		}}
	return in
}

func (in *install) connect() *salespad.Connector {
	client := rest.New(rest.Config{Base: base, Transport: in.wire})
	sessions := must(salespad.NewSessions(salespad.SessionsConfig{Client: client, Keeper: in.kept,
		Login: func(context.Context) (salespad.Login, error) {
			return salespad.Login{User: salespadtest.UserName, Password: salespadtest.Password}, nil
		}}))
	cfg := salespad.Config{Connection: "erp", Client: client, Sessions: sessions, Company: "TWO", Currency: "USD", Currencies: map[string]string{"Z-US$": "USD"},
		Profile: must(salespad.LoadProfile([]byte(in.profile)))}
	if in.change != nil {
		in.change(&cfg)
	}
	return must(salespad.New(cfg))
}

func openSalesPad(t *testing.T, _ connectortest.Options) *connectortest.World {
	in := newInstall(salespadtest.Config{})
	in.profile = withoutLines
	sim := in.sim
	made := map[string]int{}
	return &connectortest.World{
		Connector: in.connect(), Again: func() connector.Connector { return in.connect() }, Wire: in.wire,
		Renewals: func() int { in.mu.Lock(); defer in.mu.Unlock(); return in.logins },
		Add: func(object string, n int, stamp func(int) time.Time) []string {
			ids := make([]string, n)
			for i := range ids {
				fields := sample(object, made[object])
				made[object]++
				if stamp != nil {
					at := stamp(i).UTC()
					fields["DEX_ROW_TS"] = at.Format("2006-01-02T15:04:05.000")
					if object == "items" {
						fields["Modified_Date"], fields["Created_Date"] = at.Format("2006-01-02T00:00:00.000"), at.Format("2006-01-02T00:00:00.000")
					}
				}
				ids[i] = sim.Must(resources[object], fields).Key
			}
			return ids
		},
		Change: func(object, id, text string) {
			if err := sim.Update(resources[object], id, salespadtest.Fields{texts[object]: text}); err != nil {
				panic(err)
			}
		},
		Delete: func(object, id string) {
			if err := sim.Delete(resources[object], id); err != nil {
				panic(err)
			}
		},
		Hide: func(object, id string) {
			var seen []string
			for _, r := range sim.All("Customer") {
				if r.Key != id {
					seen = append(seen, r.Key)
				}
			}
			sim.ChangeUser(salespadtest.UserName, func(u *salespadtest.User) { u.Customers = seen })
		},
		Expire: sim.ForgetSessions,
		Revoke: func() {
			sim.ChangeUser(salespadtest.UserName, func(u *salespadtest.User) { u.Inactive = true })
			sim.ForgetSessions()
		},
		Marked: func(object, marker string) int {
			return len(slices.DeleteFunc(sim.All(resources[object]), func(r salespadtest.Record) bool { return r.Fields[userMarker] != marker }))
		},
	}
}

func sample(object string, n int) salespadtest.Fields {
	text := connectortest.Canary + " initial"
	switch object {
	case "customer-addresses":
		return salespadtest.Fields{"Customer_Num": "BASE", "Address_Code": fmt.Sprintf("A%d", n), "Contact_Person": fmt.Sprintf("Contact %d", n), "Comment": text,
			"Email": fmt.Sprintf("contact%d@example.com", n), "Alt_Company_Name": fmt.Sprintf("Branch %d", n), "Web_Site": "https://example.com"}
	case "prospects":
		return salespadtest.Fields{"Prospect_Name": fmt.Sprintf("Sample %d", n), "Note": text}
	case "prospect-contacts":
		return salespadtest.Fields{"Prospect_ID": "BASEPRO", "Contact_ID": fmt.Sprintf("C%d", n), "Contact_Person": fmt.Sprintf("Contact %d", n), "Comment": text}
	case "items":
		return salespadtest.Fields{"Item_Number": fmt.Sprintf("ITEM%d", n), "Item_Description": fmt.Sprintf("Sample %d", n), "Note": text}
	case "sales-documents":
		return salespadtest.Fields{"Sales_Doc_Type": "ORDER", "Sales_Doc_ID": "STDORD", "Customer_Num": "BASE", "Ship_To_Name": text}
	}
	return salespadtest.Fields{"Customer_Name": fmt.Sprintf("Sample %d", n), "Note": text}
}
