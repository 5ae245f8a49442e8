package mapping_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosswalk/internal/mapping"
)

// A case is a file to copy: NAME.yaml goes in, NAME.want has one complaint a line, in order; an empty one means there is
// none. Files of testdata/load are read and checked; those of testdata/validate are then held against the sample accounts
// of accounts_test.go, and what was resolved follows the complaints; those of testdata/set hold several documents parted
// by --- lines and are checked against each other.
func TestCases(t *testing.T) {
	for folder, run := range map[string]func(*testing.T, []byte) []string{"load": load, "validate": validate, "set": checkSet} {
		files, err := filepath.Glob(filepath.Join("testdata", folder, "*.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no cases in %s: %v", folder, err)
		}
		for _, file := range files {
			t.Run(strings.TrimSuffix(file, ".yaml"), func(t *testing.T) {
				source := read(t, file)
				want := strings.Split(strings.TrimSpace(string(read(t, strings.TrimSuffix(file, ".yaml")+".want"))), "\n")
				got := run(t, source)
				if len(got) == 0 {
					got = []string{""}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("complaints (-want +got):\n%s\nall of them:\n%s", diff, strings.Join(got, "\n"))
				}
			})
		}
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func load(t *testing.T, source []byte) []string {
	_, err := mapping.Load(source, language())
	return problemLines(t, err)
}

func problemLines(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var problems mapping.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("the error is no Problems: %v", err)
	}
	return linesOf(problems)
}

func linesOf(problems mapping.Problems) []string {
	var out []string
	for _, p := range problems {
		if p.Line == 0 || p.Column == 0 {
			p.Message += " (WITHOUT A PLACE)"
		}
		out = append(out, p.String())
	}
	return out
}

func mustLoad(t *testing.T, source []byte) *mapping.Mapping {
	t.Helper()
	m, err := mapping.Load(source, language())
	if err != nil {
		t.Fatalf("the case itself is wrong:\n%v", err)
	}
	return m
}

func validate(t *testing.T, source []byte) []string {
	problems, resolved := mapping.Validate(mustLoad(t, source), language(), hubspot(), light())
	out := linesOf(problems)
	for _, r := range resolved {
		out = append(out, r.String())
	}
	return out
}

func checkSet(t *testing.T, source []byte) []string {
	var all []*mapping.Mapping
	for _, part := range bytes.Split(source, []byte("\n---\n")) {
		all = append(all, mustLoad(t, part))
	}
	var out []string
	for _, p := range mapping.CheckSet(all) {
		out = append(out, p.Mapping+": "+p.String())
	}
	return out
}
