package salespadtest

import "time"

// What Sample makes, by key.
const (
	SampleCustomer    = "001001"          // Alpine Instruments: three addresses, one with a space in its code, one without e-mail
	SampleTwinA       = "001002"          // Eider Foods North shares accounts@twinpeaks.example with
	SampleTwinB       = "001003"          // this one
	SampleInactive    = "001004"          // Dunlin Textiles, inactive
	SampleOnHold      = "001005"          // Fulmar Media, on hold
	SampleQuoted      = "001006"          // O'Briens & Sons "Quayside"
	SampleOddKey      = "C/1.5 A"         // Cobalt Laboratories: a key no path can carry
	SampleProspect    = "PRO00001"        // Borealis Freight, two contacts
	SampleBare        = "PRO00002"        // Gannet Logistics, no contact
	SampleItem        = "100XLG"          // Green phone, 59.95
	SampleOddItem     = "CABLE 1/2\" 3.5" // an item no path can carry
	SampleBlockedItem = "OLD-ROUTER"      // blocked and inactive
	SampleDropship    = "SERVICE-DAY"     // a service, no list price
	SampleOrder       = "ORD0900"         // of SampleCustomer, three lines, in queue EXPORT
	SampleEarly       = "ORD0901"         // of SampleTwinA, in queue NEW ORDER
	SampleUnlinked    = "ORD0902"         // of SampleOddKey, in queue EXPORT
	SampleQuote       = "QTE0500"         // of SampleCustomer, in queue EXPORT QUOTE
	SampleInvoice     = "INV0100"         // of SampleTwinB, in queue EXPORT
	SamplePosted      = "INV0050"         // of SampleCustomer, in history
	SampleVoid        = "ORD0800"         // of SampleCustomer, void; its batch is EXPORT all the same
)

// Sample adds records as a company has them that used SalesPad before Crosswalk: the ones named above, between 400 and 5
// days old. None is linked.
func (s *Sim) Sample() {
	s.sampleCustomers()
	s.sampleProspects()
	s.sampleItems()
	s.sampleDocuments()
	s.ClearLog()
}

// aged gives a record its age in days.
func aged(days int, fields Fields) Fields {
	at := time.Now().UTC().AddDate(0, 0, -days)
	fields["Created_On"], fields["DEX_ROW_TS"] = dayOf(at), stampText(sqlMillis(at))
	return fields
}

func (s *Sim) sampleCustomers() {
	for _, f := range []Fields{
		aged(400, Fields{"Customer_Num": SampleCustomer, "Customer_Name": "Alpine Instruments", "Customer_Class": "RETAIL", "Primary_Addr_Code": "PRIMARY", "xRegion": "West", "xLeadSource": "Fair"}),
		aged(380, Fields{"Customer_Num": SampleTwinA, "Customer_Name": "Eider Foods North", "Customer_Class": "DEALER", "Primary_Addr_Code": "PRIMARY"}),
		aged(380, Fields{"Customer_Num": SampleTwinB, "Customer_Name": "Eider Foods South", "Customer_Class": "DEALER", "Primary_Addr_Code": "PRIMARY"}),
		aged(300, Fields{"Customer_Num": SampleInactive, "Customer_Name": "Dunlin Textiles", "Inactive": "true"}),
		aged(200, Fields{"Customer_Num": SampleOnHold, "Customer_Name": "Fulmar Media", "On_Hold": "true", "Customer_Class": "RETAIL"}),
		aged(90, Fields{"Customer_Num": SampleQuoted, "Customer_Name": `O'Briens & Sons "Quayside"`, "Customer_Class": "RETAIL"}),
		aged(60, Fields{"Customer_Num": SampleOddKey, "Customer_Name": "Cobalt Laboratories", "Primary_Addr_Code": "MAIN"}),
	} {
		s.Must("Customer", f)
	}
	for _, f := range []Fields{
		aged(400, Fields{"Customer_Num": SampleCustomer, "Address_Code": "PRIMARY", "Contact_Person": "Accounts Payable", "Email": "accounts@alpine-instruments.example", "Phone_1": "20655501000000", "Address_Line_1": "1 Sample Street", "City": "Seattle", "State": "WA", "Zip": "98101", "Country": "USA", "Country_Code": "US", "Address_Use": "Biller"}),
		aged(390, Fields{"Customer_Num": SampleCustomer, "Address_Code": "SHIP TO 2", "Contact_Person": "Goods In", "Email": "goods-in@alpine-instruments.example", "City": "Tacoma", "State": "WA", "Address_Use": "Shipper"}),
		aged(120, Fields{"Customer_Num": SampleCustomer, "Address_Code": "OFFICE", "Contact_Person": "Front Desk", "Address_Use": "Customer"}),
		aged(380, Fields{"Customer_Num": SampleTwinA, "Address_Code": "PRIMARY", "Contact_Person": "Purchasing North", "Email": "accounts@twinpeaks.example"}),
		aged(380, Fields{"Customer_Num": SampleTwinB, "Address_Code": "PRIMARY", "Contact_Person": "Purchasing South", "Email": "accounts@twinpeaks.example"}),
		aged(60, Fields{"Customer_Num": SampleOddKey, "Address_Code": "MAIN", "Contact_Person": "Laboratory Office", "Email": "office@cobalt-laboratories.example", "Web_Site": "cobalt-laboratories.example"}),
	} {
		s.Must("CustomerAddr", f)
	}
}

