package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

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
	force := false
	copying := c.command("copy NAME FILE", "write one to a file, to change and apply", cobra.ExactArgs(2), func(ctx context.Context, args []string) error {
		return c.copyPreset(ctx, args[0], args[1], force)
	})
	copying.Flags().BoolVar(&force, "force", false, "also over a file that is there")
	cmd.AddCommand(
		c.command("list", "name and purpose of each", cobra.NoArgs, func(ctx context.Context, _ []string) error { return c.listPresets(ctx) }),
		c.command("show NAME", "print one", cobra.ExactArgs(1), show),
		copying)
	return cmd
}

func (c *cli) listPresets(ctx context.Context) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	list, err := get[struct {
		Presets []web.Preset `json:"presets"`
	}](ctx, api, "/presets")
	if err != nil || c.json {
		return c.either(err, list)
	}
	rows := [][]string{{"PRESET", "WHAT IT IS"}}
	for _, p := range list.Presets {
		rows = append(rows, []string{p.Name, p.Title})
	}
	return columns(c.out, rows)
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

func (c *cli) copyPreset(ctx context.Context, name, path string, force bool) error {
	p, err := c.preset(ctx, name)
	if err != nil {
		return err
	}
	if err := writeNew(path, p.YAML, force); err != nil {
		return err
	}
	if c.json {
		return c.printJSON(p)
	}
	fmt.Fprintf(c.out, "%s is in %s; what every line means: crosswalk help mapping\nwhen it is as you want it: crosswalk apply %s\n", p.Name, path, path)
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
	version, path, force := 0, "", false
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
	return cmd
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
