// Package trigger stands between AWS Lambda and the product: an API Gateway event becomes a plain net/http request, a
// schedule a call, a batch of SQS messages deliveries with an answer for each. It decides nothing. Start with HTTP, then
// Batch.
package trigger
