package salesforcetest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// An assertion may end at most three minutes ahead; clocks may differ by five
// (section 3.4).
const (
	assertionLife = 3 * time.Minute
	clockSkew     = 5 * time.Minute
)

// claims of an assertion. aud and exp are read as the vendor's own samples write
// them: text and seconds.
type claims struct {
	Issuer   string      `json:"iss"`
	Subject  string      `json:"sub"`
	Audience string      `json:"aud"`
	Expires  json.Number `json:"exp"`
}

var badAssertion = refuse("invalid_grant", "invalid assertion")

// assertion is the JWT bearer grant (section 3.4): the app is named by iss, the
// user by sub, and no secret is asked for. There is no refresh token.
func (o *OAuth) assertion(r *http.Request, v url.Values) (map[string]string, *oauthFault) {
	signed := v.Get("assertion")
	c, no := readClaims(signed)
	if no != nil {
		return nil, no
	}
	app := o.apps[c.Issuer]
	if app == nil {
		return nil, badClientID
	}
	if no := o.reach(r, app); no != nil {
		return nil, no
	}
	if c, no = o.verify(app, signed); no != nil {
		return nil, no
	}
	if no := o.audience(app, c.Audience); no != nil {
		return nil, no
	}
	user := o.user(c.Subject)
	switch {
	case user == nil:
		return nil, notApproved // an unknown user is not told apart from an unapproved one
	case o.inactive(user):
		return nil, wrongUser
	case !app.permits(user):
		return nil, notAdmin
	case !app.OnlyAdminApproved && !o.approved(app, user) && !contains(app.AdminApproved, user.Username):
		return nil, notApproved
	}
	return o.tokenAnswer(app, o.open(app, user, noRefresh(app.Scopes), nil)), nil
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if strings.EqualFold(v, s) {
			return true
		}
	}
	return false
}

// audience accepts the org's own host. The generic hosts are good for a Connected
// App in the kind of org that they serve; an External Client App is not found
// there (section 1, Spring '26).
func (o *OAuth) audience(app *App, aud string) *oauthFault {
	home := "https://login.salesforce.com"
	if o.cfg.Sandbox {
		home = "https://test.salesforce.com"
	}
	aud = strings.TrimSuffix(aud, "/")
	switch {
	case aud == o.cfg.InstanceURL, o.cfg.MyDomain != "" && aud == "https://"+o.cfg.MyDomain:
		return nil
	case aud == home && (app.Connected || o.cfg.GenericHosts):
		return nil
	case aud == home:
		return noApp
	}
	return refuse("invalid_grant", "audience is invalid")
}

// verify checks signature and times. RS256 by a key of at least 2048 bits is the
// only algorithm.
func (o *OAuth) verify(app *App, signed string) (claims, *oauthFault) {
	c, no := readClaims(signed)
	if no != nil {
		return c, no
	}
	cut := strings.LastIndexByte(signed, '.')
	signature, err := base64.RawURLEncoding.DecodeString(signed[cut+1:])
	sum := sha256.Sum256([]byte(signed[:cut]))
	if err != nil || app.Certificate == nil || app.Certificate.N.BitLen() < 2048 || rsa.VerifyPKCS1v15(app.Certificate, crypto.SHA256, sum[:], signature) != nil {
		return c, badAssertion
	}
	seconds, err := c.Expires.Int64()
	if err != nil {
		return c, badAssertion
	}
	switch left := time.Until(time.Unix(seconds, 0)); {
	case left <= -clockSkew:
		return c, deadCode // the vendor's word for an expired assertion, as users report it
	case left > assertionLife+clockSkew:
		return c, badAssertion // (inferred)
	}
	return c, nil
}

// readClaims takes an assertion apart without believing it.
func readClaims(signed string) (claims, *oauthFault) {
	var c claims
	var head struct {
		Algorithm string `json:"alg"`
	}
	part := strings.Split(signed, ".")
	if len(part) != 3 || !decodePart(part[0], &head) || !decodePart(part[1], &c) || head.Algorithm != "RS256" {
		return c, badAssertion
	}
	return c, nil
}

func decodePart(s string, into any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && json.Unmarshal(raw, into) == nil
}

// jwtToken is an access token in JWT form. Its signature is noise: nobody but the
// org checks it (inferred shape, section 3.2).
func (o *OAuth) jwtToken(app *App, user *User, scopes []string, ends time.Time) string {
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			panic(err) // texts and numbers always marshal
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	head := part(map[string]string{"alg": "RS256", "typ": "JWT", "tty": "sfdc-core-token", "kid": "CORE." + o.cfg.OrganizationID})
	body := part(map[string]any{"iss": o.cfg.InstanceURL, "sub": "uid:" + user.ID, "aud": []string{o.cfg.InstanceURL}, "client_id": app.ClientID,
		"scp": strings.Join(scopes, " "), "exp": ends.Unix(), "nonce": o.random(12)})
	return head + "." + body + "." + base64.RawURLEncoding.EncodeToString([]byte(o.random(192)))
}
