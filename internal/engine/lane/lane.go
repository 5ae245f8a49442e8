// Package lane is the seam between the engine and whatever queues its work: two lanes, so that a backfill
// of 100,000 records never stands before a live edit (B1). It is SQS's shape: at least once, in no promised
// order, invisible while worked on. queue/queuetest is the suite every queue must pass.
package lane

import (
	"context"
	"time"
)

// Lane names a queue.
type Lane string

const (
	Live Lane = "live" // a change somebody just made; one record a message
	Bulk Lane = "bulk" // imports, full runs; up to 200 records a message
)

// MaxBody is the largest message in bytes (SQS takes 256 KiB with its attributes).
const MaxBody = 250 << 10

// Message is what is sent. Delay is at most 15 minutes (SQS); longer waits are parked in the store instead.
type Message struct {
	Body  []byte
	Delay time.Duration
}

// Delivery is a message as received. Receipt is good until the visibility ends or the message is received again.
type Delivery struct {
	Body     []byte
	Receipt  string
	Receives int       // how often it was received, this time included
	Sent     time.Time // when it was first sent
}

// Queue is all that the engine asks of a queue.
type Queue interface {
	// Send stores messages durably, each with its own error; nil means it is on disk and will be delivered.
	Send(ctx context.Context, lane Lane, messages []Message) []error
	// Receive gives up to max messages that are visible now, perhaps none, and hides them for visibility.
	// A message received MaxReceives times before is moved to the lane's dead letters instead.
	Receive(ctx context.Context, lane Lane, max int, visibility time.Duration) ([]Delivery, error)
	// Ack removes messages for good; a receipt that is no longer good is not an error.
	Ack(ctx context.Context, lane Lane, receipts []string) []error
	// Release makes messages visible again after delay, without waiting for their visibility to end.
	Release(ctx context.Context, lane Lane, receipts []string, delay time.Duration) []error
	// Dead takes up to max dead letters; they are removed when acknowledged with AckDead.
	Dead(ctx context.Context, lane Lane, max int) ([]Delivery, error)
	AckDead(ctx context.Context, lane Lane, receipts []string) []error
	// Counts tells how much waits: visible or delayed, in work, dead. Approximate on AWS.
	Counts(ctx context.Context, lane Lane) (Counts, error)
}

// Counts of one lane.
type Counts struct{ Waiting, InWork, Dead int }

// MaxReceives is how often a message is delivered before it is a dead letter.
const MaxReceives = 5
