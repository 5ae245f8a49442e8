package manager

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"crosswalk/internal/secret"
)

// Marks notes the newest version of each secret, read consistently.
type Marks interface {
	// Mark gives what SetMark last noted, "" for none.
	Mark(ctx context.Context, name string) (string, error)
	SetMark(ctx context.Context, name, mark string) error
}

// Options of a Store.
type Options struct {
	// Prefix of all names, crosswalk/CUSTOMER/; required, so that a role's permission can end in it.
	Prefix string
	// KMSKey that encrypts secrets which Put makes: an ARN or alias; "" is the account's own key for secrets.
	KMSKey string
	// Tags of secrets which Put makes.
	Tags map[string]string
	// RecoveryDays is how long what was deleted can be restored: 7 to 30; 0 is 30.
	RecoveryDays int
	// Fresh is how long a value that was read is given again while its mark says that it is the newest; 0 is 10 seconds,
	// less than 0 is not at all. What people change by hand is seen that much later.
	Fresh time.Duration
	// Marks may be nil where one process alone puts secrets.
	Marks Marks
}

// Store is a secret.Store; it is safe for concurrent use.
type Store struct {
	client *secretsmanager.Client
	Options
	cache cache
}

// Limits of Secrets Manager and of this package.
const (
	maxName      = 512
	maxValue     = 65536 // bytes
	defaultFresh = 10 * time.Second
	lateReads    = 8                      // of a version that a replica does not know yet
	latePause    = 150 * time.Millisecond // between them: over a second in all, replicas take some tenths
	putRounds    = 4                      // of put, create, restore, before somebody else is in the way for good
)

