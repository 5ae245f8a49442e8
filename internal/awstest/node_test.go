package awstest_test

import (
	"context"
	"net/http"
	"testing"

	"crosswalk/internal/awstest"
)

// TestServersStartAndEnd: each server answers HTTP on 127.0.0.1 until it is stopped, and not afterwards. Stopping twice is fine.
func TestServersStartAndEnd(t *testing.T) {
	for _, c := range []struct {
		name, path string
		start      func(context.Context) (string, func(), error)
	}{
		{"dynalite", "/", awstest.StartDynalite},
		{"fauxqs", "/health", awstest.StartFauxqs},
		{"minidyn", "/", awstest.StartMinidyn},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, stop, err := c.start(context.WithoutCancel(t.Context()))
			awstest.Need(t, err)
			defer stop()
			answer, err := http.Get(url + c.path)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			stop()
			stop()
			if answer, err := http.Get(url + c.path); err == nil {
				answer.Body.Close()
				t.Fatal("it still answers")
			}
		})
	}
}

// TestServersEndWithTheirContext, as the demo's do when it is interrupted.
func TestServersEndWithTheirContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	url, stop, err := awstest.StartDynalite(ctx)
	awstest.Need(t, err)
	cancel()
	stop() // waits for the end
	if answer, err := http.Get(url); err == nil {
		answer.Body.Close()
		t.Fatal("it still answers")
	}
}

func TestConfigAsksNobody(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "real")
	t.Setenv("AWS_REGION", "eu-central-1")
	c := awstest.Config("http://127.0.0.1:1")
	keys, err := c.Credentials.Retrieve(t.Context())
	if err != nil || keys.AccessKeyID == "real" || c.Region != awstest.Region || *c.BaseEndpoint != "http://127.0.0.1:1" {
		t.Fatalf("%+v %q %v", c.BaseEndpoint, c.Region, err)
	}
}
