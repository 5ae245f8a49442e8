package salespadtest_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/connector/salespad/salespadtest"
)

const (
	plainLogIn     = "/api/Session"
	permanentLogIn = "/api/Session/Permanent"
)

func TestSessionLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := salespadtest.New(salespadtest.Config{})
		c := newClient(t, sim)
		permanent := c.session
		time.Sleep(90 * 24 * time.Hour)
		c.do(200, "GET", "/api/Session/Ping", nil)

		c.logIn(plainLogIn, salespadtest.OtherUserName, salespadtest.OtherPassword)
		time.Sleep(14 * time.Minute)
		c.do(200, "GET", "/api/Session/Ping", nil) // renews
		time.Sleep(14 * time.Minute)
		c.refuse(400, 3010, "GET", "/api/Customer?$filter=nothing", nil) // a refused call does not
		time.Sleep(2 * time.Minute)
		c.refuse(401, 1010, "GET", "/api/Session/Ping", nil)

		c.session = permanent
		sim.Recycle()
		c.do(200, "GET", "/api/Session/Ping", nil)
		sim.ForgetSessions()
		c.refuse(401, 1010, "GET", "/api/Session/Ping", nil)
	})
}

func TestSessionStolenByAnotherLogIn(t *testing.T) {
	sim := salespadtest.New(salespadtest.Config{})
	first, second := newClient(t, sim), newClient(t, sim)
	first.refuse(401, 1014, "GET", "/api/Customer", nil)
	second.do(200, "GET", "/api/Customer", nil)
	sim.Steal(salespadtest.UserName)
	second.refuse(401, 1014, "GET", "/api/Customer", nil)
	if n := sim.Sessions(); n != 0 {
		t.Errorf("%d sessions work, want 0", n)
	}
	second.logIn(permanentLogIn, salespadtest.UserName, salespadtest.Password)
	second.do(200, "GET", "/api/Customer", nil)

	shared := salespadtest.New(salespadtest.Config{SharedLogins: true})
	first, second = newClient(t, shared), newClient(t, shared)
	first.do(200, "GET", "/api/Customer", nil)
	second.do(200, "GET", "/api/Customer", nil)
}

func TestSeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := salespadtest.New(salespadtest.Config{InternalSeats: 2})
		c := newClient(t, sim)
		if sim.PeakSeats() != 0 {
			t.Error("a permanent session took a seat")
		}
		sim.TakeSeats(1)
		c.logIn(plainLogIn, salespadtest.UserName, salespadtest.Password)
		session := c.session
		c.session = ""
		c.refuse(403, 1020, "GET", plainLogIn, nil, "Authorization", basic(salespadtest.OtherUserName, salespadtest.OtherPassword))
		c.session = session
		got := c.do(200, "GET", "/api/Session/ActiveUsers", nil)
		if want := `{"InternalLicensedSeatCount":2,"ActiveInternalUserCount":2,"ExternalLicensedSeatCount":5,"ExternalUserCount":1,"ActiveExternalUserCount":0}`; string(got.raw) != want {
			t.Errorf("seats %s, want %s", got.raw, want)
		}
		time.Sleep(15 * time.Minute) // the idle session gives its seat back
		c.logIn(plainLogIn, salespadtest.OtherUserName, salespadtest.OtherPassword)
		if sim.PeakSeats() != 1 {
			t.Errorf("peak %d, want 1", sim.PeakSeats())
		}
	})
}

