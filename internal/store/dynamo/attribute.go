package dynamo

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/store"
)

// The attributes of an item, by the names that store.Size counts. Short ones: names are billed with every item.
const (
	attrPK   = "pk"
	attrSK   = "sk"
	attrData = "data" // binary, there also when empty
	attrRev  = "rev"
	attrTok  = "tok" // only where the writer gave one
	attrTTL  = "ttl" // whole seconds since 1970; only where the item expires
)

type attributes = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// binary never gives nil bytes, which the SDK would send as null.
func binary(b []byte) types.AttributeValue {
	if b == nil {
		b = []byte{}
	}
	return &types.AttributeValueMemberB{Value: b}
}

func keyAttributes(k table.Key) attributes {
	return attributes{attrPK: text(k.PK), attrSK: text(k.SK)}
}

// itemAttributes gives the whole item that a put with that revision leaves.
func itemAttributes(p table.Put, rev int64) attributes {
	all := keyAttributes(p.Key)
	all[attrData] = binary(p.Data)
	all[attrRev] = number(rev)
	if p.Token != "" {
		all[attrTok] = text(p.Token)
	}
	if !p.Expires.IsZero() {
		all[attrTTL] = number(store.Expires(p.Expires).Unix())
	}
	return all
}

// readItem reads what itemAttributes wrote. Its errors name the attribute and neither key nor value.
func readItem(all attributes) (table.Item, error) {
	var item table.Item
	var err error
	read := func(problem error) {
		if err == nil {
			err = problem
		}
	}
	read(readText(all, attrPK, &item.PK))
	read(readText(all, attrSK, &item.SK))
	read(readBinary(all, attrData, &item.Data))
	read(readNumber(all, attrRev, &item.Rev))
	if _, there := all[attrTok]; there {
		read(readText(all, attrTok, &item.Token))
	}
	if _, there := all[attrTTL]; there {
		var seconds int64
		read(readNumber(all, attrTTL, &seconds))
		item.Expires = time.Unix(seconds, 0).UTC()
	}
	return item, err
}

func readText(all attributes, name string, to *string) error {
	v, ok := all[name].(*types.AttributeValueMemberS)
	if !ok {
		return notOurs(name, "text")
	}
	*to = v.Value
	return nil
}

func readBinary(all attributes, name string, to *[]byte) error {
	v, ok := all[name].(*types.AttributeValueMemberB)
	if !ok {
		return notOurs(name, "binary")
	}
	*to = v.Value
	return nil
}

func readNumber(all attributes, name string, to *int64) error {
	v, ok := all[name].(*types.AttributeValueMemberN)
	if !ok {
		return notOurs(name, "a number")
	}
	n, err := strconv.ParseInt(v.Value, 10, 64)
	if err != nil {
		return notOurs(name, "a whole number")
	}
	*to = n
	return nil
}

func notOurs(name, kind string) error {
	return fmt.Errorf("an item's attribute %q is not %s: something else writes to this table; give Crosswalk a table of its own", name, kind)
}
