package salesforcetest

import (
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Life spans of sections 3.2 and 3.3. A session ends after so long without use;
// an authorization code is good once and for about a quarter of an hour.
const (
	defaultSessionIdle = 2 * time.Hour
	jwtTokenLife       = 30 * time.Minute
	codeLife           = 15 * time.Minute
	mostApprovals      = 5
)

// App is an External Client App or Connected App as its developer and the
// org's admin have set it up (section 3.1). The zero switches are the usual app:
// every user may approve it, PKCE and the secret are demanded, a refresh token
// lives until it is revoked.
type App struct {
	Name                   string
	ClientID, ClientSecret string
	RedirectURIs           []string // compared byte for byte
	Scopes                 []string // what may be asked for; default api, refresh_token, openid, id
	Connected              bool     // an old Connected App; else an External Client App, which refuses the generic hosts

	PKCEOptional    bool // an authorize call without code_challenge passes
	SecretOptional  bool // the web-server and refresh grants pass without a secret
	RotateRefresh   bool // each refresh gives a new refresh token and kills the old one at once
	JWTAccessTokens bool // access tokens are JWTs of a fixed half hour

	SessionIdle   time.Duration // session timeout of this app; default 2 h
	RefreshAtOnce bool          // policy "immediately expire refresh token"
	RefreshIdle   time.Duration // policy "expire if not used for"
	RefreshLife   time.Duration // policy "expire after"

	Certificate       *rsa.PublicKey // what JWT bearer and client assertions are checked with
	AdminApproved     []string       // usernames that an admin has approved for the app
	OnlyAdminApproved bool           // permitted users: only those

	ClientCredentials bool   // client-credentials flow switched on
	RunAs             string // username that this flow acts as

	Blocked      bool // an admin has blocked the app
	Uninstalled  bool // the app is not installed in this org (rule of August 2025, section 1)
	IPRestricted bool // every caller comes from an address outside the allowed ranges
}

// User is somebody who can be asked for consent or stand behind a token.
type User struct {
	ID       string // 18 characters
	Username string
	Email    string
	Name     string
	APIOnly  bool // a Salesforce Integration user: no browser login (section 2)
	Inactive bool
}

// OAuthConfig says which org the authorization server speaks for.
type OAuthConfig struct {
	Seed           uint64
	OrganizationID string // 18 characters
	InstanceURL    string // instance_url of answers and an audience of assertions
	MyDomain       string // host name; https:// before it is an audience too
	IdentityURL    string // start of the id member; default https://login.salesforce.com, or test for a sandbox
	Sandbox        bool
	GenericHosts   bool // External Client Apps are served on login/test too, as before Spring '26
}

// OAuth is the org's authorization server: /services/oauth2/..., the identity
// URL and the sessions behind access tokens (section 3). The scope openid is
// accepted but no id_token is given. It has a lock of its own and calls nobody
// while holding it.
type OAuth struct {
	mu       sync.Mutex
	cfg      OAuthConfig
	rng      *rand.Rand
	apps     map[string]*App
	users    []*User
	browser  string // username at the browser
	auto     bool
	codes    map[string]*authorization
	refresh  []*approval
	sessions map[string]*Session
	left     map[string]bool // ids of users whom the org has deactivated
}

// Session is what an access token stands for.
type Session struct {
	Token    string
	User     User
	ClientID string
	Scopes   []string

	issued, used time.Time
	idle         time.Duration // zero for a token with a fixed end
	ends         time.Time
	parent       *approval
}

// approval is one live authorisation of an app by a user: its refresh token.
type approval struct {
	token  string
	app    *App
	user   *User
	scopes []string
	made   time.Time
	used   time.Time
	dead   bool
}

// authorization is a code on its way from the consent page to the token call.
type authorization struct {
	app       *App
	user      *User
	redirect  string
	scopes    []string
	challenge string
	issued    time.Time
	spent     bool
}

// NewOAuth makes an authorization server without apps and users; consent is
// given by itself until [OAuth.AskConsent] is called.
func NewOAuth(cfg OAuthConfig) *OAuth {
	if cfg.IdentityURL == "" {
		cfg.IdentityURL = "https://login.salesforce.com"
		if cfg.Sandbox {
			cfg.IdentityURL = "https://test.salesforce.com"
		}
	}
	return &OAuth{cfg: cfg, auto: true, rng: rand.New(rand.NewPCG(cfg.Seed, 0x6f61757468)),
		apps: map[string]*App{}, codes: map[string]*authorization{}, sessions: map[string]*Session{}, left: map[string]bool{}}
}

// AddApp registers an app, or changes the settings of the one with this client id.
func (o *OAuth) AddApp(a App) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if a.Scopes == nil {
		a.Scopes = []string{"api", "refresh_token", "openid", "id"}
	}
	if old := o.apps[a.ClientID]; old != nil {
		*old = a
		return
	}
	o.apps[a.ClientID] = &a
}