func TestLogInRefusals(t *testing.T) {
	sim := salespadtest.New(salespadtest.Config{NoPermanent: true})
	sim.SetUser(salespadtest.User{Name: "gone", Password: "p", Inactive: true})
	sim.SetUser(salespadtest.User{Name: "barred", Password: "p", Excluded: true})
	c := &client{t: t, http: http.Client{Transport: sim.Transport()}}
	for _, one := range []struct {
		name, path, auth string
		status, code     int
	}{
		{"no header", plainLogIn, "", 401, 1006},
		{"bearer", plainLogIn, "Bearer x", 401, 1006},
		{"key as Light has it", plainLogIn, "Basic " + salespadtest.Password, 401, 1006},
		{"wrong password", plainLogIn, basic(salespadtest.UserName, "no"), 401, 1005},
		{"unknown user", plainLogIn, basic("nobody", "no"), 401, 1005},
		{"inactive", plainLogIn, basic("gone", "p"), 401, 1025},
		{"excluded group", plainLogIn, basic("barred", "p"), 401, 1035},
		{"external without customers", plainLogIn, basic(salespadtest.ExternalUserName, salespadtest.ExternalPassword), 403, 1040},
		{"no licence", permanentLogIn, basic(salespadtest.UserName, salespadtest.Password), 403, 1002},
	} {
		t.Run(one.name, func(t *testing.T) {
			c.t = t
			c.refuse(one.status, one.code, "GET", one.path, nil, "Authorization", one.auth)
		})
	}
	c.t = t
	c.refuse(401, 1011, "GET", "/api/Customer", nil)
	c.refuse(401, 1011, "GET", "/api/Customer", nil, "Authorization", basic(salespadtest.UserName, salespadtest.Password))
	if m := c.refuse(500, 1000, "GET", "/api/Customer", nil, "Session-ID", "not-a-guid"); !strings.HasPrefix(m, "Guid should contain 32 digits with 4 dashes") {
		t.Errorf("message %q", m)
	}
	c.refuse(401, 1010, "GET", "/api/Customer", nil, "Session-ID", "00000000-0000-4000-8000-000000000000")
}

func TestRights(t *testing.T) {
	sim := salespadtest.New(salespadtest.Config{})
	sim.Sample()
	c := newClient(t, sim)
	sim.ChangeUser(salespadtest.UserName, func(u *salespadtest.User) {
		u.NoCreate, u.NoUpdate, u.Hidden = []string{"Prospect"}, []string{"Customer.Payment_Terms"}, []string{"Customer.Balance"}
	})
	c.refuse(403, 2001, "POST", "/api/Prospect", object{"Prospect_Name": "x"})
	c.refuse(403, 2002, "PUT", "/api/Customer/001001", object{"Payment_Terms": "Net 10"})
	c.refuse(403, 2002, "GET", "/api/Customer?$filter=Balance+gt+0", nil)
	c.do(200, "PUT", "/api/Customer/001001", object{"Comment_1": "x"})
	if _, shown := c.do(200, "GET", "/api/Customer/001001", nil).body["Balance"]; shown {
		t.Error("a hidden field is shown")
	}
	out := c.do(200, "GET", plainLogIn, nil, "Authorization", basic(salespadtest.UserName, salespadtest.Password))
	if !strings.Contains(string(out.raw), `{"GroupName":"INTEGRATION","ObjectName":"Prospect","CreateObject":false,"DeleteObject":true}`) ||
		!strings.Contains(string(out.raw), `"PropertyName":"Payment_Terms","RetrieveProperty":true,"UpdateProperty":false`) {
		t.Errorf("the log-in answer does not tell the rights: %s", out.raw)
	}

	sim.ChangeUser(salespadtest.ExternalUserName, func(u *salespadtest.User) { u.Customers = []string{salespadtest.SampleTwinA} })
	c.logIn(plainLogIn, salespadtest.ExternalUserName, salespadtest.ExternalPassword)
	if rows := c.find("Customer"); len(rows) != 1 || rows[0]["Customer_Num"] != "001002         " {
		t.Errorf("a restricted user sees %v", rows)
	}
	c.refuse(403, 2004, "GET", "/api/Customer/001001", nil)
	c.logIn(plainLogIn, salespadtest.ReadOnlyUserName, salespadtest.ReadOnlyPassword)
	c.refuse(403, 2001, "POST", "/api/Customer", object{"Customer_Name": "x"})
	c.refuse(403, 2002, "PUT", "/api/Customer/001001", object{"Comment_1": "x"})
	c.refuse(403, 2001, "DELETE", "/api/Customer/001006", nil)
}
