package hubspot

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/record"
	"crosswalk/internal/rest"
)

// Submissions is the object of form submissions: one record for each time that somebody sent in a form (HS-60, PB-78). They are no CRM
// records: nobody writes, changes or merges them, no webhook tells of them, and they have neither search nor a read by id. The legacy forms
// API lists those of one form, newest first, 50 a page (developers.hubspot.com/docs/api-reference/legacy/marketing/forms/v1,
// get-form-integrations-v1-submissions-forms-form_guid); the forms come from marketing/v3/forms. Scope: forms. Neither has a dated
// version. The contact is found by the e-mail address that was sent in: a submission names no contact.
//
// Fields: form (its name), form_id, submitted_at, page_url, email, answers (what was sent in, a line each), contact (its id) and
// associations.contacts.
const Submissions = "form_submissions"

var submissionKind = kind{name: Submissions, singular: "form_submission", typeID: "-", modified: "submitted_at", created: "submitted_at"}

const (
	scopeForms      = "forms"
	formsPath       = "/marketing/v3/forms"
	submissionsPath = "/form-integrations/v1/submissions/forms/{id}"
	formPage        = 100
	submissionPage  = 50
	formPages       = 20               // of one form in one page of the feed: a thousand submissions
	maxFormPages    = 20_000           // ends a form whose pages would run in circles
	young           = time.Minute      // a submission may be shown before its contact is (?)
	late            = 10 * time.Minute // and after others that are younger (?)
)

var submissionFields = []connector.Field{
	{Name: "form", Label: "Form", Type: "text", ReadOnly: true, MaxLength: maxText},
	{Name: "form_id", Label: "Form id", Type: "text", ReadOnly: true, MaxLength: 36},
	{Name: "submitted_at", Label: "Submitted at", Type: "datetime", ReadOnly: true},
	{Name: "page_url", Label: "Page", Type: "text", ReadOnly: true, MaxLength: maxText},
	{Name: "email", Label: "E-mail", Type: "text", ReadOnly: true, MaxLength: maxText},
	{Name: "answers", Label: "Answers", Type: "text", ReadOnly: true, MaxLength: maxText},
	{Name: "contact", Label: "Contact id", Type: "text", ReadOnly: true, MaxLength: 20},
	{Name: connector.AllOf + "contacts", Label: "Associated contacts", Type: "list", References: "contacts", ReadOnly: true},
}

type wireForm struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type wireSubmission struct {
	ID     string `json:"conversionId"`
	At     int64  `json:"submittedAt"` // ms
	Page   string `json:"pageUrl"`
	Values []struct {
		Name  string `json:"name"`
		Value scalar `json:"value"`
	} `json:"values"`
}

