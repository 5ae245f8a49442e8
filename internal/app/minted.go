package app

import (
	"context"

	"crosswalk/internal/engine"
	"crosswalk/internal/rest"
	"crosswalk/internal/token"
)

// byConsent tells whether a person agrees in a browser; else something is handed over: a key, or what tokens are minted with.
func (w *wire) byConsent() bool { return w.Auth == "oauth" }

// byKey gives the tokens of what was handed over.
func (w *wire) byKey(key string) rest.Tokens {
	if w.Auth == "key" {
		return token.Static(key)
	}
	mint, err := w.mint(key)
	if err != nil { // it was checked when it was handed over
		return unusable{&token.DeadError{Code: "unreadable", Connection: w.name}}
	}
	return token.NewMinted(mint)
}

func (w *wire) mint(key string) (token.Mint, error) {
	return w.system.minted[w.Auth](minting{Connection: w.Connection, key: key, transport: w.rest.Transport})
}

// usable explains what was handed over and cannot be what it should be.
func (w *wire) usable(key string) error {
	var err error
	switch {
	case w.Auth != "key":
		_, err = w.mint(key)
	case w.system.usable != nil:
		err = w.system.usable(key)
	}
	if err != nil {
		return &engine.RefusedError{Why: err.Error() + "; nothing was changed", Fix: "what it needs: crosswalk help " + w.System}
	}
	return nil
}

// unusable are tokens of what cannot be used.
type unusable struct{ err error }

func (u unusable) Token(context.Context) (string, error)         { return "", u.err }
func (u unusable) Renew(context.Context, string) (string, error) { return "", u.err }
