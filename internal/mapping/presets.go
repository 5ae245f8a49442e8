package mapping

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed presets
var presetFiles embed.FS

// Preset is a document to copy, commented line by line. Its first comment line is the title, the following ones up to
// an empty line say what it does.
type Preset struct {
	Name        string // hubspot-light/deals-to-invoices: the set (a pair of systems), and the mapping
	Title       string
	Description string
	YAML        []byte
}

// Presets lists the documents that come with the program, by name, and after them those of the whole sets. A set (one pair of systems) works as it is, apart
// from the places marked CHANGE THIS.
func Presets() []Preset {
	var out []Preset
	err := fs.WalkDir(presetFiles, "presets", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		source, err := presetFiles.ReadFile(file)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(file, "presets/"), ".yaml")
		title, description := heading(string(source))
		out = append(out, Preset{Name: name, Title: title, Description: description, YAML: source})
		return nil
	})
	if err != nil {
		panic("embedded presets cannot be read: " + err.Error()) // the files are inside the program
	}
	for _, set := range WholeSets() {
		out = append(out, set.Presets...)
	}
	return out
}

// PresetSet lists the documents of one pair of systems, hubspot-light or hubspot-salesforce, or of one of its whole sets,
// hubspot-salesforce/hybrid: a set is applied together.
func PresetSet(set string) []Preset {
	var out []Preset
	for _, p := range Presets() {
		if path.Dir(p.Name) == set {
			out = append(out, p)
		}
	}
	return out
}

func heading(source string) (title, description string) {
	var lines []string
	for line := range strings.Lines(source) {
		text, isComment := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "#")
		if !isComment {
			break
		}
		lines = append(lines, strings.TrimSpace(text))
	}
	if len(lines) == 0 {
		return "", ""
	}
	return lines[0], strings.TrimSpace(strings.Join(lines[1:], " "))
}
