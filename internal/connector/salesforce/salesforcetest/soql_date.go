package salesforcetest

import (
	"strconv"
	"strings"
	"time"
)

// dateLiteral says whether a word is one of SOQL's date literals that this
// simulator knows. They are taken in UTC (inferred: the vendor uses the user's zone).
func dateLiteral(word string) bool {
	switch strings.ToUpper(word) {
	case "TODAY", "YESTERDAY", "TOMORROW", "LAST_N_DAYS", "NEXT_N_DAYS", "N_DAYS_AGO", "THIS_MONTH", "LAST_MONTH", "NEXT_MONTH", "THIS_YEAR", "LAST_YEAR", "NEXT_YEAR":
		return true
	}
	return false
}

// dateRange is the span of a date literal: from inclusive, to exclusive.
func dateRange(literal string, now time.Time) (from, to time.Time, ok bool) {
	word, arg, has := strings.Cut(strings.ToUpper(literal), ":")
	n := 0
	counted := strings.Contains(word, "N_DAYS")
	if counted != has {
		return from, to, false
	}
	if has {
		n, _ = strconv.Atoi(arg) // the parser let digits only through
	}
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	month, year := day.AddDate(0, 0, 1-day.Day()), time.Date(day.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	switch word {
	case "TODAY":
		return day, day.AddDate(0, 0, 1), true
	case "YESTERDAY":
		return day.AddDate(0, 0, -1), day, true
	case "TOMORROW":
		return day.AddDate(0, 0, 1), day.AddDate(0, 0, 2), true
	case "LAST_N_DAYS":
		return day.AddDate(0, 0, -n), day.AddDate(0, 0, 1), true
	case "NEXT_N_DAYS":
		return day.AddDate(0, 0, 1), day.AddDate(0, 0, 1+n), true
	case "N_DAYS_AGO":
		return day.AddDate(0, 0, -n), day.AddDate(0, 0, 1-n), true
	case "THIS_MONTH":
		return month, month.AddDate(0, 1, 0), true
	case "LAST_MONTH":
		return month.AddDate(0, -1, 0), month, true
	case "NEXT_MONTH":
		return month.AddDate(0, 1, 0), month.AddDate(0, 2, 0), true
	case "THIS_YEAR":
		return year, year.AddDate(1, 0, 0), true
	case "LAST_YEAR":
		return year.AddDate(-1, 0, 0), year, true
	case "NEXT_YEAR":
		return year.AddDate(1, 0, 0), year.AddDate(2, 0, 0), true
	}
	return from, to, false
}
