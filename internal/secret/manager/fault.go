package manager

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"

	"crosswalk/internal/secret"
)

// DeniedError means that this function's role lacks a permission. Nothing is mended by trying again.
type DeniedError struct {
	Secret   string // our name
	Action   string // that is missing: secretsmanager:GetSecretValue, kms:Decrypt
	Resource string // that it is missing on
}

func (e *DeniedError) Error() string {
	return fmt.Sprintf("secret %q: permission is missing: allow %s on %s to this function's role", e.Secret, e.Action, e.Resource)
}

// PlainText says that the text quotes no secret.
func (e *DeniedError) PlainText() bool { return true }

// fault tells in our own words what went wrong: AWS's texts quote requests and principals.
func (s *Store) fault(name, action, kms string, err error) error {
	var api smithy.APIError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("secret %q: %s: %w", name, action, err)
	case action == "GetSecretValue" && (isMissing(err) || isDeleted(err)):
		return fmt.Errorf("secret %q (%s%s): %w", name, s.Prefix, name, secret.ErrMissing)
	case !errors.As(err, &api):
		return fmt.Errorf("secret %q: %s: %w", name, action, unanswered(err))
	}
	code := api.ErrorCode()
	switch {
	case code == "DecryptionFailure" || code == "EncryptionFailure", denied(code) && strings.Contains(api.ErrorMessage(), "KMS"):
		return &DeniedError{name, orKey(kms), "the key that encrypts " + s.Prefix + name}
	case denied(code):
		return &DeniedError{name, "secretsmanager:" + action, "secret:" + s.Prefix + name + "-??????"}
	case code == "LimitExceededException":
		return fmt.Errorf("secret %q: %s: the account has as many secrets as it may have; ask AWS for more or delete some", name, action)
	}
	return fmt.Errorf("secret %q: %s failed with %s; this is tried again", name, action, code)
}

func orKey(kms string) string {
	if kms == "" {
		return "kms:DescribeKey"
	}
	return kms
}

func denied(code string) bool {
	return code == "AccessDeniedException" || code == "AccessDenied" || code == "UnauthorizedOperation"
}

// unanswered leaves the cause of a failed exchange out, which may quote the request.
func unanswered(err error) error {
	if errors.Is(err, errLate) || errors.Is(err, errAgain) {
		return err
	}
	return errNoAnswer
}

var errNoAnswer = errors.New("no answer from Secrets Manager; is there a way to it from this network?")

func codeOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func isMissing(err error) bool { return codeOf(err) == "ResourceNotFoundException" }
func isThere(err error) bool   { return codeOf(err) == "ResourceExistsException" }

// isDeleted: marked for deletion, which Secrets Manager says with the code of any request that does not fit the state.
func isDeleted(err error) bool { return codeOf(err) == "InvalidRequestException" }
