package sqs_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/queue"
	"crosswalk/internal/queue/sqs"
)

type batch struct {
	Entries []struct {
		ID                string `json:"Id"`
		MessageBody       string
		DelaySeconds      int
		VisibilityTimeout int
	}
}

func bodiesOf(sizes ...int) []lane.Message {
	messages := make([]lane.Message, len(sizes))
	for i, n := range sizes {
		messages[i].Body = bytes.Repeat([]byte("x"), n)
	}
	return messages
}

// TestRequestsCarryTenAndAQuarterMegabyte and no more, and what one message costs in room is counted with its encoding.
func TestRequestsCarryTenAndAQuarterMegabyte(t *testing.T) {
	w := &wire{}
	q, _, _ := wired(t, w, func(o *sqs.Options) { o.Concurrency = 1 })
	const kb = 1 << 10
	many := make([]int, 25)
	for i := range many {
		many[i] = 100
	}
	binary := []lane.Message{{Body: make([]byte, 100*kb)}, {Body: make([]byte, 100*kb)}} // 134 KiB each, encoded
	largest := []lane.Message{{Body: bytes.Repeat([]byte{0xff}, lane.MaxBody)}, {Body: []byte("small")}}
	for _, c := range []struct {
		name     string
		messages []lane.Message
		want     string // entries of each request
	}{
		{"25 small", bodiesOf(many...), "[10 10 5]"},
		{"exactly the limit", bodiesOf(128*kb, 128*kb), "[2]"},
		{"a byte over", bodiesOf(128*kb, 128*kb+1), "[1 1]"},
		{"one large between small ones", bodiesOf(100, 250*kb, 7*kb, 100), "[2 2]"},
		{"none", nil, "[]"},
		{"encoded", binary, "[1 1]"},
		{"the largest, encoded, is over 256 KiB and goes alone", largest, "[1 1]"},
	} {
		for i, err := range q.Send(t.Context(), lane.Bulk, c.messages) {
			if err != nil {
				t.Errorf("%s: message %d: %v", c.name, i, err)
			}
		}
		got := []int{}
		for _, r := range requests[batch](t, w, "SendMessageBatch") {
			got = append(got, len(r.Entries))
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: requests of %v, want %s", c.name, got, c.want)
		}
	}
}

// TestBodiesOnTheWire: text is sent as it is, so that a person can read a queue; what SQS refuses is base64 and says so.
func TestBodiesOnTheWire(t *testing.T) {
	q, opts, plain := wired(t, &wire{}, nil)
	for _, c := range []struct{ body, wire, encoding string }{
		{`{"ref":"hubspot:deals/1"}`, `{"ref":"hubspot:deals/1"}`, ""},
		{"tab\tline\n", "tab\tline\n", ""},
		{"Zażółć \uFFFD", "Zażółć \uFFFD", ""},
		{"\x00", "AA==", sqs.Base64},
		{"\xff\xfe", "//4=", sqs.Base64},
		{"\uFFFE", "77++", sqs.Base64},
		{"\U0001F600", "8J+YgA==", sqs.Base64},
	} {
		if err := q.Send(t.Context(), lane.Live, []lane.Message{{Body: []byte(c.body)}})[0]; err != nil {
			t.Fatal(err)
		}
		out, err := plain.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &opts.Live, MessageAttributeNames: []string{"All"}})
		if err != nil || len(out.Messages) != 1 {
			t.Fatalf("%q: %v", c.body, err)
		}
		m := out.Messages[0]
		encoding := aws.ToString(m.MessageAttributes[sqs.EncodingAttribute].StringValue)
		if *m.Body != c.wire || encoding != c.encoding {
			t.Errorf("%q is sent as %q, encoding %q; want %q, %q", c.body, *m.Body, encoding, c.wire, c.encoding)
		}
		if back := sqs.ReadBody(*m.Body, encoding); string(back) != c.body {
			t.Errorf("%q is read back as %q", c.body, back)
		}
	}
	if got := sqs.ReadBody("not base64!", sqs.Base64); string(got) != "not base64!" {
		t.Errorf("a body that lies about itself is read as %q", got)
	}
}

