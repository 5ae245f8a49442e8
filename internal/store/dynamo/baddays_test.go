package dynamo_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"crosswalk/internal/engine/table"
	"crosswalk/internal/store"
	"crosswalk/internal/store/dynamo"
)

var secret = table.Key{PK: "K#who", SK: "person@example.com"}

// TestEachCodeSaysWhatToDo: the text names the table and the way out, and never what was to be written, though the server's does.
func TestEachCodeSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		code, message string
		says          []string
		tries         int // of a put
	}{
		{code: "AccessDeniedException", says: []string{"dynamodb:UpdateItem", "role"}, tries: 1},
		{code: "AccessDeniedException", message: "KMS key access denied", says: []string{"key", "kms:Decrypt"}, tries: 1},
		{code: "ResourceNotFoundException", says: []string{"no such table", "us-east-1"}, tries: 1},
		{code: "ExpiredTokenException", says: []string{"credentials"}, tries: 1},
		{code: "ProvisionedThroughputExceededException", says: []string{"throttled", "later"}, tries: 3},
		{code: "RequestLimitExceeded", says: []string{"throttled"}, tries: 3},
		{code: "ThrottlingException", says: []string{"throttled"}, tries: 3},
		{code: "TransactionConflictException", says: []string{"transaction"}, tries: 3},
		{code: "ValidationException", says: []string{"refused"}, tries: 1},
		{code: "ValidationException", message: "Item size to update has exceeded the maximum allowed size", says: []string{"400 KB", "split"}, tries: 1},
		{code: "SomethingNewException", says: []string{"refused"}, tries: 1},
	} {
		t.Run(c.code+" "+c.message, func(t *testing.T) {
			w := &wire{on: func(_ string, body []byte, _ func([]byte) (*http.Response, error)) (*http.Response, error) {
				return refusal(c.code, []byte(c.message+string(body))), nil
			}}
			tab := nowhere(w)
			err := tab.Put(t.Context(), []table.Put{{Key: secret, Data: []byte("their data"), Token: "their-token"}})[0]
			says(t, err, append(c.says, tableName)...)
			if n := w.count("UpdateItem"); n != c.tries {
				t.Errorf("sent %d times, want %d", n, c.tries)
			}
			if c.message != "" && strings.Contains(c.message, "size") != errors.Is(err, store.ErrRefused) {
				t.Errorf("refused for good: %v", errors.Is(err, store.ErrRefused))
			}
			_, err = tab.Get(t.Context(), []table.Key{secret})
			says(t, err, tableName, "BatchGetItem")
			_, _, err = tab.Query(t.Context(), table.Query{PK: secret.PK, After: secret.SK})
			says(t, err, tableName, "Query")
		})
	}
}

func says(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not say %q: %v", word, err)
		}
	}
	for _, never := range []string{secret.SK, secret.PK, "their"} {
		if strings.Contains(err.Error(), never) {
			t.Errorf("the error quotes %q: %v", never, err)
		}
	}
}

// TestThrottledTable refuses the first two tries of everything: nobody notices.
func TestThrottledTable(t *testing.T) {
	var n atomic.Int64
	tab := wired(t, &wire{on: func(_ string, body []byte, pass func([]byte) (*http.Response, error)) (*http.Response, error) {
		if n.Add(1)%3 != 0 {
			return refusal("ProvisionedThroughputExceededException", body), nil
		}
		return pass(body)
	}}, dynamo.Options{Concurrency: 1})
	k := table.Key{PK: "p", SK: "s"}
	put(t, tab, table.Put{Key: k, Data: []byte("x"), If: table.IfAbsent()})
	items, err := tab.Get(t.Context(), []table.Key{k})
	if err != nil || items[k].Rev != 1 {
		t.Fatalf("%+v %v", items, err)
	}
	page, _, err := tab.Query(t.Context(), table.Query{PK: "p"})
	if err != nil || len(page) != 1 {
		t.Fatalf("%+v %v", page, err)
	}
}

