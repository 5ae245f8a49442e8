package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/link"
)

// What bench salespad counts, and the least that the two APIs allow for it.
//
// SalesPad lists 100 rows a page (salespad.md 4: no most is published, clients use 100), knows no batch, so that every write is a call (salespad.md 3), and adds
// the lines of documents in a list of their own. HubSpot shows 200 changes a search, tells what 1,000 records are associated with in a call, and reads, makes
// and changes 100 records a call (hubspot.md 4).
//
// Every piece of work has to be shown by a page of the feed it begins at. What is matched must be compared with all of the other side once, which is its pages;
// what is linked and not written needs no read beside the page that showed it a moment ago (hard case A3). What is written over at HubSpot is read before, since
// a person may have changed it and the page of SalesPad does not tell.

// padWork is one piece of work: its presets, what is there before they are live and what is done after, and the least calls at both for n of it.
type padWork struct {
	name          string
	set           string
	presets       []string
	before, after func(t *till, n int) error
	least         func(n int) (hubspot, salespad float64)
	silent        float64 // feeds that have nothing to show: their page is the idle cycle's
	made          func(ctx context.Context, t *till, n int) (int, error)
}

// seen is what is there of a piece of work, where the systems tell.
func seen(count func(v *vendors, n int) int) func(context.Context, *till, int) (int, error) {
	return func(_ context.Context, t *till, n int) (int, error) { return count(t.vendors, n), nil }
}

// padLines is how many lines a document has.
const padLines = 5

// in is how many calls n take at so many a call.
func in(n, size int) float64 { return float64((n + size - 1) / size) }

// padFigures are what is counted.
var padFigures = []padWork{
	// HubSpot: searches show the companies, and whether they have contacts (by which those are matched that nothing else tells) is asked. SalesPad: pages of
	// customers. Nothing is written. Silent: contacts.
	{name: "companies linked", set: "hubspot-salespad/link", presets: padPeople, silent: 1,
		least:  func(n int) (float64, float64) { return in(n, 200) + in(n, 1000), in(n, 100) },
		before: func(t *till, n int) error { return errors.Join(t.companies(n, ""), t.customers(n)) },
		made:   func(ctx context.Context, t *till, _ int) (int, error) { return t.linked(ctx, "customers") }},
	// HubSpot: searches show the companies, and their contacts are asked for, which a customer is made together with. SalesPad: each customer is a call; what
	// GP's class filled in shows on the pages of the next cycle (salespad.md 5: the answer lacks it). Silent: contacts, and SalesPad's four.
	{name: "companies imported", set: "hubspot-salespad", presets: padPeople, silent: 5,
		least: func(n int) (float64, float64) { return in(n, 200) + in(n, 1000), float64(n) },
		after: func(t *till, n int) error { return t.companies(n, "PARTNER") },
		made:  seen(func(v *vendors, _ int) int { return v.salespad.Count("Customer") })},
	// SalesPad: pages of customers and of addresses. HubSpot: companies and contacts are made, contacts with their company. Silent: HubSpot's two, prospects
	// and their contacts.
	{name: "customers exported with a contact each", set: "hubspot-salespad", presets: padPeople, silent: 4,
		least: func(n int) (float64, float64) { return 2 * in(n, 100), 2 * in(n, 100) },
		after: func(t *till, n int) error { return errors.Join(t.customers(n), t.addresses(n)) },
		made:  seen(func(v *vendors, _ int) int { return contactsOfCompanies(v) })},
	// SalesPad: pages of customers. HubSpot: companies are read and changed. Silent: HubSpot's two, and SalesPad's other three.
	{name: "customers updated", set: "hubspot-salespad", presets: padPeople, silent: 5,
		least:  func(n int) (float64, float64) { return 2 * in(n, 100), in(n, 100) },
		before: func(t *till, n int) error { return errors.Join(t.companies(n, ""), t.customers(n)) },
		after: func(t *till, n int) error {
			for i := range n {
				if err := t.vendors.salespad.Update("Customer", padCustomerNum(i), salespadtest.Fields{"Note": "Changed"}); err != nil {
					return err
				}
			}
			return nil
		}, made: seen(func(v *vendors, _ int) int { return len(v.hubspot.Find("companies", "description", "Changed")) })},
	// SalesPad: pages of items. HubSpot: products are made.
	{name: "items exported", set: "hubspot-salespad", presets: []string{"items"},
		least: func(n int) (float64, float64) { return in(n, 100), in(n, 100) },
		after: func(t *till, n int) error { return t.items(n) },
		made:  seen(func(v *vendors, _ int) int { return len(v.hubspot.Records("products")) })},
	// SalesPad: pages of documents and of lines; the documents as they stand when all of it is written, since one that changed meanwhile must not go forward;
	// each forward is a call. HubSpot: deals and line items are made. Silent: HubSpot's two, SalesPad's four kinds of people and the items.
	{name: "documents with five lines exported", set: "hubspot-salespad", presets: slices.Concat(padPeople, []string{"items", "documents", "document-lines"}), silent: 7,
		least: func(n int) (float64, float64) {
			return in(n, 100) + in(padLines*n, 100), 2*in(n, 100) + in(padLines*n, 100) + float64(n)
		},
		before: func(t *till, _ int) error { return errors.Join(t.companies(1, ""), t.customers(1), t.items(padLines)) },
		after:  func(t *till, n int) error { return t.documents(n) },
		made: seen(func(v *vendors, n int) int {
			return min(len(v.hubspot.Records("deals")), len(v.hubspot.Records("line_items"))/padLines, n-len(v.salespad.InQueue("EXPORT")))
		})},
}

