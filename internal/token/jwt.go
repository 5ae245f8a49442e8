package token

import (
	"context"
	"crypto/rsa"
	"errors"
	"net/url"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// JWT is the grant of an app that shows a signed assertion for a user who was authorised beforehand (Salesforce fact
// sheet 3.4). Its Mint is for NewMinted. Make it with NewJWT, which checks the key.
type JWT struct {
	Grant
	ClientID string // iss
	Username string // sub
	Audience string // aud: the org's My Domain address, not the generic login hosts
	key      *rsa.PrivateKey
}

// minKeyBits is the shortest RSA key that Salesforce takes; elliptic curves it refuses without saying so.
const minKeyBits = 2048

// assertionLife is how long an assertion is good: Salesforce takes three minutes at most.
const assertionLife = 2*time.Minute + 30*time.Second

// NewJWT reads the private key, RSA of 2048 bits or more in PEM. Its errors never quote it.
func NewJWT(j JWT, privateKey []byte) (JWT, error) {
	if j.ClientID == "" || j.Username == "" || j.Audience == "" {
		return j, errors.New("jwt: client id, user name and audience are required")
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM(privateKey)
	if err != nil {
		return j, errors.New("jwt: the private key is not an RSA key in PEM form; elliptic curves are not taken")
	}
	if key.N.BitLen() < minKeyBits {
		return j, errors.New("jwt: the private key is shorter than 2048 bits; make a longer one")
	}
	j.key = key
	return j, nil
}

// String keeps the key out of logs.
func (j JWT) String() string { return "jwt bearer at " + j.URL }

// GoString keeps the key out of %#v.
func (j JWT) GoString() string { return j.String() }

// Mint signs an assertion and posts grant_type=jwt-bearer.
func (j JWT) Mint(ctx context.Context) (string, time.Time, error) {
	if j.key == nil {
		return "", time.Time{}, &RefreshError{Err: errors.New("no private key")}
	}
	claims := jwt.MapClaims{"iss": j.ClientID, "sub": j.Username, "aud": j.Audience, "exp": time.Now().Add(assertionLife).Unix()}
	assertion, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(j.key)
	if err != nil {
		return "", time.Time{}, &RefreshError{Err: errors.New("the assertion could not be signed")}
	}
	return j.ask(ctx, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}})
}
