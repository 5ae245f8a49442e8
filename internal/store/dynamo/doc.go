// Package dynamo is the table.Table on Amazon DynamoDB.
package dynamo
