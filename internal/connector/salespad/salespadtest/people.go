package salespadtest

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"
)

// The functions of this file are what people do in SalesPad's and GP's own screens. They go past sessions, rights and
// faults, but keep GP's rules and widths; the stamps move as with any change. Read-only fields may be given too: a
// Created_On or DEX_ROW_TS makes the record old.

// errNone tells that there is no record of the key.
var errNone = errors.New("no record of this key")

// Create enters a record: Customer, CustomerAddr, Prospect, ProspectContact, ItemMaster, SalesDocument, SalesLineItem.
// Keys and numbers are given when absent, as the API gives them.
func (s *Sim) Create(resource string, fields Fields) (Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.createAs(resource, fields, time.Now())
	if err != nil {
		return Record{}, err
	}
	k := s.kinds[resource]
	s.logged(Person, "create", k, r, s.split(k, fields), time.Now())
	return s.record(k, r), nil
}

// Must is Create for tests: it panics when GP's rules refuse the record.
func (s *Sim) Must(resource string, fields Fields) Record {
	r, err := s.Create(resource, fields)
	if err != nil {
		panic(err)
	}
	return r
}

func (s *Sim) createAs(resource string, fields Fields, now time.Time) (*row, error) {
	k := s.kinds[resource]
	if k == nil || s.tables[resource] == nil {
		return nil, fmt.Errorf("salespad: there is no resource %q", resource)
	}
	d, bad := s.plain(k, fields)
	var r *row
	if bad == nil {
		r, bad = s.newOf(k, d, now)
	}
	if bad != nil {
		return nil, bad.asError("create", resource)
	}
	s.override(k, r, d.vals)
	return r, nil
}

func (s *Sim) newOf(k *kind, d *draft, now time.Time) (*row, *failure) {
	if bad := k.complete(d, true); bad != nil {
		return nil, bad
	}
	switch k.name {
	case "Customer":
		return s.newCustomer(d.vals, d.user, now)
	case "CustomerAddr":
		return s.newAddress(d.vals, d.user, now)
	case "Prospect":
		return s.newProspect(d.vals, d.user, now)
	case "ProspectContact":
		return s.newContact(d.vals, d.user, now)
	case "ItemMaster":
		if s.tables[k.name].get(d.vals["Item_Number"]) != nil {
			return nil, duplicate("Item %s already exists", d.vals["Item_Number"])
		}
		return s.enter(k, d.vals, d.user, now), nil
	case "SalesDocument":
		return s.newDocument(nil, d, now)
	case "SalesLineItem":
		of, bad := s.openDocument(nil, d.vals["Sales_Doc_Type"], d.vals["Sales_Doc_Num"])
		if bad != nil {
			return nil, bad
		}
		r, bad := s.newLine(of, d, now)
		if bad == nil {
			s.reckon(of, now)
		}
		return r, bad
	}
	return nil, refused("people do not create %s", k.name)
}

// plain checks values that come as text.
func (s *Sim) plain(k *kind, fields Fields) (*draft, *failure) {
	d := s.split(k, fields)
	for name, v := range d.vals {
		f := k.byName[name]
		if f == nil {
			return nil, badQuery("%s is neither a field nor a user field of %s", name, k.name)
		}
		out, bad := s.plainValue(f, v)
		if bad != nil {
			return nil, bad
		}
		d.vals[name] = out
	}
	return d, nil
}

// split divides fields from user fields.
func (s *Sim) split(k *kind, fields Fields) *draft {
	d := &draft{vals: map[string]string{}, user: map[string]string{}}
	for name, v := range fields {
		if k.byName[name] == nil && s.userField(k.name, name) != nil {
			d.user[name] = v
		} else {
			d.vals[name] = v
		}
	}
	return d
}

func (s *Sim) plainValue(f *field, v string) (string, *failure) {
	switch f.kind {
	case boolValue:
		return map[string]string{"true": "true"}[v], nil
	case moneyValue, numberValue, integerValue:
		if v == "" {
			return "", nil
		}
		return f.takeNumber([]byte(v))
	}
	if v == "" {
		return "", nil
	}
	return s.takeText(f, v)
}

