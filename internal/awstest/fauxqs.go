package awstest

import (
	"context"
	"testing"
)

// fauxqs: its own start function listens on every address of the machine, so the app is built and told to listen here only.
const fauxqsScript = `
import { buildApp } from 'fauxqs';
const app = buildApp({ logger: false });
await app.listen({ port: 0, host: '127.0.0.1' });
console.log(app.server.address().port);
`

// StartFauxqs starts fauxqs, an independent SQS (and SNS), empty and in memory. It serves url until stop is called, ctx ends or
// this process does; GET url/health answers 200. The error is an *Unavailable where it cannot be installed.
func StartFauxqs(ctx context.Context) (url string, stop func(), err error) {
	return startNode(ctx, "fauxqs", fauxqsScript)
}

// Fauxqs is StartFauxqs for the time of a test.
func Fauxqs(t testing.TB) (url string) {
	t.Helper()
	return serve(t, "fauxqs", StartFauxqs)
}
