package dynamo

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/store"
)

// fullPage is where a page is full enough not to ask DynamoDB for more once it has ended one of its own, which it does before
// 1 MB: the last item that would not fit may have had up to 400 KB.
const fullPage = store.PageBytes / 2

// Query is table.Table's: consistent, expired items left out by DynamoDB (they are billed as read). It asks until the page is
// full, so that no number of expired items ends it early. For a page that ended by size, more is true where DynamoDB
// has not seen the end, though everything after may turn out to have expired.
func (t *Table) Query(ctx context.Context, q table.Query) (page []table.Item, more bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	if err := checkQuery(q); err != nil {
		return nil, false, err
	}
	in, some := t.queryInput(q)
	if !some {
		return nil, false, nil
	}
	limit, size := store.PageLimit(q), 0
	for ask := limit + 1; ; ask *= 4 { // one more than the page, to see whether there is more
		in.Limit = aws.Int32(int32(min(ask, maxAsk)))
		out, err := t.client.Query(ctx, in, t.call)
		if err != nil {
			return nil, false, t.failure(ctx, "Query", err)
		}
		for _, attrs := range out.Items {
			item, err := readItem(attrs)
			if err != nil {
				return nil, false, t.failure(ctx, "Query", err)
			}
			if len(page) == limit || size >= store.PageBytes {
				return page, true, nil
			}
			page = append(page, item)
			size += store.Size(item)
		}
		if len(out.LastEvaluatedKey) == 0 {
			return page, false, nil
		}
		if size >= fullPage {
			return page, true, nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

// maxAsk bounds how many items one request looks at; 1 MB ends it first, or did before this many of 100 bytes.
const maxAsk = 10_000

// queryInput gives the request for the first items, or false where there can be none.
func (t *Table) queryInput(q table.Query) (*dynamodb.QueryInput, bool) {
	in := &dynamodb.QueryInput{
		TableName:                 &t.opts.Table,
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    aws.String("#pk = :pk"),
		FilterExpression:          aws.String("attribute_not_exists(#ttl) OR #ttl > :now"),
		ExpressionAttributeNames:  map[string]string{"#pk": attrPK, "#ttl": attrTTL},
		ExpressionAttributeValues: attributes{":pk": text(q.PK), ":now": number(t.opts.Now().Unix())},
	}
	// A key condition has room for one comparison. Beside a prefix, "after" is where the query starts, which DynamoDB
	// refuses outside the prefix: before it, all keys come after anyway, and behind it, none.
	switch {
	case q.Prefix == "" && q.After == "":
		return in, true
	case q.Prefix == "":
		in.KeyConditionExpression = aws.String("#pk = :pk AND #sk > :sk")
		in.ExpressionAttributeValues[":sk"] = text(q.After)
	case q.After > q.Prefix && !strings.HasPrefix(q.After, q.Prefix):
		return nil, false
	default:
		in.KeyConditionExpression = aws.String("#pk = :pk AND begins_with(#sk, :sk)")
		in.ExpressionAttributeValues[":sk"] = text(q.Prefix)
		if q.After >= q.Prefix {
			in.ExclusiveStartKey = keyAttributes(table.Key{PK: q.PK, SK: q.After})
		}
	}
	in.ExpressionAttributeNames["#sk"] = attrSK
	return in, true
}

// checkQuery adds to the common rules what DynamoDB takes as a sort key or its beginning.
func checkQuery(q table.Query) error {
	if err := store.CheckQuery(q); err != nil {
		return err
	}
	for name, part := range map[string]string{"Prefix": q.Prefix, "After": q.After} {
		switch {
		case len(part) > store.MaxSK:
			return fmt.Errorf("%w: %s has %d bytes, a sort key has at most %d", store.ErrRefused, name, len(part), store.MaxSK)
		case !utf8.ValidString(part):
			return fmt.Errorf("%w: %s is not UTF-8; encode it", store.ErrRefused, name)
		}
	}
	return nil
}
