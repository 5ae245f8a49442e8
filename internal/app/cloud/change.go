package cloud

import (
	"context"
	"encoding/json"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/trigger"
)

// Change takes a system's change events from EventBridge: queued durably, for the connections that are bound to the account
// they come from. One of another account, or that cannot be read, is counted and not asked for again.
func Change(a *App) any { return trigger.Event(a.change, a.refuse) }

func (a *App) change(ctx context.Context, event []byte) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, changeWithin)
	defer cancel()
	return a.AcceptEvent(ctx, event)
}

// changeWithin is well below the function's own 30 seconds: an event that cannot be queued comes again.
const changeWithin = 20 * time.Second

// refusedLine counts an event that was not let in, in CloudWatch's embedded metric format; see metricLine.
type refusedLine struct {
	AWS struct {
		Timestamp         int64       `json:"Timestamp"`
		CloudWatchMetrics []metricSet `json:"CloudWatchMetrics"`
	} `json:"_aws"`
	Reason        string `json:"Reason"`
	EventsRefused int    `json:"EventsRefused"`
}

// refuse says why an event was not let in: reasons are of a closed set, and no word of the event is repeated.
func (a *App) refuse(no *connector.RefusedError) {
	a.Log.Warn("change event refused", "reason", no.Reason, "detail", no.Detail)
	line := refusedLine{Reason: no.Reason, EventsRefused: 1}
	line.AWS.Timestamp = time.Now().UnixMilli()
	line.AWS.CloudWatchMetrics = []metricSet{{Namespace: "Crosswalk/" + a.Settings.Customer, Dimensions: [][]string{{"Reason"}}, Metrics: []metricName{{"EventsRefused", "Count"}}}}
	if err := json.NewEncoder(a.metrics).Encode(line); err != nil {
		a.Log.Warn("a metric could not be written", "error", err)
	}
}
