package manager_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"crosswalk/internal/awstest"
	"crosswalk/internal/secret"
	"crosswalk/internal/secret/manager"
)

const prefix = "crosswalk/acme/"

// marks is a table of one process; it can fail.
type marks struct {
	mu   sync.Mutex
	kept map[string]string
	fail error
}

func (m *marks) Mark(_ context.Context, name string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.kept[name], nil
}

func (m *marks) SetMark(_ context.Context, name, mark string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.kept[name] = mark
	return nil
}

// open gives a store over the real SDK, as a function of its own would have it.
func open(t *testing.T, url string, change ...func(*manager.Options)) *manager.Store {
	t.Helper()
	o := manager.Options{Prefix: prefix}
	for _, f := range change {
		f(&o)
	}
	s, err := manager.New(awstest.Config(url), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func with(m *marks) func(*manager.Options) { return func(o *manager.Options) { o.Marks = m } }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, s *manager.Store, name, want string) {
	t.Helper()
	if got, err := s.Get(t.Context(), name); err != nil || string(got) != want {
		t.Errorf("%s: %q, %v; want %q", name, got, err, want)
	}
}

func TestStore(t *testing.T) {
	server, url := awstest.SecretsManager(t)
	m := &marks{kept: map[string]string{}}
	s := open(t, url, with(m))
	if _, err := s.Get(t.Context(), "hubspot/pair"); !errors.Is(err, secret.ErrMissing) || !strings.Contains(err.Error(), prefix+"hubspot/pair") {
		t.Errorf("missing: %v", err)
	}
	must(t, s.Put(t.Context(), "hubspot/pair", []byte(`{"access":"canary"}`)))
	must(t, s.Put(t.Context(), "hubspot/pair", []byte("v\x00\xff")))
	wants(t, s, "hubspot/pair", "v\x00\xff")
	wants(t, open(t, url, with(m)), "hubspot/pair", "v\x00\xff") // a cold start
	must(t, s.Delete(t.Context(), "hubspot/pair"))
	must(t, s.Delete(t.Context(), "hubspot/pair"))
	must(t, s.Delete(t.Context(), "never"))
	if _, err := s.Get(t.Context(), "hubspot/pair"); !errors.Is(err, secret.ErrMissing) {
		t.Errorf("deleted: %v", err)
	}
	must(t, s.Put(t.Context(), "hubspot/pair", []byte("connected again"))) // within the window
	wants(t, s, "hubspot/pair", "connected again")
	if names := server.Names(); len(names) != 1 || names[0] != prefix+"hubspot/pair" {
		t.Errorf("secrets %v", names)
	}
}

// The SDK repeats what was not answered; that makes no second version.
func TestRepeatsMakeOneVersion(t *testing.T) {
	server, url := awstest.SecretsManager(t)
	s := open(t, url)
	lost := "AfterInternalServiceError"
	for value, faults := range map[string][]string{"first": {lost, lost}, "second": {lost}} { // whichever is first finds no secret to put to
		server.Fail(faults...)
		must(t, s.Put(t.Context(), "light", []byte(value)))
		wants(t, s, "light", value)
	}
	if n := server.Versions(prefix + "light"); n != 2 {
		t.Errorf("%d versions, want 2", n)
	}
}

func TestManyMakeOneSecret(t *testing.T) {
	server, url := awstest.SecretsManager(t)
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			if err := open(t, url).Put(t.Context(), "light", []byte(fmt.Sprint(n))); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := server.Versions(prefix + "light"); n != 8 {
		t.Errorf("%d versions, want 8", n)
	}
}

// Another worker renewed the pair: neither a replica that is late nor our own cache may give the old one.
func TestAnothersVersionIsSeenAtOnce(t *testing.T) {
	server, url := awstest.SecretsManager(t)
	m := &marks{kept: map[string]string{}}
	one, two := open(t, url, with(m)), open(t, url, with(m))
	must(t, one.Put(t.Context(), "light/pair", []byte("r0")))
	wants(t, two, "light/pair", "r0")
	wants(t, two, "light/pair", "r0")
	if n := server.Calls()["GetSecretValue"]; n != 1 {
		t.Errorf("%d reads, the second was to come from memory", n)
	}
	must(t, one.Put(t.Context(), "light/pair", []byte("r1")))
	server.Lag(prefix+"light/pair", 4)
	wants(t, two, "light/pair", "r1")
	server.Lag(prefix+"light/pair", 1000)
	must(t, one.Put(t.Context(), "light/pair", []byte("r2")))
	if got, err := two.Get(t.Context(), "light/pair"); err == nil || errors.Is(err, secret.ErrMissing) {
		t.Errorf("a version that cannot be read: %q, %v; want an error that is tried again", got, err)
	}
}

// A person puts a value in the console: no mark names it, and it counts.
func TestPutByHand(t *testing.T) {
	server, url := awstest.SecretsManager(t)
	m := &marks{kept: map[string]string{}}
	s := open(t, url, with(m), func(o *manager.Options) { o.Fresh = -1 })
	must(t, s.Put(t.Context(), "light", []byte("ours")))
	name, value, token := prefix+"light", "theirs", strings.Repeat("a", 32)
	_, err := secretsmanager.NewFromConfig(awstest.Config(url)).PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: &value, ClientRequestToken: &token})
	must(t, err)
	wants(t, s, "light", "theirs")
	must(t, s.Put(t.Context(), "light", []byte("ours again")))
	wants(t, s, "light", "ours again")
	if server.Versions(name) != 3 {
		t.Error(server.Versions(name))
	}
}

