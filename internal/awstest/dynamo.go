package awstest

import (
	"context"
	"testing"
)

// dynalite: tables are ready at once, and what it lacks (transactions, TTL calls) we do not use.
const dynaliteScript = `
import dynalite from 'dynalite';
const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`

// StartDynalite starts dynalite, an independent DynamoDB with strict validation and true capacity figures, empty and in
// memory. It serves url until stop is called, ctx ends or this process does. The error is an *Unavailable where it cannot be
// installed.
func StartDynalite(ctx context.Context) (url string, stop func(), err error) {
	return startNode(ctx, "dynalite", dynaliteScript)
}

// Dynalite is StartDynalite for the time of a test.
func Dynalite(t testing.TB) (url string) {
	t.Helper()
	return serve(t, "dynalite", StartDynalite)
}
