// Package help holds what users read: the pages in this folder, inside the program, so that `crosswalk help money`, the
// command line's explanations and pages of a console show one text. errors.md has one entry for each category of package
// plan; a test keeps the two equal.
package help

import (
	"embed"
	"slices"
	"strings"
)

//go:embed *.md
var files embed.FS

// Page gives the text of a page, Markdown, by its name without ending: money, words, errors ...
func Page(name string) (string, bool) {
	if strings.ContainsAny(name, "/\\") {
		return "", false
	}
	text, err := files.ReadFile(name + ".md")
	return string(text), err == nil
}

// Pages lists the names of all pages, sorted.
func Pages() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic("the help pages inside the program cannot be read: " + err.Error())
	}
	var out []string
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), ".md"))
	}
	return out
}

// Title is a page's first heading.
func Title(name string) string {
	text, _ := Page(name)
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimSpace(strings.TrimPrefix(line, "#"))
}

// Entry explains one category of sync error, held or skipped record.
type Entry struct {
	Category string `json:"category"`
	What     string `json:"what_happened"`
	Who      string `json:"who_can_fix_it"`
	Do       string `json:"what_to_do"`
	Retries  string `json:"retries_by_itself"`
}

// The four parts of an entry, as errors.md writes them.
var parts = []struct {
	mark string
	of   func(*Entry) *string
}{
	{"- What happened: ", func(e *Entry) *string { return &e.What }},
	{"- Who can fix it: ", func(e *Entry) *string { return &e.Who }},
	{"- What to do: ", func(e *Entry) *string { return &e.Do }},
	{"- By itself: ", func(e *Entry) *string { return &e.Retries }},
}

// Error gives the entry of a category.
func Error(category string) (Entry, bool) {
	all := Errors()
	n := slices.IndexFunc(all, func(e Entry) bool { return e.Category == category })
	if n < 0 {
		return Entry{}, false
	}
	return all[n], true
}

// Next says what happens after somebody mended a record, as the end of a sentence: whether it is looked at again by itself,
// and the command that has it done at once.
func (e Entry) Next(ref string) string {
	command := "crosswalk retry " + ref
	if ref == "" {
		command = "crosswalk retry " + e.Category
	}
	if when, ok := strings.CutPrefix(e.Retries, "Yes, when "); ok {
		when, _, _ = strings.Cut(strings.TrimRight(when, "."), ";")
		return "it is retried when " + when + ", or with: " + command
	}
	return "then: " + command
}

// Errors gives all entries in the order of the page.
func Errors() []Entry {
	text, _ := Page("errors")
	var out []Entry
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if category, ok := strings.CutPrefix(line, "### "); ok {
			out = append(out, Entry{Category: category})
			continue
		}
		if len(out) == 0 {
			continue
		}
		for _, p := range parts {
			if rest, ok := strings.CutPrefix(line, p.mark); ok {
				*p.of(&out[len(out)-1]) = rest
			}
		}
	}
	return out
}
