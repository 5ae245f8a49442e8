package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"crosswalk/internal/store"
)

var (
	errUnprocessed = errors.New("throttled: the table gave all keys back unread several times; the task is tried again later")
	errUnsettled   = errors.New("the item changed or expired with every attempt; the task is tried again later")
)

const codeTransactionConflict = "TransactionConflictException"

// A failure is an error of DynamoDB in our words. Its text has the table, the operation, the code and what to do, and not
// what DynamoDB said: that may quote a key, and so what a person typed. The error as it came is within, for errors.As.
type failure struct {
	text string
	err  error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.err }

// failure explains the error of an operation.
func (t *Table) failure(ctx context.Context, op string, err error) error {
	at := fmt.Sprintf("store: dynamodb %s on table %q", op, t.opts.Table)
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", at, ctx.Err())
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("%s: %w", at, err)
	}
	if tooLarge(api) {
		return &failure{fmt.Sprintf("%s: the item with its keys is over 400 KB; split the item or compress it", at), errors.Join(store.ErrRefused, err)}
	}
	text := fmt.Sprintf("%s: %s (%s", at, t.advice(op, api), api.ErrorCode())
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) && answer.ServiceRequestID() != "" {
		text += ", request " + answer.ServiceRequestID()
	}
	return &failure{text + ")", err}
}

func tooLarge(api smithy.APIError) bool {
	return api.ErrorCode() == "ValidationException" && strings.Contains(api.ErrorMessage(), "exceeded the maximum allowed size") // of PutItem and of UpdateItem
}

// advice says what a code means for whoever runs this.
func (t *Table) advice(op string, api smithy.APIError) string {
	switch code := api.ErrorCode(); code {
	case "AccessDeniedException", "AccessDenied":
		if strings.Contains(strings.ToLower(api.ErrorMessage()), "kms") {
			return "no permission to use the table's key; allow this function's role kms:Decrypt and kms:GenerateDataKey on it, or deploy the stack again"
		}
		return fmt.Sprintf("no permission dynamodb:%s on this table; allow it to this function's role, or deploy the stack again", op)
	case "ResourceNotFoundException":
		return fmt.Sprintf("there is no such table in region %s; deploy the stack, or set the name and region of the table it made", t.client.Options().Region)
	case "UnrecognizedClientException", "InvalidSignatureException", "IncompleteSignatureException", "MissingAuthenticationTokenException",
		"MissingAuthenticationToken", "ExpiredTokenException", "InvalidClientTokenId":
		return "AWS does not accept the credentials; on a laptop sign in again, in a function look at its role and the clock"
	case "ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException", "Throttling", "LimitExceededException":
		return "throttled, also when tried again; the task is tried again later. If this lasts, look at the table's consumed capacity and raise its maximum"
	case codeTransactionConflict, "TransactionInProgressException":
		return "the item is in a transaction of somebody else's, also when tried again; the task is tried again later"
	case "InternalServerError", "InternalFailure", "ServiceUnavailable", "ServiceUnavailableException", "RequestTimeout", "RequestTimeoutException":
		return "DynamoDB is having trouble, also when tried again; the task is tried again later"
	case "KMSAccessDeniedException", "KMSDisabledException", "KMSInvalidStateException", "KMSNotFoundException", "InaccessibleEncryptionCredentialsException":
		return "the table's key cannot be used; enable it, or undo its deletion, within 7 days of when it was lost"
	}
	if api.ErrorFault() == smithy.FaultServer {
		return "DynamoDB is having trouble, also when tried again; the task is tried again later"
	}
	return "refused; this is a fault of Crosswalk's or of the table's keys, which are text pk and text sk"
}