// ChangeApp edits the settings of a registered app, as its developer or the org's
// admin does; false means that no app has this client id. Tokens that were given
// out stay, and follow the new policies.
func (o *OAuth) ChangeApp(clientID string, change func(*App)) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	app := o.apps[clientID]
	if app != nil {
		change(app)
		app.ClientID = clientID
	}
	return app != nil
}

// AddUser registers a user, or changes the one with this username. The first
// user that is not API-only sits at the browser.
func (o *OAuth) AddUser(u User) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if old := o.user(u.Username); old != nil {
		*old = u
		return
	}
	o.users = append(o.users, &u)
	if o.browser == "" && !u.APIOnly {
		o.browser = u.Username
	}
}

// SignIn says who sits at the browser when the consent page is opened.
func (o *OAuth) SignIn(username string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.browser = username
}

// AskConsent makes the authorize call show its page (true), or redirect as if
// the user had agreed (false, the beginning).
func (o *OAuth) AskConsent(ask bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.auto = !ask
}

// ExpireSessions ends every access token; refresh tokens live on.
func (o *OAuth) ExpireSessions() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.sessions)
}

// RevokeApprovals kills every refresh token and session of an app, as an admin
// does in the list of connected apps.
func (o *OAuth) RevokeApprovals(clientID string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range o.refresh {
		if a.app.ClientID == clientID {
			o.kill(a)
		}
	}
	for token, s := range o.sessions {
		if s.ClientID == clientID {
			delete(o.sessions, token)
		}
	}
}

// Refreshed makes the server speak for the org that a sandbox refresh leaves: a
// new organization id, no authorisation left (section 2).
func (o *OAuth) Refreshed(organizationID string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cfg.OrganizationID = organizationID
	clear(o.sessions)
	clear(o.codes)
	o.refresh = nil
}

// follow learns the org's id: a new one means that the sandbox was refreshed.
func (o *OAuth) follow(organizationID string) {
	o.mu.Lock()
	same := o.cfg.OrganizationID == organizationID
	o.mu.Unlock()
	if !same {
		o.Refreshed(organizationID)
	}
}

// SetInstanceURL moves the org to another host, as a My Domain rename does; the
// next token answer says so. A test that listens on a port sets it to that.
func (o *OAuth) SetInstanceURL(url string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cfg.InstanceURL = url
}

// SetIdentityURL changes the start of the id member of token answers.
func (o *OAuth) SetIdentityURL(url string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cfg.IdentityURL = url
}

// Session finds the session of an access token and counts this as its use:
// the idle time starts again. False means 401 INVALID_SESSION_ID.
func (o *OAuth) Session(token string) (Session, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.live(token)
	if s == nil {
		return Session{}, false
	}
	s.used = time.Now()
	return *s, true
}

// Grant gives tokens as if the user had gone through the web-server flow: for
// tests that are not about it. The refresh token is empty without that scope.
func (o *OAuth) Grant(clientID, username string) (access, refresh string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	app, user := o.apps[clientID], o.user(username)
	if app == nil || user == nil {
		return "", "", fmt.Errorf("salesforcetest: grant needs a registered client id and username, got %q and %q", clientID, username)
	}
	a := o.approve(app, user, app.Scopes)
	return o.open(app, user, a.scopes, a).Token, a.token, nil
}

// inactive says whether a user can no longer log in.
func (o *OAuth) inactive(u *User) bool { return u.Inactive || o.left[u.ID] }

// learn takes over the org's own users: new ones are registered, deactivated ones
// cannot log in while they are.
func (o *OAuth) learn(users []User) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, u := range users {
		o.left[u.ID] = u.Inactive
		if o.user(u.Username) == nil {
			u.Inactive = false
			o.users = append(o.users, &u)
		}
	}
}

func (o *OAuth) user(username string) *User {
	for _, u := range o.users {
		if strings.EqualFold(u.Username, username) {
			return u
		}
	}
	return nil
}

// live is the session of a token that has not run out, nil otherwise.
func (o *OAuth) live(token string) *Session {
	s := o.sessions[token]
	if s == nil {
		return nil
	}
	now := time.Now()
	if s.idle > 0 && now.Sub(s.used) >= s.idle || !s.ends.IsZero() && !now.Before(s.ends) {
		delete(o.sessions, token)
		return nil
	}
	return s
}

