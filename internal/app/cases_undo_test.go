package app

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/connector/salesforce/salesforcetest"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/link"
	"crosswalk/internal/mapping"
	"crosswalk/internal/plan"
	"crosswalk/internal/record"
)

const customersMapping = "companies-to-customers"

// names gives every customer's name at Light by id, archived ones with a mark.
func (w *world) names() map[string]string {
	out := map[string]string{}
	for _, c := range w.Light.Customers() {
		out[c.ID] = c.Name
		if c.Status != "ACTIVE" {
			out[c.ID] += " (archived)"
		}
	}
	return out
}

func (w *world) ended(id string) engine.Run {
	w.t.Helper()
	for n := 0; w.runOf(id).Status != "done"; n++ {
		if n > 200 {
			w.t.Fatalf("run %s does not end: %+v", id, w.runOf(id))
		}
		w.advance(tickOf)
	}
	return w.runOf(id)
}

// undoOf previews the undoing of a run and gives the plan with its rows by target.
func (w *world) undoOf(run string, archive bool) (engine.SavedPlan, map[record.Ref]engine.PlanRow) {
	w.t.Helper()
	ctx := w.t.Context()
	r, err := w.Engine.StartUndo(ctx, run, archive, "operator")
	w.ok(err)
	w.ended(r.ID)
	p, err := w.Engine.Plan(ctx, r.Plan)
	w.ok(err)
	rows := map[record.Ref]engine.PlanRow{}
	for from := 0; ; from += 150 {
		part, err := w.Engine.PlanRows(ctx, r.Plan, from, 150)
		w.ok(err)
		for _, row := range part {
			rows[row.Target] = row
		}
		if len(part) < 150 {
			break
		}
	}
	if len(rows) != p.Rows {
		w.t.Fatalf("%d rows, the plan says %d", len(rows), p.Rows)
	}
	return p, rows
}

// undo approves an undo by its digest and carries it out.
func (w *world) undo(p engine.SavedPlan) engine.Run {
	w.t.Helper()
	ctx := w.t.Context()
	_, err := w.Engine.Approve(ctx, p.ID, p.Digest, "operator")
	w.ok(err)
	r, err := w.Engine.RunPlan(ctx, p.ID, "operator")
	w.ok(err)
	return w.ended(r.ID)
}

// quiet wants that nothing is written anywhere by twenty minutes of polls and a full run.
func (w *world) quietly(what string) {
	w.t.Helper()
	before, names := w.writes(), w.names()
	w.advance(20 * time.Minute)
	w.ended(w.run(engine.Run{Kind: "full", Mapping: customersMapping, Actor: "operator"}).ID)
	if n := w.writes() - before; n != 0 || !maps.Equal(names, w.names()) {
		w.t.Errorf("%s: %d writes came of nothing", what, n)
	}
}

// damaged is a world in which a run of a mapping that somebody edited changed so many customers and made others.
func (w *world) damaged(updates, creates int) (run engine.Run, before map[string]string, companies []string) {
	w.t.Helper()
	for n := range updates {
		vat := fmt.Sprintf("DK%08d", n)
		w.Light.CreateCustomer(lighttest.Customer{Name: fmt.Sprintf("Firm %d", n), VATNumber: lighttest.Text(vat)})
		companies = append(companies, w.company(fmt.Sprintf("Firm %d", n), "vat_number", vat))
	}
	w.ended(w.run(engine.Run{Kind: "full", Mapping: customersMapping, Actor: "editor"}).ID)
	w.advance(2 * time.Minute)
	before = w.names()
	if len(before) != updates {
		w.t.Fatalf("%d customers, want %d", len(before), updates)
	}
	for n := range creates {
		companies = append(companies, w.company(fmt.Sprintf("Fresh %d", n), "vat_number", fmt.Sprintf("SE%010d01", n)))
	}
	w.advance(2 * time.Minute)
	w.apply(strings.NewReplacer("create: needed ", "create: always ", "{ a: name, b: name, required: true }", "{ a: name, b: name, required: true, transform: uppercase }").
		Replace(presetsWith(w.t)[0]))
	w.status(customersMapping, mapping.Live)
	run = w.ended(w.run(engine.Run{Kind: "full", Mapping: customersMapping, Actor: "editor"}).ID)
	if run.Counts.Updated != updates || run.Counts.Created != creates {
		w.t.Fatalf("the run did %+v, want %d updates and %d creates", run.Counts, updates, creates)
	}
	w.advance(2 * time.Minute)
	return run, before, companies
}

