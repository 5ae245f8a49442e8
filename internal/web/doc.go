// Package web is how people and systems reach the engine over HTTP: Operator is the API that the command line and, later,
// pages speak; Webhooks takes what vendors call us with. It decides nothing about records: each route reads a request,
// asks the engine, and puts the answer into the shapes of answer.go. Answers are JSON in snake_case, times RFC 3339,
// amounts whole minor units as text; an error is problem+json with the field, what to do, and the command that does it.
//
// Start with operator.go, which lists every route; shape.go says what each takes and answers, and openapi.go makes the API's
// description of the two. Then problem.go (what errors look like), guard.go (who is let in, and
// what is logged) and webhook.go.
package web