// TestReceiveByTens: requests of at most ten until there is nothing, a long poll only where it is asked for and only first.
func TestReceiveByTens(t *testing.T) {
	type receive struct{ MaxNumberOfMessages, WaitTimeSeconds, VisibilityTimeout int }
	w := &wire{}
	q, _, _ := wired(t, w, func(o *sqs.Options) { o.LongPoll = time.Second })
	q.Send(t.Context(), lane.Live, bodiesOf(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))
	got, err := q.Receive(t.Context(), lane.Live, 15, 90*time.Second+time.Millisecond)
	if err != nil || len(got) != 12 {
		t.Fatalf("%d, %v", len(got), err)
	}
	if all := fmt.Sprint(requests[receive](t, w, "ReceiveMessage")); all != "[{10 1 91} {5 0 91} {3 0 91}]" {
		t.Errorf("requests %s", all)
	}
	w = &wire{}
	q, _, _ = wired(t, w, nil)
	if got, err := q.Receive(t.Context(), lane.Live, 15, time.Minute); err != nil || len(got) != 0 {
		t.Fatalf("%d, %v", len(got), err)
	}
	if all := fmt.Sprint(requests[receive](t, w, "ReceiveMessage")); all != "[{10 0 60}]" {
		t.Errorf("requests %s", all)
	}
}

// TestReceivedIsKept: what has come is hidden from others, so it is given though the next request failed.
func TestReceivedIsKept(t *testing.T) {
	n := 0
	w := &wire{on: func(op string, _ []byte) *http.Response {
		if op == "ReceiveMessage" {
			if n++; n > 1 {
				return answer(400, map[string]string{"__type": "com.amazonaws.sqs#OverLimit"})
			}
		}
		return nil
	}}
	q, _, _ := wired(t, w, nil)
	q.Send(t.Context(), lane.Live, bodiesOf(1, 2))
	if got, err := q.Receive(t.Context(), lane.Live, 20, time.Minute); err != nil || len(got) != 2 {
		t.Fatalf("%d, %v", len(got), err)
	}
	if _, err := q.Receive(t.Context(), lane.Live, 20, time.Minute); err == nil || !strings.Contains(err.Error(), "120,000") {
		t.Fatalf("%v", err)
	}
}

// TestTimesAreWholeSecondsAndCut: rounded up, and a release no longer than SQS allows for a message that has been worked on.
func TestTimesAreWholeSecondsAndCut(t *testing.T) {
	w := &wire{}
	q, _, _ := wired(t, w, nil)
	q.Send(t.Context(), lane.Live, []lane.Message{{Body: []byte("x"), Delay: 1500 * time.Millisecond}})
	if got := requests[batch](t, w, "SendMessageBatch")[0].Entries[0].DelaySeconds; got != 2 {
		t.Errorf("a delay of 1.5 s is sent as %d s", got)
	}
	for delay, want := range map[time.Duration]int{0: 0, time.Millisecond: 1, time.Minute: 60, 12 * time.Hour: 42300} {
		q.Release(t.Context(), lane.Live, []string{"r"}, delay)
		if got := requests[batch](t, w, "ChangeMessageVisibilityBatch")[0].Entries[0].VisibilityTimeout; got != want {
			t.Errorf("a release of %v is sent as %d s, want %d", delay, got, want)
		}
	}
}