// TestB2_UndoOfARun: every field is as it was, those that a person changed since are left and listed, what the run made is
// archived, nothing flows after it, and the undo can be undone.
func TestB2_UndoOfARun(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		const updates, creates, edited = 500, 50, 7
		run, before, _ := w.damaged(updates, creates)
		after := w.names()
		want := maps.Clone(before)
		n := 0
		for _, c := range w.Light.Customers() {
			switch {
			case strings.HasPrefix(c.Name, "FIRM") && n < edited:
				w.ok(w.Light.EditCustomer(c.ID, func(c *lighttest.Customer) { c.Name = "A person's word " + c.ID }))
				want[c.ID] = "A person's word " + c.ID
				n++
			case strings.HasPrefix(c.Name, "FRESH"):
				want[c.ID] = c.Name + " (archived)"
			}
		}
		writes := w.writes()
		p, rows := w.undoOf(run.ID, true)
		if w.writes() != writes {
			w.t.Fatalf("the preview wrote")
		}
		if p.Kinds["restore"] != updates-edited || p.Kinds["archive_made"] != creates || p.Kinds["skip"] != edited || p.Rows != updates+creates {
			w.t.Fatalf("preview: %+v", p.Kinds)
		}
		for id, name := range want {
			row := rows[customerRef(id)]
			if strings.HasPrefix(name, "A person") && (row.Kind != plan.Skip || !strings.Contains(row.Reason.Text, "name")) {
				w.t.Errorf("%s is not listed as left: %+v", id, row)
			}
		}
		done := w.undo(p)
		if done.Counts.Updated != updates-edited+creates || done.Counts.Refused+done.Counts.Failed != 0 {
			w.t.Errorf("undo: %+v", done.Counts)
		}
		for id, name := range w.names() {
			if want[id] != name {
				w.t.Errorf("%s is %q, want %q", id, name, want[id])
			}
		}
		w.quietly("after the undo")

		// every write of it is in the trail, with both values
		told := 0
		for _, line := range w.audit(engine.AuditQuery{Most: 100_000}) {
			if line.Run == done.ID && line.Kind == "restore" && len(line.Fields) == 1 && line.Fields[0].Old.Text() == after[line.Target.ID] && line.Fields[0].New.Text() == before[line.Target.ID] {
				told++
			}
		}
		if told != updates-edited {
			w.t.Errorf("the trail tells of %d restored names, want %d", told, updates-edited)
		}

		again, _ := w.undoOf(run.ID, true) // there is nothing left to undo
		if again.Kinds["restore"]+again.Kinds["archive_made"] != 0 {
			w.t.Errorf("a second undo would do: %v", again.Kinds)
		}

		back, _ := w.undoOf(done.ID, false)
		if back.Kinds["restore"] != updates-edited || back.Kinds["relink"] != creates {
			w.t.Fatalf("undo of the undo: %v", back.Kinds)
		}
		w.undo(back)
		for id, name := range w.names() {
			if wanted := after[id]; wanted != name && !strings.HasPrefix(name, "A person") {
				w.t.Errorf("undone twice %s is %q, want %q", id, name, wanted)
			}
		}
		w.quietly("after the undo of the undo")
	})
}

