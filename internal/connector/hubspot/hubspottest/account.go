package hubspottest

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// accountRoute serves /account-info/{ver}/...; the oauth scope is enough.
func accountRoute(q *request, p []string) *route {
	if q.version != "v3" && !strings.HasPrefix(q.version, "2026-") {
		return nil
	}
	if q.Method != http.MethodGet {
		return notAllowed(q)
	}
	switch strings.Join(p, "/") {
	case "details":
		return &route{scopes: free, serve: (*Sim).details}
	case "api-usage/daily/private-apps":
		return &route{scopes: free, serve: (*Sim).usage}
	}
	return nil
}

func (s *Sim) details(*request) (answer, *apiError) {
	_, offset := time.Now().In(s.zone).Zone()
	sign, abs := "+", offset
	if offset < 0 {
		sign, abs = "-", -offset
	}
	return answer{status: http.StatusOK, body: map[string]any{
		"portalId": s.cfg.PortalID, "accountType": s.cfg.AccountType, "timeZone": s.cfg.TimeZone, "companyCurrency": s.cfg.Currency,
		"additionalCurrencies": append([]string{}, s.cfg.AdditionalCurrencies...), "utcOffset": fmt.Sprintf("%s%02d:%02d", sign, abs/3600, abs/60%60),
		"utcOffsetMilliseconds": offset * 1000, "uiDomain": s.cfg.UIDomain, "dataHostingLocation": "na1",
	}}, nil
}

func (s *Sim) usage(*request) (answer, *apiError) {
	return answer{status: http.StatusOK, body: map[string]any{"results": []any{map[string]any{
		"name": "private-apps-api-calls-daily", "usageLimit": PrivateDaily, "currentUsage": s.limits.daily["private"],
		"collectedAt": stampText(s.now()), "fetchStatus": "SUCCESS", "resetsAt": stampText(s.midnight()),
	}}}}, nil
}
