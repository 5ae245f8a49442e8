package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"crosswalk/internal/awstest"
)

// Where `make here` and `make bootstraps` build to.
var (
	builtHere = filepath.Join(".build", "functions")
	builtARM  = "dist"
)

// benchFunctions measures what a function weighs and how long its start takes beside a function that does nothing. A start is
// from exec to the first answer, with everything between: configuration, credentials from Secrets Manager, the table.
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
	hello := median(starts["hello"])
	for _, name := range append([]string{"hello"}, startOrder...) {
		took := median(starts[name])
		if err := say(figure{Name: "function_first_answer_ms_" + name, Value: took.Seconds() * 1000, Unit: "ms", Least: hello.Seconds() * 1000}); err != nil {
			return err
		}
	}
	return nil
}

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

// startEvents are what each function is asked first: nothing that a vendor is called for.
var startEvents = map[string]any{
	"hello":     map[string]any{},
	"webhook":   map[string]any{"rawPath": "/webhooks/hubspot", "requestContext": map[string]any{"http": map[string]any{"method": "POST"}}},
	"oauth":     map[string]any{"rawPath": "/oauth/hubspot/start", "requestContext": map[string]any{"http": map[string]any{"method": "GET"}}},
	"poll":      map[string]any{},
	"work-live": map[string]any{"Records": []any{}},
}

var startOrder = []string{"webhook", "oauth", "poll", "work-live"}

// startRounds is how many fresh starts each function makes, one after the other and all in turn, so that what else the machine
// does meets each alike.
const startRounds = 11

func measureStarts(ctx context.Context) (starts map[string][]time.Duration, err error) {
	folder, err := os.MkdirTemp("", "crosswalk-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	v, err := startVendors(demoVendors(""))
	if err != nil {
		return nil, err
	}
	defer v.close()
	d, err := cloudOnThis(ctx, folder, builtHere, configFor(v, "127.0.0.1:0", true), awstest.OnDynalite, io.Discard)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if _, err := d.connect(ctx); err != nil {
		return nil, err
	}
	starts = map[string][]time.Duration{}
	one := func(name string, command, env []string) error {
		fresh := &awstest.Lambda{Name: name, Command: command, Env: env, Timeout: time.Minute}
		defer fresh.Close()
		began := time.Now()
		_, err := fresh.Invoke(ctx, startEvents[name])
		starts[name] = append(starts[name], time.Since(began))
		return err
	}
	for range startRounds {
		if err := one("hello", []string{filepath.Join(builtHere, "hello", "bootstrap")}, nil); err != nil {
			return nil, err
		}
		for _, name := range startOrder {
			at := slices.IndexFunc(d.functions, func(f *awstest.Lambda) bool { return f.Name == name })
			if err := one(name, d.functions[at].Command, d.functions[at].Env); err != nil {
				return nil, err
			}
		}
	}
	return starts, nil
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