// override puts stamps and read-only values that were given by hand.
func (s *Sim) override(k *kind, r *row, vals map[string]string) {
	own := map[string]string{}
	for name, v := range vals {
		if f := k.byName[name]; f.kind == dayValue || f.kind == rowValue || f.read {
			own[name] = v
		}
	}
	if len(own) > 0 {
		s.tables[k.name].set(r, own, nil)
	}
}

// Update changes fields of a record; "" clears one.
func (s *Sim) Update(resource, key string, fields Fields) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, r, err := s.find(resource, key)
	if err != nil {
		return err
	}
	d, bad := s.plain(k, fields)
	if bad == nil {
		bad = k.sameKey(d, r)
	}
	if bad == nil {
		bad = s.mayChange(k, r, d)
	}
	if bad != nil {
		return bad.asError("update "+resource, key)
	}
	now := time.Now()
	s.change(k, r, d.vals, d.user, now)
	s.reckonAfter(k, r, now)
	s.override(k, r, d.vals)
	s.logged(Person, "update", k, r, d, now)
	return nil
}

// reckonAfter keeps a document's amounts true after a line or the header changed.
func (s *Sim) reckonAfter(k *kind, r *row, now time.Time) {
	of := r
	if k.name == "SalesLineItem" {
		s.tables[k.name].set(r, map[string]string{"Extended_Price": extended(r.vals)}, nil)
		of = s.tables["SalesDocument"].get(keyOf(r.vals["Sales_Doc_Type"], r.vals["Sales_Doc_Num"]))
	} else if k.name != "SalesDocument" || len(s.linesOf(r)) == 0 {
		return
	}
	s.reckon(of, now)
}

// Delete removes a record with what hangs on it, past the rules of the API.
func (s *Sim) Delete(resource, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, r, err := s.find(resource, key)
	if err != nil {
		return err
	}
	if resource == "SalesDocument" {
		s.dropDocument(r)
	} else {
		s.drop(k, r)
	}
	if of := s.tables["SalesDocument"].get(keyOf(r.vals["Sales_Doc_Type"], r.vals["Sales_Doc_Num"])); resource == "SalesLineItem" && of != nil {
		s.reckon(of, time.Now())
	}
	s.logged(Person, "delete", k, r, nil, time.Now())
	return nil
}

// Convert makes a customer of a prospect; customerNum "" takes the next number.
func (s *Sim) Convert(prospect, customerNum string) (Conversion, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, r, err := s.find("Prospect", prospect)
	if err != nil {
		return Conversion{}, err
	}
	now := time.Now()
	out, bad := s.convert(r, map[string]string{"Customer_Num": customerNum}, now)
	if bad != nil {
		return Conversion{}, bad.asError("convert prospect", prospect)
	}
	s.logged(Person, "convert", k, r, &draft{vals: map[string]string{"Customer_Num": out.CustomerNum}}, now)
	return *out, nil
}

// Forward moves a document to the next queue by the workflow's rules.
func (s *Sim) Forward(docType, num string) error {
	return s.onDocument("forward", docType, num, func(r *row, now time.Time) *failure { return s.forward(r, "", Person, now) })
}

// MoveTo puts a document into a queue past the rules.
func (s *Sim) MoveTo(docType, num, queue string) error {
	return s.onDocument("move", docType, num, func(r *row, now time.Time) *failure {
		s.change(s.kinds["SalesDocument"], r, map[string]string{"Sales_Batch": queue}, nil, now)
		return nil
	})
}

// Void voids a document: it is no longer read by key, and search rows show Void.
func (s *Sim) Void(docType, num string) error { return s.setState("void", docType, num, stateVoid) }

// Post sends a document to history, as GP's posting does.
func (s *Sim) Post(docType, num string) error { return s.setState("post", docType, num, stateHistory) }

