package sqs_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"crosswalk/internal/awstest"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/queue/queuetest"
	"crosswalk/internal/queue/sqs"
)

// What the server cannot do, as named skips of the shared suite; the embedded queue runs every case.
var fauxqsLacks = []queuetest.Lack{
	{Case: "nonsense receipt", Why: "fauxqs 2.4.1 deletes with any receipt handle and says it succeeded; SQS answers ReceiptHandleIsInvalid"},
	{Case: "counts see visibility end", Why: "fauxqs 2.4.1 counts a message as in work until somebody receives"},
}

func TestQueue(t *testing.T) {
	t.Run("fauxqs", func(t *testing.T) {
		client := awssqs.NewFromConfig(awstest.Config(awstest.Fauxqs(t)))
		queuetest.Run(t, func(t *testing.T) lane.Queue { q, _ := open(t, client); return q },
			queuetest.Options{Parallel: true, Lacks: fauxqsLacks})
	})
}

var opened atomic.Int64

// open gives a queue of its own, and the URLs.
func open(t testing.TB, client *awssqs.Client) (*sqs.Queue, sqs.Options) {
	t.Helper()
	opts, err := sqs.Create(t.Context(), client, fmt.Sprint("test-", opened.Add(1)))
	if err != nil {
		t.Fatal(err)
	}
	return sqs.New(client, opts), opts
}