func (s *Sim) sampleProspects() {
	s.Must("Prospect", aged(45, Fields{"Prospect_ID": SampleProspect, "Prospect_Name": "Borealis Freight", "Prospect_Class": "DEALER", "Address_Line_1": "2 Sample Street", "City": "Portland", "State": "OR", "xRegion": "West", "xLeadSource": "Web"}))
	s.Must("Prospect", aged(20, Fields{"Prospect_ID": SampleBare, "Prospect_Name": "Gannet Logistics"}))
	s.Must("ProspectContact", aged(45, Fields{"Prospect_ID": SampleProspect, "Contact_Person": "Head of Freight", "Email": "freight@borealis-freight.example", "xJobTitle": "Head of Freight"}))
	s.Must("ProspectContact", aged(40, Fields{"Prospect_ID": SampleProspect, "Contact_Person": "Accounts Office", "Email": "accounts@borealis-freight.example"}))
}

func (s *Sim) sampleItems() {
	for _, f := range []Fields{
		{"Item_Number": SampleItem, "Item_Description": "Green Phone", "List_Price": "59.95", "Item_Class_Code": "RETAIL", "USCATVLS_1": "PHONES", "xFamily": "Phones"},
		{"Item_Number": SampleOddItem, "Item_Description": "Cable 1/2 inch, 3.5 m", "List_Price": "4.12345", "Item_Class_Code": "PARTS"},
		{"Item_Number": SampleBlockedItem, "Item_Description": "Router, superseded", "List_Price": "120", "Item_Blocked": "true", "Inactive": "true", "Replaced_By": SampleItem},
		{"Item_Number": SampleDropship, "Item_Description": "Day of service", "Item_Type": "Services"},
	} {
		if f["Item_Type"] == "" {
			f["Item_Type"] = "Sales Inventory"
		}
		f["Selling_U_of_M"], f["Item_Curr_Dec"] = "Each", "2"
		at := time.Now().UTC().AddDate(0, 0, -100)
		f["Created_Date"], f["Modified_Date"], f["DEX_ROW_TS"] = dayOf(at), dayOf(at), stampText(sqlMillis(at))
		s.Must("ItemMaster", f)
	}
}

func (s *Sim) sampleDocuments() {
	order, quote, invoice := Fields{"Sales_Doc_Type": "ORDER", "Sales_Doc_ID": "STDORD"}, Fields{"Sales_Doc_Type": "QUOTE", "Sales_Doc_ID": "STANDARDQUOTE"}, Fields{"Sales_Doc_Type": "INVOICE", "Sales_Doc_ID": "STDINV"}
	s.sampleDocument(order, Fields{"Sales_Doc_Num": SampleOrder, "Customer_Num": SampleCustomer, "Customer_PO_Num": "PO 4711", "Sales_Batch": "EXPORT", "Freight": "12.50", "Tax": "9.9"}, SampleItem, SampleOddItem, SampleDropship)
	s.sampleDocument(order, Fields{"Sales_Doc_Num": SampleEarly, "Customer_Num": SampleTwinA}, SampleItem)
	s.sampleDocument(order, Fields{"Sales_Doc_Num": SampleUnlinked, "Customer_Num": SampleOddKey, "Sales_Batch": "EXPORT"}, SampleItem)
	s.sampleDocument(quote, Fields{"Sales_Doc_Num": SampleQuote, "Customer_Num": SampleCustomer, "Sales_Batch": "EXPORT QUOTE"}, SampleItem, SampleItem)
	s.sampleDocument(invoice, Fields{"Sales_Doc_Num": SampleInvoice, "Customer_Num": SampleTwinB, "Sales_Batch": "EXPORT"}, SampleItem)
	s.sampleDocument(invoice, Fields{"Sales_Doc_Num": SamplePosted, "Customer_Num": SampleCustomer, "Sales_Batch": "EXPORT"}, SampleItem)
	s.sampleDocument(order, Fields{"Sales_Doc_Num": SampleVoid, "Customer_Num": SampleCustomer, "Sales_Batch": "EXPORT"}, SampleItem)
	if err := s.Post("INVOICE", SamplePosted); err != nil {
		panic(err) // a fault of the simulator
	}
	if err := s.Void("ORDER", SampleVoid); err != nil {
		panic(err) // a fault of the simulator
	}
}

// sampleDocument enters a document with a line of two pieces for every item.
func (s *Sim) sampleDocument(of, fields Fields, items ...string) {
	for name, v := range of {
		fields[name] = v
	}
	s.Must("SalesDocument", aged(5, fields))
	for _, item := range items {
		s.Must("SalesLineItem", Fields{"Sales_Doc_Type": of["Sales_Doc_Type"], "Sales_Doc_Num": fields["Sales_Doc_Num"], "Item_Number": item, "Quantity": "2"})
	}
	if err := s.Update("SalesDocument", keyOf(of["Sales_Doc_Type"], fields["Sales_Doc_Num"]), aged(5, Fields{})); err != nil {
		panic(err) // a fault of the simulator
	}
}
