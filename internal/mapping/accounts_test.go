package mapping_test

import (
	"strings"

	"crosswalk/internal/mapping"
)

// The two accounts below are the sample portal and the sample Light company as the fact sheets describe them
// (hubspot.md 4, 6, 7, 14; light.md 5 to 9), one line an object: name type[!required|~read-only][=option,option].

func hubspot() mapping.Schema {
	frequencies := "=weekly,biweekly,monthly,quarterly,per_six_months,annually,per_two_years,per_three_years,per_four_years,per_five_years"
	return mapping.Schema{Connection: "hubspot", Objects: objects(map[string]string{
		"companies": "name text, domain text, website text, phone text, industry enum=ACCOUNTING,COMPUTER_SOFTWARE, address text, address2 text, city text, state text, zip text, country text, description text, annualrevenue number, createdate datetime~, vat_number text, billing_email text",
		"products":  "name text, description text, price number, hs_sku text, recurringbillingfrequency enum" + frequencies + ", active bool, createdate datetime~",
		"deals":     "dealname text, amount number, deal_currency_code enum=EUR,USD,JPY,BHD, closedate datetime, dealstage enum=closedwon,closedlost,48817, pipeline enum=default,48815, description text, dealtype enum=newbusiness,existingbusiness, hs_is_closed_won bool~, hs_v2_date_entered_closedwon datetime~, hs_v2_date_entered_48817 datetime~, invoice_number text",
		"line_items": "name text, quantity number, price number, amount number~, discount number, hs_discount_percentage number, hs_product_id number, hs_line_item_currency_code enum=EUR,USD,JPY,BHD, recurringbillingfrequency enum" + frequencies +
			", hs_recurring_billing_start_date date, hs_position_on_quote number",
		"contacts": "email text, firstname text, lastname text",
	}), Tables: map[string]mapping.Table{"stages": {
		"closedwon":  {Label: "Closed won", Attrs: map[string]string{"won": "true", "closed": "true", "pipeline_label": "Sales Pipeline"}},
		"closedlost": {Label: "Closed lost", Attrs: map[string]string{"won": "false", "closed": "true", "pipeline_label": "Sales Pipeline"}},
		"48817":      {Label: "Won", Attrs: map[string]string{"won": "true", "closed": "true", "pipeline_label": "Renewals"}},
	}}}
}

// salesforce is an org with one currency that keeps how often a line is billed in a field of its own (salesforce.md 15, 16).
func salesforce() mapping.Schema {
	return mapping.Schema{Connection: "salesforce", Currencies: []string{"USD"}, Objects: objects(map[string]string{
		"Account":             "Name text, Website text, BillingStreet text, BillingCity text, BillingState text, BillingPostalCode text, BillingCountry text",
		"Product2":            "Name text, ProductCode text, IsActive bool",
		"PricebookEntry":      "Product2Id ref, Pricebook2Id ref, UnitPrice number, IsActive bool",
		"Opportunity":         "Name text, AccountId ref:Account, StageName enum=Closed Won,Closed Lost, CloseDate date, Amount number, LastStageChangeDate datetime~",
		"OpportunityLineItem": "Product2Id ref:Product2, Quantity number, UnitPrice number, Description text, Product2.Name text~, ServiceDate date, SortOrder integer, Billing_Frequency__c enum=One-time,Monthly,Annual",
	}), Tables: map[string]mapping.Table{"stages": {
		"Closed Won":  {Label: "Closed Won", Attrs: map[string]string{"won": "true", "closed": "true"}},
		"Closed Lost": {Label: "Closed Lost", Attrs: map[string]string{"closed": "true"}},
	}}}
}

func light() mapping.Schema {
	recurrences := "=ONE_TIME,MONTHLY,QUARTERLY,HALF_YEARLY,YEARLY"
	line := "productId ref!, quantity number, priceOverwrite integer, productNameOverwrite text, taxCodeId text, netAmount integer~"
	return mapping.Schema{Connection: "light", Objects: objects(map[string]string{
		"customers":                 "name text!, email text, domain text, description text, vatNumber text, businessRegistrationNumber text, type enum=BUSINESS,CONSUMER,GOVERNMENT, billingAddress.street text, billingAddress.street2 text, billingAddress.city text, billingAddress.state text, billingAddress.zipcode text, billingAddress.country enum=DE,US,GB, status enum=ACTIVE,ARCHIVED~, externalSource text~",
		"products":                  "name text!, pricingType enum!=FIXED,PACKAGE, billingRecurrence enum!" + recurrences + ", pricings list!, customProperties.sku text, externalSource text~, state enum=ACTIVE,ARCHIVED~",
		"invoice-receivables":       "companyEntityId ref!:entities, customerId ref:customers, currency text, description text, invoiceDate date, dueDate date, netTerms integer, poNumber text, reference text, areLinesWithTax bool, lines list, state enum=DRAFT,OPEN~, amount integer~, invoiceNumber text",
		"invoice-receivables/lines": line,
		"contracts":                 "companyEntityId ref!:entities, customerId ref:customers, currency text, description text, startDate date, endDate date, netTerms integer, estimatedAmount integer, areLinesWithTax bool, lines list, state enum=CREATED,DRAFT,ACTIVE~",
		"contracts/lines":           line + ", billingRecurrence enum" + recurrences + ", billingStart date, billingEnd date",
	}), Tables: map[string]mapping.Table{"entities": {
		"entity-1": {Label: "Sample Industries GmbH", Attrs: map[string]string{"code": "DE01"}},
		"entity-2": {Label: "Sample Industries Inc.", Attrs: map[string]string{"code": "US01"}},
	}}}
}

func objects(tables map[string]string) map[string]mapping.Object {
	out := map[string]mapping.Object{}
	for name, table := range tables {
		o := mapping.Object{Name: name}
		option := false
		for _, part := range strings.Split(table, ",") {
			if option && !strings.HasPrefix(part, " ") { // options are parted by commas without blanks
				last := &o.Properties[len(o.Properties)-1]
				value, readOnly := strings.CutSuffix(part, "~")
				last.Options = append(last.Options, mapping.Option{Value: value, Label: labelOf(value)})
				last.ReadOnly = last.ReadOnly || readOnly
				continue
			}
			p := property(strings.TrimSpace(part))
			o.Properties = append(o.Properties, p)
			option = len(p.Options) > 0
		}
		out[name] = o
	}
	return out
}

func property(text string) mapping.Property {
	name, kind, _ := strings.Cut(text, " ")
	kind, options, hasOptions := strings.Cut(kind, "=")
	if value, readOnly := strings.CutSuffix(options, "~"); readOnly {
		kind, options = kind+"~", value
	}
	kind, references, _ := strings.Cut(kind, ":")
	p := mapping.Property{Name: name, Label: labelOf(name), Type: strings.Trim(kind, "!~"), References: references,
		Required: strings.Contains(kind, "!"), ReadOnly: strings.Contains(kind, "~")}
	if hasOptions {
		p.Options = []mapping.Option{{Value: options, Label: labelOf(options)}}
	}
	return p
}

func labelOf(name string) string {
	if name == "vat_number" {
		return "Tax ID" // a label that says nothing of the name
	}
	words := strings.ToLower(strings.ReplaceAll(name, "_", " "))
	return strings.ToUpper(words[:1]) + words[1:]
}
