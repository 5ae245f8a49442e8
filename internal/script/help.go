package script

// A Function is one of the functions that scripts have besides Starlark's own, for help pages.
type Function struct{ Usage, Doc string }

// Functions gives them in the order a reader wants them. None given to any of them is no error, except where it says so.
func Functions() []Function {
	return []Function{
		{"decimal(x, default)", "The exact number of a text or number; default where x has no value. Vendors send numbers as texts: compare decimal(amount) > 1000, not amount > 1000."},
		{"round(x, scale)", "A number rounded to so many decimals, halves away from zero; scale is 0 when not given."},
		{"minor_units(amount, currency)", "An amount of major units as whole minor units of its currency, halves away from zero: 42.15 and EUR is 4215. No value of no amount."},
		{"price(amount, currency)", "The same as one part of a product's prices: EUR:4215. No amount is an error."},
		{"is_true(x)", "Whether a text says true, yes, y, 1 or on. Vendors send truth values as texts."},
		{"blank(x)", "Whether there is no value, or only blanks, or an empty list."},
		{"contains(x, part)", "Whether a text holds a part of a text, or a list an entry; upper and lower case count."},
		{"starts_with(x, part)", "Whether a text begins with a part."},
		{"ends_with(x, part)", "Whether a text ends with a part."},
		{"lower(x)", "The text in small letters."},
		{"upper(x)", "The text in capital letters."},
		{"trim(x)", "The text without blanks at its ends."},
		{"valid_email(x)", "Whether a text is one e-mail address that mail could be sent to."},
		{"free_mail(x)", "Whether an address or domain belongs to a free mail service."},
		{"domain(x)", "The registrable domain of a web address, host or e-mail address; a blank text when there is none."},
		{"in_list(name)", "Whether the record is in this list of its system, by its name or id in quotes. A list that does not exist is an error."},
		{"lifecycle_stage(opportunities, won, open)", "The lifecycle stage that a person's opportunities give: customer when one is won, else opportunity when one is open, else no value; lost ones give none. opportunities is a list of related records with IsWon and IsClosed (or those of Opportunity, or hs_is_closed_won and hs_is_closed), such as with.roles; won and open name other stages."},
		{"furthest(a, b, order)", "The one of two stages that is further on in the order, a list from the first stage to the last; HubSpot's own lifecycle stages when not given. No value is behind every stage; a stage that is not in the order stays."},
		{"skip(why)", "Returned: the record is not written, and that is fine."},
		{"hold(why)", "Returned: the record is not written until a person has looked."},
		{"fail(why)", "Stops the script; the record is held with these words."},
		{"float(x)", "The same as decimal(x): there is no floating point here."},
		{"print(x)", "Does nothing: a script has nowhere to print to."},
	}
}
