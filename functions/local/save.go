package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"crosswalk/internal/record"
	"crosswalk/internal/web"
)

// save writes what a mapping may write over to a file that the operator keeps, part by part. Ended in the middle, the same command
// goes on where it was: beside FILE lie FILE.part and FILE.part.at until it is whole.
func (c *cli) save() *cobra.Command {
	path, reason := "", ""
	cmd := c.command("save MAPPING --file FILE", "the mapped fields of both sides of every pair that is linked or would be, to a CSV file to keep before the mapping goes live; the same command again goes on where it ended", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		if path == "" {
			return wrongUse("name the file to keep: --file FILE")
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return wrongUse("%s is there already; a saved file is never written over: name another", path)
		}
		api, err := c.client()
		if err != nil {
			return err
		}
		f, err := openPart(path, args[0])
		if err != nil {
			return err
		}
		defer f.Close()
		if f.at.Pairs > 0 {
			fmt.Fprintf(c.err, "going on after %d pairs\n", f.at.Pairs)
		}
		for f.at.Receipt == "" {
			part, err := get[web.SavedPart](ctx, api, "/mappings/"+args[0]+"/save", "after", f.at.Next)
			if err != nil {
				return fmt.Errorf("%w; what was saved is kept in %s.part, and the same command goes on there", err, path)
			}
			if err := f.add(part); err != nil {
				return err
			}
			fmt.Fprintf(c.err, "%d pairs\n", part.Count)
		}
		sum, err := f.finish()
		if err != nil {
			return err
		}
		saved, err := post[web.Saved](ctx, api, "/mappings/"+args[0]+"/save", map[string]string{"receipt": f.at.Receipt, "file": "sha256 " + sum, "reason": reason})
		if err != nil {
			return err
		}
		if err := f.done(); err != nil || c.json {
			return c.either(err, saved)
		}
		fmt.Fprintf(c.out, "%d pairs of %s are in %s (sha256 %s); keep it. That it was saved is recorded: crosswalk live %s\n", saved.Pairs, args[0], path, sum, args[0])
		return nil
	})
	cmd.Flags().StringVar(&path, "file", "", "the CSV file to write; it must not be there yet")
	reasonFlag(cmd, &reason)
	return cmd
}

// partFile is a file while it is written, and how far it is.
type partFile struct {
	*os.File
	path string
	at   partAt
}

// partAt is kept beside the file: what follows in the file behind Bytes was written by a command that was killed.
type partAt struct {
	Mapping string `json:"mapping"`
	Next    string `json:"next,omitempty"`
	Receipt string `json:"receipt,omitempty"`
	Pairs   int    `json:"pairs"`
	Bytes   int64  `json:"bytes"`
}

func openPart(path, mapping string) (*partFile, error) {
	f := &partFile{path: path, at: partAt{Mapping: mapping}}
	data, err := os.ReadFile(f.atPath())
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, wrongUse("--file: %v", err)
	default:
		if err := json.Unmarshal(data, &f.at); err != nil || f.at.Mapping != mapping {
			return nil, wrongUse("%s is of another file or mapping; remove it and %s.part to begin again", f.atPath(), path)
		}
	}
	if f.File, err = os.OpenFile(path+".part", os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, wrongUse("--file: %v", err)
	}
	if err := errorsFirst(f.Truncate(f.at.Bytes), seekTo(f.File, f.at.Bytes)); err != nil {
		return nil, errorsFirst(fmt.Errorf("%s.part: %w", path, err), f.Close())
	}
	return f, nil
}

func seekTo(f *os.File, at int64) error {
	_, err := f.Seek(at, io.SeekStart)
	return err
}

func (f *partFile) atPath() string { return f.path + ".part.at" }

// add writes a part, makes sure that it is on the disk, and then notes how far the file is.
func (f *partFile) add(part web.SavedPart) error {
	rows := [][]string{}
	if f.at.Bytes == 0 {
		rows = append(rows, append([]string{"a", "b", "how"}, part.Columns...))
	}
	for _, p := range part.Pairs {
		row := []string{p.A.String(), p.B.String(), p.How}
		for _, v := range p.Values {
			row = append(row, cell(v))
		}
		rows = append(rows, row)
	}
	if err := errorsFirst(web.WriteCSV(f, rows), f.Sync()); err != nil {
		return fmt.Errorf("%s.part: %w", f.path, err)
	}
	bytes, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	f.at.Next, f.at.Receipt, f.at.Pairs, f.at.Bytes = part.Next, part.Receipt, part.Count, bytes
	data, err := json.Marshal(f.at)
	if err != nil {
		return err
	}
	return errorsFirst(os.WriteFile(f.atPath()+".new", data, 0o600), os.Rename(f.atPath()+".new", f.atPath()))
}

// cell is a value as a file shows it.
func cell(v record.Value) string {
	if v.Kind() == record.Unreadable {
		return "(may not be read)"
	}
	return v.Text()
}

// finish tells which file it is: its SHA-256.
func (f *partFile) finish() (sum string, err error) {
	h := sha256.New()
	if err := seekTo(f.File, 0); err != nil {
		return "", err
	}
	if _, err := io.Copy(h, f.File); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// done gives the file its name, once it is recorded.
func (f *partFile) done() error {
	return errorsFirst(os.Rename(f.path+".part", f.path), os.Remove(f.atPath()))
}
