package embedded_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/queue/embedded"
)

// childEnv makes a run of this test binary the process that TestKill9 kills.
const childEnv = "CROSSWALK_QUEUE_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		workUntilKilled(path)
	}
	os.Exit(m.Run())
}

// workUntilKilled sends, receives and acknowledges, and says on stdout what was answered, after each answer.
func workUntilKilled(path string) {
	q, err := embedded.Open(path, embedded.Options{})
	exitOn(err)
	ctx := context.Background()
	say := func(format string, args ...any) { os.Stdout.WriteString(fmt.Sprintf(format+"\n", args...)) }
	var wg sync.WaitGroup
	for s := range 2 {
		wg.Go(func() {
			for n := 0; ; n++ {
				body := fmt.Sprintf("%d-%d", s, n)
				exitOn(q.Send(ctx, lane.Bulk, []lane.Message{{Body: []byte(body)}})[0])
				say("sent %s", body)
			}
		})
	}
	wg.Go(func() {
		for {
			exitOn(q.Wait(ctx, lane.Bulk))
			got, err := q.Receive(ctx, lane.Bulk, 3, time.Hour)
			exitOn(err)
			for i, d := range got {
				say("received %s", d.Body)
				if i > 0 { // the first of each receive stays in work
					exitOn(q.Ack(ctx, lane.Bulk, []string{d.Receipt})[0])
					say("acked %s", d.Body)
				}
			}
		}
	})
	wg.Wait()
}

func exitOn(err error) {
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
}

func TestKill9(t *testing.T) {
	for round := range 3 {
		path := filepath.Join(t.TempDir(), "queue.db")
		said := killAfter(t, path, 400+100*round)
		fate := map[string]string{} // the last that was said of each body
		for _, line := range said {
			what, body, ok := strings.Cut(line, " ")
			if !ok || what == "error" {
				t.Fatalf("the child says %q", line)
			}
			if what != "sent" || fate[body] == "" { // a receive can be said before its send
				fate[body] = what
			}
		}
		wantFate(t, open(t, path, embedded.Options{}), fate)
	}
}

// wantFate receives all that is visible: it must be exactly what was sent and not received. What was received and
// not acknowledged must still be in work, with its receive; what was acknowledged must be gone. Only of what the
// child was about to say when it was killed nothing is known: three messages a goroutine at most.
func wantFate(t *testing.T, q *embedded.Queue, fate map[string]string) {
	t.Helper()
	want := map[string]int{}
	for _, what := range fate {
		want[what]++
	}
	counts, err := q.Counts(t.Context(), lane.Bulk)
	if err != nil {
		t.Fatal(err)
	}
	got, err := q.Receive(t.Context(), lane.Bulk, 100_000, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	waiting := map[string]bool{}
	for _, d := range got {
		waiting[string(d.Body)] = true
		if d.Receives != 1 {
			t.Errorf("%s waits with %d receives", d.Body, d.Receives)
		}
		if what := fate[string(d.Body)]; what == "received" || what == "acked" {
			t.Errorf("%s was %s, but is there to be received", d.Body, what)
		}
	}
	missing := 0
	for body, what := range fate {
		if what == "sent" && !waiting[body] {
			missing++
		}
	}
	if missing > 3 { // received, not yet said
		t.Errorf("%d of %d messages that were sent and not received are not there", missing, want["sent"])
	}
	if d := counts.InWork - want["received"]; d < -1 || d > 3 { // -1: acknowledged, not yet said
		t.Errorf("%d are in work, want %d", counts.InWork, want["received"])
	}
	if len(fate) < 100 || want["acked"] == 0 || want["received"] == 0 {
		t.Errorf("the child did too little to show anything: %v", want)
	}
}

// killAfter starts a child on the file, kills it after so many lines, and gives all it said.
func killAfter(t *testing.T, path string, lines int) (said []string) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for scan := bufio.NewScanner(out); scan.Scan(); {
		said = append(said, scan.Text())
		if len(said) == lines {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || len(said) < lines {
		t.Fatalf("the child ended by itself after %d lines: %q", len(said), said[max(0, len(said)-1):])
	}
	return said
}
