package awstest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Secrets is a small Secrets Manager of our own: nothing independent was found (toolchain.md). It is strict where the real one
// is: names, tokens, unknown members, signatures. It speaks JSON 1.1 (X-Amz-Target: secretsmanager.OPERATION) and knows
// CreateSecret, GetSecretValue, PutSecretValue, DescribeSecret, DeleteSecret and RestoreSecret, with the stages AWSCURRENT
// and AWSPREVIOUS, idempotent tokens, and a window in which what was deleted can be restored. The zero Secrets is ready.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference
type Secrets struct {
	mu      sync.Mutex
	secrets map[string]*keptSecret
	denied  map[string]string // by operation and name: the message
	faults  []string          // codes that the next requests answer with
	lag     map[string]int    // by name: so many reads of AWSCURRENT give the version before
	calls   map[string]int
	last    time.Time // a time that was given to a version: no two have the same, as times are told in milliseconds
}

type keptSecret struct {
	versions map[string]keptVersion
	current  string
	previous string
	key      string    // KMS
	deleted  time.Time // when it goes for good; zero: it stays
}

type keptVersion struct {
	Text    *string
	Binary  []byte
	Created time.Time
}

func (v keptVersion) same(w keptVersion) bool {
	return (v.Text == nil) == (w.Text == nil) && (v.Text == nil || *v.Text == *w.Text) && bytes.Equal(v.Binary, w.Binary)
}

// StartSecrets serves an empty Secrets Manager at url until stop is called or ctx ends.
func StartSecrets(ctx context.Context) (url string, stop func(), err error) {
	return serveLocal(ctx, "secrets", &Secrets{})
}

// SecretsManager is one for the time of a test.
func SecretsManager(t testing.TB) (s *Secrets, url string) {
	t.Helper()
	s = &Secrets{}
	return s, serve(t, "secrets", func(ctx context.Context) (string, func(), error) { return serveLocal(ctx, "secrets", s) })
}

// Deny refuses an operation (GetSecretValue ...) on a secret, "" for all, as IAM does; the empty message allows it again. A
// message that names KMS is what the service says when the key's policy refuses.
func (s *Secrets) Deny(operation, name, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.denied == nil {
		s.denied = map[string]string{}
	}
	s.denied[operation+" "+name] = message
}

// Fail has the next requests answered with errors of these codes, one each, nothing being done. A code that begins with
// "After" is answered after the thing was done: the answer was lost.
func (s *Secrets) Fail(codes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, codes...)
}

// Lag has the next reads of a secret's current version give the one before, as a replica that has not caught up does; asked
// for the newest version by id it says that there is none.
func (s *Secrets) Lag(name string, reads int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lag == nil {
		s.lag = map[string]int{}
	}
	s.lag[name] = reads
}

// Calls counts what was asked, by operation.
func (s *Secrets) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

// Versions is how many versions of a secret there ever were.
func (s *Secrets) Versions(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.secrets[name]; k != nil {
		return len(k.versions)
	}
	return 0
}

// Names lists the secrets that are not deleted.
func (s *Secrets) Names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, name := range slices.Sorted(maps.Keys(s.secrets)) {
		if s.secrets[name].deleted.IsZero() {
			out = append(out, name)
		}
	}
	return out
}

// secretFault is an error answer.
type secretFault struct{ code, message string }

func refuse(code, format string, args ...any) *secretFault {
	return &secretFault{code, fmt.Sprintf(format, args...)}
}

const jsonProtocol = "application/x-amz-json-1.1"

// ServeHTTP answers one request.
func (s *Secrets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation, ours := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "secretsmanager.")
	answer, fault := any(nil), (*secretFault)(nil)
	switch {
	case r.Method != http.MethodPost || r.URL.Path != "/" || !ours:
		fault = refuse("UnknownOperationException", "POST / with X-Amz-Target secretsmanager.OPERATION is the only call")
	case r.Header.Get("Content-Type") != jsonProtocol:
		fault = refuse("SerializationException", "Content-Type is %q, not %s", r.Header.Get("Content-Type"), jsonProtocol)
	default:
		if wrong := unsigned(r, "secretsmanager"); wrong != "" {
			fault = refuse("IncompleteSignatureException", "%s", wrong)
			break
		}
		answer, fault = s.do(operation, r)
	}
	w.Header().Set("Content-Type", jsonProtocol)
	status := http.StatusOK
	if fault != nil {
		status = http.StatusBadRequest
		if fault.code == "InternalServiceError" {
			status = http.StatusInternalServerError
		}
		answer = map[string]string{"__type": fault.code, "message": fault.message}
	}
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		panic(http.ErrAbortHandler) // the caller is gone
	}
}

