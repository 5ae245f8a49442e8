package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// createTime is how long a table may take to be ready: seconds on AWS, nothing on an emulator.
const createTime = 2 * time.Minute

// Create makes the table that New expects, on demand and bare, and waits until it is ready; one that is there is taken as it
// is. It is for tests and the local demo. In production the CDK makes the table, with its key, backups, deletion protection
// and the removal of expired items; no emulator has the last, and nothing but the bill depends on it.
func Create(ctx context.Context, client *dynamodb.Client, name string) error {
	_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:   &name,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String(attrPK), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String(attrSK), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String(attrPK), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String(attrSK), KeyType: types.KeyTypeRange},
		},
	})
	var there *types.ResourceInUseException
	if err != nil && !errors.As(err, &there) {
		return fmt.Errorf("store: create table %q: %w", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, createTime)
	defer cancel()
	for {
		out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
		if err != nil {
			return fmt.Errorf("store: wait for table %q: %w", name, err)
		}
		// minidyn has no status: its tables are ready at once.
		if status := out.Table.TableStatus; status == types.TableStatusActive || status == "" {
			return nil
		}
		if err := sleep(ctx, 500*time.Millisecond); err != nil {
			return fmt.Errorf("store: table %q is not ready within %v: %w", name, createTime, err)
		}
	}
}
