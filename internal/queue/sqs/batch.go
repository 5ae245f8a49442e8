package sqs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/queue"
)

// batchBytes is how much a request carries beyond its first message. SQS takes 1 MiB since August 2025 and took 256 KiB before,
// which queues and servers may still be set to; larger requests would cost the same, as every 64 KiB are billed. A body of
// lane.MaxBody that has to be encoded is larger (334 KiB) and goes alone, to a queue that takes 1 MiB, as ours are made.
const batchBytes = 256 << 10

// Send is lane.Queue's.
func (q *Queue) Send(ctx context.Context, l lane.Lane, messages []lane.Message) []error {
	errs := make([]error, len(messages))
	url, err := q.begin(ctx, l, false)
	if err != nil {
		return fill(errs, err)
	}
	var entries []types.SendMessageBatchRequestEntry
	for i, m := range messages {
		if errs[i] = queue.CheckMessage(m); errs[i] != nil {
			continue
		}
		text, attributes := writeBody(m.Body)
		entries = append(entries, types.SendMessageBatchRequestEntry{
			Id: id(i), MessageBody: &text, MessageAttributes: attributes, DelaySeconds: seconds(m.Delay)})
	}
	each(q, pack(entries), func(batch []types.SendMessageBatchRequestEntry) {
		out, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: batch})
		a := answer{op: "SendMessageBatch", url: url}
		if err == nil {
			a.failed = out.Failed
			for _, s := range out.Successful {
				a.done = append(a.done, aws.ToString(s.Id))
			}
		}
		for _, e := range batch {
			errs[place(e.Id)] = a.of(ctx, e.Id, err)
		}
	})
	return errs
}

// pack splits entries, in their order, into requests of at most ten messages and batchBytes.
func pack(entries []types.SendMessageBatchRequestEntry) (batches [][]types.SendMessageBatchRequestEntry) {
	var batch []types.SendMessageBatchRequestEntry
	size := 0
	for _, e := range entries {
		n := entrySize(e)
		if len(batch) == perRequest || len(batch) > 0 && size+n > batchBytes {
			batches, batch, size = append(batches, batch), nil, 0
		}
		batch, size = append(batch, e), size+n
	}
	if len(batch) > 0 {
		batches = append(batches, batch)
	}
	return batches
}

// entrySize is what SQS counts: the body, and each attribute's name, type and value.
func entrySize(e types.SendMessageBatchRequestEntry) int {
	size := len(*e.MessageBody)
	for name, a := range e.MessageAttributes {
		size += len(name) + len(*a.DataType) + len(*a.StringValue)
	}
	return size
}

// Ack is lane.Queue's.
func (q *Queue) Ack(ctx context.Context, l lane.Lane, receipts []string) []error {
	return q.remove(ctx, l, false, receipts)
}

// AckDead is lane.Queue's.
func (q *Queue) AckDead(ctx context.Context, l lane.Lane, receipts []string) []error {
	return q.remove(ctx, l, true, receipts)
}

func (q *Queue) remove(ctx context.Context, l lane.Lane, dead bool, receipts []string) []error {
	errs := make([]error, len(receipts))
	url, err := q.begin(ctx, l, dead)
	if err != nil {
		return fill(errs, err)
	}
	entries := make([]types.DeleteMessageBatchRequestEntry, len(receipts))
	for i, r := range receipts {
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: id(i), ReceiptHandle: &r}
	}
	each(q, slices.Collect(slices.Chunk(entries, perRequest)), func(batch []types.DeleteMessageBatchRequestEntry) {
		out, err := q.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: batch})
		a := answer{op: "DeleteMessageBatch", url: url}
		if err == nil {
			a.failed = out.Failed
			for _, s := range out.Successful {
				a.done = append(a.done, aws.ToString(s.Id))
			}
		}
		for _, e := range batch {
			errs[place(e.Id)] = a.of(ctx, e.Id, err)
		}
	})
	return errs
}

// maxRelease is a little under SQS's twelve hours, which count from when the message was received: a release comes within the
// quarter of an hour that a function may live.
const maxRelease = queue.MaxVisibility - 15*time.Minute

// Release is lane.Queue's. A delay over 11 h 45 min is cut to that. As with Ack, a receipt that is no longer good is not an error: the
// message is in other hands, or gone.
func (q *Queue) Release(ctx context.Context, l lane.Lane, receipts []string, delay time.Duration) []error {
	errs := make([]error, len(receipts))
	if err := queue.CheckRelease(delay); err != nil {
		return fill(errs, err)
	}
	url, err := q.begin(ctx, l, false)
	if err != nil {
		return fill(errs, err)
	}
	entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(receipts))
	for i, r := range receipts {
		entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{Id: id(i), ReceiptHandle: &r, VisibilityTimeout: seconds(min(delay, maxRelease))}
	}
	each(q, slices.Collect(slices.Chunk(entries, perRequest)), func(batch []types.ChangeMessageVisibilityBatchRequestEntry) {
		out, err := q.client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &url, Entries: batch})
		a := answer{op: "ChangeMessageVisibilityBatch", url: url}
		if err == nil {
			a.failed = slices.DeleteFunc(out.Failed, noLongerGood(&a))
			for _, s := range out.Successful {
				a.done = append(a.done, aws.ToString(s.Id))
			}
		}
		for _, e := range batch {
			errs[place(e.Id)] = a.of(ctx, e.Id, err)
		}
	})
	return errs
}

// noLongerGood tells which failures of a release are none, and counts them as done. SQS says InvalidParameterValue or
// MessageNotInflight for a message that is gone or visible; fauxqs says ReceiptHandleIsInvalid.
func noLongerGood(a *answer) func(types.BatchResultErrorEntry) bool {
	return func(f types.BatchResultErrorEntry) bool {
		gone := slices.Contains([]string{"InvalidParameterValue", "MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight", "ReceiptHandleIsInvalid"}, aws.ToString(f.Code))
		if gone {
			a.done = append(a.done, aws.ToString(f.Id))
		}
		return gone
	}
}

func (q *Queue) begin(ctx context.Context, l lane.Lane, dead bool) (url string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return q.url(l, dead)
}

// each does the batches, some of them at a time.
func each[E any](q *Queue, batches [][]E, do func(batch []E)) {
	var group errgroup.Group
	group.SetLimit(q.opts.Concurrency)
	for _, batch := range batches {
		group.Go(func() error { do(batch); return nil })
	}
	group.Wait() // each error is in its place
}

// An answer is what a batch request said of its entries.
type answer struct {
	op, url string
	done    []string
	failed  []types.BatchResultErrorEntry
}

// of gives one entry's error; err is that of the whole request.
func (a answer) of(ctx context.Context, id *string, err error) error {
	if err != nil {
		return failure(ctx, a.op, a.url, err)
	}
	for _, f := range a.failed {
		if aws.ToString(f.Id) == *id {
			return explained(a.op, a.url, aws.ToString(f.Code), "", errors.New(aws.ToString(f.Code)))
		}
	}
	if slices.Contains(a.done, *id) {
		return nil
	}
	return fmt.Errorf("queue: sqs %s on %q: the answer leaves an entry out", a.op, name(a.url))
}

// An entry's id is its place in the call.
func id(i int) *string { return aws.String(strconv.Itoa(i)) }

func place(id *string) int {
	i, err := strconv.Atoi(*id)
	if err != nil {
		panic("sqs: an entry's id is not one of ours: " + *id)
	}
	return i
}

func fill(errs []error, err error) []error {
	for i := range errs {
		errs[i] = err
	}
	return errs
}
