package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"crosswalk/internal/app"
	"crosswalk/internal/app/sign"
	"crosswalk/internal/web"
)

// client speaks to the operator API as one named person.
type client struct {
	base  string
	prove proof
	http  *http.Client
}

// answerWithin bounds one call; whatever takes longer is a run there.
const answerWithin = 2 * time.Minute

// client finds out who asks each time a command begins: by AWS credentials where --api is a deployment, else by the token
// file.
func (c *cli) client() (*client, error) {
	if c.iam || isDeployment(c.api) {
		prove, err := sign.Signer(context.Background(), c.api)
		if err != nil {
			return nil, wrongUse("%v", err)
		}
		return newProvingClient(c.api, prove), nil
	}
	tokens, err := web.TokenFile{Path: c.tokenFile}.Tokens()
	if err != nil {
		return nil, wrongUse("%v; crosswalk up makes one in its data folder, name it with --token-file", err)
	}
	for _, t := range tokens {
		if c.as == "" || c.as == t.Name {
			return newClient(c.api, t.Token), nil
		}
	}
	return nil, wrongUse("%s has no token for %q; add a line NAME TOKEN", c.tokenFile, c.as)
}

// isDeployment tells whether an address is one that IAM stands before: all but this machine's.
func isDeployment(api string) bool { return strings.HasPrefix(api, "https://") }

// proof shows who asks: a named token on this machine, a signature where the API is a deployment.
type proof func(r *http.Request, body []byte) error

func byToken(token string) proof {
	return func(r *http.Request, _ []byte) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
}

func newClient(base, token string) *client { return newProvingClient(base, byToken(token)) }

func newProvingClient(base string, prove proof) *client {
	return &client{strings.TrimRight(base, "/") + web.Prefix, prove, &http.Client{Timeout: answerWithin}}
}

// get reads a path into a T. Query values come in pairs.
func get[T any](ctx context.Context, c *client, path string, query ...string) (T, error) {
	values := url.Values{}
	for n := 0; n+1 < len(query); n += 2 {
		if query[n+1] != "" {
			values.Set(query[n], query[n+1])
		}
	}
	if len(values) > 0 {
		path += "?" + values.Encode()
	}
	return call[T](ctx, c, http.MethodGet, path, nil, 0)
}

// post sends a JSON body; nil is none.
func post[T any](ctx context.Context, c *client, path string, body any) (T, error) {
	return call[T](ctx, c, http.MethodPost, path, body, 0)
}

// postOver is post for a change of a mapping that is refused unless this is its newest version; 0 is whatever is newest.
func postOver[T any](ctx context.Context, c *client, path string, body any, version int) (T, error) {
	return call[T](ctx, c, http.MethodPost, path, body, version)
}

func call[T any](ctx context.Context, c *client, method, path string, body any, over int) (out T, err error) {
	var data []byte
	if body != nil {
		if data, err = json.Marshal(body); err != nil {
			return out, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(data))
	if err != nil {
		return out, wrongUse("--api: %v", err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if over != 0 {
		r.Header.Set("If-Match", strconv.Quote(strconv.Itoa(over)))
	}
	if method == http.MethodPost {
		r.Header.Set("Idempotency-Key", app.NewID()+app.NewID()) // lets a request whose connection broke be sent again, and done once
	}
	if err := c.prove(r, data); err != nil {
		return out, err
	}
	resp, err := c.http.Do(r)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) && ctx.Err() == nil {
			return out, fmt.Errorf("nothing answers at %s; is it running? start it with crosswalk up, or name it with --api (%w)", c.base, failed.Err)
		}
		return out, err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		return out, problemIn(resp)
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return out, fmt.Errorf("the answer of %s cannot be read: %w", c.base, err)
	}
	return out, nil
}

func problemIn(resp *http.Response) error {
	p := &web.Problem{}
	if resp.StatusCode == http.StatusForbidden && resp.Header.Get("Apigw-Requestid") != "" {
		return fmt.Errorf("IAM does not let you do this: ask for the deployment's policy that names it (view, edit or approve; see its outputs)")
	}
	err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(p)
	switch told := err == nil && p.Title != ""; {
	case !told && resp.StatusCode == http.StatusTooManyRequests:
		return fmt.Errorf("the deployment takes no more requests at this moment; wait a few seconds and try again (aws.throttle of the customer's file sets how many)")
	case !told && resp.StatusCode >= http.StatusInternalServerError && resp.Header.Get("Apigw-Requestid") != "":
		return fmt.Errorf("the deployment gave no answer (%s): it took too long, or its function cannot start. Whether it did its work, crosswalk status shows; its log: aws logs tail /crosswalk/CUSTOMER/console --since 10m", resp.Status)
	case !told:
		return fmt.Errorf("this is no operator API: it answered %s", resp.Status)
	}
	return p
}
