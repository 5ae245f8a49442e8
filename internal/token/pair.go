package token

import (
	"encoding/json"
	"errors"
	"time"
)

// Pair is what is kept of a connected account.
type Pair struct {
	Access  string    `json:"access"`
	Refresh string    `json:"refresh"`
	Expiry  time.Time `json:"expiry"`           // by our clock
	Dead    string    `json:"dead,omitempty"`   // the code that ended it; calls are refused without asking again
	Scopes  []string  `json:"scopes,omitempty"` // what was granted, where the vendor says
	// UntilRefused is a pair whose end nobody names (Salesforce sends no expires_in): renewed when it is refused, never before.
	UntilRefused bool `json:"until_refused,omitempty"`
}

// early tells whether the access token is good for some minutes yet.
func (p Pair) early() bool { return p.UntilRefused || time.Until(p.Expiry) > Early }

// alive tells whether the access token has not ended.
func (p Pair) alive() bool { return p.UntilRefused || time.Now().Before(p.Expiry) }

// String keeps the tokens out of logs.
func (p Pair) String() string { return "[secret]" }

// GoString keeps the tokens out of %#v.
func (p Pair) GoString() string { return "[secret]" }

// Bytes is the stored form.
func (p Pair) Bytes() ([]byte, error) {
	type bare Pair
	return json.Marshal(bare(p))
}

// ParsePair reads the stored form. Its error never quotes it.
func ParsePair(raw []byte) (Pair, error) {
	type bare Pair
	var p bare
	if json.Unmarshal(raw, &p) != nil || p.Refresh == "" {
		return Pair{}, errors.New("the stored credential is not a token pair: connect the account again")
	}
	return Pair(p), nil
}
