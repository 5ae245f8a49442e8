package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"crosswalk/internal/web"
)

// check --emit writes one folder for each CRM: the files of its app, with the scopes or the permission set that the applied
// mappings need (the same as connect --app-files), and the definitions of fields that mappings name and the account lacks.

func (c *cli) emit(ctx context.Context, api *client, report web.Report, f checking) error {
	list, err := get[struct {
		Connections []web.Connection `json:"connections"`
	}](ctx, api, "/connections")
	if err != nil {
		return err
	}
	files := map[string]string{}
	for _, conn := range list.Connections {
		if conn.System != "hubspot" && conn.System != "salesforce" {
			continue
		}
		app, err := post[web.AppFiles](ctx, api, "/connections/"+conn.Name+"/app", map[string]any{})
		var refused *web.Problem
		switch {
		case errors.As(err, &refused):
			fmt.Fprintf(c.err, "%s: no files of an app: %s: %s\n", conn.Name, refused.Detail, refused.Fix)
		case err != nil:
			return err
		}
		for _, file := range app.Files {
			files[path.Join(conn.Name, file.Path)] = file.Text
		}
		for name, text := range definitions(conn.System, fieldsOf(report, conn.Name)) {
			files[path.Join(conn.Name, name)] = text
		}
	}
	written, err := writeAll(f.emit, files, f.force)
	if err != nil || c.json {
		return err
	}
	for _, name := range written {
		fmt.Fprintln(c.out, name)
	}
	for _, m := range report.Missing {
		if !definable(m) {
			fmt.Fprintf(c.out, "%s/%s: %s cannot be defined: it is no name of a field of one's own there; look how it is spelt\n", m.Connection, m.Object, plain(m.Name))
		}
	}
	return nil
}

func fieldsOf(report web.Report, connection string) []web.MissingField {
	return slices.DeleteFunc(slices.Clone(report.Missing), func(m web.MissingField) bool { return m.Connection != connection || !definable(m) })
}

// writeAll writes files below a folder; it writes none where one would go over something else.
func writeAll(folder string, files map[string]string, force bool) ([]string, error) {
	var written []string
	for name, text := range files {
		to := filepath.Join(folder, filepath.FromSlash(name))
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return nil, fmt.Errorf("the answer names the file %q, which lies outside the folder", name)
		}
		old, err := os.ReadFile(to)
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return nil, wrongUse("--emit: %v", err)
		case err == nil && !force && string(old) != text:
			return nil, wrongUse("%s is there and differs; nothing was written: look at it, then --force", to)
		}
		written = append(written, to)
	}
	for name, text := range files {
		to := filepath.Join(folder, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, []byte(text), 0o644)); err != nil {
			return nil, wrongUse("--emit: %v", err)
		}
	}
	slices.Sort(written)
	return written, nil
}

var (
	hubspotName    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9_]{0,99}$`) })
	salesforceName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,39}__c$`) })
)

// definable tells whether a field of that name can be made by a customer: a standard one that is not there is misspelt or hidden.
func definable(m web.MissingField) bool {
	switch m.System {
	case "hubspot":
		return hubspotName().MatchString(m.Name) && !strings.HasPrefix(m.Name, "hs_")
	case "salesforce":
		return salesforceName().MatchString(m.Name)
	}
	return false
}

// definitions gives the files that make fields, by their path in the system's folder.
func definitions(system string, fields []web.MissingField) map[string]string {
	out := map[string]string{}
	if len(fields) == 0 {
		return out
	}
	if system == "hubspot" {
		byObject := map[string][]hubspotProperty{}
		for _, m := range fields {
			byObject[m.Object] = append(byObject[m.Object], propertyOf(m))
		}
		for object, list := range byObject {
			out["properties/"+object+".json"] = asFile(map[string]any{"inputs": list})
		}
		return out
	}
	for _, m := range fields {
		home := m.Object
		if home == "Task" || home == "Event" { // they share their custom fields
			home = "Activity"
		}
		out["force-app/main/default/objects/"+home+"/fields/"+m.Name+".field-meta.xml"] = customField(m)
	}
	return out
}

func asFile(v any) string {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic("check: a definition does not encode: " + err.Error()) // plain texts and numbers
	}
	return string(text) + "\n"
}

// hubspotProperty is one input of HubSpot's POST /crm/properties/{version}/{object}/batch/create (hubspot.md 10).
type hubspotProperty struct {
	Name        string          `json:"name"`
	Label       string          `json:"label"`
	Type        string          `json:"type"`
	FieldType   string          `json:"fieldType"`
	GroupName   string          `json:"groupName"`
	Description string          `json:"description"`
	Options     []hubspotOption `json:"options,omitempty"`
}

