package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"crosswalk/internal/app"
	"crosswalk/internal/app/laptop"
	"crosswalk/internal/web"
)

// The journey is three people who take a deployment from an empty folder to live billing and its month end: an engineer, an
// editor who knows the deals, and somebody of finance who approves. They use nothing but the command line, each with a token of their own;
// what people do at HubSpot and Light they do at the simulators. The product is a process of its own. journeysteps.go tells the story.

// journeyResult is the last line of the journey.
type journeyResult struct {
	Steps                int         `json:"steps"`     // commands that people gave, and what they did at the two systems
	Documents            int         `json:"documents"` // at Light that were not there before, as an outsider counts them
	Held                 int         `json:"held"`      // won deals without a document at the end, each with its reason
	SelfApprovalsRefused int         `json:"self_approvals_refused"`
	Messages             int         `json:"messages"` // that people were sent
	Unexplained          int         `json:"unexplained"`
	Seconds              json.Number `json:"seconds"`
}

func (c *cli) journey() *cobra.Command {
	verbose := false
	cmd := c.command("journey", "three people, by command line only, from an empty folder to live billing and its month end (make journey)", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return c.playJourney(ctx, verbose)
	})
	cmd.Hidden = true
	cmd.Flags().BoolVar(&verbose, "verbose", false, "everything that the commands print")
	return cmd
}

// journey is the state of one.
type journey struct {
	*cli
	vendors *vendors
	dir     string // config, credentials, tokens, mappings; the product's data in dir/data
	api     string
	up      *exec.Cmd
	before  map[string]bool // documents at Light before anything began
	plan    string
	verbose bool
	res     journeyResult
}

const (
	engineer = "engineer"
	editor   = "editor"
	finance  = "finance"
)

func (c *cli) playJourney(ctx context.Context, verbose bool) (err error) {
	began := time.Now()
	dir, err := os.MkdirTemp("", "crosswalk-journey-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	v, err := startVendors(demoVendors(""))
	if err != nil {
		return err
	}
	defer v.close()
	j := &journey{cli: c, vendors: v, dir: dir, before: documentIDs(v), verbose: verbose}
	delivering, stop := context.WithCancel(ctx)
	delivered := make(chan struct{})
	go func() { v.hubspot.Run(delivering, nil); close(delivered) }()
	defer func() {
		stop()
		<-delivered
		err = errors.Join(err, j.stop())
	}()
	for _, chapter := range j.chapters() {
		fmt.Fprintf(c.out, "\n%s\n", chapter.title)
		if err := chapter.play(ctx); err != nil {
			return fmt.Errorf("journey: %s: %w", chapter.title, err)
		}
	}
	j.res.Seconds = json.Number(fmt.Sprintf("%.1f", time.Since(began).Seconds()))
	line, err := json.Marshal(j.res)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "\n%s\n", line)
	return j.faults()
}

// faults are what must not be at the end.
func (j *journey) faults() error {
	var errs []error
	for _, f := range []struct {
		wrong bool
		text  string
	}{
		{j.res.Unexplained != 0, "won deals have neither a document nor a reason"},
		{j.res.Documents == 0, "nothing was billed"},
		{j.res.SelfApprovalsRefused == 0, "nobody was refused to approve their own work"},
		{j.res.Messages == 0, "nobody was told anything"},
	} {
		if f.wrong {
			errs = append(errs, errors.New("journey: "+f.text))
		}
	}
	return errors.Join(errs...)
}

func (j *journey) path(name string) string { return filepath.Join(j.dir, name) }

func (j *journey) data() string { return j.path("data") }

// write makes a file that only its owner reads.
func (j *journey) write(name, text string) error {
	return os.WriteFile(j.path(name), []byte(text), 0o600)
}

// does notes what somebody did at one of the two systems.
func (j *journey) does(who, what string) {
	j.res.Steps++
	fmt.Fprintf(j.out, "%3d. %s %s\n", j.res.Steps, who, what)
}

// as gives a command as somebody gives it and demands its exit status. It gives what was printed.
func (j *journey) as(ctx context.Context, who string, status int, args ...string) (string, error) {
	j.res.Steps++
	fmt.Fprintf(j.out, "%3d. %s: crosswalk %s\n", j.res.Steps, who, strings.Join(j.short(args), " "))
	return j.quietly(ctx, who, "", status, args...)
}

// short leaves the journey's own folder out of what is shown.
func (j *journey) short(args []string) []string {
	out := make([]string, len(args))
	for n, a := range args {
		out[n] = strings.ReplaceAll(a, j.dir+string(filepath.Separator), "")
	}
	return out
}

// quietly is as without a step: for looking again and again.
func (j *journey) quietly(ctx context.Context, who, in string, status int, args ...string) (string, error) {
	var out, errs bytes.Buffer
	all := append([]string{"--api", j.api, "--token-file", j.path(who + ".token")}, args...)
	got := run(ctx, all, strings.NewReader(in), &out, &errs)
	if j.verbose {
		fmt.Fprint(j.out, indented(out.String()+errs.String()))
	}
	if got != status {
		return out.String(), fmt.Errorf("%s: crosswalk %s ended with %d, not %d:\n%s%s", who, strings.Join(j.short(args), " "), got, status, out.String(), errs.String())
	}
	return out.String() + errs.String(), nil
}

func indented(text string) string {
	return "       " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n       ") + "\n"
}