// TestB10_UndoDoesNotFightTheSync: what is put back stays until a person edits, and then that one edit flows; an archived
// record is not made again by polls, full runs, or changes of its source.
func TestB10_UndoDoesNotFightTheSync(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		run, before, companies := w.damaged(2, 2)
		p, _ := w.undoOf(run.ID, true)
		w.undo(p)
		w.quietly("after the undo")
		w.set("companies", companies[0], "name", "New Name")
		w.set("companies", companies[2], "name", "Newer Fresh")
		w.polled()
		got := w.names()
		if len(got) != 4 {
			w.t.Errorf("%d customers, want 4: an archived one was made again", len(got))
		}
		link := w.why(companyRef(companies[0])).Link
		if got[link.B.ID] != "NEW NAME" {
			w.t.Errorf("the person's edit came as %q", got[link.B.ID])
		}
		other := w.why(companyRef(companies[1])).Link
		if got[other.B.ID] != before[other.B.ID] {
			w.t.Errorf("the other one is %q", got[other.B.ID])
		}
		w.wantSkipped(companyRef(companies[2]), plan.WasUndone)
	})
}

// TestUndoLeavesWhatIsNot: what was made is only archived when asked for, and never when a person works with it; a row that
// changed between preview and run is refused and listed.
func TestUndoLeavesWhatIsNot(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		run, before, companies := w.damaged(3, 2)
		p, _ := w.undoOf(run.ID, false)
		if p.Kinds["restore"] != 3 || p.Kinds["skip"] != 2 {
			w.t.Fatalf("without archiving: %v", p.Kinds)
		}
		made := w.why(companyRef(companies[3])).Link.B.ID
		w.ok(w.Light.EditCustomer(made, func(c *lighttest.Customer) { c.Name = "Ours now" }))
		p, rows := w.undoOf(run.ID, true)
		if p.Kinds["archive_made"] != 1 || rows[customerRef(made)].Kind != plan.Skip {
			w.t.Fatalf("with archiving: %v, %+v", p.Kinds, rows[customerRef(made)])
		}
		late := w.why(companyRef(companies[0])).Link.B.ID
		w.ok(w.Light.EditCustomer(late, func(c *lighttest.Customer) { c.Name = "In the last moment" }))
		done := w.undo(p)
		if done.Counts.Updated != 3 || done.Counts.Refused != 1 || len(done.Refused) != 1 || done.Refused[0] != customerRef(late) {
			w.t.Errorf("undo: %+v, refused %v", done.Counts, done.Refused)
		}
		names := w.names()
		if names[late] != "In the last moment" || names[made] != "Ours now" {
			w.t.Errorf("a person's words are gone: %v", names)
		}
		for _, c := range companies[1:3] {
			if id := w.why(companyRef(c)).Link.B.ID; names[id] != before[id] {
				w.t.Errorf("%s is %q", id, names[id])
			}
		}
		_, err := w.Engine.StartUndo(w.t.Context(), p.Run, false, "operator")
		w.wantRefused(err, "writes nothing")
	})
}

// TestUndoKilled: a worker that dies after any store call of the undo, sent or not, loses nothing and does nothing twice.
func TestUndoKilled(t *testing.T) {
	for kill := 2; kill <= 50; kill += 3 {
		t.Run(fmt.Sprint(kill), func(t *testing.T) { undoKilled(t, kill) })
	}
}

func undoKilled(t *testing.T, kill int) {
	worker := mortal{left: -1}
	virtual(t, setup{Table: worker.table}, func(w *world) {
		run, before, _ := w.damaged(3, 2)
		p, _ := w.undoOf(run.ID, true)
		_, err := w.Engine.Approve(w.t.Context(), p.ID, p.Digest, "operator")
		w.ok(err)
		r, err := w.Engine.RunPlan(w.t.Context(), p.ID, "operator")
		w.ok(err)
		w.ok(w.Engine.Poll(w.t.Context()))
		w.ok(w.Engine.Poll(w.t.Context()))
		worker.left = kill
		w.Engine.Receive(w.t.Context(), lane.Bulk, 10)
		worker.left = -1
		w.restart()
		time.Sleep(31 * time.Minute)
		done := w.ended(r.ID)
		if done.Counts.Updated != 5 {
			w.t.Errorf("undo: %+v", done.Counts)
		}
		for id, name := range w.names() {
			if wanted, was := before[id]; was && wanted != name || !was && !strings.HasSuffix(name, "(archived)") {
				w.t.Errorf("%s is %q, before the run %q", id, name, wanted)
			}
		}
		w.quietly("after it")
	})
}

