package dynamo

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/store"
)

// Put is table.Table's: a request for each put, Options.Concurrency of them at a time. DynamoDB has no batch of
// conditional writes outside a transaction, which costs twice; BatchWriteItem would cost as much as single puts, and can neither
// keep a condition nor count a revision up, so that it would serve unconditional deletes alone: not worth a second way
// for things to fail.
//
// An error that is neither a refusal nor a conflict means that it is not known whether the put is there.
func (t *Table) Put(ctx context.Context, puts []table.Put) []error {
	errs := store.CheckPuts(puts)
	if err := ctx.Err(); err != nil {
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	var group errgroup.Group
	group.SetLimit(t.opts.Concurrency)
	for i, p := range puts {
		if errs[i] == nil {
			group.Go(func() error { errs[i] = t.put(ctx, p); return nil })
		}
	}
	group.Wait() // each error is in its place
	return errs
}

// settleRounds is how often a put is sent whose condition failed and, once its item was read, would hold: the item
// changed or expired in between.
const settleRounds = 5

// put writes once, and where the condition failed lets store.Judge decide on what is there, as in every store. So the SDK's
// second try of a write whose answer was lost finds its own token and is a success (T13).
func (t *Table) put(ctx context.Context, p table.Put) error {
	overExpired := false
	for range settleRounds {
		op, err := t.write(ctx, p, overExpired)
		if err == nil {
			return nil
		}
		var failed *types.ConditionalCheckFailedException
		if !errors.As(err, &failed) {
			return t.failure(ctx, op, err)
		}
		stored, err := t.readBack(ctx, p.Key, failed)
		if err != nil {
			return err
		}
		now := t.opts.Now()
		v := store.Judge(stored, p, now)
		if v.Err != nil || !v.Change {
			return v.Err
		}
		overExpired = stored != nil && store.Alive(stored, now) == nil
	}
	return t.failure(ctx, "PutItem", errUnsettled)
}

// readBack gives the item that made the condition fail, expired or not, nil for none. DynamoDB sends it along; no
// emulator does, and where there was none there is nothing to send, so an answer without it is followed by a read.
func (t *Table) readBack(ctx context.Context, k table.Key, failed *types.ConditionalCheckFailedException) (*table.Item, error) {
	attrs := failed.Item
	if len(attrs) == 0 {
		out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: &t.opts.Table, Key: keyAttributes(k), ConsistentRead: aws.Bool(true)}, t.call)
		if err != nil {
			return nil, t.failure(ctx, "GetItem", err)
		}
		if attrs = out.Item; len(attrs) == 0 {
			return nil, nil
		}
	}
	item, err := readItem(attrs)
	if err != nil {
		return nil, t.failure(ctx, "GetItem", err)
	}
	return &item, nil
}

// write sends the put as one request under its condition and names the operation. An unconditional put counts the revision
// up with an update; that is right over nothing and over a living item, so the update asks for these. Over an expired item,
// which counts as nothing though it is there for days to come, the revision starts again: overExpired says so.
func (t *Table) write(ctx context.Context, p table.Put, overExpired bool) (op string, err error) {
	c := condition(p, overExpired, t.opts.Now())
	switch {
	case p.Delete:
		_, err = t.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName: &t.opts.Table, Key: keyAttributes(p.Key),
			ConditionExpression: c.expression, ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}, t.call)
		return "DeleteItem", err
	case p.If == (table.Condition{}) && !overExpired:
		c.update(p)
		_, err = t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &t.opts.Table, Key: keyAttributes(p.Key), UpdateExpression: aws.String(updateExpression(p)),
			ConditionExpression: c.expression, ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}, t.call)
		return "UpdateItem", err
	default:
		_, err = t.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: &t.opts.Table, Item: itemAttributes(p, p.If.Rev()+1),
			ConditionExpression: c.expression, ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}, t.call)
		return "PutItem", err
	}
}

// A guard is a condition as DynamoDB takes it. It refuses names and values that the expressions do not use. Every name
// stands behind a placeholder, since ttl and data are reserved words.
type guard struct {
	expression *string // nil: none
	names      map[string]string
	values     attributes
}

func guarded(expression string) guard {
	return guard{expression: &expression, names: map[string]string{}, values: attributes{}}
}

// condition says what table.Condition means of a stored item, of which one whose time has passed counts as absent.
func condition(p table.Put, overExpired bool, now time.Time) (c guard) {
	switch {
	case p.If.Rev() > 0:
		c = guarded("#rev = :was AND (attribute_not_exists(#ttl) OR #ttl > :now)")
		c.names["#rev"], c.values[":was"] = attrRev, number(p.If.Rev())
	case p.If.Absent():
		c = guarded("attribute_not_exists(#pk) OR #ttl <= :now")
		c.names["#pk"] = attrPK
	case p.Delete:
		return guard{}
	case overExpired:
		c = guarded("#ttl <= :now")
	default:
		c = guarded("attribute_not_exists(#ttl) OR #ttl > :now")
	}
	c.names["#ttl"], c.values[":now"] = attrTTL, number(now.Unix())
	return c
}

func updateExpression(p table.Put) string {
	set, remove := "SET #rev = if_not_exists(#rev, :zero) + :one, #data = :data", ""
	if p.Token != "" {
		set += ", #tok = :tok"
	} else {
		remove += ", #tok"
	}
	if !p.Expires.IsZero() {
		set += ", #ttl = :ttl"
	} else {
		remove += ", #ttl"
	}
	if remove == "" {
		return set
	}
	return set + " REMOVE " + remove[len(", "):]
}

// update adds what updateExpression names.
func (c *guard) update(p table.Put) {
	c.names["#rev"], c.names["#data"], c.names["#tok"] = attrRev, attrData, attrTok
	c.values[":zero"], c.values[":one"], c.values[":data"] = number(0), number(1), binary(p.Data)
	if p.Token != "" {
		c.values[":tok"] = text(p.Token)
	}
	if !p.Expires.IsZero() {
		c.values[":ttl"] = number(store.Expires(p.Expires).Unix())
	}
}
