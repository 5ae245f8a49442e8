package simulation

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector/salespad/salespadtest"
	"crosswalk/internal/engine"
	"crosswalk/internal/record"
)

// lineStep is the distance between the lines of a document.
const lineStep = 16384

// padSnapshot is a document as it stood when people changed it after it had left the queue, and how often we had forwarded it by then.
type padSnapshot struct {
	total    string
	lines    []string
	forwards int
	at       int // which of its states that was
}

func (p *pad) addItem() {
	p.numbered++
	number := fmt.Sprintf("ITEM-%d", p.numbered)
	values := erpFields{"Item_Number": number, "Item_Description": p.word("Item"), "List_Price": fmt.Sprintf("%d.%02d", 5+p.numbered, p.dice.IntN(100))}
	if p.one(4) {
		values["Inactive"] = "true" // it has no product, and its lines go out all the same
	}
	p.erpMake("ItemMaster", values)
	if p.one(4) {
		p.hubMake("products", props{"name": "As typed", "hs_sku": strings.ToLower(number), "price": "1"})
	}
}

func (p *pad) editItem() (string, error) {
	if p.one(4) {
		p.addItem()
		return "item made", nil
	}
	r, ok := p.someERP("ItemMaster", nil)
	if !ok {
		return "item changed", errNothing
	}
	if p.one(2) {
		return "item changed", p.change("ItemMaster", r.Key, erpFields{"Item_Description": p.word("Item renamed")})
	}
	p.numbered++
	return "item changed", p.change("ItemMaster", r.Key, erpFields{"List_Price": fmt.Sprintf("%d.5", p.numbered)})
}

// documentKinds are GP's kinds of documents, with the queue that each is exported from.
var documentKinds = []struct{ kind, id, queue string }{
	{"ORDER", "STDORD", "EXPORT"}, {"ORDER", "STDORD", "EXPORT"}, {"QUOTE", "STANDARDQUOTE", "EXPORT QUOTE"}, {"INVOICE", "STDINV", "EXPORT"}, {"RETURN", "RTN", "EXPORT"},
}

// addDocument makes a document with lines: in the queue at once, or line by line while it stands there, or still under review.
func (p *pad) addDocument() (string, error) {
	customer, ok := p.someERP("Customer", func(r salespadtest.Record) bool { return r.Fields["Inactive"] != "true" })
	if !ok {
		return "document made", errNothing
	}
	n := p.dice.IntN(len(documentKinds))
	if documentKinds[n].kind == "RETURN" && !p.one(3) {
		n = 0
	}
	k := documentKinds[n]
	first, what := k.queue, "document made in the queue"
	if p.one(2) {
		first, what = "", "document made, then put into the queue" // where the workflow begins
	}
	values := erpFields{"Sales_Doc_Type": k.kind, "Sales_Doc_ID": k.id, "Customer_Num": customer.Key, "Sales_Batch": first, "Doc_Date": fmt.Sprintf("2026-07-%02dT00:00:00.000", 1+p.dice.IntN(28))}
	if p.one(4) {
		values["Freight"] = "12.5"
	}
	key := p.erpMake("SalesDocument", values)
	if key == "" {
		return what, errNothing
	}
	for range 1 + p.dice.IntN(3) {
		_ = p.addLine(key) // refused where there is no item
	}
	p.touched[key] = time.Now()
	if first == "" {
		return what, p.queue(key, k.queue)
	}
	return what, nil
}

// queue puts a document into a queue.
func (p *pad) queue(key, queue string) error {
	p.keep(key)
	docType, num, _ := strings.Cut(key, "|")
	return p.s.SalesPad.MoveTo(docType, num, queue)
}

func (p *pad) addLine(key string) error {
	item, ok := p.someERP("ItemMaster", nil)
	if !ok {
		return errNothing
	}
	docType, num, _ := strings.Cut(key, "|")
	n := 1
	for _, l := range p.s.SalesPad.Lines(docType, num) {
		var at int
		if _, err := fmt.Sscan(l.Fields["Line_Num"], &at); err == nil {
			n = max(n, at/lineStep+1)
		}
	}
	_, err := p.s.SalesPad.Create("SalesLineItem", erpFields{"Sales_Doc_Type": docType, "Sales_Doc_Num": num, "Line_Num": fmt.Sprint(n * lineStep), "Component_Seq_Num": "0",
		"Item_Number": item.Key, "Item_Description": p.word("As the line says"), "Quantity": p.of("1", "2", "3", "2.5", "10"), "Unit_Price": p.price()})
	return err
}