type hubspotOption struct {
	Label string `json:"label"`
	Value string `json:"value"`
	Order int    `json:"displayOrder"`
}

// propertyTypes are HubSpot's type and fieldType for each of ours.
var propertyTypes = map[string][2]string{
	"text": {"string", "text"}, "number": {"number", "number"}, "integer": {"number", "number"}, "bool": {"bool", "booleancheckbox"},
	"date": {"date", "date"}, "datetime": {"datetime", "date"}, "enum": {"enumeration", "select"}, "multi": {"enumeration", "checkbox"},
}

var singular = map[string]string{"contacts": "contact", "companies": "company", "deals": "deal", "products": "product", "line_items": "lineitem",
	"tasks": "task", "notes": "note", "meetings": "meeting", "calls": "call", "emails": "email"}

func propertyOf(m web.MissingField) hubspotProperty {
	kind, ok := propertyTypes[m.Type]
	if !ok {
		kind = propertyTypes["text"]
	}
	p := hubspotProperty{Name: m.Name, Label: labelOf(m), Type: kind[0], FieldType: kind[1], GroupName: singular[m.Object] + "information", Description: "Kept by Crosswalk, mapping " + m.Mapping + "."}
	options := m.Options
	if m.Type == "bool" {
		options = []web.Option{{Value: "true", Label: "Yes"}, {Value: "false", Label: "No"}}
	}
	for n, o := range options {
		p.Options = append(p.Options, hubspotOption{Label: first(o.Label, o.Value), Value: o.Value, Order: n})
	}
	return p
}

func labelOf(m web.MissingField) string {
	return first(m.Label, strings.ReplaceAll(strings.TrimSuffix(m.Name, "__c"), "_", " "))
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// maxShortText is the longest text of Salesforce's that can be filtered by; longer ones are long text areas, which cannot.
const maxShortText = 255

// customField is a CustomField of Salesforce's Metadata API, as its own tools lay out a project. Elements stand in alphabetical
// order after the name.
func customField(m web.MissingField) string {
	var b bytes.Buffer
	b.WriteString(xml.Header + `<CustomField xmlns="http://soap.sforce.com/2006/04/metadata">` + "\n")
	element := func(depth int, name, text string) {
		fmt.Fprintf(&b, "%s<%s>", strings.Repeat("    ", depth), name)
		_ = xml.EscapeText(&b, []byte(text)) // a bytes.Buffer takes everything
		fmt.Fprintf(&b, "</%s>\n", name)
	}
	element(1, "fullName", m.Name)
	if m.Type == "bool" {
		element(1, "defaultValue", "false")
	}
	element(1, "description", "Kept by Crosswalk, mapping "+m.Mapping+".")
	element(1, "label", labelOf(m))
	switch m.Type {
	case "number", "integer":
		element(1, "precision", "18")
		element(1, "required", "false")
		element(1, "scale", map[string]string{"number": "4", "integer": "0"}[m.Type])
		element(1, "type", "Number")
	case "bool":
		element(1, "type", "Checkbox")
	case "date":
		element(1, "required", "false")
		element(1, "type", "Date")
	case "datetime":
		element(1, "required", "false")
		element(1, "type", "DateTime")
	case "enum", "multi":
		element(1, "required", "false")
		element(1, "type", map[string]string{"enum": "Picklist", "multi": "MultiselectPicklist"}[m.Type])
		b.WriteString("    <valueSet>\n        <restricted>true</restricted>\n        <valueSetDefinition>\n")
		element(3, "sorted", "false")
		for _, o := range m.Options {
			b.WriteString("            <value>\n")
			element(4, "fullName", o.Value)
			element(4, "default", "false")
			element(4, "label", first(o.Label, o.Value))
			b.WriteString("            </value>\n")
		}
		b.WriteString("        </valueSetDefinition>\n    </valueSet>\n")
		if m.Type == "multi" {
			element(1, "visibleLines", "4")
		}
	default:
		length := maxShortText
		if m.MaxLength > 0 {
			length = min(m.MaxLength, maxShortText)
		}
		element(1, "length", fmt.Sprint(length))
		element(1, "required", "false")
		element(1, "type", "Text")
		element(1, "unique", "false")
	}
	b.WriteString("</CustomField>\n")
	return b.String()
}