// TestUndoOfDocuments: documents and what was written back about them are never undone, and it is said.
func TestUndoOfDocuments(t *testing.T) {
	virtual(t, setup{}, func(w *world) {
		company, product := w.billable()
		deal := w.deal("Deal", company, "20", line(product, "quantity", "2", "price", "10"))
		w.pause(dealMappings...)
		w.win(deal)
		for _, name := range dealMappings {
			_, err := w.Engine.Resume(w.t.Context(), name, "editor", "")
			w.ok(err)
		}
		run := w.ended(w.runNamed("deals-to-invoices", dealRef(deal)).ID)
		w.invoice("Deal")
		p, rows := w.undoOf(run.ID, true)
		held := 0
		for _, row := range rows {
			if row.Target.Object == "invoice-receivables" {
				held++
				if row.Kind != plan.Hold || !strings.Contains(row.Reason.Text, "never undone") {
					w.t.Errorf("%+v", row)
				}
			}
		}
		if held != 1 {
			w.t.Errorf("%d rows about the document: %v", held, p.Kinds)
		}
	})
}

// TestUndoOfAnHour: what signals wrote outside any run is undone by its hour; after unlinking, what was written to the wrong
// record is put back too; erased people are not brought back, and old values that expired are said to be gone.
func TestUndoOfAnHour(t *testing.T) {
	virtual(t, setup{Config: func(c *engine.Config) { c.Retention.Values = 48 * time.Hour }}, func(w *world) {
		_, before, companies := w.damaged(3, 0)
		w.advance(2 * time.Hour)
		hour := "hour-" + time.Now().UTC().Format("2006-01-02T15")
		_, err := w.Engine.StartUndo(w.t.Context(), hour, false, "operator")
		w.wantRefused(err, "not over")
		at := w.names()
		w.set("companies", companies[0], "name", "Wrong")
		w.set("companies", companies[1], "name", "Wrong as well")
		w.polled()
		gone := w.why(companyRef(companies[1])).Link.B.ID
		wrong := w.why(companyRef(companies[0])).Link.B.ID
		if w.names()[wrong] != "WRONG" {
			w.t.Fatalf("%v", w.names())
		}
		w.unlink(companyRef(companies[0]), false)
		w.erase(companyRef(companies[1]).String())
		w.advance(time.Hour)
		p, rows := w.undoOf(hour, false)
		if p.Kinds["restore"] != 1 || rows[customerRef(gone)].Kind != plan.Hold {
			w.t.Fatalf("%v %+v", p.Kinds, rows)
		}
		w.undo(p)
		if got := w.names()[wrong]; got != at[wrong] {
			w.t.Errorf("%q, want %q", got, at[wrong])
		}
		if l := w.why(companyRef(companies[0])).Link; l.State != link.Held {
			w.t.Errorf("it is %s", l.State)
		}
		_ = before
		runs := w.runs()
		w.advance(72 * time.Hour)
		for _, r := range runs {
			if r.Kind == "full" && r.Counts.Updated == 3 {
				p, _ := w.undoOf(r.ID, false)
				if p.Kinds["hold"] != 3 {
					w.t.Errorf("values are gone: %v", p.Kinds)
				}
			}
		}
	})
}

