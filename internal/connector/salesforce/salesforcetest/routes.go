package salesforcetest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// addRoutes lists what the core serves.
func (s *Sim) addRoutes() {
	s.handle("GET", "/services/data", versions).open = true
	s.handle("GET", "/", resources)
	s.addDescribeRoutes()
	s.addReplicationRoutes()
	s.addCollectionRoutes()
	s.addCompositeRoutes()
	s.addRecordRoutes()
	s.addQueryRoutes()
	s.addToolingRoutes()
	s.addLimitRoutes()
}

// The oldest versions that still answer, and that are supported (section 1).
const (
	oldestAnswered = 31
	oldestListed   = 31
)

func (s *Sim) newest() int {
	n, err := strconv.Atoi(strings.TrimSuffix(s.cfg.APIVersion, ".0"))
	if err != nil {
		panic(fmt.Sprintf("salesforcetest: Config.APIVersion %q is not a version like 67.0", s.cfg.APIVersion))
	}
	return n
}

// checkVersion: 410 for retired versions, 404 for unknown ones.
func (s *Sim) checkVersion(v string) *apiError {
	n, err := strconv.Atoi(strings.TrimSuffix(v, ".0"))
	switch {
	case err != nil || !strings.HasSuffix(v, ".0") || n > s.newest() || n < 7:
		return notFound()
	case n < oldestAnswered:
		return fail(http.StatusGone, "UNSUPPORTED_API_VERSION", "API version %s is retired", v)
	}
	return nil
}

// atLeast says whether the call's version is n.0 or later.
func (q *request) atLeast(n int) bool {
	v, _ := strconv.Atoi(strings.TrimSuffix(q.version, ".0")) // checked by checkVersion
	return v >= n
}

func versions(s *Sim, q *request) (answer, *apiError) {
	out := []pairs{}
	for n := oldestListed; n <= s.newest(); n++ {
		season := [3]string{"Spring", "Summer", "Winter"}[n%3]
		year := 4 + n/3 // 31 is Summer '14, 67 Summer '26
		if season == "Winter" {
			year++
		}
		v := number(n).String() + ".0"
		out = append(out, pairs{{"label", fmt.Sprintf("%s '%02d", season, year)}, {"url", dataRoot + "v" + v}, {"version", v}})
	}
	return ok(out), nil
}

func resources(s *Sim, q *request) (answer, *apiError) {
	var out pairs
	for _, name := range []string{"composite", "jobs", "limits", "query", "queryAll", "sobjects"} {
		out.add(name, q.root()+"/"+name)
	}
	return ok(out), nil
}