func padCustomerNum(n int) string { return fmt.Sprintf("C%05d", n) }

func padItemNum(n int) string { return fmt.Sprintf("ITEM-%05d", n) }

func (t *till) companies(n int, kind string) error {
	for i := range n {
		if _, err := t.vendors.hubspot.User().Create("companies", withoutBlanks("name", padFirm(i), "domain", fmt.Sprintf("firm-%04d.example", i), "type", kind)); err != nil {
			return err
		}
	}
	return nil
}

func (t *till) customers(n int) error {
	return t.vendors.salespad.Load("Customer", n, func(i int) salespadtest.Fields {
		return salespadtest.Fields{"Customer_Num": padCustomerNum(i), "Customer_Name": padFirm(i), "Email_To": fmt.Sprintf("ap@firm-%04d.example", i)}
	})
}

// addresses gives each customer one.
func (t *till) addresses(n int) error {
	return t.vendors.salespad.Load("CustomerAddr", n, func(i int) salespadtest.Fields {
		return salespadtest.Fields{"Customer_Num": padCustomerNum(i), "Address_Code": "BUYER", "Contact_Person": fmt.Sprintf("Buying Office %04d", i), "Email": fmt.Sprintf("buyer@firm-%04d.example", i)}
	})
}

func (t *till) items(n int) error {
	return t.vendors.salespad.Load("ItemMaster", n, func(i int) salespadtest.Fields {
		return salespadtest.Fields{"Item_Number": padItemNum(i), "Item_Description": fmt.Sprintf("Item %05d", i), "List_Price": fmt.Sprintf("%d.5", 10+i)}
	})
}

// documents enters orders of the first customer, each of the same five items.
func (t *till) documents(n int) error {
	order := func(i int) salespadtest.Fields {
		return salespadtest.Fields{"Sales_Doc_Type": "ORDER", "Sales_Doc_ID": "STDORD", "Sales_Doc_Num": fmt.Sprintf("ORD%06d", i), "Customer_Num": padCustomerNum(0), "Sales_Batch": "EXPORT"}
	}
	line := func(i int) salespadtest.Fields {
		return salespadtest.Fields{"Sales_Doc_Type": "ORDER", "Sales_Doc_Num": fmt.Sprintf("ORD%06d", i/padLines), "Line_Num": fmt.Sprint((1 + i%padLines) * 16384), "Component_Seq_Num": "0",
			"Item_Number": padItemNum(i % padLines), "Item_Description": "As sold", "Quantity": fmt.Sprint(1 + i%padLines), "Unit_Price": "12.5"}
	}
	return errors.Join(t.vendors.salespad.Load("SalesDocument", n, order), t.vendors.salespad.Load("SalesLineItem", padLines*n, line))
}

// contactsOfCompanies counts HubSpot's contacts that have a company.
func contactsOfCompanies(v *vendors) int {
	return len(slices.DeleteFunc(v.hubspot.Records("contacts"), func(r hubspottest.Record) bool { return r.PrimaryCompany == "" }))
}

// linked counts the pairs of a mapping.
func (t *till) linked(ctx context.Context, mapping string) (count int, err error) {
	q := engine.LinkQuery{Mapping: mapping, Limit: engine.MaxLinks}
	for {
		page, err := t.Engine.Links(ctx, q)
		if err != nil {
			return 0, err
		}
		for _, l := range page.Links {
			if l.State == link.Linked {
				count++
			}
		}
		if q.After = page.Next; q.After == "" {
			return count, nil
		}
	}
}
