package awstest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Counts is what the servers of a stack were asked, by those who were told of them after Stack.Count. It is safe for
// concurrent use.
type Counts struct {
	mu     sync.Mutex
	sum    Asked
	queues *sqs.Client // not counted
	live   []string    // URLs
}

// Asked are requests as AWS bills them. A server of the table that tells no capacity (minidyn) gives no units.
type Asked struct {
	Requests map[string]int // by operation, as X-Amz-Target names it: SendMessageBatch, GetItem
	SQS      int            // requests of the queue: one for each 64 KiB; without the receives that gave nothing
	Empty    int            // those: waiting costs the same whether or not anything comes
	WRU, RRU float64        // as the server told: dynalite's true figures
}

// Sum is what was asked since the last Reset.
func (c *Counts) Sum() Asked {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := c.sum
	sum.Requests = maps.Clone(sum.Requests)
	return sum
}

// Reset begins anew.
func (c *Counts) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sum = Asked{}
}

// Count puts a counting proxy before the table, the queue and the secrets, for whoever is given Env from now on.
func (s *Stack) Count(ctx context.Context) (*Counts, error) {
	c := &Counts{queues: s.SQS, live: []string{s.Queues.Live, s.Queues.Bulk}}
	for _, url := range []*string{&s.store, &s.queue, &s.Secrets} {
		at, stop, err := serveLocal(ctx, "counter", c.before(*url))
		if err != nil {
			return nil, err
		}
		*url = at
		s.stops = append(s.stops, stop)
	}
	s.SQS = sqs.NewFromConfig(Config(s.queue))
	return c, nil
}

// Waiting tells how many messages of both lanes wait or are worked. It is not counted itself.
func (c *Counts) Waiting(ctx context.Context) (int, error) {
	all := 0
	for _, url := range c.live {
		got, err := c.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
		if err != nil {
			return 0, err
		}
		for _, name := range []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible, types.QueueAttributeNameApproximateNumberOfMessagesDelayed} {
			n, err := strconv.Atoi(got.Attributes[string(name)])
			if err != nil {
				return 0, fmt.Errorf("awstest: %s of a queue: %w", name, err)
			}
			all += n
		}
	}
	return all, nil
}

// before passes requests on to a server and counts them with their answers.
func (c *Counts) before(server string) http.Handler {
	out := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "the body was cut short", http.StatusBadRequest)
			return
		}
		service, operation := targetOf(r)
		asked := body
		if service == dynamoTarget {
			asked = askCapacity(body)
		}
		on, err := http.NewRequestWithContext(r.Context(), r.Method, server+r.URL.RequestURI(), bytes.NewReader(asked))
		if err != nil {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		on.Header, on.Host = r.Header.Clone(), r.Host
		answer, err := out.Do(on)
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				http.Error(w, "the server does not answer", http.StatusBadGateway)
			}
			return
		}
		defer answer.Body.Close()
		got, err := io.ReadAll(answer.Body)
		if err != nil {
			http.Error(w, "the answer was cut short", http.StatusBadGateway)
			return
		}
		c.note(service, operation, len(body), got)
		maps.Copy(w.Header(), answer.Header)
		w.WriteHeader(answer.StatusCode)
		w.Write(got)
	})
}

const dynamoTarget = "DynamoDB_20120810"

func targetOf(r *http.Request) (service, operation string) {
	service, operation, _ = strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return service, operation
}

// askCapacity has the server tell what a request costs. The signature does not fit any more; none of these servers checks more
// than its form.
func askCapacity(body []byte) []byte {
	var in map[string]json.RawMessage
	if json.Unmarshal(body, &in) != nil {
		return body
	}
	in["ReturnConsumedCapacity"] = json.RawMessage(`"TOTAL"`)
	out, err := json.Marshal(in)
	if err != nil {
		return body
	}
	return out
}

const sqsUnit = 64 << 10 // bytes of one billed request

func (c *Counts) note(service, operation string, sent int, got []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sum.Requests == nil {
		c.sum.Requests = map[string]int{}
	}
	c.sum.Requests[operation]++
	switch {
	case service == dynamoTarget:
		if strings.HasPrefix(operation, "Get") || strings.HasPrefix(operation, "BatchGet") || operation == "Query" || operation == "Scan" {
			c.sum.RRU += capacityOf(got)
		} else {
			c.sum.WRU += capacityOf(got)
		}
	case service == "AmazonSQS" && operation == "ReceiveMessage" && !bytes.Contains(got, []byte(`"Messages":[{`)):
		c.sum.Empty++
	case service == "AmazonSQS":
		c.sum.SQS += (max(sent, len(got), 1) + sqsUnit - 1) / sqsUnit
	}
}

// capacityOf reads ConsumedCapacity: an object, or a list of batches.
func capacityOf(answer []byte) float64 {
	type units struct{ CapacityUnits float64 }
	var one struct{ ConsumedCapacity units }
	if json.Unmarshal(answer, &one) == nil {
		return one.ConsumedCapacity.CapacityUnits
	}
	var many struct{ ConsumedCapacity []units }
	if json.Unmarshal(answer, &many) != nil {
		return 0 // an error, which costs too, but tells nothing
	}
	sum := 0.0
	for _, u := range many.ConsumedCapacity {
		sum += u.CapacityUnits
	}
	return sum
}