// secretRequest has the members of all operations; each says which of them it takes.
type secretRequest struct {
	Name, SecretId, ClientRequestToken, Description, KmsKeyId, VersionId, VersionStage string
	SecretString                                                                       *string
	SecretBinary                                                                       []byte
	RecoveryWindowInDays                                                               *int
	ForceDeleteWithoutRecovery                                                         bool
	Tags                                                                               []struct{ Key, Value string }
}

var secretMembers = map[string][]string{
	"CreateSecret":   {"Name", "ClientRequestToken", "Description", "KmsKeyId", "SecretString", "SecretBinary", "Tags"},
	"GetSecretValue": {"SecretId", "VersionId", "VersionStage"},
	"PutSecretValue": {"SecretId", "ClientRequestToken", "SecretString", "SecretBinary"},
	"DescribeSecret": {"SecretId"},
	"DeleteSecret":   {"SecretId", "RecoveryWindowInDays", "ForceDeleteWithoutRecovery"},
	"RestoreSecret":  {"SecretId"},
}

func (s *Secrets) do(operation string, r *http.Request) (any, *secretFault) {
	q, fault := readSecretRequest(operation, r)
	if fault != nil {
		return nil, fault
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls, s.secrets = map[string]int{}, map[string]*keptSecret{}
	}
	s.calls[operation]++
	late := ""
	if len(s.faults) > 0 {
		code, after := strings.CutPrefix(s.faults[0], "After")
		s.faults = s.faults[1:]
		if !after {
			return nil, refuse(code, "as the test asked")
		}
		late = code
	}
	for _, name := range []string{q.SecretId + q.Name, ""} {
		if message := s.denied[operation+" "+name]; message != "" {
			return nil, refuse("AccessDeniedException", "%s", message)
		}
	}
	answer, fault := s.carryOut(operation, q)
	if fault == nil && late != "" {
		return nil, refuse(late, "done, and the answer was lost, as the test asked")
	}
	return answer, fault
}

// readSecretRequest refuses members that the operation has not: a misspelt one would be ignored in silence otherwise.
func readSecretRequest(operation string, r *http.Request) (q secretRequest, fault *secretFault) {
	allowed, ok := secretMembers[operation]
	if !ok {
		return q, refuse("UnknownOperationException", "%s is not known here", operation)
	}
	var raw map[string]json.RawMessage
	if err := json.NewDecoder(r.Body).Decode(&raw); err != nil {
		return q, refuse("SerializationException", "the body is no JSON object")
	}
	for name := range raw {
		if !slices.Contains(allowed, name) {
			return q, refuse("SerializationException", "%s takes no %s", operation, name)
		}
	}
	data, err := json.Marshal(raw)
	if err == nil {
		err = json.Unmarshal(data, &q)
	}
	if err != nil {
		return q, refuse("SerializationException", "a member is of the wrong type")
	}
	return q, q.check(operation)
}