// TestT13LostAnswers: the write arrives, its answer does not, and the SDK sends it again by itself.
func TestT13LostAnswers(t *testing.T) {
	var lose atomic.Bool
	w := &wire{}
	w.on = func(_ string, body []byte, pass func([]byte) (*http.Response, error)) (*http.Response, error) {
		r, err := pass(body)
		if err == nil && lose.CompareAndSwap(true, false) {
			r.Body.Close()
			return nil, syscall.ECONNRESET
		}
		return r, err
	}
	tab := wired(t, w, dynamo.Options{})
	k := func(sk string) table.Key { return table.Key{PK: "lost", SK: sk} }
	put(t, tab, table.Put{Key: k("rev"), Data: []byte("1")}, table.Put{Key: k("delete"), Data: []byte("1")})
	for _, c := range []struct {
		name    string
		put     table.Put
		current int64 // of the conflict; 0: none, or nothing is there
		ok      bool
	}{
		{"absent, own token", table.Put{Key: k("absent"), Data: []byte("x"), Token: "t1", If: table.IfAbsent()}, 0, true},
		{"rev, own token", table.Put{Key: k("rev"), Data: []byte("x"), Token: "t1", If: table.IfRev(1)}, 0, true},
		{"no token: it cannot be told whose it is", table.Put{Key: k("bare"), Data: []byte("x"), If: table.IfAbsent()}, 1, false},
		{"delete: gone is all that can be told", table.Put{Key: k("delete"), Delete: true, If: table.IfRev(1)}, 0, false},
		{"unconditional delete", table.Put{Key: k("rev"), Delete: true}, 0, true},
	} {
		lose.Store(true)
		err := tab.Put(t.Context(), []table.Put{c.put})[0]
		if lose.Load() {
			t.Fatalf("%s: no answer was lost", c.name)
		}
		var conflict *table.ConflictError
		switch {
		case c.ok && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case !c.ok && !errors.As(err, &conflict):
			t.Errorf("%s: %v, want a conflict", c.name, err)
		case !c.ok && (conflict.Current == nil) != (c.current == 0):
			t.Errorf("%s: the conflict carries %+v", c.name, conflict.Current)
		}
	}
	for _, sk := range []string{"absent", "bare"} {
		if items, err := tab.Get(t.Context(), []table.Key{k(sk)}); err != nil || items[k(sk)].Rev != 1 {
			t.Errorf("%s: %+v %v: written twice", sk, items, err)
		}
	}
}

