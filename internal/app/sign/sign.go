// Package sign has the command line ask a deployment as somebody whom IAM knows.
package sign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
)

// gatewayHost is an address that API Gateway gives; its region stands in it.
var gatewayHost = regexp.MustCompile(`^[a-z0-9]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$`)

// Signer signs requests to a deployment's operator API with the caller's own AWS credentials, found as every AWS tool finds
// them (environment, profile, single sign-on, role). Only the signature travels. Errors are for the person at the terminal.
func Signer(ctx context.Context, api string) (func(r *http.Request, body []byte) error, error) {
	u, err := url.Parse(api)
	if err != nil {
		return nil, fmt.Errorf("--api is no address: %w", err)
	}
	loaded, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("the AWS configuration does not read: %w", err)
	}
	region := loaded.Region
	if m := gatewayHost.FindStringSubmatch(u.Hostname()); m != nil {
		region = m[1]
	}
	if region == "" {
		return nil, fmt.Errorf("the region of %s is not known; set AWS_REGION to the deployment's", u.Host)
	}
	signer := v4.NewSigner()
	return func(r *http.Request, body []byte) error {
		credentials, err := loaded.Credentials.Retrieve(r.Context())
		if err != nil {
			return fmt.Errorf("no AWS credentials to sign with: set AWS_PROFILE (now %q), or log in with the AWS command line", os.Getenv("AWS_PROFILE"))
		}
		hash := sha256.Sum256(body)
		return signer.SignHTTP(r.Context(), credentials, r, hex.EncodeToString(hash[:]), "execute-api", region, time.Now())
	}, nil
}