// open starts a session.
func (o *OAuth) open(app *App, user *User, scopes []string, parent *approval) *Session {
	now := time.Now()
	s := &Session{User: *user, ClientID: app.ClientID, Scopes: slices.Clone(scopes), issued: now, used: now, parent: parent}
	if app.JWTAccessTokens {
		s.ends, s.Token = now.Add(jwtTokenLife), o.jwtToken(app, user, scopes, now.Add(jwtTokenLife))
	} else {
		s.idle = defaultSessionIdle
		if app.SessionIdle > 0 {
			s.idle = app.SessionIdle
		}
		s.Token = o.cfg.OrganizationID[:15] + "!" + o.random(64)
	}
	o.sessions[s.Token] = s
	return s
}

// approve makes a refresh token; the sixth of one user and app kills the oldest
// without a word (section 3.3).
func (o *OAuth) approve(app *App, user *User, scopes []string) *approval {
	a := &approval{app: app, user: user, scopes: slices.Clone(scopes), made: time.Now(), used: time.Now()}
	if slices.Contains(scopes, "refresh_token") || slices.Contains(scopes, "offline_access") {
		a.token = "5Aep861" + o.random(64)
	}
	o.refresh = append(o.refresh, a)
	var alive []*approval
	for _, b := range o.refresh {
		if !b.dead && b.app == app && b.user == user {
			alive = append(alive, b)
		}
	}
	for len(alive) > mostApprovals {
		o.kill(alive[0])
		alive = alive[1:]
	}
	return a
}

// kill ends an approval and the sessions that came from it.
func (o *OAuth) kill(a *approval) {
	a.dead = true
	for token, s := range o.sessions {
		if s.parent == a {
			delete(o.sessions, token)
		}
	}
}

// expired says whether a refresh token can no longer be used, by the app's policy.
func (a *approval) expired() bool {
	switch {
	case a.dead, a.app.RefreshAtOnce:
		return true
	case a.app.RefreshIdle > 0 && time.Since(a.used) >= a.app.RefreshIdle:
		return true
	case a.app.RefreshLife > 0 && time.Since(a.made) >= a.app.RefreshLife:
		return true
	}
	return false
}

const tokenLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"

func (o *OAuth) random(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = tokenLetters[o.rng.IntN(len(tokenLetters))]
	}
	return string(b)
}

// identity is the id member: where the user is described.
func (o *OAuth) identity(u *User) string {
	return o.cfg.IdentityURL + "/id/" + o.cfg.OrganizationID + "/" + u.ID
}

// identityOf is the identity URL of a user id.
func (o *OAuth) identityOf(user string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.identity(&User{ID: user})
}

// tokenAnswer is the body of a good token call. There is no expires_in, in any
// flow, and issued_at is text (section 3.2).
func (o *OAuth) tokenAnswer(app *App, s *Session) map[string]string {
	id := o.identity(&s.User)
	at := strconv.FormatInt(s.issued.UnixMilli(), 10)
	m := hmac.New(sha256.New, []byte(app.ClientSecret))
	m.Write([]byte(id + at))
	out := map[string]string{
		"access_token": s.Token, "signature": base64.StdEncoding.EncodeToString(m.Sum(nil)), "scope": strings.Join(s.Scopes, " "),
		"instance_url": o.cfg.InstanceURL, "id": id, "token_type": "Bearer", "issued_at": at,
	}
	if app.JWTAccessTokens {
		out["token_format"], out["api_instance_url"] = "jwt", "https://api.salesforce.com"
	}
	return out
}

// generic says whether a call came to login.salesforce.com or test.salesforce.com
// instead of the org's own host.
func generic(r *http.Request) bool {
	host := strings.ToLower(strings.Split(r.Host, ":")[0])
	return host == "login.salesforce.com" || host == "test.salesforce.com"
}

// ServeHTTP answers /services/oauth2/..., /id/... and the discovery document.
func (o *OAuth) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch path := strings.TrimSuffix(r.URL.Path, "/"); {
	case path == "/services/oauth2/authorize":
		o.authorize(w, r)
	case path == "/services/oauth2/token":
		o.token(w, r)
	case path == "/services/oauth2/revoke":
		o.revoke(w, r)
	case path == "/services/oauth2/introspect":
		o.introspect(w, r)
	case path == "/services/oauth2/userinfo":
		o.userinfo(w, r)
	case path == "/.well-known/openid-configuration":
		o.discovery(w)
	case strings.HasPrefix(path, "/id/"):
		o.identityPage(w, r)
	default:
		http.NotFound(w, r)
	}
}
