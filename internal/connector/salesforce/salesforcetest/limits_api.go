package salesforcetest

import (
	"time"
)

func (s *Sim) addLimitRoutes() {
	s.handle("GET", "/limits", limits)
	s.handle("GET", "/limits/recordCount", recordCount, "sObjects")
}

// limits is GET /limits: names and shape as recorded, figures of this org.
func limits(s *Sim, q *request) (answer, *apiError) {
	var out pairs
	add := func(name string, most, left int) { out.add(name, pairs{{"Max", most}, {"Remaining", left}}) }
	left := max(0, s.cfg.DailyRequests-s.usage.used(time.Now()))
	add("ConcurrentAsyncGetReportInstances", 200, 200)
	add("ConcurrentSyncReportRuns", 20, 20)
	add("DailyApiRequests", s.cfg.DailyRequests, left)
	add("DailyAsyncApexExecutions", 250000, 250000)
	add("DailyBulkApiBatches", 15000, 15000)
	add("DailyBulkV2QueryFileStorageMB", 976562, 976562)
	add("DailyBulkV2QueryJobs", 10000, 10000)
	add("DailyDeliveredPlatformEvents", 25000, 25000)
	add("DailyStreamingApiEvents", 10000, 10000)
	add("DailyWorkflowEmails", 390, 390)
	add("DataStorageMB", 10240, max(0, 10240-len(s.records)*2/1024))
	add("FileStorageMB", 10240, 10240)
	add("HourlyPublishedPlatformEvents", 50000, 50000)
	add("MassEmail", 5000, 5000)
	add("SingleEmail", 5000, 5000)
	return ok(out), nil
}

// recordCount is the cached count of section 8: objects without records are left
// out (recorded).
func recordCount(s *Sim, q *request) (answer, *apiError) {
	list := []pairs{}
	for _, name := range listOf(q.query.Get("sObjects")) {
		o := s.object(name)
		if o == nil {
			continue
		}
		n := 0
		for _, r := range o.rows {
			if !r.deleted {
				n++
			}
		}
		if n > 0 {
			list = append(list, pairs{{"count", n}, {"name", o.Name}})
		}
	}
	return ok(pairs{{"sObjects", list}}), nil
}