// submissionForm is the id of a record: the form, when it was sent in, and which submission it is. The first two are what it takes to find
// the third again.
var submissionForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([0-9A-Za-z]{8}-[0-9A-Za-z-]{20,40})_(\d{1,15})_([0-9A-Za-z-]{1,64})$`)
})

func submissionID(form string, w wireSubmission) string {
	return form + "_" + strconv.FormatInt(w.At, 10) + "_" + w.ID
}

// submissionCursor is where the feed of submissions stands: in the middle of a round through the forms, in order of their ids, or between
// two rounds. A round gives what was sent in from Since until Start; a little is given again in the next.
type submissionCursor struct {
	Version int    `json:"v"`
	Since   int64  `json:"since"`           // ms
	Start   int64  `json:"start,omitempty"` // ms; 0: between rounds
	Form    string `json:"form,omitempty"`  // the last one that was read
	After   string `json:"after,omitempty"` // its next page, where it has more than one call reads
}

func submissionsFrom(op string, r connector.FeedRequest) (submissionCursor, error) {
	if len(r.Cursor) == 0 || string(r.Cursor) == "null" {
		at := submissionCursor{Version: cursorVersion}
		if !r.From.IsZero() {
			at.Since = max(r.From.UnixMilli(), 0)
		}
		return at, nil
	}
	var at submissionCursor
	d := json.NewDecoder(bytes.NewReader(r.Cursor))
	d.DisallowUnknownFields()
	if d.Decode(&at) != nil || at.Version != cursorVersion || at.Since < 0 || at.Start < 0 {
		return at, &connector.Error{Fault: connector.Invalid, Op: op, Code: "cursor is not one of this connector"}
	}
	return at, nil
}

// submitted gives the next page of submissions: those of one form.
func (c *Connector) submitted(ctx context.Context, r connector.FeedRequest) (connector.Page, error) {
	op := "changes of " + Submissions
	at, err := submissionsFrom(op, r)
	if err != nil {
		return connector.Page{}, err
	}
	forms := c.formsOf(at.Start)
	if forms == nil {
		var now time.Time
		if forms, now, err = c.forms(ctx, op); err != nil {
			return connector.Page{}, err
		}
		if at.Start == 0 {
			if now.IsZero() {
				return connector.Page{}, &connector.Error{Fault: connector.Unavailable, Op: op, Code: "an answer without a date"}
			}
			at.Start, at.Form, at.After = max(now.Add(-young).UnixMilli(), at.Since), "", ""
		}
		c.keepForms(at.Start, forms)
	}
	n := slices.IndexFunc(forms, func(f wireForm) bool { return f.ID > at.Form || f.ID == at.Form && at.After != "" })
	if n < 0 {
		return connector.Page{Cursor: mustJSON(at.ended()), Total: -1}, nil
	}
	form := forms[n]
	if form.ID != at.Form {
		at.Form, at.After = form.ID, ""
	}
	var rows []wireSubmission
	at.After, err = c.submissionsOf(ctx, op, form.ID, at.After, formPages, func(w wireSubmission) bool {
		if w.At >= at.Since && w.At < at.Start {
			rows = append(rows, w)
		}
		return w.At >= at.Since
	})
	if err != nil {
		return connector.Page{}, err
	}
	slices.Reverse(rows) // oldest first
	records, err := c.submissionRecords(ctx, op, form, rows, r.Fields, nil)
	if err != nil {
		return connector.Page{}, err
	}
	page := connector.Page{Records: records, More: at.After != "" || n+1 < len(forms), Total: -1}
	if !page.More {
		at = at.ended()
	}
	page.Cursor = mustJSON(at)
	return page, nil
}

// formsOf gives the forms that were listed when a round began, nil where this process did not begin it.
func (c *Connector) formsOf(start int64) []wireForm {
	c.mu.Lock()
	defer c.mu.Unlock()
	if start == 0 || c.round != start {
		return nil
	}
	return c.listed
}

func (c *Connector) keepForms(start int64, forms []wireForm) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.round, c.listed = start, forms
}

// ended is the cursor after a round.
func (at submissionCursor) ended() submissionCursor {
	return submissionCursor{Version: cursorVersion, Since: max(at.Since, at.Start-late.Milliseconds())}
}

// forms gives the account's forms in order of their ids, and the time by HubSpot's clock.
func (c *Connector) forms(ctx context.Context, op string) (all []wireForm, now time.Time, err error) {
	after := ""
	for range maxFormPages {
		var out struct {
			Results []wireForm `json:"results"`
			Paging  paging     `json:"paging"`
		}
		query := url.Values{"limit": {strconv.Itoa(formPage)}, "formTypes": {"all"}, "archived": {"false"}}
		if after != "" {
			query.Set("after", after)
		}
		answer, err := c.call(ctx, op, rest.Request{Path: formsPath, Route: formsPath, Query: query, Safe: true}, &out)
		if err == nil && out.Results == nil {
			err = &connector.Error{Fault: connector.Unavailable, Op: op, Code: "no list in the answer"}
		}
		if err != nil {
			return nil, now, err
		}
		if now.IsZero() {
			now = answer.Date
		}
		all = append(all, out.Results...)
		if out.Paging.Next == nil || out.Paging.Next.After.text == "" || out.Paging.Next.After.text == after {
			slices.SortFunc(all, func(a, b wireForm) int { return strings.Compare(a.ID, b.ID) })
			return all, now, nil
		}
		after = out.Paging.Next.After.text
	}
	return nil, now, &connector.Error{Fault: connector.Unavailable, Op: op, Code: "the forms have no end"}
}

// submissionsOf shows the submissions of a form, newest first, until see says that it is enough; next is the page after the last one that
// was read, "" at the end.
func (c *Connector) submissionsOf(ctx context.Context, op, form, after string, pages int, see func(wireSubmission) bool) (next string, err error) {
	for range pages {
		var out struct {
			Results []wireSubmission `json:"results"`
			Paging  paging           `json:"paging"`
		}
		query := url.Values{"limit": {strconv.Itoa(submissionPage)}}
		if after != "" {
			query.Set("after", after)
		}
		_, err := c.call(ctx, op, rest.Request{Path: fill(submissionsPath, "{id}", url.PathEscape(form)), Route: submissionsPath, Query: query, Safe: true}, &out)
		if err == nil && out.Results == nil {
			err = &connector.Error{Fault: connector.Unavailable, Op: op, Code: "no list in the answer"}
		}
		if err != nil {
			return "", err
		}
		for _, w := range out.Results {
			if w.At <= 0 || !submissionForm().MatchString(submissionID(form, w)) {
				return "", &connector.Error{Fault: connector.Unavailable, Op: op, Code: "a submission without id or time"}
			}
			if !see(w) {
				return "", nil
			}
		}
		if out.Paging.Next == nil || out.Paging.Next.After.text == "" || out.Paging.Next.After.text == after {
			return "", nil
		}
		after = out.Paging.Next.After.text
	}
	return after, nil
}

// readSubmissions finds submissions again: each form is looked through as far back as the oldest of them. One that is not there is gone.
func (c *Connector) readSubmissions(ctx context.Context, r connector.ReadRequest) ([]record.Read, error) {
	op := "read " + Submissions
	out := make([]record.Read, len(r.IDs))
	oldest := map[string]int64{}
	at := map[string]int{}
	for n, id := range r.IDs {
		out[n] = record.Read{Ref: c.ref(submissionKind, id), State: record.Gone}
		if parts := submissionForm().FindStringSubmatch(id); parts != nil {
			ms, _ := strconv.ParseInt(parts[2], 10, 64)
			if have, ok := oldest[parts[1]]; !ok || ms < have {
				oldest[parts[1]] = ms
			}
			at[id] = n
		}
	}
	if len(oldest) == 0 {
		return out, nil
	}
	forms, _, err := c.forms(ctx, op)
	if err != nil {
		return nil, err
	}
	for _, form := range forms { // of one that is archived nothing is known any more
		since, asked := oldest[form.ID]
		if !asked {
			continue
		}
		var rows []wireSubmission
		_, err := c.submissionsOf(ctx, op, form.ID, "", maxFormPages, func(w wireSubmission) bool {
			if _, asked := at[submissionID(form.ID, w)]; asked {
				rows = append(rows, w)
			}
			return w.At >= since
		})
		if err != nil {
			return nil, err
		}
		records, err := c.submissionRecords(ctx, op, form, rows, r.Fields, r.With)
		if err != nil {
			return nil, err
		}
		for n := range records {
			for i, id := range r.IDs {
				if id == records[n].Ref.ID {
					out[i].State, out[i].Record = record.Found, &records[n]
				}
			}
		}
	}
	return out, nil
}

// submissionRecords turns submissions into records, with their contacts where those are asked for.
func (c *Connector) submissionRecords(ctx context.Context, op string, form wireForm, rows []wireSubmission, fields, with []string) ([]record.Record, error) {
	of := map[string]string{}
	if slices.Contains(fields, "contact") || hasAssociations(fields) || slices.Contains(with, "contacts") {
		var emails []string
		for _, w := range rows {
			if email := w.email(); email != "" && !slices.Contains(emails, email) {
				emails = append(emails, email)
			}
		}
		var err error
		if of, err = c.contactsByEmail(ctx, op, emails); err != nil {
			return nil, err
		}
	}
	out := make([]record.Record, len(rows))
	for n, w := range rows {
		when := time.UnixMilli(w.At).UTC()
		out[n] = record.Record{Ref: c.ref(submissionKind, submissionID(form.ID, w)), Fields: map[string]record.Value{}, Modified: when, Created: when}
		contact := of[w.email()]
		all := map[string]record.Value{"form": textOrEmpty(form.Name), "form_id": textOrEmpty(form.ID), "submitted_at": record.Of(when.Format("2006-01-02T15:04:05.000Z07:00")),
			"page_url": textOrEmpty(w.Page), "email": textOrEmpty(w.email()), "answers": textOrEmpty(w.answers()), "contact": textOrEmpty(contact)}
		all[connector.AllOf+"contacts"] = record.Many()
		if contact != "" {
			ref := c.ref(kinds[0], contact)
			all[connector.AllOf+"contacts"] = record.Many(contact)
			if slices.Contains(with, "contacts") {
				out[n].Related = []record.Related{{Ref: ref}}
			}
		}
		for _, f := range fields {
			if v, ok := all[f]; ok {
				out[n].Fields[f] = v
			} else if _, _, is := connector.AssociationField(f); is {
				out[n].Fields[f] = record.Many()
			}
		}
	}
	return out, nil
}

func textOrEmpty(text string) record.Value {
	if text == "" {
		return record.Empty()
	}
	return record.Of(text)
}

// mailForm is what may be asked for as an address: in a batch another text would refuse all.
var mailForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[^@\s,;]{1,64}@[^@\s,;]+\.[^@\s,;]+$`) })

