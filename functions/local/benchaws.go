package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"crosswalk/internal/awstest"
	"crosswalk/internal/connector/hubspot/hubspottest"
)

// Where `make here` and `make bootstraps` build to.
var (
	builtHere = filepath.Join(".build", "functions")
	builtARM  = "dist"
)

// benchFunctions measures what a function weighs and how long its start takes beside a function that does nothing: from exec
// until it asks for its first event, which is our own code and what it fetches at its start, and from exec to the first
// answer. Each in time and in CPU time, which a busy machine changes less. The servers are on this machine: no TLS, and a
// round trip of their own milliseconds.
func benchFunctions(ctx context.Context, say func(figure) error) error {
	for _, name := range binaries {
		size, err := zipped(filepath.Join(builtARM, name, "bootstrap"))
		if err != nil {
			return fmt.Errorf("%w; build them: make bootstraps here", err)
		}
		if err := say(figure{Name: "function_zip_mb_" + name, Value: float64(size) / 1e6, Unit: "MB"}); err != nil {
			return err
		}
	}
	starts, err := measureStarts(ctx)
	if err != nil {
		return err
	}
	names := []string{"hello"}
	for _, f := range freshStarts {
		names = append(names, f.name)
	}
	for _, m := range []struct {
		name string
		of   func(start) time.Duration
	}{
		{"function_init_ms_", func(s start) time.Duration { return s.Init }},
		{"function_init_cpu_ms_", func(s start) time.Duration { return s.InitCPU }},
		{"function_first_answer_ms_", func(s start) time.Duration { return s.answer }},
		{"function_first_answer_cpu_ms_", func(s start) time.Duration { return s.CPU }},
	} {
		hello := medianOf(starts["hello"], m.of)
		for _, name := range names {
			f := figure{Name: m.name + name, Value: ms(medianOf(starts[name], m.of)), Unit: "ms", Least: ms(hello)}
			if aim := startAims[name]; aim > 0 {
				f.Units = map[string]float64{"aim of the ratio": aim}
				for operation, n := range starts[name][0].asked {
					f.Units[operation] = float64(n)
				}
			}
			if err := say(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// startAims are what the ratio to an empty handler should be under (T9).
var startAims = map[string]float64{"webhook": 2.5, "webhook_signed": 2.5, "oauth": 2.5, "poll": 2.5, "work-live": 6}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func zipped(path string) (int, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	w, err := z.Create("bootstrap")
	if err == nil {
		_, err = w.Write(data)
	}
	return out.Len(), errors.Join(err, z.Close())
}

// fresh is a start that is measured: of a function, with its first event.
type fresh struct {
	name, function string
	event          func(url string) map[string]any
}

// freshStarts ask for nothing that a vendor is called for. A webhook without a signature is refused at the door; the signed one
// is verified and queued, which is what HubSpot sends.
var freshStarts = []fresh{
	{"webhook", "webhook", func(string) map[string]any { return httpEvent("POST", "/webhooks/hubspot") }},
	{"webhook_signed", "webhook", signedEvent},
	{"oauth", "oauth", func(string) map[string]any { return httpEvent("GET", "/oauth/hubspot/start") }},
	{"poll", "poll", func(string) map[string]any { return map[string]any{} }},
	{"work-live", "work-live", func(string) map[string]any { return map[string]any{"Records": []any{}} }},
}

func httpEvent(method, path string) map[string]any {
	return map[string]any{"rawPath": path, "requestContext": map[string]any{"http": map[string]any{"method": method}}}
}

// signedEvent is a delivery of one deal's change with HubSpot's v3 signature (hubspot.md 8).
func signedEvent(url string) map[string]any {
	e := httpEvent("POST", "/webhooks/hubspot")
	body := fmt.Sprintf(`[{"eventId":1,"subscriptionId":1,"portalId":62515,"appId":%d,"occurredAt":%d,"subscriptionType":"deal.propertyChange","attemptNumber":0,"objectId":123,"propertyName":"dealstage","propertyValue":"closedwon","changeSource":"CRM_UI"}]`,
		hubspottest.AppID, time.Now().UnixMilli())
	stamp := fmt.Sprint(time.Now().UnixMilli())
	mac := hmac.New(sha256.New, []byte(hubspottest.ClientSecret))
	io.WriteString(mac, "POST"+url+"/webhooks/hubspot"+body+stamp) // a hash takes every write
	e["body"] = body
	e["headers"] = map[string]string{"content-type": "application/json", "x-hubspot-signature-v3": base64.StdEncoding.EncodeToString(mac.Sum(nil)), "x-hubspot-request-timestamp": stamp}
	return e
}

// startRounds is how many fresh starts each function makes, one after the other and all in turn, so that what else the machine
// does meets each alike.
const startRounds = 11

// start is how one fresh start went: until the function asked for its first event (init), and until it had answered it.
type start struct {
	awstest.Use
	answer time.Duration
	asked  map[string]int // requests of the table, the queue and the secrets, by operation
}

func measureStarts(ctx context.Context) (starts map[string][]start, err error) {
	folder, err := os.MkdirTemp("", "crosswalk-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	d, err := deployHere(ctx, folder, "24h")
	if err != nil {
		return nil, err
	}
	defer d.close()
	b, err := d.bed(ctx)
	if err != nil {
		return nil, err
	}
	if err := b.live(ctx, nil); err != nil {
		return nil, err
	}
	if err := d.poll(ctx); err != nil { // feeds have begun
		return nil, err
	}
	starts = map[string][]start{}
	one := func(name string, l *awstest.Lambda, event map[string]any) error {
		l.Timeout = time.Minute
		d.counts.Reset()
		began := time.Now()
		answer, err := l.Invoke(ctx, event)
		took := time.Since(began)
		l.Close()
		asked := d.counts.Sum().Requests
		for _, use := range l.Figures().Instances {
			starts[name] = append(starts[name], start{use, took, asked})
		}
		if err == nil && name == "webhook_signed" && !bytes.Contains(answer, []byte(`"statusCode":200`)) {
			err = fmt.Errorf("bench: a signed webhook was answered %s", answer)
		}
		return err
	}
	for range startRounds {
		if err := one("hello", &awstest.Lambda{Name: "hello", Command: []string{filepath.Join(builtHere, "hello", "bootstrap")}}, map[string]any{}); err != nil {
			return nil, err
		}
		for _, f := range freshStarts {
			like := d.functions[f.function]
			if err := one(f.name, &awstest.Lambda{Name: f.name, Command: like.Command, Env: like.Env, Log: io.Discard}, f.event(d.url)); err != nil {
				return nil, err
			}
		}
	}
	return starts, nil
}

func medianOf(all []start, of func(start) time.Duration) time.Duration {
	values := make([]time.Duration, len(all))
	for n, s := range all {
		values[n] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
