package salesforcetest

import "strings"

// StatusValue is one value of Task.Status or Lead.Status.
type StatusValue struct {
	Name    string
	Closed  bool // of a task: it is done; of a lead: it is converted
	Default bool
}

// SetTaskStatuses replaces the values of Task.Status, as orgs do that renamed Completed or added their own (section 15.6). Tasks
// keep what they have.
func (s *Sim) SetTaskStatuses(values ...StatusValue) {
	s.setStatuses("Task", "TaskStatus", "IsClosed", values)
}

// SetLeadStatuses replaces the values of Lead.Status (section 15.2).
func (s *Sim) SetLeadStatuses(values ...StatusValue) {
	s.setStatuses("Lead", "LeadStatus", "IsConverted", values)
}

func (s *Sim) setStatuses(on, table, flag string, values []StatusValue) {
	s.setup(on, func(o *object) {
		t := s.begin(s.admin)
		for _, r := range s.object(table).rows {
			t.bury(r, Delete, true, "")
		}
		status := o.must("Status")
		status.Picklist, status.Default = nil, nil
		for i, v := range values {
			s.plant(t, table, fields{"MasterLabel": v.Name, "ApiName": v.Name, "SortOrder": number(i + 1), "IsDefault": v.Default, flag: v.Closed})
			status.Picklist = append(status.Picklist, PicklistValue{Value: v.Name, Label: v.Name, Default: v.Default})
			if v.Default {
				status.Default = v.Name
			}
		}
	})
}

// statusFlag is what the live rows of a status table say of a value.
func (s *Sim) statusFlag(table, flag, value string) bool {
	for _, r := range s.object(table).rows {
		if !r.deleted && strings.EqualFold(r.str("ApiName"), value) {
			return r.yes(flag)
		}
	}
	return false
}

// firstConverted is the first lead status that means converted, "" in an org without one.
func (s *Sim) firstConverted() string {
	for _, r := range s.object("LeadStatus").rows {
		if !r.deleted && r.yes("IsConverted") {
			return r.str("ApiName")
		}
	}
	return ""
}
