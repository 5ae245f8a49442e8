package sqs_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"crosswalk/internal/awstest"
	"crosswalk/internal/queue/sqs"
)

// A wire stands between the SDK and a server and keeps each request that passes; on may answer itself with something other
// than nil.
type wire struct {
	on func(op string, body []byte) *http.Response

	mu   sync.Mutex
	seen map[string][][]byte // by operation
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	target := r.Header.Get("X-Amz-Target")
	op := target[strings.LastIndex(target, ".")+1:]
	w.mu.Lock()
	if w.seen == nil {
		w.seen = map[string][][]byte{}
	}
	w.seen[op] = append(w.seen[op], body)
	w.mu.Unlock()
	if w.on != nil {
		if answer := w.on(op, body); answer != nil {
			return answer, nil
		}
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return http.DefaultTransport.RoundTrip(r)
}

// requests gives what was sent of an operation, and forgets it.
func requests[T any](t *testing.T, w *wire, op string) (all []T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, body := range w.seen[op] {
		var one T
		if err := json.Unmarshal(body, &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	delete(w.seen, op)
	return all
}

func answer(status int, body any) *http.Response {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}, "X-Amzn-Requestid": {"REQ1"}},
		Body: io.NopCloser(bytes.NewReader(b))}
}

func (w *wire) client(config aws.Config) *awssqs.Client {
	return awssqs.NewFromConfig(config, func(o *awssqs.Options) {
		o.HTTPClient = &http.Client{Transport: w}
		o.Retryer = retry.NewStandard(func(s *retry.StandardOptions) {
			s.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	})
}

// wired gives a queue on fauxqs with a wire between, and a plain client beside it.
func wired(t testing.TB, w *wire, change func(*sqs.Options)) (*sqs.Queue, sqs.Options, *awssqs.Client) {
	t.Helper()
	config := awstest.Config(awstest.Fauxqs(t))
	plain := awssqs.NewFromConfig(config)
	_, opts := open(t, plain)
	if change != nil {
		change(&opts)
	}
	return sqs.New(w.client(config), opts), opts, plain
}

// nowhere gives a queue whose every request on answers itself.
func nowhere(w *wire) *sqs.Queue {
	const account = "https://sqs.us-east-1.amazonaws.com/123456789012/"
	return sqs.New(w.client(awstest.Config("http://127.0.0.1:1")), sqs.Options{
		Live: account + "acme-live", Bulk: account + "acme-bulk", DeadLive: account + "acme-live-dead", DeadBulk: account + "acme-bulk-dead"})
}
