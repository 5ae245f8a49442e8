package salesforcetest

import (
	"encoding/json"
	"time"
)

// checkWho refuses what an activity cannot point at together (section 15.6), and
// derives its account.
func (t *tx) checkWho(d *draft) *apiError {
	who, what := t.s.record(d.str("WhoId")), t.s.record(d.str("WhatId"))
	if who != nil && who.o.Name == "Lead" && d.str("WhatId") != "" {
		return integrity("WhatId", "cannot specify WhatId if WhoId is a lead")
	}
	account := any(nil)
	switch {
	case what != nil && what.o.Name == "Account":
		account = what.id
	case what != nil && what.value("AccountId") != nil:
		account = what.value("AccountId")
	case who != nil && who.o.Name == "Contact":
		account = who.value("AccountId")
	}
	d.put("AccountId", account)
	return nil
}

func beforeTask(t *tx, d *draft) *apiError {
	if e := t.checkWho(d); e != nil {
		return e
	}
	closed := t.s.statusFlag("TaskStatus", "IsClosed", d.str("Status"))
	if closed && !d.yes("IsClosed") {
		d.put("CompletedDateTime", stampText(t.now))
	}
	if !closed {
		d.put("CompletedDateTime", nil)
	}
	d.put("IsClosed", closed)
	d.put("IsHighPriority", fold(d.str("Priority")) == "high")
	return nil
}

func beforeEvent(t *tx, d *draft) *apiError {
	if e := t.checkWho(d); e != nil {
		return e
	}
	if d.yes("IsAllDayEvent") {
		return allDay(d)
	}
	start := d.str("StartDateTime")
	if d.sent("ActivityDateTime") && !d.sent("StartDateTime") {
		start = d.str("ActivityDateTime") // the legacy name of the start
	}
	if start == "" {
		return missingFields("ActivityDateTime", "DurationInMinutes")
	}
	from, err := time.Parse(stampForm, start)
	if err != nil {
		return integrity("StartDateTime", "not a datetime")
	}
	d.put("StartDateTime", start)
	d.put("ActivityDateTime", start)
	d.put("ActivityDate", from.Format(dateForm))
	return eventEnd(d, from)
}

func allDay(d *draft) *apiError {
	if d.str("ActivityDate") == "" && d.str("StartDateTime") == "" {
		return missingFields("ActivityDate")
	}
	if d.str("ActivityDate") == "" {
		d.put("ActivityDate", d.str("StartDateTime")[:10])
	}
	if d.get("DurationInMinutes") == nil {
		d.put("DurationInMinutes", json.Number("1440"))
	}
	return nil
}

// eventEnd lets end and duration follow from each other; if both are given they
// must agree.
func eventEnd(d *draft, from time.Time) *apiError {
	minutes := rat(d.get("DurationInMinutes")).Num().Int64()
	end, err := time.Parse(stampForm, d.str("EndDateTime"))
	switch {
	case d.sent("EndDateTime") && err == nil:
		length := int64(end.Sub(from) / time.Minute)
		if d.sent("DurationInMinutes") && length != minutes {
			return integrity("DurationInMinutes", "duration does not match start and end")
		}
		minutes = length
	case d.get("DurationInMinutes") == nil:
		return missingFields("DurationInMinutes")
	}
	if minutes < 0 || minutes > 14*24*60 {
		return reject("NUMBER_OUTSIDE_VALID_RANGE", []string{"DurationInMinutes"}, "an event cannot last longer than 14 days")
	}
	d.put("DurationInMinutes", number(int(minutes)))
	d.put("EndDateTime", stampText(from.Add(time.Duration(minutes)*time.Minute)))
	d.put("EndDate", from.Add(time.Duration(minutes)*time.Minute).Format(dateForm))
	return nil
}

func beforeCase(t *tx, d *draft) *apiError {
	closed := fold(d.str("Status")) == "closed"
	if closed && !d.yes("IsClosed") {
		d.put("ClosedDate", stampText(t.now))
	}
	d.put("IsClosed", closed)
	return nil
}
