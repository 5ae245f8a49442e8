package simulation

// What a field of a pair comes to at rest.
const (
	padSame = "SalesPad: at rest both sides say the same"
	padOwn  = "SalesPad: HubSpot's own edit stays at HubSpot"
	padMet  = "SalesPad: what differed when they met stays"
)

// padBranches are the ways of SalesPad's seeds that a run must have met.
var padBranches = []string{padSame, padOwn, padMet,
	"SalesPad: a customer was taken back by making it inactive",
	"SalesPad: told to people: refused", "SalesPad: told to people: taken", "SalesPad: told to people: name_hit", "SalesPad: told to people: parent_held",
	"SalesPad: told to people: unmapped_value", "SalesPad: told to people: missing_value", "SalesPad: told to people: target_archived", "SalesPad: told to people: merged_twice",
}

// padClasses are what people and chaos do in SalesPad's seeds.
func padClasses() []string {
	out := []string{"people at Crosswalk: a document is exported again", "people at Crosswalk: a mapping of SalesPad's is paused and goes on"}
	for _, what := range []string{"customer made", "customer changed", "customer renamed", "customer made inactive or active", "customer deleted", "customer saved without a change that is mapped",
		"address made", "address changed", "address deleted", "prospect changed", "prospect renamed", "prospect converted", "prospect's contact made", "prospect's contact changed",
		"item made", "item changed", "seats taken", "document made in the queue", "document made, then put into the queue", "document put back into the queue", "document open on a desk",
		"a rule keeps documents in the queue", "document forwarded by hand", "line changed in the queue", "line added in the queue", "line removed in the queue", "document void in the queue"} {
		out = append(out, "people at SalesPad: "+what)
	}
	for _, what := range []string{"company to import made", "company to become a prospect made", "company of another type made", "company and customer made, by domain", "company and prospect made",
		"contact made", "company changed", "contact changed", "contact's address changed", "company of another type", "company archived", "contact archived", "record restored", "companies merged", "deal moved on"} {
		out = append(out, "people at HubSpot beside SalesPad: "+what)
	}
	return out
}
