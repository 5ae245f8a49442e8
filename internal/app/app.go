// Package app reads the configuration once and wires one deployment together: connectors, store, queue, scripts, engine.
// It is the only place that names them all. Start with New; Run keeps it going on a laptop.
package app

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"crosswalk/internal/budget"
	"crosswalk/internal/connector"
	"crosswalk/internal/connector/hubspot"
	"crosswalk/internal/connector/light"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
	"crosswalk/internal/queue/embedded"
	"crosswalk/internal/script"
	"crosswalk/internal/secret"
	"crosswalk/internal/store/bolt"
	"crosswalk/internal/transform"
)

// App is one deployment, running in this process.
type App struct {
	Config
	Engine     *engine.Engine
	Connectors map[string]connector.Connector
	Limiters   map[string]*budget.Limiter
	Transforms transform.Set
	Log        *slog.Logger

	meters map[string]*meter
	queue  *embedded.Queue
	close  []func() error
}

// Options are what a test or a demo may put in place of the standard parts; the zero Options is the product.
type Options struct {
	Log       *slog.Logger
	Terminal  io.Writer                                 // where people are told what happens; may be nil
	Transport func(connection string) http.RoundTripper // in place of the network
	Count     func(connection, method, route string, status int)
	Wrap      func(table.Table) table.Table // around the store, for figures
	WrapQueue func(lane.Queue) lane.Queue   // around the queue, for figures
}

// New opens the data folder and wires everything. One process owns a data folder at a time.
func New(ctx context.Context, c Config, o Options) (*App, error) {
	a := &App{Config: c, Connectors: map[string]connector.Connector{}, Limiters: map[string]*budget.Limiter{}, meters: map[string]*meter{}, Transforms: Transforms(), Log: o.Log}
	if a.Log == nil {
		a.Log = slog.New(slog.DiscardHandler)
	}
	ok := false
	defer func() {
		if !ok {
			a.Close()
		}
	}()
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	store, err := bolt.Open(filepath.Join(c.Data, "store.db"), bolt.Options{})
	if err != nil {
		return nil, err
	}
	a.close = append(a.close, store.Close)
	a.queue, err = embedded.Open(filepath.Join(c.Data, "queue.db"), embedded.Options{Reclaim: true})
	if err != nil {
		return nil, err
	}
	a.close = append(a.close, a.queue.Close)
	secrets, err := secret.OpenFile(c.SecretsPath())
	if err != nil {
		return nil, err
	}
	if err := a.connectAll(ctx, secrets, o); err != nil {
		return nil, err
	}
	key, err := deploymentKey(ctx, secrets)
	if err != nil {
		return nil, err
	}
	child := script.NewChild(script.Options{})
	a.close = append(a.close, child.Close)
	var q lane.Queue = a.queue
	if o.WrapQueue != nil {
		q = o.WrapQueue(a.queue)
	}
	language := mapping.Standard(a.Transforms)
	var t table.Table = store
	if o.Wrap != nil {
		t = o.Wrap(store)
	}
	a.Engine, err = engine.New(engine.Config{
		Table: t, Queue: q, Connections: a.Connectors, Roles: c.Roles, Tools: NewTools(a.Transforms, key), Scripts: NewScripts(child),
		Language: language, Compile: Compile(language), Native: a.native, Secret: key, Random: random, Log: a.Log, FeedEvery: time.Duration(c.Poll), ClaimFor: time.Duration(c.Claim), Single: c.Approval == "single", Retention: c.Retention.engine(), Reconcile: c.Reconcile, Label: labelled,
		Teller: &messages{path: c.MessagesPath(), terminal: o.Terminal}, Operators: c.Tell, Rules: c.rules(), Acceptance: c.Acceptance, Expires: c.expires(),
	})
	if err != nil {
		return nil, err
	}
	a.close = append(a.close, func() error { return a.SaveUsage(context.WithoutCancel(ctx)) })
	if err := a.bind(ctx); err != nil {
		return nil, err
	}
	ok = true
	return a, nil
}

