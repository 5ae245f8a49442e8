package cloud

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"crosswalk/internal/engine/lane"
	"crosswalk/internal/trigger"
	"crosswalk/internal/web"
)

// Function makes the handler of one Lambda function, as aws-lambda-go takes it, of the deployment it belongs to.
type Function func(a *App) any

// Start opens the deployment and serves a function until the runtime ends it. What is wrong with the configuration is logged
// whole, once.
func Start(f Function, o Options) {
	ctx := context.Background()
	a, err := Open(ctx, o)
	if err != nil {
		slog.New(slog.NewJSONHandler(os.Stdout, nil)).Error("the function cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.StartWithOptions(f(a), lambda.WithContext(ctx))
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

func (a *App) poll(ctx context.Context) error {
	defer a.measure(context.WithoutCancel(ctx))
	defer a.save(ctx)
	began := time.Now()
	if err := a.Engine.Poll(ctx); err != nil {
		return err
	}
	for time.Since(began) < listing && ctx.Err() == nil {
		more, err := a.Engine.StepRuns(ctx)
		if err != nil || !more {
			return err
		}
	}
	return nil
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
