package dynamo_test

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
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"crosswalk/internal/awstest"
	"crosswalk/internal/store/dynamo"
)

// A wire stands between the SDK and a server and sees each request on its way; on may change it, answer itself, or spoil
// the answer. nil lets all pass.
type wire struct {
	on func(op string, body []byte, pass func(body []byte) (*http.Response, error)) (*http.Response, error)

	mu    sync.Mutex
	calls map[string]int // by operation
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	target := r.Header.Get("X-Amz-Target")
	op := target[strings.LastIndex(target, ".")+1:]
	w.mu.Lock()
	if w.calls == nil {
		w.calls = map[string]int{}
	}
	w.calls[op]++
	w.mu.Unlock()
	pass := func(body []byte) (*http.Response, error) {
		again := r.Clone(r.Context())
		again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		return http.DefaultTransport.RoundTrip(again)
	}
	if w.on == nil {
		return pass(body)
	}
	return w.on(op, body, pass)
}

func (w *wire) count(op string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[op]
}

// answer makes a response as DynamoDB writes it.
func answer(status int, body any) *http.Response {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}, "X-Amzn-Requestid": {"REQ1"}},
		Body: io.NopCloser(bytes.NewReader(b))}
}

// refusal is an error answer; its message quotes the request, as DynamoDB's sometimes do.
func refusal(code string, body []byte) *http.Response {
	return answer(400, map[string]string{"__type": "com.amazonaws.dynamodb.v20120810#" + code, "message": "no: " + string(body)})
}

func (w *wire) client(config aws.Config) *dynamodb.Client {
	return dynamodb.NewFromConfig(config, func(o *dynamodb.Options) {
		o.HTTPClient = &http.Client{Transport: w}
		o.Retryer = retry.NewStandard(func(s *retry.StandardOptions) {
			s.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	})
}

// wired gives a table on dynalite with a wire between, through which its making has not gone.
func wired(t testing.TB, w *wire, opts dynamo.Options) *dynamo.Table {
	t.Helper()
	config := awstest.Config(awstest.Dynalite(t))
	if err := dynamo.Create(t.Context(), dynamodb.NewFromConfig(config), tableName); err != nil {
		t.Fatal(err)
	}
	opts.Table = tableName
	return dynamo.New(w.client(config), opts)
}

// nowhere gives a table whose every request on answers itself.
func nowhere(w *wire) *dynamo.Table {
	return dynamo.New(w.client(awstest.Config("http://127.0.0.1:1")), dynamo.Options{Table: tableName})
}
