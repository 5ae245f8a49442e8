// Package conformance drives the Salesforce simulator with jsforce (pinned in
// package-lock.json), the client that Salesforce's own command line is built on:
// an opinion of the API that nobody here wrote. conformance.mjs is the script, for
// any org given by SALESFORCE_INSTANCE_URL; the test starts a simulator and runs it.
package conformance
