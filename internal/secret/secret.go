// Package secret keeps credentials: small named byte strings. File is the laptop's store, one file only its owner
// can read; another implementation keeps them encrypted in the cloud. Nothing here ever prints a value.
package secret

import (
	"context"
	"errors"
)

// Store keeps secrets by name, for example "hubspot/token". A Put that returned nil survives a crash.
type Store interface {
	// Get gives ErrMissing when there is no such secret.
	Get(ctx context.Context, name string) ([]byte, error)
	Put(ctx context.Context, name string, value []byte) error
	// Delete of a missing secret is no error.
	Delete(ctx context.Context, name string) error
}

// ErrMissing means that no secret has that name.
var ErrMissing = errors.New("no such secret")
