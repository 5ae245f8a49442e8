package embedded

import (
	"context"
	"time"

	"crosswalk/internal/engine/lane"
)

// Op names a call of a queue.
type Op string

const (
	OpSend    Op = "send"
	OpReceive Op = "receive"
	OpAck     Op = "ack"
	OpRelease Op = "release"
	OpDead    Op = "dead"
	OpAckDead Op = "ackdead"
	OpCounts  Op = "counts"
)

// Call is what a hook of Faulty sees.
type Call struct {
	Op      Op
	Lane    lane.Lane
	Message *lane.Message // send: one of the call's messages; not to be changed
	Receipt string        // ack, release, ackdead: one of the call's receipts
	Max     int           // receive, dead
}

// Faulty is a lane.Queue whose hooks make calls fail: with an error before the effect, or with an error after it,
// when only the answer was lost (a message sent, though its sender is told it was not; messages hidden, though nobody
// has them). A hook may also block, or end its goroutine: that is a crash at exactly that point.
//
// What a call does to several messages is done one by one in the order given, each with its own hooks, since SQS
// answers for each on its own.
type Faulty struct {
	Inner  lane.Queue
	Before func(ctx context.Context, c Call) error               // nil: never fails; its error is the answer and nothing happens
	After  func(ctx context.Context, c Call, answer error) error // nil: the answer; gives what the caller is told
}

// Send is lane.Queue's.
func (f *Faulty) Send(ctx context.Context, l lane.Lane, messages []lane.Message) []error {
	errs := make([]error, len(messages))
	for i := range messages {
		errs[i] = f.do(ctx, Call{Op: OpSend, Lane: l, Message: &messages[i]}, func() error {
			return f.Inner.Send(ctx, l, messages[i:i+1])[0]
		})
	}
	return errs
}

// Receive is lane.Queue's.
func (f *Faulty) Receive(ctx context.Context, l lane.Lane, max int, visibility time.Duration) (got []lane.Delivery, err error) {
	err = f.do(ctx, Call{Op: OpReceive, Lane: l, Max: max}, func() error {
		got, err = f.Inner.Receive(ctx, l, max, visibility)
		return err
	})
	if err != nil {
		return nil, err
	}
	return got, nil
}

// Ack is lane.Queue's.
func (f *Faulty) Ack(ctx context.Context, l lane.Lane, receipts []string) []error {
	return f.each(ctx, Call{Op: OpAck, Lane: l}, receipts, func(receipt []string) []error {
		return f.Inner.Ack(ctx, l, receipt)
	})
}

// AckDead is lane.Queue's.
func (f *Faulty) AckDead(ctx context.Context, l lane.Lane, receipts []string) []error {
	return f.each(ctx, Call{Op: OpAckDead, Lane: l}, receipts, func(receipt []string) []error {
		return f.Inner.AckDead(ctx, l, receipt)
	})
}

// Release is lane.Queue's.
func (f *Faulty) Release(ctx context.Context, l lane.Lane, receipts []string, delay time.Duration) []error {
	return f.each(ctx, Call{Op: OpRelease, Lane: l}, receipts, func(receipt []string) []error {
		return f.Inner.Release(ctx, l, receipt, delay)
	})
}

// Dead is lane.Queue's.
func (f *Faulty) Dead(ctx context.Context, l lane.Lane, max int) (got []lane.Delivery, err error) {
	err = f.do(ctx, Call{Op: OpDead, Lane: l, Max: max}, func() error {
		got, err = f.Inner.Dead(ctx, l, max)
		return err
	})
	if err != nil {
		return nil, err
	}
	return got, nil
}

// Counts is lane.Queue's.
func (f *Faulty) Counts(ctx context.Context, l lane.Lane) (counts lane.Counts, err error) {
	err = f.do(ctx, Call{Op: OpCounts, Lane: l}, func() error {
		counts, err = f.Inner.Counts(ctx, l)
		return err
	})
	return counts, err
}

func (f *Faulty) each(ctx context.Context, c Call, receipts []string, do func([]string) []error) []error {
	errs := make([]error, len(receipts))
	for i := range receipts {
		c.Receipt = receipts[i]
		errs[i] = f.do(ctx, c, func() error { return do(receipts[i : i+1])[0] })
	}
	return errs
}

func (f *Faulty) do(ctx context.Context, c Call, do func() error) error {
	if f.Before != nil {
		if err := f.Before(ctx, c); err != nil {
			return err
		}
	}
	err := do()
	if f.After != nil {
		return f.After(ctx, c, err)
	}
	return err
}
