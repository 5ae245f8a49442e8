package trigger

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/queue/sqs"
)

// Worker handles deliveries; *engine.Engine is one.
type Worker interface {
	Handle(ctx context.Context, from lane.Lane, deliveries []lane.Delivery, to engine.Answerer)
}

// Spare is how long before the function's end its work stops: enough to remember what is under way.
const Spare = 10 * time.Second

// Batch works the messages of one SQS event. Its answer names every message that was not acknowledged, so that Lambda
// removes only what is durable. queue is the lane's queue: releases with a delay change the visibility there; what is not
// answered at all comes again by itself. after, which may be nil, runs before the answer is given.
func Batch(w Worker, queue engine.Answerer, from lane.Lane, log *slog.Logger, after func(context.Context)) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	return func(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
		answers := &batchAnswers{queue: queue, done: map[string]bool{}}
		deliveries := make([]lane.Delivery, 0, len(e.Records))
		for _, m := range e.Records {
			deliveries = append(deliveries, delivery(m))
		}
		working, cancel := context.WithCancel(ctx)
		if end, ok := ctx.Deadline(); ok {
			working, cancel = context.WithDeadline(ctx, end.Add(-Spare))
		}
		defer cancel()
		handle(working, w, from, deliveries, answers, log)
		if after != nil {
			after(ctx)
		}
		var out events.SQSEventResponse
		for _, m := range e.Records {
			if !answers.acknowledged(m.ReceiptHandle) {
				out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
			}
		}
		return out, nil
	}
}

// handle has a net below it: whatever was not acknowledged before a panic comes again.
func handle(ctx context.Context, w Worker, from lane.Lane, deliveries []lane.Delivery, to engine.Answerer, log *slog.Logger) {
	defer func() {
		if p := recover(); p != nil {
			log.Error("panic in a batch", "lane", string(from), "kind", panicKind(p))
		}
	}()
	w.Handle(ctx, from, deliveries, to)
}

// panicKind says no value: one may hold a person's data.
func panicKind(p any) string {
	if err, ok := p.(interface{ RuntimeError() }); ok {
		return err.(error).Error()
	}
	return "a value"
}

func delivery(m events.SQSMessage) lane.Delivery {
	encoding := ""
	if v := m.MessageAttributes[sqs.EncodingAttribute].StringValue; v != nil {
		encoding = *v
	}
	d := lane.Delivery{Body: sqs.ReadBody(m.Body, encoding), Receipt: m.ReceiptHandle, Receives: 1}
	if n, err := strconv.Atoi(m.Attributes["ApproximateReceiveCount"]); err == nil {
		d.Receives = n
	}
	if ms, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64); err == nil {
		d.Sent = time.UnixMilli(ms)
	}
	return d
}

// batchAnswers leaves removing to Lambda and gives delays to the queue.
type batchAnswers struct {
	queue engine.Answerer
	mu    sync.Mutex
	done  map[string]bool
}

func (b *batchAnswers) Ack(_ context.Context, _ lane.Lane, receipts []string) []error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range receipts {
		b.done[r] = true
	}
	return make([]error, len(receipts))
}

func (b *batchAnswers) Release(ctx context.Context, from lane.Lane, receipts []string, delay time.Duration) []error {
	return b.queue.Release(ctx, from, receipts, delay)
}

func (b *batchAnswers) acknowledged(receipt string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.done[receipt]
}
