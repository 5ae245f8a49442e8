// Package rest sends one request to a vendor and says honestly what became of it. Any HTTP status is an Answer;
// an error means there was no whole answer, and says whether the request may have reached the vendor. It renews a
// dead token once, repeats only what is safe to repeat, waits its turn at the budget, and never sends a
// credential to another host. It knows no vendor. Start with Client.Do.
package rest
