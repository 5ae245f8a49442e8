package cloud

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/trigger"
	"crosswalk/internal/web"
)

// Function makes the handler of one Lambda function, as aws-lambda-go takes it, of the deployment it belongs to.
type Function func(a *App) any

// Start opens the deployment and serves a function until the runtime ends it. What is wrong with the configuration is logged
// whole, once.
func Start(f Function, o Options) {
	roomy(os.Getenv)
	ctx := context.Background()
	a, err := Open(ctx, o)
	if err != nil {
		slog.New(slog.NewJSONHandler(os.Stdout, nil)).Error("the function cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.StartWithOptions(f(a), lambda.WithContext(ctx))
}

// roomy has memory collected when there is need rather than whenever the little there is has doubled: a function's start makes
// some megabytes of tables, and its memory is paid for whether or not it is used. Three quarters of it are the limit; the rest
// is for what the collector does not count, and for the scripts' process.
func roomy(getenv func(string) string) {
	mb, err := strconv.Atoi(getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))
	if err != nil || mb <= 0 {
		return
	}
	debug.SetMemoryLimit(int64(mb) << 20 * 3 / 4)
	debug.SetGCPercent(400)
}

// Webhook takes what vendors call: verified, queued durably, answered.
func Webhook(a *App) any { return trigger.HTTP(a.Webhooks(&web.Refusals{})) }

// OAuth connects accounts: the pages of start and callback.
func OAuth(a *App) any { return trigger.HTTP(a.OAuth()) }

// Console is the operator API. IAM has authenticated the caller before it is asked, and a policy has allowed the route; the
// principal is the actor in every record of what was done.
func Console(a *App) any {
	return trigger.HTTP(a.saving(a.Operator(web.Deps{Principal: trigger.Principal, Remote: true})))
}

// Poll does what is due: feeds, parked tasks, dead letters, runs to list, news to tell.
func Poll(a *App) any { return trigger.Schedule(a.poll) }

// Work is the worker of one lane.
func Work(from lane.Lane) Function {
	return func(a *App) any { return trigger.Batch(a.Engine, a.Queue, from, a.Log, a.save) }
}

// listing is how much of a poll's time may go into listing runs; the next minute goes on.
const listing = 40 * time.Second

// poll stops with time to spare before the function's end: what was read is queued, and the next minute goes on from there. A
// system that does not answer is no failure of the function: it is asked again, and status, news and metrics tell of it.
func (a *App) poll(ctx context.Context) error {
	defer a.measure(context.WithoutCancel(ctx))
	defer a.save(ctx)
	began, within := time.Now(), ctx
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		within, cancel = context.WithDeadline(ctx, end.Add(-trigger.Spare))
		defer cancel()
	}
	err := a.Engine.Poll(within)
	for more := true; more && !ours(err) && time.Since(began) < listing && within.Err() == nil; {
		var failed error
		more, failed = a.Engine.StepRuns(within)
		more, err = more && failed == nil, errors.Join(err, failed)
	}
	if err == nil {
		return nil
	}
	a.Log.Warn("poll", "error", err)
	if !ours(err) || within.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return err
}

// ours tells whether anything of an error is not a system's: the table, a queue, a secret, ourselves.
func ours(err error) bool {
	switch e := err.(type) { //nolint:errorlint // each layer is looked at, for one that joins several
	case nil, *connector.Error:
		return false
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), ours)
	case interface{ Unwrap() error }:
		return ours(e.Unwrap())
	}
	return true
}

// saving stores what was counted before an answer is given: a function may be frozen right after it.
func (a *App) saving(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		a.save(r.Context())
	})
}

// save is best effort: counts that could not be stored are kept for the next time.
func (a *App) save(ctx context.Context) {
	if err := a.SaveUsage(context.WithoutCancel(ctx)); err != nil {
		a.Log.Warn("usage could not be stored", "error", err)
	}
}