func (w wireSubmission) email() string {
	for _, v := range w.Values {
		if email := strings.ToLower(strings.TrimSpace(v.Value.text)); v.Name == "email" && mailForm().MatchString(email) {
			return email
		}
	}
	return ""
}

// answers is what was sent in, a line each.
func (w wireSubmission) answers() string {
	var lines []string
	for _, v := range w.Values {
		lines = append(lines, fmt.Sprintf("%s: %s", v.Name, v.Value.text))
	}
	return strings.Join(lines, "\n")
}

// contactsByEmail gives the contacts that have these addresses, by address; a contact may have further ones (fact sheet 14).
func (c *Connector) contactsByEmail(ctx context.Context, op string, emails []string) (map[string]string, error) {
	out := map[string]string{}
	for _, chunk := range c.chunks(emails, c.Batch) {
		answer, err := c.readBatch(ctx, op, kinds[0], chunk, "email", []string{"email", "hs_additional_emails"}, false)
		if err != nil {
			return nil, err
		}
		for _, w := range answer.Results {
			for _, email := range append(strings.Split(w.Properties["hs_additional_emails"].text, ";"), w.Properties["email"].text) {
				if email = strings.ToLower(strings.TrimSpace(email)); slices.Contains(chunk, email) && validID(w.ID.text) {
					out[email] = w.ID.text
				}
			}
		}
	}
	return out, nil
}
