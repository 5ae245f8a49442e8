package salespadtest

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The accounts the simulator knows. They open nothing but the simulator.
const (
	UserName         = "crosswalk" // the connector's own account: may do everything
	Password         = "simulated-salespad-password"
	OtherUserName    = "shop" // another integration's account
	OtherPassword    = "simulated-salespad-password-shop"
	ReadOnlyUserName = "reader" // its group creates nothing and changes nothing
	ReadOnlyPassword = "simulated-salespad-password-reader"
	ExternalUserName = "portal" // an external user, restricted to the customers set with Restrict
	ExternalPassword = "simulated-salespad-password-portal"
	sessionLife      = 15 * time.Minute
	guidMessage      = "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)."
)

// User is an account of SalesPad, with the rights of its security group.
type User struct {
	Name, Password string
	Group          string
	External       bool
	Inactive       bool     // 1025
	Excluded       bool     // its group may not use the API: 1035
	NeedsReset     bool     // NeedsPasswordReset of the log-in answer
	NoCreate       []string // resources it cannot create, "*" for all: 2001
	NoDelete       []string // resources it cannot delete: 2001
	NoUpdate       []string // "Resource.Field", "Resource.*" or "*" that it cannot update: 2002
	Hidden         []string // "Resource.Field" that it cannot retrieve: left out of answers, 2002 in a filter
	Customers      []string // the customers it may see; nil = all (an external user needs some: 1040)
}

type session struct {
	id        string
	user      *User
	permanent bool
	last      time.Time
	stolen    bool
}

func (s *Sim) addUsers() {
	all := []string{"*"}
	for _, u := range []User{
		{Name: UserName, Password: Password, Group: "INTEGRATION"},
		{Name: OtherUserName, Password: OtherPassword, Group: "INTEGRATION"},
		{Name: ReadOnlyUserName, Password: ReadOnlyPassword, Group: "READERS", NoCreate: all, NoDelete: all, NoUpdate: all},
		{Name: ExternalUserName, Password: ExternalPassword, Group: "PORTAL", External: true},
	} {
		s.users[u.Name] = &u
	}
}

// SetUser adds an account or replaces it; sessions of the account go on under the new rights.
func (s *Sim) SetUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.users[u.Name]; old != nil {
		*old = u
		return
	}
	s.users[u.Name] = &u
}

// ChangeUser changes an account: rights, password, inactive. It panics when there is none.
func (s *Sim) ChangeUser(name string, change func(*User)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.users[name])
}

// Steal is somebody who logs in with an account elsewhere: its earlier sessions answer 1014 from now on.
func (s *Sim) Steal(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steal(name)
}

func (s *Sim) steal(name string) {
	for _, one := range s.sessions {
		if one.user.Name == name {
			one.stolen = true
		}
	}
}

// Recycle restarts the application: sessions that are not permanent are gone.
func (s *Sim) Recycle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, one := range s.sessions {
		if !one.permanent {
			delete(s.sessions, id)
		}
	}
}

// ForgetSessions loses every session, permanent ones too: they answer 1010.
func (s *Sim) ForgetSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions)
}

// TakeSeats lets people at their desks take n internal seats more; a negative n frees some.
func (s *Sim) TakeSeats(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.desktops = max(0, s.desktops+n)
}

// PeakSeats is the most seats that API sessions held at one time.
func (s *Sim) PeakSeats() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peak
}

// Sessions counts the sessions that work now, permanent ones too.
func (s *Sim) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, one := range s.sessions {
		if one.alive(time.Now()) {
			n++
		}
	}
	return n
}

func (one *session) alive(now time.Time) bool {
	return !one.stolen && (one.permanent || now.Before(one.last.Add(sessionLife)))
}

// seats counts the seats API sessions hold.
func (s *Sim) seats(external bool, now time.Time) int {
	n := 0
	for _, one := range s.sessions {
		if !one.permanent && one.user.External == external && one.alive(now) {
			n++
		}
	}
	return n
}

// logIn answers GET /api/Session and /api/Session/Permanent.
func (s *Sim) logIn(c *call, permanent bool) (any, *failure) {
	u, bad := s.accountOf(c.request.Header.Values("Authorization"))
	if bad != nil {
		return nil, bad
	}
	if permanent && s.cfg.NoPermanent {
		return nil, fail(http.StatusForbidden, 1002, "The SalesPad GP API licence is required for a permanent session")
	}
	if !s.cfg.SharedLogins {
		s.steal(u.Name)
	}
	if !permanent && s.full(u, c.now) {
		return nil, fail(http.StatusForbidden, 1020, "There are no seats available")
	}
	one := &session{id: s.newGUID("session"), user: u, permanent: permanent, last: c.now}
	s.sessions[one.id] = one
	s.peak = max(s.peak, s.seats(false, c.now)+s.seats(true, c.now))
	return s.opened(one), nil
}

func (s *Sim) full(u *User, now time.Time) bool {
	if u.External {
		return s.seats(true, now) >= s.cfg.ExternalSeats
	}
	return s.desktops+s.seats(false, now) >= s.cfg.InternalSeats
}

// accountOf reads a real Basic header: base64 of user:password.
func (s *Sim) accountOf(headers []string) (*User, *failure) {
	odd := fail(http.StatusUnauthorized, 1006, "The Authorization header is missing or is not Basic")
	if len(headers) != 1 {
		return nil, odd
	}
	encoded, ok := strings.CutPrefix(headers[0], "Basic ")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	name, password, pair := strings.Cut(string(raw), ":")
	if !ok || err != nil || !pair {
		return nil, odd
	}
	u := s.users[strings.ToLower(name)]
	switch {
	case u == nil || u.Password != password:
		return nil, fail(http.StatusUnauthorized, 1005, "Invalid username or password")
	case u.Inactive:
		return nil, fail(http.StatusUnauthorized, 1025, "The user is inactive")
	case u.Excluded:
		return nil, fail(http.StatusUnauthorized, 1035, "The security group %s is excluded from the API", u.Group)
	case u.External && len(u.Customers) == 0:
		return nil, fail(http.StatusForbidden, 1040, "The external user has no customer restriction")
	}
	return u, nil
}

