// Package laptop runs a whole deployment in one process on one folder: bbolt for store and queue, one file of secrets, one
// of messages. Start with New; Run keeps it going.
package laptop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"crosswalk/internal/app"
	"crosswalk/internal/app/phones"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/queue/embedded"
	"crosswalk/internal/secret"
	"crosswalk/internal/store/bolt"
)

// App is a deployment on a folder.
type App struct {
	*app.App
	queue *embedded.Queue
	close []func() error
}

// Options are what a test or a demo may put in place of the standard parts; the zero Options is the product.
type Options struct {
	app.Options
	Terminal  io.Writer                     // where people are told what happens; may be nil
	Wrap      func(table.Table) table.Table // around the store, for figures
	WrapQueue func(lane.Queue) lane.Queue   // around the queue, for figures
}

// New opens the folder c.Data and wires everything. One process owns a folder at a time.
func New(ctx context.Context, c app.Config, o Options) (*App, error) {
	l := &App{}
	made, err := l.open(ctx, c, o)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return made, nil
}

func (l *App) open(ctx context.Context, c app.Config, o Options) (*App, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	store, err := bolt.Open(filepath.Join(c.Data, "store.db"), bolt.Options{})
	if err != nil {
		return nil, err
	}
	l.close = append(l.close, store.Close)
	l.queue, err = embedded.Open(filepath.Join(c.Data, "queue.db"), embedded.Options{Reclaim: true})
	if err != nil {
		return nil, err
	}
	l.close = append(l.close, l.queue.Close)
	secrets, err := secret.OpenFile(c.SecretsPath())
	if err != nil {
		return nil, err
	}
	parts := app.Parts{Table: store, Queue: l.queue, Secrets: secrets, Transforms: phones.Transforms(), Teller: &messages{path: MessagesPath(c), terminal: o.Terminal}}
	if o.Wrap != nil {
		parts.Table = o.Wrap(store)
	}
	if o.WrapQueue != nil {
		parts.Queue = o.WrapQueue(l.queue)
	}
	if l.App, err = app.Assemble(ctx, c, parts, o.Options); err != nil {
		return nil, err
	}
	l.close = append(l.close, l.App.Close)
	return l, l.Bind(ctx, true)
}

// Close ends what New opened, in the opposite order.
func (l *App) Close() error {
	var errs []error
	for n := len(l.close) - 1; n >= 0; n-- {
		errs = append(errs, l.close[n]())
	}
	l.close = nil
	return errors.Join(errs...)
}

// workers is how many receives work at once in each lane: Light and HubSpot answer one key slowly and many not faster.
const workers = 4

// tick is how often the poller looks for what is due; feeds have their own intervals.
const tick = 500 * time.Millisecond

// Run polls and works until the context ends; what is under way then is finished or comes again.
func (l *App) Run(ctx context.Context) error {
	done := make(chan struct{})
	loops := []func(context.Context){l.pollLoop, l.usageLoop}
	for _, from := range []lane.Lane{lane.Live, lane.Bulk} {
		for range workers {
			loops = append(loops, func(ctx context.Context) { l.workLoop(ctx, from) })
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

func (l *App) pollLoop(ctx context.Context) {
	for ctx.Err() == nil {
		if err := l.Engine.Poll(ctx); err != nil && ctx.Err() == nil {
			l.Log.Warn("poll", "error", err)
		}
		wait(ctx, tick)
	}
}

// receiveMost is how many messages one receive takes: enough to fill the vendors' batches.
const receiveMost = 100

// bulkMost is the same of the bulk lane, whose messages are up to 200 records each: as many as one receive gives on AWS.
const bulkMost = 10

func (l *App) workLoop(ctx context.Context, from lane.Lane) {
	most := receiveMost
	if from == lane.Bulk {
		most = bulkMost
	}
	for ctx.Err() == nil {
		if err := l.queue.Wait(ctx, from); err != nil {
			return
		}
		if _, err := l.Engine.Receive(ctx, from, most); err != nil && ctx.Err() == nil {
			l.Log.Warn("receive", "lane", from, "error", err)
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

// saveEvery is how often counts go to the store: what is lost when the process is killed.
const saveEvery = time.Minute

func (l *App) usageLoop(ctx context.Context) {
	for ctx.Err() == nil {
		wait(ctx, saveEvery)
		if err := l.SaveUsage(context.WithoutCancel(ctx)); err != nil {
			l.Log.Warn("usage could not be stored", "error", err)
		}
	}
}
