// Package infra is one customer's deployment on AWS: one stack, made from the customer's own configuration file.
//
// It promises that a stack made by Stack has no starred action or resource on data or secrets, keeps what cannot be made
// again when it is deleted, and says in each alarm what it means and which command to run first. Start reading with
// contract.go (the names that the functions rely on), then customer.go (what the file says), then stack.go.
//
// This is a module of its own: the CDK is heavy, and nothing here may be imported by what runs in a function, or the other
// way round. `cdk.json` at the top of the tree runs cmd/app.
package infra
