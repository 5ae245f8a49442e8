package cloud

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// environment gives the SDK's configuration from what Lambda tells a function: region and the role's credentials, which
// hold as long as the process does. The SDK's own default chain would also look for single sign-on, web identity and files,
// and costs every start a fifth of its time (T9). AWS_ENDPOINT_URL_SERVICE moves one service elsewhere, as in the SDK.
func environment(getenv func(string) string) (func(service string) aws.Config, error) {
	region, keyID, secret, session := getenv("AWS_REGION"), getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"), getenv("AWS_SESSION_TOKEN")
	if region == "" || keyID == "" || secret == "" {
		return nil, errors.New("AWS_REGION, AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set; Lambda sets them for a function with a role")
	}
	c := aws.Config{Region: region, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret, SessionToken: session, Source: "Lambda"}, nil
	})}
	return func(service string) aws.Config {
		one := c
		if url := getenv("AWS_ENDPOINT_URL_" + service); url != "" {
			one.BaseEndpoint = aws.String(url)
		}
		return one
	}, nil
}
