package salespad_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/record"
)

// TestReadingBetweenKeys: keys that stand close together are read by the page, others by filters; every key is answered as it was asked for,
// whether it is there or not, and nothing else is.
func TestReadingBetweenKeys(t *testing.T) {
	customer := func(num string) (string, salespadtest.Fields) {
		return "Customer", salespadtest.Fields{"Customer_Num": num, "Customer_Name": "Company " + num}
	}
	numbers := func(form string, from, to, step int) (out []string) {
		for n := from; n < to; n += step {
			out = append(out, fmt.Sprintf(form, n))
		}
		return out
	}
	for _, c := range []struct {
		name    string
		there   []string // customers, besides the base one
		ask     []string
		gone    []string // of ask
		profile salespadtest.Profile
		own     string
		most    int // calls
	}{
		{name: "a thousand in a row: ten pages", there: numbers("C%04d", 0, 1000, 1), ask: numbers("C%04d", 0, 1000, 1), most: 10},
		{name: "in any order and spelling", there: numbers("C%04d", 0, 200, 1), ask: append([]string{"c0150"}, append(numbers("C%04d", 100, 150, 1), numbers("C%04d", 0, 100, 1)...)...), most: 2},
		// pages of 100 of which 33 or 34 are asked for: 300 rows are three pages, and the last keys one filter
		{name: "every third", there: numbers("C%04d", 0, 300, 1), ask: numbers("C%04d", 0, 300, 3), most: 4},
		// the first page answers ten of a hundred, fewer than a filter would: five filters for the ninety left
		{name: "every tenth", there: numbers("C%04d", 0, 1000, 1), ask: numbers("C%04d", 0, 1000, 10), most: 6},
		// one page, one filter for what it did not show, one call each for what that did not show either
		{name: "some are not there", there: numbers("C%04d", 0, 100, 1), ask: append(numbers("C%04d", 0, 97, 1), "C0010X", "C0050X"), gone: []string{"C0010X", "C0050X"}, most: 4},
		{name: "none is there", ask: numbers("N%04d", 0, 30, 1), gone: numbers("N%04d", 0, 30, 1), most: 1 + 2 + 30},
		// nobody promises that a server sorts as we do: whatever a page leaves out is asked for by its key
		{name: "names of all kinds", there: []string{"ÆBLE", "AE-1", "A_1", "a-2", "Ø'S", "Z/9", "1", "10", "2"}, ask: []string{"2", "ÆBLE", "a_1", "AE-1", "10", "A-2", "Ø'S", "Z/9", "1"}, most: 1},
		{name: "an install whose filters compare texts with eq alone", there: numbers("C%04d", 0, 100, 1), ask: numbers("C%04d", 0, 100, 1), profile: salespadtest.Profile{Operators: []string{"eq", "and", "or", "()"}}, most: 1 + 5},
		{name: "a profile that says so", there: numbers("C%04d", 0, 100, 1), ask: numbers("C%04d", 0, 100, 1), own: `{"between": false}`, most: 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := newInstall(salespadtest.Config{Profile: c.profile})
				in.profile = c.own
				for _, num := range c.there {
					resource, fields := customer(num)
					in.sim.Must(resource, fields)
				}
				erp := in.connect()
				in.wire.Forget()
				for n, r := range read(t, erp, "customers", nil, c.ask...) {
					want := record.Found
					if slices.Contains(c.gone, c.ask[n]) {
						want = record.Gone
					}
					if r.State != want || r.Ref.ID != c.ask[n] || want == record.Found && !strings.EqualFold(r.Record.Ref.ID, c.ask[n]) {
						t.Errorf("%s: %s %v %v", c.ask[n], r.State, r.Record, r.Err)
					}
				}
				if in.calls() > c.most {
					t.Errorf("%d calls, want at most %d", in.calls(), c.most)
				}
				if c.profile.Operators != nil { // it is not tried again
					in.wire.Forget()
					read(t, erp, "customers", nil, c.ask...)
					if in.calls() != 5 {
						t.Errorf("%d calls the second time, want 5", in.calls())
					}
				}
			})
		})
	}
}

// TestReadingBetweenKeysOfParts: addresses by their customer, however many it has, and documents by their number, whatever their type.
func TestReadingBetweenKeysOfParts(t *testing.T) {
	in := newInstall(salespadtest.Config{})
	var addresses, documents []string
	for n := range 60 {
		num := fmt.Sprintf("C%03d", n)
		in.sim.Must("Customer", salespadtest.Fields{"Customer_Num": num, "Customer_Name": "Company " + num})
		codes := 1
		if n == 30 { // more than a page
			codes = 150
		}
		for k := range codes {
			r := in.sim.Must("CustomerAddr", salespadtest.Fields{"Customer_Num": num, "Address_Code": fmt.Sprintf("A%03d", k), "Contact_Person": "Desk " + num})
			if k%3 == 0 {
				addresses = append(addresses, r.Key)
			}
		}
		kind := [][2]string{{"ORDER", "STDORD"}, {"QUOTE", "STANDARDQUOTE"}}[n%2]
		documents = append(documents, in.sim.Must("SalesDocument", salespadtest.Fields{"Sales_Doc_Type": kind[0], "Sales_Doc_ID": kind[1], "Sales_Doc_Num": fmt.Sprintf("D%04d", n), "Customer_Num": num, "Sales_Batch": "X"}).Key)
	}
	erp := in.connect()
	for object, ids := range map[string][]string{"customer-addresses": addresses, "sales-documents": documents} {
		in.wire.Forget()
		got, err := erp.Read(t.Context(), connector.ReadRequest{Object: object, IDs: ids, Fields: []string{"Customer_Num", "Sales_Batch"}})
		if err != nil {
			t.Fatal(err)
		}
		for n, r := range got {
			if r.State != record.Found || r.Record.Ref.ID != ids[n] {
				t.Errorf("%s: %s %v", ids[n], r.State, r.Err)
			}
		}
		t.Logf("%d %s: %d calls", len(ids), object, in.calls())
		if object == "sales-documents" && in.calls() != 1 {
			t.Errorf("60 documents took %d calls, want 1", in.calls())
		}
	}
}
