package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"crosswalk/internal/mapping"
	"crosswalk/internal/web"
)

// presets lists, shows and copies the documents that come with the program.
func (c *cli) presets() *cobra.Command {
	show := func(ctx context.Context, args []string) error { return c.showPreset(ctx, args[0]) }
	cmd := c.command("presets [NAME]", "mapping documents to copy; with a name, print one", cobra.MaximumNArgs(1), func(ctx context.Context, args []string) error {
		if len(args) == 1 {
			return show(ctx, args)
		}
		return c.listPresets(ctx)
	})
	force, another := false, again{}
	copying := c.command("copy NAME FILE", "write one to a file, to change and apply; of a whole set, all of its documents to a folder", cobra.ExactArgs(2), func(ctx context.Context, args []string) error {
		return c.copyPreset(ctx, args[0], args[1], another, force)
	})
	copying.Flags().BoolVar(&force, "force", false, "also over files that are there")
	copying.Flags().StringVar(&another.suffix, "suffix", "", "a second time, for another account: the documents are named NAME-SUFFIX, and yield to the first ones")
	copying.Flags().StringToStringVar(&another.roles, "role", nil, "of --suffix: another role in place of one, as crm=second")
	cmd.AddCommand(
		c.command("list", "name and purpose of each", cobra.NoArgs, func(ctx context.Context, _ []string) error { return c.listPresets(ctx) }),
		c.command("show NAME", "print one", cobra.ExactArgs(1), show),
		copying)
	return cmd
}

func (c *cli) listPresets(ctx context.Context) error {
	list, err := c.allPresets(ctx)
	if err != nil || c.json {
		return c.either(err, list)
	}
	rows, sets := [][]string{{"PRESET", "WHAT IT IS"}}, []string(nil)
	for _, p := range list.Presets {
		rows = append(rows, []string{p.Name, p.Title})
		if set := path.Dir(p.Name); !slices.Contains(sets, set) {
			sets = append(sets, set)
		}
	}
	if err := columns(c.out, rows); err != nil {
		return err
	}
	fmt.Fprintln(c.out, plain("\nwhole sets, copied at once with crosswalk presets copy SET FOLDER: "+strings.Join(sets, ", ")))
	return nil
}

type presetList struct {
	Presets []web.Preset `json:"presets"`
}

func (c *cli) allPresets(ctx context.Context) (presetList, error) {
	api, err := c.client()
	if err != nil {
		return presetList{}, err
	}
	return get[presetList](ctx, api, "/presets")
}

// setNamed lists the presets of a whole set by its name, in full or its last part (hybrid); none where nothing is called so.
func (l presetList) setNamed(name string) []web.Preset {
	var out []web.Preset
	for _, p := range l.Presets {
		if set := path.Dir(p.Name); set == name || path.Base(set) == name {
			out = append(out, p)
		}
	}
	return out
}

func (c *cli) preset(ctx context.Context, name string) (web.Preset, error) {
	api, err := c.client()
	if err != nil {
		return web.Preset{}, err
	}
	return get[web.Preset](ctx, api, "/presets/"+name)
}

func (c *cli) showPreset(ctx context.Context, name string) error {
	p, err := c.preset(ctx, name)
	if err != nil || c.json {
		return c.either(err, p)
	}
	_, err = fmt.Fprint(c.out, p.YAML)
	return err
}

// again says that a set is taken a second time, for another account (mapping.Another).
type again struct {
	suffix string
	roles  map[string]string
}

// copyPreset writes one document to a file, or those of a whole set to a folder.
func (c *cli) copyPreset(ctx context.Context, name, to string, another again, force bool) error {
	if another.suffix == "" && len(another.roles) > 0 {
		return wrongUse("--role is of --suffix: say what the names of the second documents end with, for example --suffix two")
	}
	list, err := c.allPresets(ctx)
	if err != nil {
		return err
	}
	set := list.setNamed(strings.TrimSuffix(name, "/"))
	switch {
	case len(set) > 0:
		if set, err = c.texts(ctx, set, another); err != nil {
			return err
		}
		return c.copySet(set, to, force)
	case another.suffix != "":
		return c.copyOneAgain(ctx, list.setNamed(path.Dir(name)), name, to, another, force)
	}
	p, err := c.preset(ctx, name)
	if err != nil {
		return err
	}
	return c.copyOne(p, to, force)
}

// texts reads the documents of a set, and makes others of them where they are taken a second time.
func (c *cli) texts(ctx context.Context, set []web.Preset, another again) ([]web.Preset, error) {
	var out []web.Preset
	var first []mapping.Preset
	for _, known := range set {
		p, err := c.preset(ctx, known.Name)
		if err != nil {
			return nil, err
		}
		out, first = append(out, p), append(first, mapping.Preset{Name: p.Name, Title: p.Title, Description: p.Description, YAML: []byte(p.YAML)})
	}
	if another.suffix == "" {
		return out, nil
	}
	second, err := mapping.Another(first, another.suffix, another.roles)
	if err != nil {
		return nil, wrongUse("%v", err)
	}
	for n, p := range second {
		out[n] = web.Preset{Name: p.Name, Title: p.Title, Description: p.Description, YAML: string(p.YAML)}
	}
	return out, nil
}

// copyOneAgain writes one document of a set that is taken a second time: what it refers to, and what it yields to, is known from all of them.
func (c *cli) copyOneAgain(ctx context.Context, set []web.Preset, name, file string, another again, force bool) error {
	n := slices.IndexFunc(set, func(p web.Preset) bool { return p.Name == name })
	if n < 0 {
		return wrongUse("there is no preset %q; crosswalk presets list has their names in full", name)
	}
	texts, err := c.texts(ctx, set, another)
	if err != nil {
		return err
	}
	return c.copyOne(texts[n], file, force)
}