func (p *pad) price() string {
	p.numbered++
	return fmt.Sprintf("%d.%s", p.numbered, p.of("5", "25", "99", "0", "335"))
}

// queued tells whether a document stands in a queue that is exported.
func queued(r salespadtest.Record) bool {
	return r.State == "Open" && slices.Contains(padQueues, r.Fields["Sales_Batch"])
}

// editDocument makes a document or does something to one: mostly to such as stand in the queue.
func (p *pad) editDocument(a *actor) (string, error) {
	if p.one(4) {
		return p.addDocument()
	}
	r, ok := p.someERP("SalesDocument", queued)
	if !ok || p.one(3) {
		if r, ok = p.someERP("SalesDocument", func(r salespadtest.Record) bool { return r.State == "Open" }); !ok {
			return p.addDocument()
		}
	}
	docType, num, _ := strings.Cut(r.Key, "|")
	lines := p.s.SalesPad.Lines(docType, num)
	p.keep(r.Key)
	switch n := p.dice.IntN(20); {
	case n < 5 && len(lines) > 0:
		values := erpFields{"Quantity": p.of("4", "5", "6"), "Unit_Price": p.price()}
		return p.touch(r, "line changed", p.s.SalesPad.Update("SalesLineItem", lines[p.dice.IntN(len(lines))].Key, values))
	case n < 8:
		return p.touch(r, "line added", p.addLine(r.Key))
	case n < 10 && len(lines) > 1:
		return p.touch(r, "line removed", p.s.SalesPad.Delete("SalesLineItem", lines[p.dice.IntN(len(lines))].Key))
	case n < 12:
		return p.touch(r, "freight changed", p.s.SalesPad.Update("SalesDocument", r.Key, erpFields{"Freight": p.price()}))
	case n < 15 && !queued(r):
		return "document put back into the queue", p.queue(r.Key, documentQueue(docType))
	case n < 16:
		return p.touch(r, "document void", p.s.SalesPad.Void(docType, num))
	case n < 18:
		p.locked[r.Key] = true
		p.s.SalesPad.Lock(docType, num, "somebody")
		a.pause(a.between(20*time.Second, 2*time.Minute))
		p.dice = a.dice
		p.s.SalesPad.Unlock(docType, num)
		return "document open on a desk", nil
	case n < 19:
		queue := p.of(padQueues...)
		p.s.SalesPad.SetForwardRule(queue, func(salespadtest.Record) (string, string) { return "", "not approved yet" })
		a.pause(a.between(20*time.Second, 2*time.Minute))
		p.dice = a.dice
		p.s.SalesPad.SetForwardRule(queue, nil)
		return "a rule keeps documents in the queue", nil
	}
	if queued(r) {
		return "document forwarded by hand", p.s.SalesPad.Forward(docType, num)
	}
	return "nothing", errNothing
}

func documentQueue(docType string) string {
	for _, k := range documentKinds {
		if k.kind == docType {
			return k.queue
		}
	}
	return padQueues[0]
}

// touch notes that people changed a document.
func (p *pad) touch(r salespadtest.Record, what string, err error) (string, error) {
	if err == nil {
		p.touched[r.Key] = time.Now()
	}
	if queued(r) {
		what += " in the queue"
	}
	return what, err
}

// keep takes a document down as it is, before people change it, where we forwarded it and it stands in no queue: that is what was
// exported. What stands in a queue is exported as it is in the end.
func (p *pad) keep(key string) {
	r, ok := p.s.SalesPad.Get("SalesDocument", key)
	if !ok {
		return
	}
	n := p.forwards(key)
	now := p.snapshot(r)
	now.at = len(p.states[key])
	p.states[key] = append(p.states[key], now)
	if was, ok := p.left[key]; queued(r) || n == 0 || ok && was.forwards == n {
		return
	}
	p.left[key] = now
}

