// Package app reads the configuration once and wires one deployment together: connectors, scripts, engine, on whatever
// store, queue and secrets it is given. app/laptop gives it a folder, app/cloud AWS; only they and this package name the
// parts. Start with Assemble.
package app

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"crosswalk/internal/budget"
	"crosswalk/internal/connector"
	"crosswalk/internal/connector/light"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
	"crosswalk/internal/reach"
	"crosswalk/internal/script"
	"crosswalk/internal/secret"
	"crosswalk/internal/store/shelf"
	"crosswalk/internal/transform"
)

// App is one deployment, as this process sees it.
type App struct {
	Config
	Engine     *engine.Engine
	Connectors map[string]connector.Connector
	Limiters   map[string]budget.Gate
	Transforms transform.Set
	Log        *slog.Logger

	meters  map[string]*meter
	wires   map[string]*wire
	secrets secret.Store
	offices reach.Offices // where agents call that have no queue
	close   []func() error
}

// Parts are what a deployment stands on.
type Parts struct {
	Table   table.Table
	Queue   lane.Queue
	Secrets secret.Store
	Teller  engine.Teller // may be nil
	// Shelf is what several workers share: the slots of the API budget, and who renews a credential. nil where one process does
	// all the work.
	Shelf *shelf.Shelf
	// Mail is how agents are reached, by connection; what is not in it has an office in this process (App.Agents), which only one that
	// does all the work may have.
	Mail map[string]reach.Mail
	// Transforms a mapping may name. A function that works no records does without the phone metadata (T9): the names are
	// known all the same.
	Transforms transform.Set
	// Late leaves the deployment's key and the table's epoch to the first thing that needs them: for a function that answers
	// most of what it is asked without either (T9).
	Late bool
	// Door: mappings are read for what they watch and not checked again: for a function that lets things in and works none.
	Door bool
}

// Options are what a test or a demo may put in place of the standard parts; the zero Options is the product.
type Options struct {
	Log       *slog.Logger
	Transport func(connection string) http.RoundTripper // in place of the network
	Count     func(connection, method, route string, status int)
}

// Assemble wires the parts and holds the configured epoch against the table's, at once or late. It calls no vendor; Bind does.
func Assemble(ctx context.Context, c Config, p Parts, o Options) (*App, error) {
	a := &App{Config: c, Connectors: map[string]connector.Connector{}, Limiters: map[string]budget.Gate{}, meters: map[string]*meter{}, Transforms: p.Transforms, Log: o.Log, secrets: p.Secrets}
	if a.Log == nil {
		a.Log = slog.New(slog.DiscardHandler)
	}
	if err := a.connectAll(p, o); err != nil {
		return nil, err
	}
	key := &heldKey{secrets: p.Secrets}
	child := script.NewChild(script.Options{})
	a.close = append(a.close, child.Close)
	language := mapping.Standard(a.Transforms)
	compile := Compile(language)
	if p.Door {
		compile = mapping.Parse
	}
	var err error
	a.Engine, err = engine.New(engine.Config{
		Table: p.Table, Queue: p.Queue, Connections: a.Connectors, Roles: c.Roles, Tools: newTools(a.Transforms, key.must), Scripts: NewScripts(child),
		Language: language, Compile: compile, Native: a.native, Late: key.get, Random: random, Log: a.Log, FeedEvery: time.Duration(c.Poll), ClaimFor: time.Duration(c.Claim), Single: c.Approval == "single", Retention: c.Retention.engine(), Reconcile: c.Reconcile, Label: labelled,
		Teller: p.Teller, Operators: c.Tell, Rules: c.rules(), Acceptance: c.Acceptance, Expires: c.expires(), Epoch: c.Epoch,
	})
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	a.close = append(a.close, func() error { return a.SaveUsage(context.WithoutCancel(ctx)) })
	if p.Late {
		return a, nil
	}
	if err := a.Engine.Begin(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// heldKey is the deployment's key, read once, with its first use. It is safe for concurrent use.
type heldKey struct {
	secrets secret.Store
	mu      sync.Mutex
	key     []byte
}

func (k *heldKey) get(ctx context.Context) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key != nil {
		return k.key, nil
	}
	key, err := deploymentKey(ctx, k.secrets)
	if err == nil {
		k.key = key
	}
	return key, err
}

// must is get for what takes no error: under no key, or another one, nothing may be written.
func (k *heldKey) must() []byte {
	ctx, cancel := context.WithTimeout(context.Background(), keyWithin)
	defer cancel()
	key, err := k.get(ctx)
	if err != nil {
		panic(err)
	}
	return key
}

const keyWithin = 10 * time.Second

// deploymentKey keys digests, markers and match keys. The stack of a cloud deployment makes it; on a laptop it is made at
// the first start. It is kept with the credentials: a JSON string of base64, or plain text of at least minKey characters.
func deploymentKey(ctx context.Context, secrets secret.Store) ([]byte, error) {
	const name = "crosswalk/key"
	raw, err := secrets.Get(ctx, name)
	if err == nil {
		return readKey(raw)
	}
	if !errors.Is(err, secret.ErrMissing) {
		return nil, err
	}
	key := make([]byte, minKey)
	if _, err := crand.Read(key); err != nil {
		return nil, err
	}
	raw, err = json.Marshal(key)
	if err != nil {
		return nil, err
	}
	if err := secrets.Put(ctx, name, raw); err != nil {
		return nil, fmt.Errorf("secret %s is missing, and another one could not be made: take back the one that this deployment had (on AWS: aws secretsmanager restore-secret), for under another one everything looks changed (%w)", name, err)
	}
	return key, nil
}

const minKey = 32

func readKey(raw []byte) ([]byte, error) {
	var key []byte
	if json.Unmarshal(raw, &key) != nil {
		key = raw
	}
	if len(key) < minKey {
		return nil, fmt.Errorf("secret crosswalk/key: shorter than %d bytes; restore the one this deployment was made with", minKey)
	}
	return key, nil
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

// native looks for Light's own CRM integration on a Light connection.
func (a *App) native(ctx context.Context, connection string, since time.Time) (engine.Native, error) {
	c, ok := a.Connectors[connection].(*light.Connector)
	if !ok {
		return engine.Native{}, nil
	}
	n, err := c.NativeActivity(ctx, since)
	return engine.Native{Count: n.Count, Examples: n.Examples}, err
}
