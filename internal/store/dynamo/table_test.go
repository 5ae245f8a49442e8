package dynamo_test

import (
	"context"
	"os"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"crosswalk/internal/awstest"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/store/dynamo"
	"crosswalk/internal/store/storetest"
)

// What each server cannot do, as named skips of the shared suite.
var (
	dynaliteLacks = []storetest.Lack{}
	minidynLacks  = []storetest.Lack{
		{Case: "empty data", Why: "minidyn v0.8.2 takes no empty binary: \"value type is not supported yet\""},
		{Case: "nothing is left of the put before", Why: "minidyn v0.8.2 ignores REMOVE of a top-level attribute in UpdateItem"},
	}
)

func TestTable(t *testing.T) {
	t.Run("dynalite", func(t *testing.T) { suite(t, awstest.Config(awstest.Dynalite(t)), dynaliteLacks...) })
	t.Run("minidyn", func(t *testing.T) { suite(t, awstest.Config(awstest.Minidyn(t)), minidynLacks...) })
	t.Run("endpoint", func(t *testing.T) {
		endpoint := os.Getenv("DYNAMODB_ENDPOINT")
		if endpoint == "" {
			t.Skip("DYNAMODB_ENDPOINT names no other server; set it to run the suite there")
		}
		t.Logf("server: endpoint %s", endpoint)
		suite(t, endpointConfig(endpoint))
	})
}

// TestEveryCaseRunsSomewhere: what one server lacks, another has.
func TestEveryCaseRunsSomewhere(t *testing.T) {
	lacks := func(list []storetest.Lack, name string) bool {
		return slices.ContainsFunc(list, func(l storetest.Lack) bool { return l.Case == name })
	}
	for _, name := range storetest.Cases() {
		if lacks(dynaliteLacks, name) && lacks(minidynLacks, name) {
			t.Errorf("no server here runs %q", name)
		}
	}
}

const tableName = "crosswalk-storetest"

// suite runs the shared suite on a table of that server. The table is left: an endpoint of somebody's own may keep it.
func suite(t *testing.T, config aws.Config, lacks ...storetest.Lack) {
	tab := open(t, config)
	storetest.Run(t, func(*testing.T) table.Table { return tab }, lacks...)
}

func open(t testing.TB, config aws.Config, opts ...func(*dynamodb.Options)) *dynamo.Table {
	t.Helper()
	client := dynamodb.NewFromConfig(config, opts...)
	if err := dynamo.Create(t.Context(), dynamodb.NewFromConfig(config), tableName); err != nil {
		t.Fatal(err)
	}
	return dynamo.New(client, dynamo.Options{Table: tableName})
}

// endpointConfig takes the credentials and the region of the environment where there are some: the endpoint may be AWS's.
func endpointConfig(endpoint string) aws.Config {
	config := awstest.Config(endpoint)
	if id := os.Getenv("AWS_ACCESS_KEY_ID"); id != "" {
		config.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: id, SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN")}, nil
		})
	}
	if region := os.Getenv("AWS_REGION"); region != "" {
		config.Region = region
	}
	return config
}
