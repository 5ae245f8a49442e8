package hubspottest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Owner is a person or queue that records can be assigned to. hubspot_owner_id
// takes ID, not UserID (section 8).
type Owner struct {
	ID, Email, FirstName, LastName string
	UserID                         int64
	Type                           string // PERSON (default) or QUEUE
	Archived                       bool
}

func idText(n int64) string { return strconv.FormatInt(n, 10) }

func (s *Sim) addOwners() {
	for i, role := range []string{"Sales North", "Sales South", "Renewals", "Former Seller"} {
		first, last, _ := strings.Cut(role, " ")
		s.owners = append(s.owners, &Owner{
			ID: strconv.Itoa(51_000_001 + i*17), Email: strings.ReplaceAll(strings.ToLower(role), " ", ".") + "@portal.example",
			FirstName: first, LastName: last, UserID: UserID + int64(i) + 10, Type: "PERSON", Archived: role == "Former Seller",
		})
	}
}

// AddOwner adds an owner and gives it with its id; HubSpot's API cannot do that.
// Empty ID and UserID are filled in.
func (s *Sim) AddOwner(o Owner) Owner {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.owners)
	setDefault(&o.ID, strconv.Itoa(51_000_001+n*17))
	setDefault(&o.UserID, UserID+int64(n)+10)
	setDefault(&o.Type, "PERSON")
	s.owners = append(s.owners, &o)
	return o
}

// Owners lists all owners, archived ones too.
func (s *Sim) Owners() []Owner {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Owner, len(s.owners))
	for i, o := range s.owners {
		out[i] = *o
	}
	return out
}

func (s *Sim) ownerExists(id string) bool {
	return slices.ContainsFunc(s.owners, func(o *Owner) bool { return o.ID == id && !o.Archived })
}

// ownerRoute serves /crm/owners/{ver}[/{id}]
func ownerRoute(q *request, p []string) *route {
	scopes := func(*request) []string { return []string{"crm.objects.owners.read"} }
	switch {
	case q.Method != http.MethodGet:
		return notAllowed(q)
	case len(p) == 0:
		return &route{scopes: scopes, params: []string{"email", "after", "limit", "archived"}, serve: (*Sim).listOwners}
	case len(p) == 1:
		return &route{scopes: scopes, params: []string{"idProperty", "archived"}, serve: (*Sim).readOwner}
	}
	return nil
}

func (s *Sim) ownerView(o *Owner) map[string]any {
	v := map[string]any{"id": o.ID, "email": o.Email, "type": o.Type, "firstName": o.FirstName, "lastName": o.LastName,
		"userId": o.UserID, "userIdIncludingInactive": o.UserID, "createdAt": "2023-01-09T09:00:00.000Z", "updatedAt": "2025-06-02T09:00:00.000Z", "archived": o.Archived}
	if o.Archived || o.Type == "QUEUE" {
		v["userId"] = nil
	}
	return v
}

// ownersMost is unpublished; 500 per third parties (section 8).
const ownersMost = 500

func (s *Sim) listOwners(q *request) (answer, *apiError) {
	archived, e := q.flag("archived")
	if e != nil {
		return answer{}, e
	}
	limit, e := q.limit(100, ownersMost)
	if e != nil {
		return answer{}, e
	}
	email, after := q.query.Get("email"), q.query.Get("after")
	results, next := []any{}, ""
	for _, o := range s.owners {
		if o.Archived != archived || email != "" && !strings.EqualFold(o.Email, email) || after != "" && o.ID < after {
			continue
		}
		if len(results) == limit {
			next = o.ID
			break
		}
		results = append(results, s.ownerView(o))
	}
	body := map[string]any{"results": results}
	if next != "" {
		body["paging"] = map[string]any{"next": map[string]string{"after": next, "link": s.nextLink(q, next)}}
	}
	return answer{status: http.StatusOK, body: body}, nil
}

func (s *Sim) readOwner(q *request) (answer, *apiError) {
	archived, e := q.flag("archived")
	if e != nil {
		return answer{}, e
	}
	id, by := q.path[len(q.path)-1], q.query.Get("idProperty")
	for _, o := range s.owners {
		if o.Archived == archived && (by != "userId" && o.ID == id || by == "userId" && idText(o.UserID) == id) {
			return answer{status: http.StatusOK, body: s.ownerView(o)}, nil
		}
	}
	return answer{}, s.notFound()
}
