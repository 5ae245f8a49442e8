package mapping

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// A whole set is all mappings of a pair of systems with one answer to the question who wins: hubspot-salesforce/hybrid. Its
// documents are the presets of the pair with other rules; wholesets/ says which. So a preset is written once, and every set has it.

//go:embed wholesets
var wholeSetFiles embed.FS

// WholeSet is a set of presets that is applied together.
type WholeSet struct {
	Name    string // hubspot-salesforce/hybrid
	Title   string
	Says    string
	Presets []Preset
}

// wholeSet is a set as its file says it: what differs from the presets of the pair, by mapping.
type wholeSet struct {
	Title    string               `yaml:"title"`
	Says     string               `yaml:"says"`
	Mappings map[string]different `yaml:"mappings"`
}

// different is what a set says of one mapping: "" is as the preset has it. Rule is for all fields that have one, Fields for single
// ones, by the field of b or by their group.
type different struct {
	Says     string            `yaml:"says"`
	AToB     string            `yaml:"a_to_b"`
	BToA     string            `yaml:"b_to_a"`
	Conflict string            `yaml:"conflict"`
	Rule     string            `yaml:"rule"`
	Fields   map[string]string `yaml:"fields"`
}

// WholeSets lists the whole sets that come with the program, by name.
func WholeSets() []WholeSet {
	files, err := fs.Glob(wholeSetFiles, "wholesets/*/*.yaml")
	if err != nil {
		panic("embedded whole sets cannot be listed: " + err.Error())
	}
	var out []WholeSet
	for _, file := range files {
		set, err := readWholeSet(file)
		if err != nil {
			panic("embedded whole set " + file + ": " + err.Error()) // the files are inside the program, and a test reads them
		}
		out = append(out, set)
	}
	return out
}

func readWholeSet(file string) (WholeSet, error) {
	source, err := wholeSetFiles.ReadFile(file)
	if err != nil {
		return WholeSet{}, err
	}
	var said wholeSet
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	decoder.KnownFields(true)
	if err := decoder.Decode(&said); err != nil {
		return WholeSet{}, err
	}
	pair := path.Base(path.Dir(file))
	set := WholeSet{Name: pair + "/" + strings.TrimSuffix(path.Base(file), ".yaml"), Title: said.Title, Says: said.Says}
	for _, name := range sortedKeys(said.Mappings) {
		preset, err := presetFiles.ReadFile("presets/" + pair + "/" + name + ".yaml")
		if err != nil {
			return WholeSet{}, err
		}
		text, err := said.Mappings[name].in(string(preset))
		if err != nil {
			return WholeSet{}, fmt.Errorf("%s: %w", name, err)
		}
		title, description := heading(text)
		set.Presets = append(set.Presets, Preset{Name: set.Name + "/" + name, Title: title + " (" + said.Title + ")", Description: strings.TrimSpace(said.Mappings[name].Says + " " + description), YAML: []byte(text)})
	}
	return set, nil
}

var (
	rulePart  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\brule: ([A-Z][A-Za-z' -]*[A-Za-z])( }|$)`) })
	bPart     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bb: \[?([A-Za-z0-9_.]+)`) })
	groupPart = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bgroup: ([a-z]+)`) })
)

// in makes the set's document of a preset: line by line, so that what is explained beside a line stays there.
func (d different) in(preset string) (string, error) {
	var out []string
	used, field, skipping := map[string]bool{}, "", false
	for line := range strings.Lines(preset) {
		line = strings.TrimRight(line, "\n")
		key, _, isKey := strings.Cut(line, ":")
		isKey = isKey && key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyz_") == ""
		if isKey {
			skipping = false
			for name, value := range map[string]string{"a_to_b": d.AToB, "b_to_a": d.BToA, "conflict": d.Conflict} {
				if key == name && value != "" {
					line, skipping = name+": "+value, true
					used[name] = true
				}
			}
			out = append(out, line)
			continue
		}
		if skipping && strings.TrimSpace(line) != "" {
			continue
		}
		skipping = false
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			if hit := bPart().FindStringSubmatch(line); hit != nil {
				field = hit[1]
			}
			if hit := groupPart().FindStringSubmatch(line); hit != nil {
				field = hit[1]
			}
		}
		if hit := rulePart().FindStringSubmatch(line); hit != nil {
			rule := d.Rule
			if own := d.Fields[field]; own != "" && !strings.HasPrefix(strings.TrimSpace(line), "#") {
				rule, used[field] = own, true
			}
			if rule != "" {
				line = strings.Replace(line, "rule: "+hit[1], "rule: "+rule, 1)
			}
		}
		out = append(out, line)
	}
	for _, name := range sortedKeys(d.Fields) {
		if !used[name] {
			return "", fmt.Errorf("there is no field or group %s with a rule", name)
		}
	}
	for name, value := range map[string]string{"a_to_b": d.AToB, "b_to_a": d.BToA, "conflict": d.Conflict} {
		if value != "" && !used[name] {
			return "", fmt.Errorf("there is no key %s", name)
		}
	}
	return strings.Join(out, "\n") + "\n", nil
}

// Winners is the part of a set's help page that says of every field who wins: a table for each mapping, in the order of load.
func (s WholeSet) Winners(language Language) (string, error) {
	var all []*Mapping
	for _, p := range s.Presets {
		m, err := Load(p.YAML, language)
		if err != nil {
			return "", fmt.Errorf("%s: %w", p.Name, err)
		}
		all = append(all, m)
	}
	order := []string{"accounts", "contacts", "leads", "opportunities", "products", "meetings", "tasks", "calls", "emails", "notes"}
	slices.SortStableFunc(all, func(a, b *Mapping) int { return slices.Index(order, a.Name) - slices.Index(order, b.Name) })
	var b strings.Builder
	for _, m := range all {
		fmt.Fprintf(&b, "### %s\n\n", m.Name)
		fmt.Fprintf(&b, "- Created in %s: %s\n- Created in %s: %s\n\n", m.B.SideName(), created(m.AToB.Create, m.A.Object), m.A.SideName(), created(m.BToA.Create, m.B.Object))
		fmt.Fprintf(&b, "| %s %s | %s %s | who wins |\n| --- | --- | --- |\n", m.A.SideName(), m.A.Object, m.B.SideName(), m.B.Object)
		for _, f := range slices.Concat(m.Fields, m.Homeward) {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", f.told(strings.Join(f.A, ", ")), f.told(f.B), f.Rule(m))
		}
		b.WriteString("\n")
	}
	return b.String(), nil
}

// created says of which records others are made.
func created(rule CreateRule, object string) string {
	switch {
	case rule.When == "never":
		return "none."
	case rule.Filter != "":
		return fmt.Sprintf("%s for which `%s`.", object, rule.Filter)
	}
	return "every one of " + object + "."
}

// told is a field in a table: its name, or, on a side that has none, what the mapping itself puts in its place.
func (f Field) told(name string) string {
	switch {
	case name != "":
		return "`" + name + "`"
	case f.Static != nil:
		return "always `" + *f.Static + "`"
	}
	return "`" + f.Value + "`"
}