var (
	secretName  = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!-]{1,512}$`)
	secretToken = regexp.MustCompile(`^[A-Za-z0-9-]{32,64}$`)
)

const maxSecret = 65536 // bytes

func (q secretRequest) check(operation string) *secretFault {
	name := q.SecretId
	if operation == "CreateSecret" {
		name = q.Name
	}
	writes := operation == "CreateSecret" || operation == "PutSecretValue"
	size := len(q.SecretBinary)
	if q.SecretString != nil {
		size += len(*q.SecretString)
	}
	switch {
	case !secretName.MatchString(name):
		return refuse("ValidationException", "the name is empty, too long or has other characters than letters, digits and /_+=.@-")
	case writes && !secretToken.MatchString(q.ClientRequestToken):
		return refuse("ValidationException", "ClientRequestToken has 32 to 64 characters")
	case writes && (q.SecretString == nil) == (q.SecretBinary == nil):
		return refuse("InvalidParameterException", "give either SecretString or SecretBinary")
	case writes && (size == 0 || size > maxSecret):
		return refuse("ValidationException", "a secret has 1 to %d bytes", maxSecret)
	case q.RecoveryWindowInDays != nil && (*q.RecoveryWindowInDays < 7 || *q.RecoveryWindowInDays > 30):
		return refuse("InvalidParameterException", "RecoveryWindowInDays is from 7 to 30 days")
	case q.RecoveryWindowInDays != nil && q.ForceDeleteWithoutRecovery:
		return refuse("InvalidParameterException", "RecoveryWindowInDays and ForceDeleteWithoutRecovery exclude each other")
	}
	return nil
}

func secretARN(name string) string {
	return "arn:aws:secretsmanager:" + Region + ":000000000000:secret:" + name + "-AbCdEf"
}

func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func (s *Secrets) carryOut(operation string, q secretRequest) (any, *secretFault) {
	now := time.Now()
	if operation == "CreateSecret" {
		return s.create(q, now)
	}
	k := s.secrets[q.SecretId]
	if k == nil || !k.deleted.IsZero() && !k.deleted.After(now) {
		delete(s.secrets, q.SecretId)
		return nil, refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	}
	about := map[string]any{"ARN": secretARN(q.SecretId), "Name": q.SecretId}
	if !k.deleted.IsZero() && (operation == "GetSecretValue" || operation == "PutSecretValue") {
		return nil, refuse("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
	}
	switch operation {
	case "GetSecretValue":
		return s.get(k, q)
	case "PutSecretValue":
		return k.put(q, s.stamp(now))
	case "DescribeSecret":
		stages := map[string][]string{}
		for id := range k.versions {
			if labels := k.stages(id); len(labels) > 0 {
				stages[id] = labels
			}
		}
		about["VersionIdsToStages"], about["KmsKeyId"] = stages, k.key
		if !k.deleted.IsZero() {
			about["DeletedDate"] = epoch(k.deleted)
		}
	case "DeleteSecret":
		days := 30
		if q.RecoveryWindowInDays != nil {
			days = *q.RecoveryWindowInDays
		}
		if !k.deleted.IsZero() {
			return nil, refuse("InvalidRequestException", "You can't perform this operation on the secret because it was already scheduled for deletion.")
		}
		if k.deleted = now.AddDate(0, 0, days); q.ForceDeleteWithoutRecovery {
			delete(s.secrets, q.SecretId)
		}
		about["DeletionDate"] = epoch(k.deleted)
	case "RestoreSecret":
		k.deleted = time.Time{}
	}
	return about, nil
}

func (s *Secrets) stamp(now time.Time) time.Time {
	now = now.Truncate(time.Millisecond)
	if !now.After(s.last) {
		now = s.last.Add(time.Millisecond)
	}
	s.last = now
	return now
}

func (q secretRequest) version(now time.Time) keptVersion {
	return keptVersion{Text: q.SecretString, Binary: q.SecretBinary, Created: now}
}

func (s *Secrets) create(q secretRequest, now time.Time) (any, *secretFault) {
	v := q.version(s.stamp(now))
	if k := s.secrets[q.Name]; k != nil && (k.deleted.IsZero() || k.deleted.After(now)) {
		old, again := k.versions[q.ClientRequestToken]
		switch {
		case !k.deleted.IsZero():
			return nil, refuse("InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for deletion.")
		case !again || !old.same(v):
			return nil, refuse("ResourceExistsException", "The operation failed because the secret %s already exists.", q.Name)
		}
	} else {
		s.secrets[q.Name] = &keptSecret{versions: map[string]keptVersion{q.ClientRequestToken: v}, current: q.ClientRequestToken, key: q.KmsKeyId}
	}
	return map[string]any{"ARN": secretARN(q.Name), "Name": q.Name, "VersionId": q.ClientRequestToken}, nil
}

func (k *keptSecret) put(q secretRequest, now time.Time) (any, *secretFault) {
	id, v := q.ClientRequestToken, q.version(now)
	if old, again := k.versions[id]; again && !old.same(v) {
		return nil, refuse("ResourceExistsException", "A version with this ClientRequestToken exists and has another value.")
	} else if !again {
		k.versions[id] = v
		k.current, k.previous = id, k.current
	}
	return map[string]any{"ARN": secretARN(q.SecretId), "Name": q.SecretId, "VersionId": id, "VersionStages": k.stages(id)}, nil
}

func (k *keptSecret) stages(id string) []string {
	switch id {
	case k.current:
		return []string{"AWSCURRENT"}
	case k.previous:
		return []string{"AWSPREVIOUS"}
	}
	return nil
}

func (s *Secrets) get(k *keptSecret, q secretRequest) (any, *secretFault) {
	id := k.current
	lagging := s.lag[q.SecretId] > 0
	if lagging {
		s.lag[q.SecretId]--
		id = k.previous
	}
	switch {
	case q.VersionId != "":
		if lagging && q.VersionId == k.current {
			return nil, refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for VersionId: %s", q.VersionId)
		}
		id = q.VersionId
	case q.VersionStage == "AWSPREVIOUS":
		id = k.previous
	case q.VersionStage != "" && q.VersionStage != "AWSCURRENT":
		id = ""
	}
	v, ok := k.versions[id]
	if !ok {
		return nil, refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for the version asked for.")
	}
	out := map[string]any{"ARN": secretARN(q.SecretId), "Name": q.SecretId, "VersionId": id, "VersionStages": k.stages(id), "CreatedDate": epoch(v.Created)}
	if v.Text != nil {
		out["SecretString"] = *v.Text
	} else {
		out["SecretBinary"] = v.Binary
	}
	return out, nil
}
