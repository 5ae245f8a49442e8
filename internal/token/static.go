package token

import "context"

// Static is a key that does not expire: an API key, a private app's token.
type Static string

// Token gives the key.
func (s Static) Token(context.Context) (string, error) { return string(s), nil }

// Renew gives the same key again: there is no other, so the caller lets the 401 stand.
func (s Static) Renew(context.Context, string) (string, error) { return string(s), nil }

// String keeps the key out of logs.
func (s Static) String() string { return "[secret]" }

// GoString keeps the key out of %#v.
func (s Static) GoString() string { return "[secret]" }
