package dynamo

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/cenkalti/backoff/v5"
	"golang.org/x/sync/errgroup"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/store"
)

// Options are the choices of New.
type Options struct {
	// Table is the table's name. Required.
	Table string
	// Now is the clock that tells what has expired; nil means time.Now.
	Now func() time.Time
	// Concurrency is how many requests one call has under way at most; 0 means 10, which is how many idle connections
	// the SDK's HTTP client keeps: more would open and close one for each request.
	Concurrency int
	// Jitter spreads the waits before unprocessed keys are asked for again, so that workers that were throttled together
	// do not come back together; nil leaves them as they are. The SDK's own retries have their own.
	Jitter func(time.Duration) time.Duration
}

const defaultConcurrency = 10

// Table is safe for concurrent use.
type Table struct {
	client *dynamodb.Client
	opts   Options
	call   func(*dynamodb.Options) // of every request
}

var _ table.Table = (*Table)(nil)

// New gives the table that opts names, which must be there (the CDK makes it; Create is for tests and the demo). It asks
// nothing yet. How often a request is tried is the client's: aws.Config's RetryMaxAttempts, 3 if not set.
func New(client *dynamodb.Client, opts Options) *Table {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Concurrency <= 0 {
		opts.Concurrency = defaultConcurrency
	}
	if opts.Jitter == nil {
		opts.Jitter = func(d time.Duration) time.Duration { return d }
	}
	// The SDK tries again what is throttled, timed out or broken within AWS. Not a conflict with a transaction: we have
	// none, but whoever repairs by hand may, and it is over in milliseconds.
	retryer := retry.AddWithErrorCodes(client.Options().Retryer, codeTransactionConflict)
	return &Table{client: client, opts: opts, call: func(o *dynamodb.Options) { o.Retryer = retryer }}
}

const (
	// batchKeys is how many keys a BatchGetItem takes.
	batchKeys = 100
	// idleRounds is how often a BatchGetItem that brings nothing at all is asked again, after firstWait and then
	// twice as long each time: 2.5 s in all, after which the worker's own retry is the better place to wait.
	idleRounds = 7
	firstWait  = 20 * time.Millisecond
)

// Get is table.Table's: consistent reads of 100 keys a request.
func (t *Table) Get(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := store.CheckKeys(keys); err != nil {
		return nil, err
	}
	batches := slices.Collect(slices.Chunk(distinct(keys), batchKeys))
	read := make([][]table.Item, len(batches))
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(t.opts.Concurrency)
	for i, batch := range batches {
		group.Go(func() (err error) {
			read[i], err = t.getBatch(within, batch)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, t.failure(ctx, "BatchGetItem", err)
	}
	now, found := t.opts.Now(), make(map[table.Key]table.Item, len(keys))
	for _, item := range slices.Concat(read...) {
		if store.Alive(&item, now) != nil {
			found[item.Key] = item
		}
	}
	return found, nil
}

// distinct: a BatchGetItem refuses a key that it is given twice.
func distinct(keys []table.Key) []table.Key {
	seen := make(map[table.Key]bool, len(keys))
	var once []table.Key
	for _, k := range keys {
		if !seen[k] {
			seen[k] = true
			once = append(once, k)
		}
	}
	return once
}

// getBatch reads up to 100 items, in several requests where the answer would be over 16 MB or the table is throttled:
// DynamoDB then answers for some of the keys and gives the others back.
func (t *Table) getBatch(ctx context.Context, keys []table.Key) (items []table.Item, err error) {
	left := make([]attributes, len(keys))
	for i, k := range keys {
		left[i] = keyAttributes(k)
	}
	waits := &backoff.ExponentialBackOff{InitialInterval: firstWait, Multiplier: 2, MaxInterval: time.Second}
	waits.Reset()
	for idle := 0; len(left) > 0; {
		out, err := t.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{t.opts.Table: {Keys: left, ConsistentRead: aws.Bool(true)}},
		}, t.call)
		if err != nil {
			return nil, err
		}
		for all := range maps.Values(out.Responses) {
			for _, attrs := range all {
				item, err := readItem(attrs)
				if err != nil {
					return nil, err
				}
				items = append(items, item)
			}
		}
		rest := out.UnprocessedKeys[t.opts.Table].Keys
		if len(rest) < len(left) {
			idle = 0
			waits.Reset()
		} else if idle++; idle == idleRounds {
			return nil, errUnprocessed
		}
		if left = rest; len(left) > 0 {
			if err := sleep(ctx, t.opts.Jitter(waits.NextBackOff())); err != nil {
				return nil, err
			}
		}
	}
	return items, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
