package mailbox_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"crosswalk/internal/app/mailbox"
	"crosswalk/internal/awstest"
	"crosswalk/internal/reach"
)

// TestSeveralProcessesAndOneAgent: each worker gets its own answers although all share one queue.
func TestSeveralProcessesAndOneAgent(t *testing.T) {
	client := sqs.NewFromConfig(awstest.Config(awstest.Fauxqs(t)))
	url := func(name string) string {
		out, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
		if err != nil {
			t.Fatal(err)
		}
		return *out.QueueUrl
	}
	requests, answers := url("erp-requests"), url("erp-answers")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, strings.ToUpper(r.URL.RawQuery)) }))
	defer server.Close()
	key := reach.NewKey()
	journal, err := reach.OpenJournal(filepath.Join(t.TempDir(), "journal"))
	if err != nil {
		t.Fatal(err)
	}
	agent, err := reach.NewAgent(reach.AgentConfig{Connection: "erp", Keys: []reach.Key{key}, Mail: mailbox.Agent(client, requests, answers), Journal: journal, Base: server.URL, Host: "erp.example"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); agent.Run(ctx) }()
	defer func() { stop(); <-ended }()

	var group sync.WaitGroup
	var mu sync.Mutex
	slowest := time.Duration(0)
	for worker := range 3 { // processes
		road := reach.NewRoad(reach.RoadConfig{Connection: "erp", Mail: mailbox.Product(client, requests, answers), Keys: func(context.Context) ([]reach.Key, error) { return []reach.Key{key}, nil }})
		for thread := range 2 {
			group.Go(func() {
				for n := range 4 {
					ask := fmt.Sprintf("w%dt%dn%d", worker, thread, n)
					ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
					req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://erp.example/api/x?"+ask, nil)
					if err != nil {
						t.Error(err)
					}
					began := time.Now()
					res, err := road.RoundTrip(req)
					if err != nil {
						t.Errorf("%s: %v", ask, err)
						cancel()
						return
					}
					got := make([]byte, 32)
					k, _ := res.Body.Read(got)
					_ = res.Body.Close()
					cancel()
					if string(got[:k]) != strings.ToUpper(ask) {
						t.Errorf("%s was answered %s", ask, got[:k])
					}
					mu.Lock()
					slowest = max(slowest, time.Since(began))
					mu.Unlock()
				}
			})
		}
	}
	group.Wait()
	t.Logf("24 requests of 3 processes; the slowest took %v", slowest)
}
