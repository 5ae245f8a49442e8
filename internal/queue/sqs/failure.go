package sqs

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"crosswalk/internal/queue"
)

// A failed request or entry in our words. Its text has the queue, the operation, the code and what to do, and not what SQS said,
// which may quote what was sent. The error as it came is within, for errors.As.
type failed struct {
	text string
	err  error
}

func (f *failed) Error() string { return f.text }
func (f *failed) Unwrap() error { return f.err }

// name gives a queue's name: the URL has the account in it.
func name(url string) string { return path.Base(url) }

// failure explains the error of a whole request.
func failure(ctx context.Context, op, url string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("queue: sqs %s on %q: %w", op, name(url), ctx.Err())
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("queue: sqs %s on %q: %w", op, name(url), err)
	}
	request := ""
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) && answer.ServiceRequestID() != "" {
		request = ", request " + answer.ServiceRequestID()
	}
	return explained(op, url, api.ErrorCode(), request, err)
}

func explained(op, url, code, request string, err error) error {
	code = strings.TrimPrefix(code, "AWS.SimpleQueueService.")
	what, refused := advice(op, code)
	if refused {
		err = errors.Join(queue.ErrRefused, err)
	}
	return &failed{fmt.Sprintf("queue: sqs %s on %q: %s (%s%s)", op, name(url), what, code, request), err}
}

// actions gives the permission that an operation needs, where it is not its name.
var actions = map[string]string{
	"SendMessageBatch": "SendMessage", "DeleteMessageBatch": "DeleteMessage", "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}

// advice says what a code means for whoever runs this, and whether the caller's mistake is behind it, so that trying again is no use.
func advice(op, code string) (what string, refused bool) {
	switch code {
	case "AccessDenied", "AccessDeniedException":
		action := op
		if a, ok := actions[op]; ok {
			action = a
		}
		return fmt.Sprintf("no permission sqs:%s on this queue; allow it to this function's role, or deploy the stack again", action), false
	case "QueueDoesNotExist", "NonExistentQueue", "QueueDeletedRecently":
		return "there is no such queue; deploy the stack, or set the URL and region of the queue it made", false
	case "KmsAccessDenied", "KMS.AccessDeniedException", "KmsThrottled", "KMS.ThrottlingException",
		"KmsDisabled", "KMS.DisabledException", "KmsInvalidState", "KMS.InvalidStateException", "KmsNotFound", "KMS.NotFoundException":
		return "the queue's key cannot be used; allow this function's role kms:Decrypt and kms:GenerateDataKey on it, and look whether it is enabled", false
	case "UnrecognizedClientException", "InvalidSignatureException", "IncompleteSignature", "MissingAuthenticationToken", "ExpiredToken",
		"ExpiredTokenException", "InvalidClientTokenId", "InvalidSecurity":
		return "AWS does not accept the credentials; on a laptop sign in again, in a function look at its role and the clock", false
	case "OverLimit":
		return "120,000 messages are in work at once, which is SQS's limit; they are given back as their visibility ends", false
	case "RequestThrottled", "Throttling", "ThrottlingException", "ThrottledException":
		return "throttled, also when tried again; the task is tried again later", false
	case "InternalError", "InternalFailure", "ServiceUnavailable":
		return "SQS is having trouble, also when tried again; the task is tried again later", false
	case "ReceiptHandleIsInvalid":
		return "the receipt is none of this queue's; take it as it was received, for the lane it came from", true
	case "InvalidMessageContents", "InvalidParameterValue", "BatchRequestTooLong":
		return "the message is refused; look whether the queue takes 1 MiB, as the stack makes it", true
	}
	return "refused by SQS", false
}
