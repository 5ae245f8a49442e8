// Package awstest starts independent servers of the AWS protocols on 127.0.0.1, for tests and for `make demo AWS=local`:
// dynalite and minidyn for DynamoDB, fauxqs for SQS, and small ones of our own where nothing independent exists (Secrets
// Manager, SNS). What npm must bring is pinned in package-lock.json; `make test` installs it.
package awstest