// TestB10_UndoBothWays: what a run wrote at both CRMs is put back at both, what a person changed since stays, and nothing flows.
func TestB10_UndoBothWays(t *testing.T) {
	pair(t, pairWorld(pairAccounts), func(w *world) {
		account := w.sfAccount("Nordlys", "Website", "https://nordlys.example", "Phone", "111")
		company := w.hub("companies", "name", "Nordlys A/S", "domain", "nordlys.example", "city", "Aarhus")
		other := w.sfAccount("Solvang", "Website", "https://solvang.example", "Phone", "222")
		twin := w.hub("companies", "name", "Solvang", "domain", "solvang.example")
		fresh := w.hub("companies", "name", "Fresh", "domain", "fresh.example")
		hour := w.nextHour()
		before := map[string]string{"phone": w.at("companies", company).Properties["phone"], "name": w.sfText("Account", account, "Name")}
		w.sfSet("Account", account, "Phone", "999")
		w.hubSet("companies", company, "name", "Renamed in HubSpot")
		w.sfSet("Account", other, "Phone", "888")
		w.polled()
		if w.at("companies", company).Properties["phone"] != "999" || w.sfText("Account", account, "Name") != "Renamed in HubSpot" || w.at("companies", twin).Properties["phone"] != "888" {
			w.t.Fatal("the sync did not do what the case needs")
		}
		w.nextHour()
		w.hubSet("companies", twin, "phone", "a person's")
		w.polled()
		p, rows := w.undoOf(hour, false)
		if p.Kinds["restore"] != 2 || p.Kinds["skip"] != 1 {
			w.t.Fatalf("%v %+v", p.Kinds, rows)
		}
		w.undo(p)
		check := func(when string) {
			w.t.Helper()
			if got := w.at("companies", company).Properties["phone"]; got != before["phone"] {
				w.t.Errorf("%s the company's phone is %q, want %q", when, got, before["phone"])
			}
			if got := w.sfText("Account", account, "Name"); got != before["name"] {
				w.t.Errorf("%s the account's name is %q, want %q", when, got, before["name"])
			}
			if got := w.at("companies", company).Properties["name"]; got != "Renamed in HubSpot" {
				w.t.Errorf("%s the company's name is %q", when, got)
			}
			if got := w.sfText("Account", account, "Phone"); got != "999" {
				w.t.Errorf("%s the account's phone is %q", when, got)
			}
			if got := w.at("companies", twin).Properties["phone"]; got != "a person's" {
				w.t.Errorf("%s the other company's phone is %q", when, got)
			}
		}
		check("after the undo")
		w.ended(w.run(engine.Run{Kind: "full", Mapping: "accounts", Actor: "editor"}).ID)
		w.advance(30 * time.Minute)
		check("after polls and a full run")
		w.hubSet("companies", company, "phone", "333")
		w.polled()
		if got := w.sfText("Account", account, "Phone"); got != "333" {
			w.t.Errorf("a person's edit did not flow: %q", got)
		}
		_ = fresh
	})
}

// TestB10_UndoOfWhatCameHome: an account that a run made of a company is archived, and no poll makes it again.
func TestB10_UndoOfWhatCameHome(t *testing.T) {
	pair(t, pairWorld(pairAccounts), func(w *world) {
		hour := w.nextHour()
		fresh := w.hub("companies", "name", "Fresh", "domain", "fresh.example")
		w.polled()
		if n := len(w.sfAll("Account")); n != 1 {
			w.t.Fatalf("%d accounts", n)
		}
		w.nextHour()
		p, rows := w.undoOf(hour, true)
		if p.Kinds["archive_made"] != 1 {
			w.t.Fatalf("%v %+v", p.Kinds, rows)
		}
		w.undo(p)
		w.hubSet("companies", fresh, "name", "Fresher")
		w.advance(30 * time.Minute)
		w.ended(w.run(engine.Run{Kind: "full", Mapping: "accounts", Actor: "editor"}).ID)
		if n := len(w.sfAll("Account")); n != 0 {
			w.t.Errorf("%d accounts, want none", n)
		}
	})
}

