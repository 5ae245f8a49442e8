package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// pasted runs a line as somebody pastes it into a shell in this repository, where bin/crosswalk is this program.
func pasted(t *testing.T, dir, line string) (out string, status int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-c", line)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CROSSWALK_TEST_AS_PROGRAM=1")
	raw, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(raw), cmd.ProcessState.ExitCode()
}

// workshop is a folder that looks like this repository after make build.
func workshop(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	program, err := filepath.Abs(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(dir, "bin", "crosswalk")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func tools(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed: commands for people are run as they are pasted", name)
		}
	}
}

// TestSixCommands: what make run prints at its end works when it is pasted, in that order, and each shows something.
func TestSixCommands(t *testing.T) {
	tools(t, "bash", "curl")
	dir := workshop(t)
	local := program(t.Context(), "local", "--listen", "127.0.0.1:0", "--hubspot", "127.0.0.1:0", "--light", "127.0.0.1:0", "--salesforce", "127.0.0.1:0", "--data", "data")
	local.Dir = dir
	var errs bytes.Buffer
	local.Stderr = &errs
	out, err := local.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := local.Start(); err != nil {
		t.Fatal(err)
	}
	commands := sixCommands(t, out)
	go io.Copy(io.Discard, out)
	if len(commands) != 6 {
		t.Fatalf("%d commands: %q\n%s", len(commands), commands, errs.String())
	}
	deal := regexp.MustCompile(`objects/deals/(\d+)`).FindStringSubmatch(commands[1])[1]
	for n, shows := range []string{
		`"id":"` + deal + `"`,
		`"dealstage":"closedwon"`,
		`"description":"Grünwald extension"`, // the deal that was won, and no invoice of before
		"net total of new documents",
		"linked -> light:invoice-receivables/",
		"",
	} {
		said, status := "", 0
		for end := time.Now().Add(time.Minute); ; <-time.After(300 * time.Millisecond) {
			said, status = pasted(t, dir, commands[n])
			if status == 0 && strings.Contains(said, shows) || time.Now().After(end) {
				break
			}
			if n != 2 {
				break // only the third says that it takes a few seconds
			}
		}
		if status != 0 || !strings.Contains(said, shows) {
			t.Errorf("command %d ended with %d and does not show %s:\n%s\n%s", n+1, status, shows, commands[n], said)
		}
	}
	if err := local.Wait(); err != nil {
		t.Errorf("it did not stop well: %v\n%s", err, errs.String())
	}
}

// sixCommands reads what the start prints until the last of its commands.
func sixCommands(t *testing.T, out io.Reader) []string {
	t.Helper()
	var commands []string
	lines := bufio.NewScanner(out)
	for begun := false; len(commands) < 6 && lines.Scan(); {
		line := lines.Text()
		begun = begun || strings.Contains(line, "In another terminal")
		if text := strings.TrimSpace(line); begun && strings.HasPrefix(line, "  ") && !strings.HasPrefix(text, "#") {
			commands = append(commands, text)
		}
	}
	return commands
}
