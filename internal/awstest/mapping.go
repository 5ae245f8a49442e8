package awstest

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Source is an event source mapping: it receives from a queue, invokes a function with the batch, and removes what the
// function did not name as failed. An invocation that failed as a whole leaves all of it.
type Source struct {
	Client    *sqs.Client
	Queue     string // URL
	Function  *Lambda
	Batch     int32 // at most 10
	Hide      int32 // visibility in seconds, of the queue on AWS: six times the function's own time
	Consumers int   // receives at once
}

// Run maps until ctx ends and what is under way is answered.
func (s Source) Run(ctx context.Context) {
	var all sync.WaitGroup
	for range max(1, s.Consumers) {
		all.Go(func() {
			for ctx.Err() == nil {
				s.once(ctx)
			}
		})
	}
	all.Wait()
}

func (s Source) once(ctx context.Context) {
	got, err := s.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &s.Queue, MaxNumberOfMessages: s.Batch, VisibilityTimeout: s.Hide, WaitTimeSeconds: 1,
		MessageAttributeNames: []string{"All"}, MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll}})
	if err != nil {
		wait(ctx, 200*time.Millisecond)
		return
	}
	if len(got.Messages) == 0 {
		return
	}
	failed, ok := s.invoke(context.WithoutCancel(ctx), got.Messages)
	if !ok {
		return
	}
	var done []types.DeleteMessageBatchRequestEntry
	for _, m := range got.Messages {
		if !failed[*m.MessageId] {
			done = append(done, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(len(done))), ReceiptHandle: m.ReceiptHandle})
		}
	}
	if len(done) > 0 { // what could not be removed comes again, as on AWS
		s.Client.DeleteMessageBatch(context.WithoutCancel(ctx), &sqs.DeleteMessageBatchInput{QueueUrl: &s.Queue, Entries: done})
	}
}

func (s Source) invoke(ctx context.Context, messages []types.Message) (failed map[string]bool, ok bool) {
	var records []map[string]any
	for _, m := range messages {
		records = append(records, map[string]any{
			"messageId": aws.ToString(m.MessageId), "receiptHandle": aws.ToString(m.ReceiptHandle), "body": aws.ToString(m.Body), "attributes": m.Attributes,
			"messageAttributes": attributesOf(m), "md5OfBody": aws.ToString(m.MD5OfBody), "eventSource": "aws:sqs",
			"eventSourceARN": "arn:aws:sqs:" + Region + ":111122223333:local", "awsRegion": Region,
		})
	}
	out, err := s.Function.Invoke(ctx, map[string]any{"Records": records})
	var answer struct {
		BatchItemFailures []struct {
			ItemIdentifier string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err != nil || json.Unmarshal(out, &answer) != nil {
		return nil, false
	}
	failed = map[string]bool{}
	for _, f := range answer.BatchItemFailures {
		failed[f.ItemIdentifier] = true
	}
	return failed, true
}

func attributesOf(m types.Message) map[string]any {
	out := map[string]any{}
	for name, a := range m.MessageAttributes {
		out[name] = map[string]any{"stringValue": aws.ToString(a.StringValue), "dataType": aws.ToString(a.DataType), "stringListValues": []string{}, "binaryListValues": []string{}}
	}
	return out
}

// Every invokes a function with a schedule's event until ctx ends; a failure is tried again at the next time.
func Every(ctx context.Context, d time.Duration, f *Lambda) {
	for ctx.Err() == nil {
		f.Invoke(ctx, map[string]any{"version": "0", "source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": map[string]any{}})
		wait(ctx, d)
	}
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
