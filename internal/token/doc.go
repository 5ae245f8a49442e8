// Package token gives API calls their credential: Static for keys that never change, OAuth for access tokens that
// expire. A renewed pair is stored before it is used, because some vendors kill the old refresh token at once, and
// all callers that find one token stale share one renewal. Start with OAuth.
package token
