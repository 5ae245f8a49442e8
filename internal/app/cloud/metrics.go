package cloud

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"time"
)

// metricLine is one line of CloudWatch's embedded metric format: whoever reads the log sees the numbers, and CloudWatch makes
// metrics of them. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type metricLine struct {
	AWS struct {
		Timestamp         int64       `json:"Timestamp"` // milliseconds
		CloudWatchMetrics []metricSet `json:"CloudWatchMetrics"`
	} `json:"_aws"`
	Connection        string `json:"Connection"`
	CredentialDead    int    `json:"CredentialDead"`    // 1 while the system refuses our credential
	BudgetUsedPercent int    `json:"BudgetUsedPercent"` // calls spent of what the connection may spend today, of its fullest bucket
}

type metricSet struct {
	Namespace  string       `json:"Namespace"`
	Dimensions [][]string   `json:"Dimensions"`
	Metrics    []metricName `json:"Metrics"`
}

type metricName struct{ Name, Unit string }

// measure writes what the alarms "budget" and "credential-dead" look at, one line for each connection. A connection whose
// standing cannot be read has none this time.
func (a *App) measure(ctx context.Context) {
	for _, name := range slices.Sorted(maps.Keys(a.Connectors)) {
		standing, err := a.Engine.ConnectionStatus(ctx, name)
		if err != nil {
			a.Log.Warn("a connection's standing cannot be read", "connection", name, "error", err)
			continue
		}
		line := metricLine{Connection: name, BudgetUsedPercent: a.spent(name)}
		if !standing.Dead.IsZero() {
			line.CredentialDead = 1
		}
		line.AWS.Timestamp = time.Now().UnixMilli()
		line.AWS.CloudWatchMetrics = []metricSet{{Namespace: "Crosswalk/" + a.Settings.Customer, Dimensions: [][]string{{"Connection"}},
			Metrics: []metricName{{"CredentialDead", "Count"}, {"BudgetUsedPercent", "Percent"}}}}
		if err := json.NewEncoder(a.metrics).Encode(line); err != nil {
			a.Log.Warn("a metric could not be written", "connection", name, "error", err)
		}
	}
}

// spent is how much of a day's calls a connection has used, in percent; 0 where nothing limits it.
func (a *App) spent(name string) int {
	most := 0
	if l := a.Limiters[name]; l != nil {
		for _, s := range l.Standings() {
			if s.Daily > 0 {
				most = max(most, int(math.Ceil(100*float64(s.Spent)/float64(s.Daily))))
			}
		}
	}
	return most
}