// bind makes sure that every credential still opens the account its connection was first connected to (T18). A system that
// does not answer now is not held against it: what is bound already stays bound.
func (a *App) bind(ctx context.Context) error {
	for name, c := range a.Connectors {
		asked, cancel := context.WithTimeout(ctx, bindWithin)
		account, err := c.Account(asked)
		cancel()
		if err != nil {
			a.Log.Warn("connection could not be looked at", "connection", name, "error", err)
		}
		id, err := a.Engine.Bind(ctx, name, account.ID, a.Config.Connections[name].Account)
		if err != nil {
			return err
		}
		if h, ok := c.(*hubspot.Connector); ok {
			h.Portal = id
		}
	}
	return nil
}

// bindWithin is how long a start waits for a system to say which account it is.
const bindWithin = 10 * time.Second

func (a *App) connectAll(ctx context.Context, secrets secret.Store, o Options) error {
	var errs []error
	for name, conn := range a.Config.Connections {
		made, calls, err := connect(ctx, name, conn, secrets, outside{transport: o.Transport, jitter: jitter, count: o.Count})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		a.Connectors[name] = made
		a.meters[name] = calls
		if calls.limiter != nil {
			a.Limiters[name] = calls.limiter
		}
	}
	return errors.Join(errs...)
}

// deploymentKey keys digests, markers and match keys; it is made at the first start and kept with the credentials.
func deploymentKey(ctx context.Context, secrets secret.Store) ([]byte, error) {
	const name = "crosswalk/key"
	raw, err := secrets.Get(ctx, name)
	if err == nil {
		var key []byte
		err = json.Unmarshal(raw, &key)
		return key, err
	}
	if !errors.Is(err, secret.ErrMissing) {
		return nil, err
	}
	key := make([]byte, 32)
	if _, err := crand.Read(key); err != nil {
		return nil, err
	}
	raw, err = json.Marshal(key)
	if err != nil {
		return nil, err
	}
	return key, secrets.Put(ctx, name, raw)
}

func random() uint64 {
	var b [8]byte
	crand.Read(b[:]) // never fails (crypto/rand)
	return binary.LittleEndian.Uint64(b[:])
}

func jitter() float64 { return float64(random()>>11) / (1 << 53) }

// Close ends what New opened, in the opposite order.
func (a *App) Close() error {
	var errs []error
	for n := len(a.close) - 1; n >= 0; n-- {
		errs = append(errs, a.close[n]())
	}
	a.close = nil
	return errors.Join(errs...)
}

// workers is how many receives work at once in each lane: Light and HubSpot answer one key slowly and many not faster.
const workers = 4

// tick is how often the poller looks for what is due; feeds have their own intervals.
const tick = 500 * time.Millisecond

// Run polls and works until the context ends; what is under way then is finished or comes again.
func (a *App) Run(ctx context.Context) error {
	done := make(chan struct{})
	loops := []func(context.Context){a.pollLoop, a.usageLoop}
	for _, l := range []lane.Lane{lane.Live, lane.Bulk} {
		for range workers {
			loops = append(loops, func(ctx context.Context) { a.workLoop(ctx, l) })
		}
	}
	for _, loop := range loops {
		go func() {
			loop(ctx)
			done <- struct{}{}
		}()
	}
	for range loops {
		<-done
	}
	return context.Cause(ctx)
}

func (a *App) pollLoop(ctx context.Context) {
	for ctx.Err() == nil {
		if err := a.Engine.Poll(ctx); err != nil && ctx.Err() == nil {
			a.Log.Warn("poll", "error", err)
		}
		wait(ctx, tick)
	}
}

// receiveMost is how many messages one receive takes: enough to fill the vendors' batches.
const receiveMost = 100

func (a *App) workLoop(ctx context.Context, l lane.Lane) {
	most := receiveMost
	if l == lane.Bulk {
		most = 1 // one message is a batch of up to 200 already
	}
	for ctx.Err() == nil {
		if err := a.queue.Wait(ctx, l); err != nil {
			return
		}
		if _, err := a.Engine.Receive(ctx, l, most); err != nil && ctx.Err() == nil {
			a.Log.Warn("receive", "lane", l, "error", err)
			wait(ctx, time.Second)
		}
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

// native looks for Light's own CRM integration on a Light connection.
func (a *App) native(ctx context.Context, connection string, since time.Time) (engine.Native, error) {
	c, ok := a.Connectors[connection].(*light.Connector)
	if !ok {
		return engine.Native{}, nil
	}
	n, err := c.NativeActivity(ctx, since)
	return engine.Native{Count: n.Count, Examples: n.Examples}, err
}
