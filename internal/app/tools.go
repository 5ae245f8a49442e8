package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"
	"sync"

	"crosswalk/internal/engine"
	"crosswalk/internal/mapping"
	"crosswalk/internal/money"
	"crosswalk/internal/plan"
	"crosswalk/internal/script"
	"crosswalk/internal/transform"
)

// Compile parses a mapping document and checks it against itself.
func Compile(language mapping.Language) func(yaml []byte) (*mapping.Mapping, error) {
	return func(yaml []byte) (*mapping.Mapping, error) { return mapping.Load(yaml, language) }
}

// tools are plan.Tools over the transforms of this program: parsed once, digests keyed with the deployment's secret.
type tools struct {
	set  transform.Set
	macs sync.Pool // of keyed hashes: making one costs as much as using it

	mu          sync.Mutex
	calls       map[boundPipe]transform.Call
	comparisons map[string]transform.Comparison
}

// boundPipe is a mapping's transform for one account.
type boundPipe struct {
	pipe string
	env  plan.Env
}

// NewTools makes the pure helpers that plans use.
func NewTools(set transform.Set, secret []byte) plan.Tools {
	return newTools(set, func() []byte { return secret })
}

// newTools asks for the secret with the first digest.
func newTools(set transform.Set, secret func() []byte) plan.Tools {
	t := &tools{set: set, calls: map[boundPipe]transform.Call{}, comparisons: map[string]transform.Comparison{}}
	t.macs.New = func() any { return hmac.New(sha256.New, secret()) }
	return t
}

func (t *tools) Transform(pipe string, inputs []string, env plan.Env) (string, error) {
	id := boundPipe{pipe, env}
	t.mu.Lock()
	call, ok := t.calls[id]
	t.mu.Unlock()
	if !ok {
		var err error
		if call, err = t.set.Parse(mapping.BindTransform(pipe, env.TimeZone, env.Currency)); err != nil {
			return "", err
		}
		t.mu.Lock()
		t.calls[id] = call
		t.mu.Unlock()
	}
	got, err := call.Apply(inputs, nil)
	return got.Text, err
}

func (t *tools) Canonical(compare, text string) string {
	t.mu.Lock()
	c, ok := t.comparisons[compare]
	t.mu.Unlock()
	if !ok {
		var err error
		if c, err = t.set.Comparison(compare); err != nil {
			return "" // Check refuses such a mapping; a key that cannot be made matches nothing
		}
		t.mu.Lock()
		t.comparisons[compare] = c
		t.mu.Unlock()
	}
	return c.Key(text)
}

// Digest is 8 bytes of a keyed hash: enough to see a change, useless for guessing a value without the secret.
func (t *tools) Digest(text string) string {
	h := t.macs.Get().(hash.Hash)
	defer t.macs.Put(h)
	h.Reset()
	io.WriteString(h, text) // a hash takes every write
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// scripts are engine.Scripts over a script runner; programs are compiled once.
type scripts struct {
	runner script.Runner

	mu       sync.Mutex
	programs map[string]script.Program
}

// NewScripts runs the expressions and hooks of mappings.
func NewScripts(runner script.Runner) engine.Scripts {
	return &scripts{runner: runner, programs: map[string]script.Program{}}
}

func (s *scripts) Run(ctx context.Context, calls []engine.ScriptCall) ([]plan.ScriptResult, error) {
	out := make([]plan.ScriptResult, len(calls))
	var run []script.Call
	var index []int
	for n, c := range calls {
		program, names, err := s.program(c)
		if err != nil {
			out[n].Err = err
			continue
		}
		run = append(run, script.Call{Program: program, Args: arguments(c, names)})
		index = append(index, n)
	}
	if len(run) == 0 {
		return out, nil
	}
	results, err := s.runner.Run(ctx, run)
	if err != nil {
		return nil, err
	}
	if len(results) != len(run) {
		return nil, fmt.Errorf("scripts: %d of %d calls were answered", len(results), len(run))
	}
	for n, r := range results {
		out[index[n]] = plan.ScriptResult{Value: plainValue(r.Value), Err: r.Err}
	}
	return out, nil
}

func (s *scripts) program(c engine.ScriptCall) (script.Program, []string, error) {
	kind, mode := mapping.Expression, script.Expr
	if c.Block {
		kind, mode = mapping.HookBlock, script.Block
	}
	names := mapping.ScriptNames(c.Source, kind)
	id := string(kind) + "\x00" + c.Source
	s.mu.Lock()
	p, ok := s.programs[id]
	s.mu.Unlock()
	if ok {
		return p, names, nil
	}
	p, err := script.Compile(mapping.ScriptText(c.Source), mode, names)
	if err != nil {
		return p, names, err
	}
	s.mu.Lock()
	s.programs[id] = p
	s.mu.Unlock()
	return p, names, nil
}

// arguments gives a program its names: the records as wholes, and the source's fields by their bare names.
func arguments(c engine.ScriptCall, names []string) map[string]any {
	source, _ := c.Args["source"].(map[string]any)
	out := make(map[string]any, len(names))
	for _, name := range names {
		switch name {
		case "with_":
			out[name] = c.Args["related"]
		default:
			if v, ok := c.Args[name]; ok {
				out[name] = v
			} else {
				out[name] = source[name]
			}
		}
	}
	return out
}

// plainValue turns a script's value into what plans read: decimals as text, a verdict as its dict.
func plainValue(v any) any {
	switch v := v.(type) {
	case money.Decimal:
		return v.String()
	case script.Verdict:
		return map[string]any{strings.ToLower(string(v.Action)): v.Reason}
	}
	return v
}