// TestSaveBeforeLive: a mapping that works both ways does not go live before what it may write over was saved, or somebody says that
// it need not be; the file holds both sides of every pair, whichever part they came in, and its receipt cannot be made up.
func TestSaveBeforeLive(t *testing.T) {
	s := pairWorld(pairAccounts)
	s.Draft = true
	pair(t, s, func(w *world) {
		const pairs = 450
		for n := range pairs {
			w.sfAccount(fmt.Sprintf("Account %d", n), "Website", fmt.Sprintf("https://firm%d.example", n), "Phone", fmt.Sprint(1000+n))
			w.hub("companies", "name", fmt.Sprintf("=Company %d", n), "domain", fmt.Sprintf("firm%d.example", n))
		}
		w.sfAccount("Alone", "Website", "https://alone.example")
		ctx := w.t.Context()
		_, err := w.Engine.GoLive(ctx, "accounts", 0, false, "editor", "")
		if err == nil || !strings.Contains(err.Error(), "crosswalk save accounts") {
			w.t.Fatalf("it went live: %v", err)
		}
		w.polled()
		seen, after, receipt := map[record.Ref]bool{}, "", ""
		for receipt == "" {
			part, err := w.Engine.SavePart(ctx, "accounts", after)
			w.ok(err)
			for _, p := range part.Pairs {
				at := map[string]string{}
				for n, v := range p.Values {
					at[part.Columns[n]] = v.Text()
				}
				var n int
				fmt.Sscanf(at["a.Name"], "Account %d", &n)
				if seen[p.A] || at["b.name"] != fmt.Sprintf("=Company %d", n) || at["a.Phone"] != fmt.Sprint(1000+n) || p.How != "would be linked" {
					w.t.Fatalf("%v %v", p, at)
				}
				seen[p.A] = true
			}
			if part.Count != len(seen) {
				w.t.Fatalf("%d pairs, the part says %d", len(seen), part.Count)
			}
			after, receipt = part.Next, part.Receipt
		}
		if len(seen) != pairs {
			w.t.Fatalf("%d pairs, want %d", len(seen), pairs)
		}
		for _, made := range []string{"", "nonsense", after, receipt[:len(receipt)-1] + "x"} {
			if _, err := w.Engine.Saved(ctx, "accounts", made, "f", "editor", ""); err == nil {
				w.t.Errorf("a receipt that was made up is taken: %q", made)
			}
		}
		n, err := w.Engine.Saved(ctx, "accounts", receipt, "sha256 abc", "editor", "kept in the safe")
		if err != nil || n != pairs {
			w.t.Fatalf("%d %v", n, err)
		}
		_, err = w.Engine.GoLive(ctx, "accounts", 0, false, "editor", "")
		w.ok(err)
	})
	pair(t, s, func(w *world) {
		ctx := w.t.Context()
		w.ok(w.Engine.WaiveSave(ctx, "accounts", "editor", "an empty org"))
		_, err := w.Engine.GoLive(ctx, "accounts", 0, false, "editor", "")
		w.ok(err)
		d, err := w.Engine.Decisions(ctx, "accounts")
		w.ok(err)
		if len(d) < 2 || d[0].Kind != engine.DecidedNoSave || d[0].Actor != "editor" {
			w.t.Errorf("%+v", d)
		}
	})
}

// nextHour lets the rest of the hour pass and gives the name of the one that begins.
func (w *world) nextHour() string {
	w.t.Helper()
	w.advance(time.Until(time.Now().Truncate(time.Hour).Add(time.Hour + time.Second)))
	return "hour-" + time.Now().UTC().Format("2006-01-02T15")
}

// sfText is a field of a record in the org, as text.
func (w *world) sfText(object, id, field string) string {
	w.t.Helper()
	r, ok := w.Salesforce.Get(object, id)
	if !ok {
		return ""
	}
	return r.Text(field)
}

// sfAll are the records of an object that are not in the bin.
func (w *world) sfAll(object string) []salesforcetest.Record { return w.Salesforce.All(object) }
