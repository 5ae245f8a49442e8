package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crosswalk/internal/awstest"
	"crosswalk/internal/connector/hubspot/hubspottest"
)

// takers says which function takes a sample event, by how its file's name begins.
var takers = []struct{ prefix, function string }{
	{"apigateway-oauth-", "oauth"}, {"apigateway-operator-", "console"}, {"apigateway-", "webhook"}, {"scheduler-", "poll"},
	{"sqs-work-bulk", "work-bulk"}, {"sqs-work-", "work-live"}, {"eventbridge-", "change"},
}

// invoke sends one event to its compiled function, in a deployment with the sample's accounts and the presets applied.
func (c *cli) invoke() *cobra.Command {
	functions := filepath.Join(".build", "functions")
	cmd := c.command("invoke EVENT", "send one event of events/ to its compiled function, on a local AWS (make invoke EVENT=FILE)", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		event, err := os.ReadFile(args[0])
		if err != nil {
			return wrongUse("%v", err)
		}
		at := slices.IndexFunc(takers, func(t struct{ prefix, function string }) bool {
			return strings.HasPrefix(filepath.Base(args[0]), t.prefix)
		})
		if at < 0 {
			return wrongUse("%s: its name says no function; begin it as one of events/ does", filepath.Base(args[0]))
		}
		return c.invokeOne(ctx, functions, takers[at].function, event)
	})
	cmd.Flags().StringVar(&functions, "functions", functions, "folder of the functions' bootstraps (make here)")
	return cmd
}

func (c *cli) invokeOne(ctx context.Context, functions, name string, event []byte) (err error) {
	folder, err := os.MkdirTemp("", "crosswalk-invoke-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	v, err := startVendors(demoVendors(""))
	if err != nil {
		return err
	}
	defer v.close()
	d, err := cloudOnThis(ctx, folder, functions, configFor(v, "127.0.0.1:0", true), awstest.OnDynalite, c.err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	asked, err := d.connect(ctx)
	if err != nil {
		return err
	}
	if _, err := applyAll(ctx, asked, presetTexts()); err != nil {
		return err
	}
	at := slices.IndexFunc(d.functions, func(f *awstest.Lambda) bool { return f.Name == name })
	if at < 0 {
		return wrongUse("this deployment has no function %s", name)
	}
	if event, err = signedNow(event, d.url); err != nil {
		return err
	}
	answer, err := d.functions[at].Invoke(ctx, json.RawMessage(event))
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s: %s\n", name, answer)
	return nil
}

// signedNow signs a sample of HubSpot's webhooks as the simulated app would now: signatures are good for five minutes.
func signedNow(event []byte, public string) ([]byte, error) {
	const place = "SIGNED-BY-THE-TEST"
	if !bytes.Contains(event, []byte(place)) {
		return event, nil
	}
	var e struct {
		RawPath         string
		Body            string
		IsBase64Encoded bool
		Headers         map[string]string
	}
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, fmt.Errorf("the event is no JSON of an HTTP API: %w", err)
	}
	body := []byte(e.Body)
	if e.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(e.Body); err != nil {
			return nil, fmt.Errorf("the event's body is no base64: %w", err)
		}
	}
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(hubspottest.ClientSecret))
	mac.Write([]byte("POST" + public + e.RawPath + string(body) + now))
	event = bytes.Replace(event, []byte(place), []byte(base64.StdEncoding.EncodeToString(mac.Sum(nil))), 1)
	return bytes.Replace(event, []byte(strconv.Quote(e.Headers["x-hubspot-request-timestamp"])), []byte(strconv.Quote(now)), 1), nil
}