// refusedSelf demands that somebody is refused to approve what is their own.
func (j *journey) refusedSelf(ctx context.Context, who string, args ...string) error {
	out, err := j.as(ctx, who, exitLook, args...)
	if err != nil {
		return err
	}
	if !strings.Contains(out, "cannot approve it") {
		return fmt.Errorf("refused for another reason: %s", out)
	}
	j.res.SelfApprovalsRefused++
	return nil
}

// said demands that what was printed has these parts.
func said(out string, err error, parts ...string) error {
	for _, part := range parts {
		if err == nil && !strings.Contains(out, part) {
			err = fmt.Errorf("it does not say %q:\n%s", part, out)
		}
	}
	return err
}

// asJSON is as with --json, read into a T.
func asJSON[T any](ctx context.Context, j *journey, who string, status int, args ...string) (out T, err error) {
	text, err := j.as(ctx, who, status, append(args, "--json")...)
	if err == nil {
		err = json.Unmarshal([]byte(text), &out)
	}
	return out, err
}

// startWithin is how long the product may take to answer after it was started.
const startWithin = 30 * time.Second

// start starts the product as the engineer does: a process that runs until it is told to stop.
func (j *journey) start(ctx context.Context) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	j.res.Steps++
	fmt.Fprintf(j.out, "%3d. %s: crosswalk up --config crosswalk.yaml --data data\n", j.res.Steps, engineer)
	j.up = exec.CommandContext(ctx, program, "up", "--config", j.path("crosswalk.yaml"), "--data", j.data())
	log, err := os.OpenFile(j.path("up.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own
	before, err := log.Stat()
	if err != nil {
		return err
	}
	j.up.Stdout, j.up.Stderr = log, log
	if err := j.up.Start(); err != nil {
		j.up = nil
		return err
	}
	return j.until(ctx, startWithin, "it does not answer", func() (bool, error) {
		said, err := os.ReadFile(log.Name())
		return bytes.Contains(said[min(int(before.Size()), len(said)):], []byte("crosswalk answers at")), err
	})
}

// stop tells the product to stop and waits for it.
func (j *journey) stop() error {
	if j.up == nil {
		return nil
	}
	up := j.up
	j.up = nil
	if err := up.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	if err := up.Wait(); err != nil {
		log, _ := os.ReadFile(j.path("up.log")) // what it said last explains the error, when there is anything
		return fmt.Errorf("the product did not stop well: %w\n%s", err, lastLines(log, 10))
	}
	return nil
}

func lastLines(text []byte, n int) []byte {
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-n):], []byte("\n"))
}

// until asks again and again until the answer is yes.
func (j *journey) until(ctx context.Context, within time.Duration, otherwise string, yes func() (bool, error)) error {
	for end := time.Now().Add(within); ; {
		ok, err := yes()
		if ok || err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s after %s", otherwise, within)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookEvery):
		}
	}
}

// message is what the file of messages holds of one.
type message struct {
	Kind   string `json:"kind"`
	Topics []struct {
		Event string `json:"event"`
	} `json:"topics"`
	Over []struct {
		Event string `json:"event"`
	} `json:"over"`
}

// messages are those that people were sent so far.
func (j *journey) messages() ([]message, error) {
	data, err := os.ReadFile(laptop.MessagesPath(app.Config{Data: j.data()}))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []message
	for d := json.NewDecoder(bytes.NewReader(data)); ; {
		var m message
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return out, nil // the last line is being written
		}
		out = append(out, m)
	}
}

// told waits until a message says that an event began, or is over.
func (j *journey) told(ctx context.Context, event string, over bool) error {
	j.does("everybody", map[bool]string{false: "is told: " + event, true: "is told that it is over: " + event}[over])
	return j.until(ctx, 3*time.Minute, "nobody was told of "+event, func() (bool, error) {
		all, err := j.messages()
		for _, m := range all {
			for _, t := range map[bool][]struct {
				Event string `json:"event"`
			}{false: m.Topics, true: m.Over}[over] {
				if t.Event == event {
					return true, nil
				}
			}
		}
		return false, err
	})
}

// why is what is known of a deal; nothing known is no error.
func (j *journey) why(ctx context.Context, who, deal string) (web.Why, error) {
	var errs, out bytes.Buffer
	status := run(ctx, []string{"--api", j.api, "--token-file", j.path(who + ".token"), "why", deal, "--json"}, strings.NewReader(""), &out, &errs)
	var answer whyAnswer
	if status != exitDone {
		return web.Why{}, nil
	}
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil || len(answer.Why) == 0 {
		return web.Why{}, err
	}
	for _, w := range answer.Why {
		if w.State == "linked" {
			return w, nil
		}
	}
	return answer.Why[0], nil
}

// billed waits until a deal has its document.
func (j *journey) billed(ctx context.Context, who, deal string) error {
	j.res.Steps++
	fmt.Fprintf(j.out, "%3d. %s: crosswalk why %s\n", j.res.Steps, who, deal)
	var w web.Why
	err := j.until(ctx, 3*time.Minute, "it is not billed", func() (bool, error) {
		var err error
		w, err = j.why(ctx, who, deal)
		return w.State == "linked" && w.Target != "", err
	})
	if err != nil {
		return fmt.Errorf("%s: %w; it is %s %s %s", deal, err, w.State, w.Category, w.Reason)
	}
	return nil
}