func (p *pad) snapshot(r salespadtest.Record) padSnapshot {
	docType, num, _ := strings.Cut(r.Key, "|")
	out := padSnapshot{total: plainAmount(r.Fields["Total"]), forwards: p.forwards(r.Key)}
	for _, l := range p.s.SalesPad.Lines(docType, num) {
		out.lines = append(out.lines, lineText(l.Fields["Item_Number"], l.Fields["Quantity"], l.Fields["Unit_Price"], l.Fields["Item_Description"]))
	}
	slices.Sort(out.lines)
	return out
}

func lineText(sku, quantity, price, name string) string {
	return fmt.Sprintf("%s of %s at %s %q", plainAmount(quantity), strings.ToUpper(sku), plainAmount(price), name)
}

// plainAmount is a number in one spelling.
func plainAmount(text string) string {
	if text == "" {
		return "0"
	}
	return fraction(text).RatString()
}

// forwards is how often we forwarded a document.
func (p *pad) forwards(key string) int {
	n := 0
	for _, e := range p.s.SalesPad.Log() {
		if e.Did == "forward" && e.Resource == "SalesDocument" && e.Key == key && e.By != salespadtest.Person {
			n++
		}
	}
	return n
}

// atDesk is somebody at Crosswalk while all runs: documents are exported again by name, a mapping is paused and goes on.
func (p *pad) atDesk(a *actor, until time.Time) {
	ctx := context.Background()
	e := p.s.engine(a)
	p.s.doSome(a, until, 120, 270, func() { p.dice = a.dice }, []deed{
		{2, "a document is exported again", func() error { return p.exportAgain(ctx, a, e) }},
		{3, "a mapping of SalesPad's is paused and goes on", func() error { return p.pauseOne(ctx, a, e) }},
	})
}

// exportAgain is crosswalk run documents 'ADDRESS', of a document that was exported.
func (p *pad) exportAgain(ctx context.Context, a *actor, e *engine.Engine) error {
	r, ok := p.someERP("SalesDocument", func(r salespadtest.Record) bool { return r.State == "Open" && p.forwards(r.Key) > 0 })
	if !ok {
		return errNothing
	}
	p.keep(r.Key)
	p.asked[r.Key]++
	return insist(a, func() error {
		_, err := e.RunMapping(ctx, engine.Run{Kind: "named", Mapping: "documents", Actor: "editor", Pilot: true}, []record.Ref{erpRef("sales-documents", r.Key)})
		return err
	})
}

func (p *pad) pauseOne(ctx context.Context, a *actor, e *engine.Engine) error {
	name := []string{"customers", "prospects", "addresses", "documents"}[a.dice.IntN(4)]
	if err := pauseAWhile(ctx, a, e, name); err != nil {
		return err
	}
	return insist(a, func() error {
		_, err := e.Resume(ctx, name, "editor", "looked at")
		return err
	})
}

func erpRef(object, id string) record.Ref {
	return record.Ref{Connection: salespadSystem, Object: object, ID: id}
}

// lookAt is a process's look at a document.
type lookAt struct {
	by  *actor
	num string
}

// flight is a forward of ours: from the last look of its process until it was carried out.
type flight struct{ from, to time.Time }

var namedDocument = regexp.MustCompile(`Sales_Doc_Num eq '([^']*)'`)

// watchCall notes looks at documents, and forwards.
func (p *pad) watchCall(a *actor, r *http.Request, f *fault) {
	part := strings.Split(r.URL.Path, "/") // /api/SalesDocument/ORDER/ORD1001/Forward
	if len(part) < 3 || part[2] != "SalesDocument" {
		return
	}
	p.s.tally(func(*Sim) {
		switch {
		case r.Method == http.MethodGet && len(part) == 3:
			for _, hit := range namedDocument.FindAllStringSubmatch(r.URL.Query().Get("$filter"), -1) {
				p.looks[lookAt{a, hit[1]}] = time.Now()
			}
		case r.Method == http.MethodGet && len(part) == 5:
			p.looks[lookAt{a, part[4]}] = time.Now()
		case r.Method == http.MethodPut && len(part) == 6 && part[5] == "Forward":
			to := time.Now()
			if f != nil {
				to = to.Add(f.lateBy)
			}
			p.flights[part[4]] = append(p.flights[part[4]], flight{p.looks[lookAt{a, part[4]}], to})
		}
	})
}