// TestConflictSentAlong: DynamoDB sends the item that failed the condition, and then nothing is read back.
func TestConflictSentAlong(t *testing.T) {
	k := table.Key{PK: "p", SK: "s"}
	item := map[string]any{"pk": map[string]string{"S": k.PK}, "sk": map[string]string{"S": k.SK}, "data": map[string]string{"B": "eA=="},
		"rev": map[string]string{"N": "7"}, "tok": map[string]string{"S": "mine"}}
	w := &wire{on: func(_ string, body []byte, _ func([]byte) (*http.Response, error)) (*http.Response, error) {
		if !strings.Contains(string(body), `"ReturnValuesOnConditionCheckFailure":"ALL_OLD"`) {
			t.Error("the request does not ask for the item")
		}
		return answer(400, map[string]any{"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "The conditional request failed", "Item": item}), nil
	}}
	tab := nowhere(w)
	err := tab.Put(t.Context(), []table.Put{{Key: k, Token: "theirs", If: table.IfRev(6)}})[0]
	var conflict *table.ConflictError
	if !errors.As(err, &conflict) || conflict.Current.Rev != 7 || string(conflict.Current.Data) != "x" {
		t.Fatalf("%v", err)
	}
	put(t, tab, table.Put{Key: k, Token: "mine", If: table.IfRev(6)}) // own token, own revision
	if w.count("GetItem") != 0 {
		t.Error("the item was read back")
	}
}

// TestChangedBetween: the condition failed, and when the item is read it would hold; so the put is sent again.
func TestChangedBetween(t *testing.T) {
	w := &wire{}
	k := table.Key{PK: "between", SK: "s"}
	var other *dynamo.Table
	w.on = func(op string, body []byte, pass func([]byte) (*http.Response, error)) (*http.Response, error) {
		if op == "GetItem" && w.count(op) == 1 {
			put(t, other, table.Put{Key: k, Delete: true})
		}
		return pass(body)
	}
	tab := wired(t, w, dynamo.Options{})
	other = tab
	put(t, tab, table.Put{Key: k, Data: []byte("old")})
	put(t, tab, table.Put{Key: k, Data: []byte("new"), If: table.IfAbsent()})
	if n := w.count("PutItem"); n != 2 {
		t.Errorf("%d puts, want 2", n)
	}
}

// TestUnprocessedKeys: of each request only the first two keys are answered for.
func TestUnprocessedKeys(t *testing.T) {
	w := &wire{}
	var waits []time.Duration
	answered := 2
	w.on = func(op string, body []byte, pass func([]byte) (*http.Response, error)) (*http.Response, error) {
		if op != "BatchGetItem" {
			return pass(body)
		}
		var in struct {
			RequestItems map[string]struct{ Keys []any }
		}
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, err
		}
		keys := in.RequestItems[tableName].Keys
		some := min(answered, len(keys))
		rest := map[string]any{}
		if some < len(keys) {
			rest[tableName] = map[string]any{"Keys": keys[some:], "ConsistentRead": true}
		}
		if some == 0 {
			return answer(200, map[string]any{"Responses": map[string]any{}, "UnprocessedKeys": rest}), nil
		}
		less, err := json.Marshal(map[string]any{"RequestItems": map[string]any{tableName: map[string]any{"Keys": keys[:some], "ConsistentRead": true}}})
		if err != nil {
			return nil, err
		}
		r, err := pass(less)
		if err != nil {
			return nil, err
		}
		defer r.Body.Close()
		var out map[string]any
		if err := json.NewDecoder(r.Body).Decode(&out); err != nil && err != io.EOF {
			return nil, err
		}
		out["UnprocessedKeys"] = rest
		return answer(200, out), nil
	}
	tab := wired(t, w, dynamo.Options{Jitter: func(d time.Duration) time.Duration { waits = append(waits, d); return 0 }})
	var keys []table.Key
	for i := range 9 {
		k := table.Key{PK: "unprocessed", SK: fmt.Sprint(i)}
		keys = append(keys, k)
		put(t, tab, table.Put{Key: k, Data: []byte("x")})
	}
	items, err := tab.Get(t.Context(), keys)
	if err != nil || len(items) != 9 {
		t.Fatalf("%d items, %v", len(items), err)
	}
	if n := w.count("BatchGetItem"); n != 5 || len(waits) != 4 {
		t.Errorf("%d requests, %d waits, want 5 and 4", n, len(waits))
	}
	answered, waits = 0, nil
	_, err = tab.Get(t.Context(), keys)
	says(t, err, tableName, "throttled")
	for i := 1; i < len(waits); i++ {
		if waits[i] <= waits[i-1] && waits[i] < time.Second {
			t.Errorf("waits do not grow: %v", waits)
		}
	}
	if len(waits) == 0 {
		t.Error("it did not wait")
	}
}

// TestClockSkew: two functions whose clocks are ten seconds apart, and an item that has expired for one only. Each keeps to its own
// clock; who writes on what it saw is still fenced by the revision.
func TestClockSkew(t *testing.T) {
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) func() time.Time { return func() time.Time { return noon.Add(d) } }
	slow := wired(t, &wire{}, dynamo.Options{Now: at(0)})
	fast := dynamo.WithNow(slow, at(10*time.Second))
	k := table.Key{PK: "skew", SK: "s"}
	expiring := table.Put{Key: k, Data: []byte("old"), Expires: noon.Add(5 * time.Second)}
	for range 3 {
		put(t, slow, expiring)
	}
	if rev(t, slow, k) != 3 || rev(t, fast, k) != 0 {
		t.Fatalf("slow sees rev %d, fast %d; want 3 and nothing", rev(t, slow, k), rev(t, fast, k))
	}
	var conflict *table.ConflictError
	if err := slow.Put(t.Context(), []table.Put{{Key: k, If: table.IfAbsent()}})[0]; !errors.As(err, &conflict) || conflict.Current.Rev != 3 {
		t.Fatalf("slow takes what has not expired for it: %v", err)
	}
	put(t, fast, table.Put{Key: k, Data: []byte("new"), Token: "fast", If: table.IfAbsent()})
	if err := slow.Put(t.Context(), []table.Put{{Key: k, Data: []byte("late"), If: table.IfRev(3)}})[0]; !errors.As(err, &conflict) || conflict.Current.Token != "fast" {
		t.Fatalf("slow overwrites what fast has taken: %v", err)
	}
	put(t, slow, expiring)
	put(t, fast, table.Put{Key: k, Data: []byte("whatever is there")})
	if rev(t, fast, k) != 1 || rev(t, slow, k) != 1 {
		t.Fatal("a put over an item that has expired by the writer's clock does not begin again")
	}
}

// TestExpiredItemsEndNoPage, nor cost a request each: 300 that have expired lie before the one that has not.
func TestExpiredItemsEndNoPage(t *testing.T) {
	w := &wire{}
	tab := wired(t, w, dynamo.Options{})
	var puts []table.Put
	for i := range 300 {
		puts = append(puts, table.Put{Key: table.Key{PK: "p", SK: fmt.Sprintf("%03d", i)}, Data: []byte("x"), Expires: time.Unix(1, 0)})
	}
	put(t, tab, append(puts, table.Put{Key: table.Key{PK: "p", SK: "last"}, Data: []byte("x")})...)
	page, more, err := tab.Query(t.Context(), table.Query{PK: "p", Limit: 1})
	if err != nil || more || len(page) != 1 || page[0].SK != "last" {
		t.Fatalf("%v %v %v", page, more, err)
	}
	if n := w.count("Query"); n > 5 {
		t.Errorf("%d requests", n)
	}
}

func put(t testing.TB, tab *dynamo.Table, puts ...table.Put) {
	t.Helper()
	for i, err := range tab.Put(t.Context(), puts) {
		if err != nil {
			t.Fatalf("put %d: %v", i, err)
		}
	}
}

// rev gives the revision, 0 for nothing.
func rev(t *testing.T, tab *dynamo.Table, k table.Key) int64 {
	t.Helper()
	items, err := tab.Get(t.Context(), []table.Key{k})
	if err != nil {
		t.Fatal(err)
	}
	return items[k].Rev
}