// TestEachEntryHasItsError: of three messages one is refused, one done, and of one the answer says nothing.
func TestEachEntryHasItsError(t *testing.T) {
	failed := func(code string) []map[string]any {
		return []map[string]any{{"Id": "1", "Code": code, "Message": "no: their data", "SenderFault": true}}
	}
	code := ""
	w := &wire{on: func(op string, _ []byte) *http.Response {
		return answer(200, map[string]any{"Successful": []map[string]string{{"Id": "0"}}, "Failed": failed(code)})
	}}
	q := nowhere(w)
	three := []string{"r0", "r1", "r2"}
	for _, c := range []struct {
		op, code, says string
		do             func() []error
		middle         bool // the middle one is fine, too
	}{
		{"send", "InternalError", "trouble", func() []error { return q.Send(t.Context(), lane.Live, bodiesOf(1, 1, 1)) }, false},
		{"send", "InvalidMessageContents", "refused", func() []error { return q.Send(t.Context(), lane.Live, bodiesOf(1, 1, 1)) }, false},
		{"ack", "ReceiptHandleIsInvalid", "receipt", func() []error { return q.Ack(t.Context(), lane.Live, three) }, false},
		{"ack dead", "ReceiptHandleIsInvalid", "acme-live-dead", func() []error { return q.AckDead(t.Context(), lane.Live, three) }, false},
		{"release", "InvalidParameterValue", "", func() []error { return q.Release(t.Context(), lane.Live, three, 0) }, true},
		{"release", "MessageNotInflight", "", func() []error { return q.Release(t.Context(), lane.Live, three, 0) }, true},
		{"release", "InternalError", "trouble", func() []error { return q.Release(t.Context(), lane.Live, three, 0) }, false},
	} {
		code = c.code
		errs := c.do()
		if errs[0] != nil || errs[2] == nil || c.middle != (errs[1] == nil) {
			t.Errorf("%s, %s: %v", c.op, c.code, errs)
			continue
		}
		if !c.middle {
			says(t, errs[1], c.says, c.code)
		}
		says(t, errs[2], "leaves an entry out")
	}
}

// TestEachCodeSaysWhatToDo: the text names the queue and the way out, and neither what was sent nor the account.
func TestEachCodeSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		code    string
		says    []string
		refused bool
	}{
		{"AccessDeniedException", []string{"sqs:SendMessage", "role"}, false},
		{"QueueDoesNotExist", []string{"no such queue", "URL"}, false},
		{"KmsAccessDenied", []string{"kms:Decrypt"}, false},
		{"ExpiredToken", []string{"credentials"}, false},
		{"RequestThrottled", []string{"throttled"}, false},
		{"BatchRequestTooLong", []string{"1 MiB"}, true},
		{"SomethingNew", []string{"refused"}, false},
	} {
		w := &wire{on: func(_ string, body []byte) *http.Response {
			return answer(400, map[string]string{"__type": "com.amazonaws.sqs#" + c.code, "message": "no: " + string(body)})
		}}
		q := nowhere(w)
		errs := q.Send(t.Context(), lane.Live, []lane.Message{{Body: []byte("their data")}, {Body: []byte("their other data")}})
		for _, err := range errs {
			says(t, err, append(c.says, c.code, "acme-live")...)
			if errors.Is(err, queue.ErrRefused) != c.refused {
				t.Errorf("%s: refused for good: %v", c.code, !c.refused)
			}
		}
		_, err := q.Counts(t.Context(), lane.Bulk)
		says(t, err, "acme-bulk", "GetQueueAttributes")
		_, err = q.Dead(t.Context(), lane.Bulk, 1)
		says(t, err, "acme-bulk-dead", "ReceiveMessage")
	}
}

// TestNoSuchQueue asks a real server.
func TestNoSuchQueue(t *testing.T) {
	q, _, _ := wired(t, &wire{}, func(o *sqs.Options) { o.Live += "-gone" })
	says(t, q.Send(t.Context(), lane.Live, bodiesOf(1))[0], "no such queue", "-gone")
}

// TestURLsNotSet: a function that only sends has no URL of dead letters.
func TestURLsNotSet(t *testing.T) {
	q := sqs.New(awssqs.New(awssqs.Options{Region: "us-east-1"}), sqs.Options{})
	says(t, q.Send(t.Context(), lane.Live, bodiesOf(1))[0], "queue of lane live", "set it")
	says(t, q.AckDead(t.Context(), lane.Bulk, []string{"r"})[0], "dead letters of lane bulk")
}

func says(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Error("no error")
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not say %q: %v", word, err)
		}
	}
	for _, never := range []string{"their", "123456789012"} {
		if strings.Contains(err.Error(), never) {
			t.Errorf("the error quotes %q: %v", never, err)
		}
	}
}
