package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"crosswalk/internal/help"
)

// deployBlocks gives the commands of a page's indented blocks, in their order; what a line goes on with is joined to it.
func deployBlocks(t *testing.T, page string) []string {
	t.Helper()
	text, ok := help.Page(page)
	if !ok {
		t.Fatalf("there is no page %s", page)
	}
	var out []string
	blank, code := true, false // a block begins after an empty line
	for line := range strings.Lines(text) {
		bare := strings.TrimSpace(line)
		deep := strings.HasPrefix(line, "    ")
		code = bare != "" && deep && (code || blank)
		blank = bare == ""
		if !code {
			continue
		}
		if n := len(out); n > 0 && strings.HasSuffix(out[n-1], `\`) {
			out[n-1] = strings.TrimSuffix(out[n-1], `\`) + bare
			continue
		}
		out = append(out, bare)
	}
	return out
}

// needAnAccount are the beginnings of what only an account of AWS can answer; each is looked at as far as it goes without.
var needAnAccount = []string{"make diff ", "make deploy ", "make destroy ", "infra/node_modules/.bin/cdk bootstrap ", "aws iam ", "aws ce ", "aws cloudwatch ", "aws dynamodb "}

// TestDeployBlocks runs every command of the page on deploying that needs no account; of the others it sees that make knows how,
// and that our own commands and flags are there. A command that is neither is a fault of the page.
func TestDeployBlocks(t *testing.T) {
	tools(t, "make", "bash")
	root := filepath.Join("..", "..")
	seen := map[string]int{}
	for _, line := range deployBlocks(t, "deploy") {
		command, _, _ := strings.Cut(line, "  #")
		word := strings.Fields(command)
		switch {
		case command == "make test": // is what runs this test
		case strings.HasPrefix(command, "make synth "):
			if seen[command] == 0 {
				synth(t, root, command)
			}
		case word[0] == "make":
			dry := exec.CommandContext(t.Context(), "bash", "-c", strings.Replace(command, "make ", "make --dry-run ", 1))
			dry.Dir, dry.Env = root, append(os.Environ(), "MAKEFLAGS=", "API=https://api.example.com")
			if out, err := dry.CombinedOutput(); err != nil || !strings.Contains(string(out), "acme") {
				t.Errorf("%s: %v\n%s", command, err, out)
			}
		case word[0] == "crosswalk":
			fitsCommand(t, command)
		case strings.HasPrefix(command, "export "):
			name, value, _ := strings.Cut(word[1], "=")
			t.Setenv(name, value)
			if got := (&cli{}).root().PersistentFlags().Lookup("api").DefValue; got != value {
				t.Errorf("%s: the command line asks %s", command, got)
			}
		case !slices.ContainsFunc(needAnAccount, func(begins string) bool { return strings.HasPrefix(command, begins) }):
			t.Errorf("%s: nothing says how this is tested", command)
		}
		seen[command]++
	}
	for _, want := range []string{"make synth CUSTOMER=acme", "make diff CUSTOMER=acme", "make deploy CUSTOMER=acme", "make destroy CUSTOMER=acme", "crosswalk check", "crosswalk status", "crosswalk rebuild", "crosswalk pause --all"} {
		if seen[want] == 0 {
			t.Errorf("the page has no block with %s", want)
		}
	}
}

// synth makes the stack of the example offline from the functions that make here built; the last line is the template's path.
func synth(t *testing.T, root, command string) {
	t.Helper()
	if testing.Short() {
		t.Log("short: no synthesis")
		return
	}
	built, err := filepath.Abs(bootstraps)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range binaries {
		if _, err := os.Stat(filepath.Join(built, name, "bootstrap")); err != nil {
			t.Logf("no synthesis: the functions are not built: make here")
			return
		}
	}
	tools(t, "npm", "node")
	run := exec.CommandContext(t.Context(), "bash", "-c", command+" LAMBDA_BUILD=true") // they are there
	run.Dir, run.Env = root, append(os.Environ(), "MAKEFLAGS=--no-print-directory", "CROSSWALK_DIST="+built)
	var said strings.Builder
	run.Stderr = &said
	out, err := run.Output()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", command, err, out, said.String())
	}
	template, err := os.ReadFile(filepath.Join(root, lines[len(lines)-1]))
	if err != nil || !strings.Contains(string(template), "AWS::DynamoDB::GlobalTable") {
		t.Errorf("%s: its last line names no template: %v\n%s", command, err, out)
	}
}

// capital is what a reader fills in.
var capital = regexp.MustCompile(`^[A-Z][A-Z_]+(\.\.\.)?$`)

// fitsCommand sees that a command of ours is there, with these flags and so many arguments.
func fitsCommand(t *testing.T, line string) {
	t.Helper()
	line, _, _ = strings.Cut(line, " < ")
	root := (&cli{in: strings.NewReader(""), out: io.Discard, err: io.Discard}).root()
	words := strings.Fields(line)[1:]
	if words[0] == "help" {
		if _, ok := help.Page(words[len(words)-1]); !ok {
			t.Errorf("%s: there is no such page", line)
		}
		return
	}
	cmd, rest, err := root.Find(words)
	if err != nil || cmd == root {
		t.Errorf("%s: there is no such command", line)
		return
	}
	if err := cmd.ParseFlags(rest); err != nil && !onlyFilledIn(cmd, rest) {
		t.Errorf("%s: %v", line, err)
		return
	}
	if cmd.Args != nil && len(cmd.Flags().Args()) > 0 { // one that is named alone is named, not called
		if err := cmd.Args(cmd, cmd.Flags().Args()); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// onlyFilledIn tells whether all flags are there and only a value is one that a reader fills in (--per-day N).
func onlyFilledIn(cmd *cobra.Command, words []string) bool {
	for _, word := range words {
		if name, ok := strings.CutPrefix(word, "--"); ok && cmd.Flag(name) == nil {
			return false
		}
	}
	return slices.ContainsFunc(words, capital.MatchString)
}

// TestDeployPagesNameCommands: every command of ours and every target of make that the pages of a deployment name in their text is
// there, with its flags.
func TestDeployPagesNameCommands(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"deploy", "runbook", "connecting", "restore", "budget"} {
		text, ok := help.Page(page)
		if !ok {
			t.Errorf("there is no page %s", page)
		}
		named := 0
		for _, m := range regexp.MustCompile("`((?:crosswalk|make) [^`]+)`").FindAllStringSubmatch(text, -1) {
			words := strings.Fields(m[1])
			if named++; words[0] == "make" {
				if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(words[1]) + `:`).Match(makefile) {
					t.Errorf("%s names make %s, which is not there", page, words[1])
				}
				continue
			}
			fitsCommand(t, m[1])
		}
		if named == 0 {
			t.Errorf("%s names no command", page)
		}
	}
}