var goodName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]+$`) })

// New makes a store.
func New(config aws.Config, o Options) (*Store, error) {
	if !strings.HasSuffix(o.Prefix, "/") || !goodName().MatchString(o.Prefix) || len(o.Prefix) > maxName/2 {
		return nil, fmt.Errorf("secrets: prefix %q; write crosswalk/CUSTOMER/ in letters, digits and _+=.@-", o.Prefix)
	}
	if o.RecoveryDays == 0 {
		o.RecoveryDays = 30
	}
	if o.RecoveryDays < 7 || o.RecoveryDays > 30 {
		return nil, fmt.Errorf("secrets: recovery of %d days; write 7 to 30", o.RecoveryDays)
	}
	if o.Fresh == 0 {
		o.Fresh = defaultFresh
	}
	return &Store{client: secretsmanager.NewFromConfig(config), Options: o}, nil
}

// full is a secret's name at AWS.
func (s *Store) full(name string) (string, error) {
	full := s.Prefix + name
	if !goodName().MatchString(name) || len(full) > maxName {
		return "", fmt.Errorf("secret %q: a name has letters, digits and /_+=.@- only, and with its prefix at most %d of them", name, maxName)
	}
	return full, nil
}

// Get gives a secret's newest value, or secret.ErrMissing: when there is none, and while it is deleted and may be restored.
func (s *Store) Get(ctx context.Context, name string) ([]byte, error) {
	full, err := s.full(name)
	if err != nil {
		return nil, err
	}
	marked, err := s.mark(ctx, name)
	if err != nil {
		return nil, err
	}
	if v, ok := s.cache.get(name, marked.Version, s.Fresh); ok {
		return v, nil
	}
	began := s.cache.reading()
	got, err := s.newest(ctx, full, marked)
	if err != nil {
		return nil, s.fault(name, "GetSecretValue", "kms:Decrypt", err)
	}
	s.cache.put(name, aws.ToString(got.VersionId), valueOf(got), began)
	return valueOf(got), nil
}

// newest reads the current version, and where that is not the one that was marked, the marked one too: the younger of them
// counts. A replica may be late with either; a person may have put a value by hand, which no mark names.
func (s *Store) newest(ctx context.Context, full string, marked mark) (*secretsmanager.GetSecretValueOutput, error) {
	for n := 0; ; n++ {
		current, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &full})
		if err != nil && !(marked.Version != "" && isMissing(err)) {
			return nil, err
		}
		if marked.Version == "" || err == nil && aws.ToString(current.VersionId) == marked.Version {
			return current, nil
		}
		own, lateErr := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &full, VersionId: &marked.Version})
		switch {
		case lateErr == nil && (err != nil || !aws.ToTime(current.CreatedDate).After(aws.ToTime(own.CreatedDate))):
			return own, nil
		case lateErr == nil:
			return current, nil
		case !isMissing(lateErr):
			return nil, lateErr
		case err == nil && aws.ToTime(current.CreatedDate).After(marked.At.Add(markSlack)):
			return current, nil // the marked one is gone: the secret was made anew
		case n == lateReads:
			return nil, s.late(err, marked)
		}
		if err := pause(ctx, latePause); err != nil {
			return nil, err
		}
	}
}

// late is the end of waiting for a version: a secret that somebody deleted is missing, any other is asked for again.
func (s *Store) late(missing error, marked mark) error {
	if missing != nil {
		return missing
	}
	return errLate
}

var errLate = errors.New("its newest version cannot be read yet; this is tried again")

// Put stores a new version, making the secret where there is none and taking one back that was deleted.
func (s *Store) Put(ctx context.Context, name string, value []byte) error {
	full, err := s.full(name)
	if err != nil {
		return err
	}
	if len(value) == 0 || len(value) > maxValue {
		return fmt.Errorf("secret %q: %d bytes; Secrets Manager keeps 1 to %d", name, len(value), maxValue)
	}
	version := newVersion()
	if err := s.store(ctx, name, full, version, value); err != nil {
		return err
	}
	s.cache.drop(name)
	return s.setMark(ctx, name, version)
}

// store puts, or creates, or restores, until one of them holds: another worker may be doing the same.
func (s *Store) store(ctx context.Context, name, full, version string, value []byte) error {
	text, binary := textOf(value)
	for round := 0; ; round++ {
		_, err := s.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &full, ClientRequestToken: &version, SecretString: text, SecretBinary: binary})
		action, key := "PutSecretValue", "kms:GenerateDataKey"
		switch {
		case isMissing(err):
			action = "CreateSecret"
			_, err = s.client.CreateSecret(ctx, s.creation(full, version, text, binary))
		case isDeleted(err):
			action = "RestoreSecret"
			if _, err = s.client.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: &full}); err == nil {
				err = errAgain
			}
		}
		again := errors.Is(err, errAgain) || action != "PutSecretValue" && (isThere(err) || isMissing(err) || isDeleted(err))
		if err == nil || !again || round == putRounds {
			return s.fault(name, action, key, err)
		}
	}
}

// errAgain: the way is free now.
var errAgain = errors.New("the secret was taken back and changed again meanwhile; try again")

func (s *Store) creation(full, version string, text *string, binary []byte) *secretsmanager.CreateSecretInput {
	in := &secretsmanager.CreateSecretInput{Name: &full, ClientRequestToken: &version, SecretString: text, SecretBinary: binary}
	if s.KMSKey != "" {
		in.KmsKeyId = &s.KMSKey
	}
	for _, key := range sortedKeys(s.Tags) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key), Value: aws.String(s.Tags[key])})
	}
	return in
}

// Delete forgets a secret after the days in which it can still be restored. One that is not there, or deleted already, is no
// error.
func (s *Store) Delete(ctx context.Context, name string) error {
	full, err := s.full(name)
	if err != nil {
		return err
	}
	s.cache.drop(name)
	days := int64(s.RecoveryDays)
	_, err = s.client.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: &full, RecoveryWindowInDays: &days})
	if err != nil && !isMissing(err) && !isDeleted(err) {
		return s.fault(name, "DeleteSecret", "", err)
	}
	return s.setMark(ctx, name, "")
}

// textOf gives what is text as text, so that a person can read and mend it in the console.
func textOf(value []byte) (*string, []byte) {
	if utf8.Valid(value) {
		return aws.String(string(value)), nil
	}
	return nil, value
}

func valueOf(got *secretsmanager.GetSecretValueOutput) []byte {
	if got.SecretString != nil {
		return []byte(*got.SecretString)
	}
	return slices.Clone(got.SecretBinary)
}

// newVersion is a ClientRequestToken, which becomes the version's id: 32 hexadecimal digits.
func newVersion() string {
	var raw [16]byte
	rand.Read(raw[:]) // never fails (crypto/rand)
	return hex.EncodeToString(raw[:])
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var _ secret.Store = (*Store)(nil)
