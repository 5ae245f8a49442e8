package mapping

import (
	"embed"
	"io/fs"
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

// Presets lists the documents that come with the program, by name. A set (one pair of systems) works as it is, apart
// from the places marked CHANGE THIS.
func Presets() []Preset {
	var out []Preset
	err := fs.WalkDir(presetFiles, "presets", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		source, err := presetFiles.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(path, "presets/"), ".yaml")
		title, description := heading(string(source))
		out = append(out, Preset{Name: name, Title: title, Description: description, YAML: source})
		return nil
	})
	if err != nil {
		panic("embedded presets cannot be read: " + err.Error()) // the files are inside the program
	}
	return out
}

// PresetSet lists the documents of one pair of systems, hubspot-light or salesforce-light: a set is applied together.
func PresetSet(pair string) []Preset {
	var out []Preset
	for _, p := range Presets() {
		if set, _, _ := strings.Cut(p.Name, "/"); set == pair {
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