func TestPutThatCannotBeNotedFailed(t *testing.T) {
	_, url := awstest.SecretsManager(t)
	m := &marks{kept: map[string]string{}, fail: errors.New("table throttled")}
	if err := open(t, url, with(m)).Put(t.Context(), "light", []byte("x")); err == nil || !strings.Contains(err.Error(), "noted") {
		t.Error(err)
	}
}

func TestErrorsNameWhatIsMissing(t *testing.T) {
	const role = "User: arn:aws:sts::000000000000:assumed-role/tick/one is not authorized to perform: secretsmanager:X with an explicit deny and canary"
	for _, c := range []struct {
		name, operation, message string
		do                       func(*manager.Store) error
		says                     []string
	}{
		{"read", "GetSecretValue", role, get, []string{`"light"`, "secretsmanager:GetSecretValue", prefix + "light"}},
		{"key", "GetSecretValue", "Access to KMS is not allowed", get, []string{`"light"`, "kms:Decrypt", prefix + "light"}},
		{"write", "PutSecretValue", role, put, []string{`"light"`, "secretsmanager:PutSecretValue"}},
		{"write key", "PutSecretValue", "Access to KMS is not allowed", put, []string{"kms:GenerateDataKey"}},
		{"delete", "DeleteSecret", role, func(s *manager.Store) error { return s.Delete(context.Background(), "light") }, []string{"secretsmanager:DeleteSecret"}},
		{"create", "CreateSecret", role, func(s *manager.Store) error { return s.Put(context.Background(), "new", []byte("canary")) }, []string{`"new"`, "secretsmanager:CreateSecret"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, url := awstest.SecretsManager(t)
			s := open(t, url)
			must(t, s.Put(t.Context(), "light", []byte("canary")))
			server.Deny(c.operation, "", c.message)
			err := c.do(s)
			var denied *manager.DeniedError
			if !errors.As(err, &denied) {
				t.Fatalf("%v", err)
			}
			for _, text := range c.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%q lacks %q", err, text)
				}
			}
			if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "arn:") {
				t.Errorf("quotes AWS: %v", err)
			}
		})
	}
}

func get(s *manager.Store) error {
	_, err := s.Get(context.Background(), "light")
	return err
}

func put(s *manager.Store) error { return s.Put(context.Background(), "light", []byte("canary2")) }

func TestOtherFaults(t *testing.T) {
	server, url := awstest.SecretsManager(t)
	s := open(t, url)
	server.Fail("DecryptionFailure")
	if err := get(s); err == nil || !strings.Contains(err.Error(), "kms:Decrypt") {
		t.Error(err)
	}
	server.Fail("InternalServiceError") // once: the SDK tries again
	if err := get(s); !errors.Is(err, secret.ErrMissing) {
		t.Error(err)
	}
	gone := open(t, "http://127.0.0.1:1")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := gone.Get(ctx, "light"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	for name, value := range map[string][]byte{"bad name": []byte("x"), "": []byte("x"), "empty": nil, "large": make([]byte, 65537)} {
		if err := s.Put(t.Context(), name, value); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
	for _, bad := range []manager.Options{{}, {Prefix: "crosswalk/acme"}, {Prefix: "a b/"}, {Prefix: "a/", RecoveryDays: 5}} {
		if _, err := manager.New(awstest.Config(url), bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}
