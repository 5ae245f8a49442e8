package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"crosswalk/internal/app"
	"crosswalk/internal/connector/hubspot/hubspottest"
	"crosswalk/internal/connector/light/lighttest"
	"crosswalk/internal/help"
)

// readmeBlocks gives the indented blocks of README.md in their order, and the languages of fenced ones.
func readmeBlocks(t *testing.T) (blocks [][]string, fenced []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var block []string
	end := func() {
		if len(block) > 0 {
			blocks = append(blocks, block)
		}
		block = nil
	}
	inFence := false
	for line := range strings.Lines(string(text) + "\n") {
		line = strings.TrimRight(line, "\n")
		if language, ok := strings.CutPrefix(line, "```"); ok {
			if inFence = !inFence; inFence {
				fenced = append(fenced, language)
			}
			continue
		}
		code, ok := strings.CutPrefix(line, "    ")
		switch {
		case inFence:
		case ok:
			block = append(block, code)
		default:
			end()
		}
	}
	return blocks, fenced
}

// notRun are commands of the README that this test does not run, each with the reason.
var notRun = map[string]string{
	"make demo":                 "takes its time, and make test runs it after the tests",
	"make test":                 "is what runs this test",
	"make synth CUSTOMER=acme":  "make test runs it on its own",
	"make diff CUSTOMER=acme":   "needs an AWS account",
	"make deploy CUSTOMER=acme": "needs an AWS account",
	"crosswalk --api API_URL connect hubspot --key < HUBSPOT_TOKEN": "needs a deployment; TestCompiledFunctions has one of its own",
	"crosswalk --api API_URL status":                                "needs a deployment; TestCompiledFunctions has one of its own",
}

// TestReadme runs every command of the README in its order, as somebody pastes them: in a folder of their own, between
// simulators. What a reader has to fill in (DIR, DEAL, PLAN) is filled in as the commands before have printed it.
func TestReadme(t *testing.T) {
	tools(t, "bash")
	blocks, fenced := readmeBlocks(t)
	if len(blocks) < 6 || len(fenced) != 1 || fenced[0] != "mermaid" {
		t.Fatalf("%d blocks, fenced %q: a drawing is the only fenced block, and commands are indented", len(blocks), fenced)
	}
	r := newReader(t)
	for _, block := range blocks {
		if isConfig(block) {
			continue // it was written down before anything started
		}
		for _, line := range block {
			r.paste(line)
		}
	}
	if r.up != nil {
		if err := r.up.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		if err := r.up.Wait(); err != nil {
			t.Errorf("the product did not stop well: %v", err)
		}
	}
	if r.ran < 20 {
		t.Errorf("only %d commands were run", r.ran)
	}
}

func isConfig(block []string) bool { return strings.HasPrefix(block[0], "approval:") }

// reader is somebody who follows the README.
type reader struct {
	t       *testing.T
	dir     string
	vendors *vendors
	up      *exec.Cmd
	fill    map[string]string // what stands in capitals
	ran     int
}

func newReader(t *testing.T) *reader {
	t.Helper()
	v, err := startVendors(playing{hubspot: "127.0.0.1:0", light: "127.0.0.1:0", sample: true, zone: "Europe/Berlin", currency: "USD", seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.close)
	r := &reader{t: t, dir: workshop(t), vendors: v, fill: map[string]string{"DIR": "data", "DEAL": v.hubspot.SampleID("deals/eur"), "RECURRING_DEAL": v.hubspot.SampleID("deals/recurring")}}
	t.Setenv("PATH", filepath.Join(r.dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
	r.write("HUBSPOT_TOKEN", hubspottest.PrivateToken+"\n")
	r.write("LIGHT_KEY", lighttest.APIKey+"\n")
	blocks, _ := readmeBlocks(t)
	for _, block := range blocks {
		if isConfig(block) {
			r.configure(strings.Join(block, "\n") + "\n")
		}
	}
	return r
}

func (r *reader) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// configure takes the README's configuration as it stands, and leads its connections to the simulators.
func (r *reader) configure(text string) {
	r.t.Helper()
	if _, err := app.ParseConfig([]byte(text)); err != nil {
		r.t.Fatalf("the README's configuration: %v", err)
	}
	for from, to := range map[string]string{"system: hubspot,": "system: hubspot, limits: off, base: " + r.vendors.hubspotURL + ",", "system: light }": "system: light, limits: off, base: " + r.vendors.lightURL + " }"} {
		if !strings.Contains(text, from) {
			r.t.Fatalf("the README's configuration has no %q", from)
		}
		text = strings.Replace(text, from, to, 1)
	}
	r.write("crosswalk.yaml", text+"listen: 127.0.0.1:0\n")
}

var (
	capitals  = regexp.MustCompile(`\b(DIR|DEAL|RECURRING_DEAL|PLAN)\b`)
	savedPlan = regexp.MustCompile(`saved as plan (\S+), digest`)
)

// paste runs one line.
func (r *reader) paste(line string) {
	r.t.Helper()
	bare := strings.TrimSpace(strings.SplitN(line, "  #", 2)[0])
	if why, ok := notRun[bare]; ok {
		r.t.Logf("not run: %s: %s", bare, why)
		return
	}
	filled := capitals.ReplaceAllStringFunc(line, func(word string) string {
		if r.fill[word] == "" {
			r.t.Fatalf("%s: nothing before says what %s is", line, word)
		}
		return r.fill[word]
	})
	r.ran++
	if strings.Contains(bare, "crosswalk up ") {
		r.start(filled)
		return
	}
	out, status := pasted(r.t, r.dir, filled)
	if status != exitDone {
		r.t.Fatalf("%s\nended with %d:\n%s", filled, status, out)
	}
	if m := savedPlan.FindStringSubmatch(out); m != nil {
		r.fill["PLAN"] = m[1]
	}
}

// start starts the product and waits until it says where it answers.
func (r *reader) start(line string) {
	r.t.Helper()
	r.up = exec.CommandContext(r.t.Context(), "bash", "-c", "exec "+line)
	r.up.Dir = r.dir
	r.up.Env = append(os.Environ(), "CROSSWALK_TEST_AS_PROGRAM=1")
	out, err := r.up.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.up.Start(); err != nil {
		r.t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := answersAt.FindStringSubmatch(lines.Text()); m != nil {
			r.t.Setenv("CROSSWALK_API", m[1])
			return
		}
	}
	r.t.Fatal("the product did not start")
}

// TestReadmeNamesTargets: each make target that the README names is there, and each command of ours.
func TestReadmeNamesTargets(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?m)`make ([a-z]+)|^    make ([a-z]+)").FindAllStringSubmatch(string(text), -1) {
		if target := m[1] + m[2]; !regexp.MustCompile("(?m)^" + target + ":").Match(makefile) {
			t.Errorf("the README names make %s, which is not there", target)
		}
	}
	root := (&cli{}).root()
	for _, m := range regexp.MustCompile("`(?:bin/)?crosswalk ([a-z]+)(?: ([a-z]+))?").FindAllStringSubmatch(string(text), -1) {
		if m[1] == "help" {
			if _, ok := help.Page(m[2]); !ok {
				t.Errorf("the README names the page %s, which is not there", m[2])
			}
		} else if cmd, _, err := root.Find(m[1:2]); err != nil || cmd == root {
			t.Errorf("the README names crosswalk %s, which is not there", m[1])
		}
	}
}