func (s *Sim) setState(did, docType, num, state string) error {
	return s.onDocument(did, docType, num, func(r *row, now time.Time) *failure {
		s.change(s.kinds["SalesDocument"], r, map[string]string{stateField: state}, nil, now)
		return nil
	})
}

// Transfer makes an order of a quote and answers it.
func (s *Sim) Transfer(num string) (out Record, err error) {
	err = s.onDocument("transfer", "QUOTE", num, func(r *row, now time.Time) *failure {
		order, bad := s.transfer(r, now)
		if bad == nil {
			out = s.record(s.kinds["SalesDocument"], order)
		}
		return bad
	})
	return out, err
}

// Lock is a person who has a document open: writes and forwarding are refused until Unlock.
func (s *Sim) Lock(docType, num, who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locked[foldKey(keyOf(docType, num))] = who
}

// Unlock ends Lock.
func (s *Sim) Unlock(docType, num string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.locked, foldKey(keyOf(docType, num)))
}

func (s *Sim) onDocument(did, docType, num string, do func(*row, time.Time) *failure) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, r, err := s.find("SalesDocument", keyOf(docType, num))
	if err != nil {
		return err
	}
	now := time.Now()
	before := maps.Clone(r.vals)
	if bad := do(r, now); bad != nil {
		return bad.asError(did, r.id)
	}
	changed := &draft{vals: map[string]string{}}
	for name, v := range r.vals {
		if f := k.byName[name]; f != nil && f.kind != rowValue && before[name] != v {
			changed.vals[name] = v
		}
	}
	s.logged(Person, did, k, r, changed, now)
	return nil
}

func (s *Sim) find(resource, key string) (*kind, *row, error) {
	if t := s.tables[resource]; t != nil {
		if r := t.get(key); r != nil {
			return s.kinds[resource], r, nil
		}
	}
	return nil, nil, fmt.Errorf("salespad: %s %s: %w", resource, key, errNone)
}

// Load enters n records of a resource in bulk, such as a company's hundred thousand items; they are in no effect log.
func (s *Sim) Load(resource string, n int, fields func(i int) Fields) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for i := range n {
		if _, err := s.createAs(resource, fields(i), now); err != nil {
			return fmt.Errorf("%w (number %d)", err, i)
		}
	}
	return nil
}

// LoadItems enters n items named ITEM-000001 and on, of ten classes, changed one a minute up to now.
func (s *Sim) LoadItems(n int) error {
	now := time.Now().UTC()
	return s.Load("ItemMaster", n, func(i int) Fields {
		at := now.Add(-time.Duration(n-i) * time.Minute)
		return Fields{
			"Item_Number": fmt.Sprintf("ITEM-%06d", i+1), "Item_Description": fmt.Sprintf("Catalogue item %d", i+1), "Item_Type": "Sales Inventory",
			"Item_Class_Code": fmt.Sprintf("CLASS%d", i%10), "List_Price": fmt.Sprintf("%d.%02d", 5+i%900, i%100), "Item_Curr_Dec": "2",
			"Selling_U_of_M": "Each", "UOfM_Schedule": "EACH", "DEX_ROW_TS": stampText(sqlMillis(at)), "Modified_Date": dayOf(at), "Created_Date": dayOf(at.AddDate(-1, 0, 0)),
		}
	})
}

// Mount serves several installs behind one transport, one GP company each, by the host of the URL (Config.Host). A host
// that nobody has is an error, as of a name that does not resolve.
func Mount(sims ...*Sim) http.RoundTripper { return mounted(sims) }

type mounted []*Sim

func (m mounted) RoundTrip(r *http.Request) (*http.Response, error) {
	for _, s := range m {
		if s.cfg.Host == r.URL.Host {
			return s.Transport().RoundTrip(r)
		}
	}
	return nil, fmt.Errorf("dial tcp: lookup %s: no such host", r.URL.Hostname())
}
