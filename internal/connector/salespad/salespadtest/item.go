package salespadtest

// Items, price levels, and stock by location (fact sheet, sections 3 and 5).

func itemKind() *kind {
	return stored(&kind{
		name: "ItemMaster", noun: "Item", keys: []string{"Item_Number"}, user: true,
		index: []string{"Item_Number"},
		fields: []field{
			text("Item_Number", 31, 31).required().onCreate(), text("Item_Description", 100, 101), text("Item_Short_Name", 15, 15), text("Item_Generic_Description", 10, 11),
			long("Item_Type"), text("Item_Class_Code", 10, 11), money("Standard_Cost"), money("Current_Cost"), money("List_Price"),
			integer("Item_Qty_Dec"), integer("Item_Curr_Dec"), number("Item_Shipping_Weight"), text("UOfM_Schedule", 10, 11), text("Selling_U_of_M", 8, 9),
			text("Price_Level", 10, 11), text("Price_Group", 10, 11), text("Item_Tax_Schedule_ID", 15, 15),
			text("USCATVLS_1", 10, 11), text("USCATVLS_2", 10, 11), text("USCATVLS_3", 10, 11), text("USCATVLS_4", 10, 11), text("USCATVLS_5", 10, 11), text("USCATVLS_6", 10, 11),
			long("Note"), long("Replaced_By"), flag("Item_Blocked"), flag("Inactive"), flag("Is_Dropship"),
			day("Created_Date"), day("Modified_Date"), rowStamp(),
		},
	})
}

// stock is one item in one location.
type stock struct {
	item     *row
	location string
}

func (r stock) value(field string) string {
	switch field {
	case "Warehouse_Code":
		return r.location
	case "Qty_On_Hand", "Qty_Available":
		return orEmpty(int(mix(uint64(len(r.location)), r.item.id+r.location) >> 40 % 200))
	}
	return r.item.value(field)
}

func (r stock) userValue(string) string { return "" }
func (r stock) key() string             { return r.item.id + "|" + r.location }

func orEmpty(n int) string {
	if n == 0 {
		return ""
	}
	return itoa(n)
}

// inventoryKind has one row for each item and location; only Item_Number is confirmed.
func inventoryKind() *kind {
	k := &kind{name: "InventorySearch", noun: "Inventory", keys: []string{"Item_Number"},
		fields: append(pick(itemKind().fields, "Item_Number", "Item_Description"), text("Warehouse_Code", 10, 11), number("Qty_On_Hand"), number("Qty_Available"))}
	rowsOf := func(s *Sim, items []*row) []reader {
		var out []reader
		for _, item := range items {
			for _, location := range s.cfg.Warehouses {
				out = append(out, stock{item, location})
			}
		}
		return out
	}
	k.source = func(s *Sim) []reader { return rowsOf(s, s.tables["ItemMaster"].rows) }
	k.stamp = func(s *Sim) uint64 { return s.tables["ItemMaster"].version }
	k.lookup = func(s *Sim, field, folded string) ([]reader, bool) {
		if field != "Item_Number" {
			return nil, false
		}
		return rowsOf(s, s.tables["ItemMaster"].having(field, folded)), true
	}
	return k
}

func (s *Sim) listPriceLevels(c *call) (any, *failure) {
	k := s.kinds["PriceLevel"]
	q := &query{top: maxTop, count: true}
	return s.page(c, k, q, k.source(s)), nil
}

func priceLevelKind() *kind {
	return stored(&kind{name: "PriceLevel", noun: "Price level", keys: []string{"Price_Level"}, fields: []field{text("Price_Level", 10, 11), text("Description", 30, 31)}})
}