var guid = regexp.MustCompile(`^\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?$`)

// authenticate finds the session of a call.
func (s *Sim) authenticate(c *call) *failure {
	ids := c.request.Header.Values("Session-ID")
	if len(ids) == 0 || ids[0] == "" {
		return fail(http.StatusUnauthorized, 1011, "The Session-ID header was not found")
	}
	if !guid.MatchString(ids[0]) || len(ids) > 1 {
		return fail(http.StatusInternalServerError, 1000, guidMessage)
	}
	one := s.sessions[strings.ToLower(strings.Trim(ids[0], "{}"))]
	switch {
	case one == nil:
		return fail(http.StatusUnauthorized, 1010, "Session Not Found")
	case one.stolen:
		return fail(http.StatusUnauthorized, 1014, "The user is logged in elsewhere")
	case !one.alive(c.now):
		delete(s.sessions, one.id)
		return fail(http.StatusUnauthorized, 1010, "Session Not Found")
	case one.user.Inactive:
		return fail(http.StatusUnauthorized, 1025, "The user is inactive")
	}
	c.who = one.user
	return nil
}

// renew gives the session of a successful call another fifteen minutes.
func (s *Sim) renew(c *call) {
	if one := s.sessions[strings.ToLower(strings.Trim(c.request.Header.Get("Session-ID"), "{}"))]; one != nil {
		one.last = c.now
	}
}

// The log-in answer (section 2).
type opened struct {
	SessionID              string
	SystemGroup            systemGroup
	APIObjectPermissions   []objectPermission
	APIPropertyPermissions []propertyPermission
	APIVisualPermissions   []struct{}
	APIUserCustomers       []userCustomer
	APIGroupPermission     groupPermission
	NeedsPasswordReset     bool
}

type systemGroup struct {
	SecurityGroup   string `json:"Security_Group"`
	IsExternalGroup bool   `json:"Is_External_Group"`
}

type objectPermission struct {
	GroupName, ObjectName      string
	CreateObject, DeleteObject bool
}

type propertyPermission struct {
	GroupName, ObjectName, PropertyName string
	RetrieveProperty, UpdateProperty    bool
}

type userCustomer struct {
	CustomerNum string `json:"Customer_Num"`
}

type groupPermission struct {
	GroupName       string
	IsInternalAdmin bool `json:"Is_Internal_Admin"`
	IsExternalAdmin bool `json:"Is_External_Admin"`
}

// writable are the resources that rights are about.
var writable = []string{"Customer", "CustomerAddr", "Prospect", "ProspectContact", "ItemMaster", "SalesDocument", "SalesLineItem", "Audit", "AAIntegratedEntityLink"}

func (s *Sim) opened(one *session) opened {
	u := one.user
	out := opened{SessionID: one.id, SystemGroup: systemGroup{u.Group, u.External}, APIVisualPermissions: []struct{}{},
		APIPropertyPermissions: []propertyPermission{}, APIUserCustomers: []userCustomer{},
		APIGroupPermission: groupPermission{GroupName: u.Group}, NeedsPasswordReset: u.NeedsReset}
	for _, name := range writable {
		out.APIObjectPermissions = append(out.APIObjectPermissions, objectPermission{u.Group, name, !listed(u.NoCreate, name), !listed(u.NoDelete, name)})
		for _, f := range s.kinds[name].fields {
			if no := !u.mayUpdate(name, f.name); no || u.hidden(name, f.name) {
				out.APIPropertyPermissions = append(out.APIPropertyPermissions, propertyPermission{u.Group, name, f.wire, !u.hidden(name, f.name), !no})
			}
		}
	}
	for _, num := range u.Customers {
		out.APIUserCustomers = append(out.APIUserCustomers, userCustomer{num})
	}
	return out
}

func listed(list []string, name string) bool {
	return slices.Contains(list, "*") || slices.Contains(list, name)
}

func (u *User) mayUpdate(resource, field string) bool {
	return !listed(u.NoUpdate, resource+".*") && !slices.Contains(u.NoUpdate, resource+"."+field)
}

func (u *User) hidden(resource, field string) bool {
	return slices.Contains(u.Hidden, resource+"."+field)
}

// sees tells whether an account's customer restriction lets it see a row.
func (u *User) sees(k *kind, r reader) bool {
	if len(u.Customers) == 0 || k.byName["Customer_Num"] == nil {
		return true
	}
	num := fold(r.value("Customer_Num"))
	return slices.ContainsFunc(u.Customers, func(one string) bool { return fold(one) == num })
}

func (s *Sim) ping(*call) (any, *failure) {
	return Envelope{"OK", 0, codeNames[0], []string{"Session is active"}}, nil
}

func (s *Sim) activeUsers(c *call) (any, *failure) {
	external := 0
	for _, u := range s.users {
		if u.External {
			external++
		}
	}
	return struct{ InternalLicensedSeatCount, ActiveInternalUserCount, ExternalLicensedSeatCount, ExternalUserCount, ActiveExternalUserCount int }{
		s.cfg.InternalSeats, s.desktops + s.seats(false, c.now), s.cfg.ExternalSeats, external, s.seats(true, c.now),
	}, nil
}
