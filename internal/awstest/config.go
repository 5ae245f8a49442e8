package awstest

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Region is where everything pretends to be.
const Region = "us-east-1"

// Config gives what a client of a server on this machine needs: its endpoint, a region and credentials that mean
// nothing. It asks nobody: no instance metadata, no shared config files, no environment.
func Config(endpoint string) aws.Config {
	return aws.Config{
		Region:       Region,
		BaseEndpoint: aws.String(endpoint),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "crosswalk", SecretAccessKey: "crosswalk", Source: "awstest"}, nil
		}),
	}
}