func (c *cli) copySet(set []web.Preset, folder string, force bool) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return wrongUse("%v", err)
	}
	var files []string
	for _, p := range set {
		file := filepath.Join(folder, path.Base(p.Name)+".yaml")
		if err := writeNew(file, p.YAML, force); err != nil {
			return err
		}
		files = append(files, file)
	}
	if c.json {
		return c.printJSON(presetList{set})
	}
	fmt.Fprintf(c.out, "%d documents of %s are in %s; what every line means: crosswalk help mapping\nwhen they are as you want them: crosswalk apply %s\n", len(set), path.Dir(set[0].Name), folder, strings.Join(files, " "))
	return nil
}

func (c *cli) copyOne(p web.Preset, file string, force bool) error {
	if err := writeNew(file, p.YAML, force); err != nil {
		return err
	}
	if c.json {
		return c.printJSON(p)
	}
	fmt.Fprintf(c.out, "%s is in %s; what every line means: crosswalk help mapping\nwhen it is as you want it: crosswalk apply %s\n", p.Name, file, file)
	return nil
}

// writeNew writes a file, over another only when told.
func writeNew(path, text string, force bool) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(path, flags, 0o644)
	if os.IsExist(err) {
		return wrongUse("%s is there already; name another file, or say --force", path)
	}
	if err != nil {
		return wrongUse("%v", err)
	}
	_, err = file.WriteString(text)
	return errorsFirst(err, file.Close())
}

// export gives a mapping's text to the letter as it was applied, so that what is exported can be applied again.
func (c *cli) export() *cobra.Command {
	version, path, force, rules, csv := 0, "", false, false, ""
	cmd := c.command("export MAPPING", "the text of a mapping as it was applied; the newest version unless told otherwise", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		wanted := "latest"
		if version != 0 {
			wanted = fmt.Sprint(version)
		}
		api, err := c.client()
		if err != nil {
			return err
		}
		v, err := get[web.Version](ctx, api, "/mappings/"+args[0]+"/versions/"+wanted)
		switch {
		case err != nil:
			return err
		case rules || csv != "":
			return c.printRules(v, csv)
		case path != "":
			return writeNew(path, v.YAML, force)
		case c.json:
			return c.printJSON(v)
		}
		_, err = fmt.Fprint(c.out, v.YAML)
		return err
	})
	cmd.Flags().IntVar(&version, "version", 0, "this one; 0 is the newest")
	cmd.Flags().StringVar(&path, "file", "", "write it there")
	cmd.Flags().BoolVar(&force, "force", false, "also over a file that is there")
	cmd.Flags().BoolVar(&rules, "rules", false, "in place of the text, a table of its fields that says who wins: Prefer Salesforce unless blank, Two-way ...")
	csvFlag(cmd, &csv)
	return cmd
}

// printRules says of every field of a version who wins.
func (c *cli) printRules(v web.Version, csv string) error {
	if c.json {
		return c.printJSON(v.Rules)
	}
	rows := [][]string{{"A", "B", "WHO WINS", "HOW IT IS MADE"}}
	for _, r := range v.Rules {
		rows = append(rows, []string{strings.Join(r.A, " + "), r.B, r.Wins, r.Made})
	}
	return c.table(rows, csv)
}

// fields tells what an object has, and what people fill in.
func (c *cli) fields() *cobra.Command {
	sample, csv := 0, ""
	cmd := c.command("fields CONNECTION OBJECT", "the fields of an object as the account has them now, and how often they are filled", cobra.ExactArgs(2), func(ctx context.Context, args []string) error {
		if sample < 0 || sample > maxSample {
			return wrongUse("--sample is 0 to %d records", maxSample)
		}
		api, err := c.client()
		if err != nil {
			return err
		}
		o, err := get[web.ObjectFields](ctx, api, "/fields/"+args[0]+"/"+args[1], "sample", fmt.Sprint(sample))
		if err != nil || c.json {
			return c.either(err, o)
		}
		rows := [][]string{{"NAME", "LABEL", "TYPE", "", "FILLED", "VALUES"}}
		for _, f := range o.Fields {
			rows = append(rows, []string{f.Name, f.Label, f.Type, marks(f), filled(f, o.Sample), optionsOf(f)})
		}
		if err := c.table(rows, csv); err != nil || o.Sample == nil || csv == "-" {
			return err
		}
		fmt.Fprintln(c.out, sampled(*o.Sample, o.Label))
		return nil
	})
	cmd.Flags().IntVar(&sample, "sample", maxSample, "take the fill rate from up to so many records; 0 reads none")
	csvFlag(cmd, &csv)
	return cmd
}

// maxSample is the most records that fields reads.
const maxSample = 500

func filled(f web.ObjectField, s *web.Sample) string {
	if f.Filled == nil || s == nil || s.Records == 0 {
		return ""
	}
	return fmt.Sprintf("%d %%", *f.Filled*100/s.Records)
}

// sampled says what a fill rate is worth.
func sampled(s web.Sample, label string) string {
	out := fmt.Sprintf("FILLED is of a sample of %d %s", s.Records, strings.ToLower(plain(label)))
	if s.Total > s.Records {
		out += fmt.Sprintf(" of %d", s.Total)
	}
	if s.Since != nil {
		out += ", changed since " + s.Since.Local().Format("2006-01-02")
	}
	return out
}
