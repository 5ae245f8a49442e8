package script

import (
	"context"
	"fmt"
	"slices"

	"go.starlark.net/starlark"
)

// MaxSteps bounds a run by Starlark's own count of steps: about 10 ms of work.
const MaxSteps = 200_000

const tooManySteps = "too many steps"

// A Call is a program and the values of its params. Values are nil, bool, string, int, int64, money.Decimal,
// json.Number, []string, []any and map[string]any of these, record.Value, map[string]record.Value and Unreadable; a
// param that is not given is None.
type Call struct {
	Program Program
	Args    map[string]any
}

// A Result is the value of a call, or why there is none (an *Error). Values are nil, bool, string, int64,
// money.Decimal, []any, map[string]any of these, and Verdict.
type Result struct {
	Value any
	Err   error
}

// A Runner runs a batch of calls: one batch is one round trip. Each call has its own result, in order; an error of Run
// itself means that nothing is known about any call (the context ended, no process could be started), and the batch
// may be tried again, since scripts do nothing but compute.
type Runner interface {
	Run(ctx context.Context, calls []Call) ([]Result, error)
}

// NewInProcess gives a Runner without a child process, for the simulation and for tests: it bounds steps and sizes, but
// neither time nor memory, and must not run scripts of users.
func NewInProcess() Runner { return inProcess{} }

type inProcess struct{}

func (inProcess) Run(ctx context.Context, calls []Call) ([]Result, error) {
	results := make([]Result, len(calls))
	for i, c := range calls {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("script: %w", err)
		}
		results[i] = c.Program.eval(c.Args)
	}
	return results, nil
}

// eval runs the program once, in this process.
func (p Program) eval(args map[string]any) (res Result) {
	defer func() {
		if r := recover(); r != nil {
			res = Result{Err: &Error{Kind: Crash, Message: "the interpreter failed; please report the script"}}
		}
	}()
	if p.IsZero() {
		return Result{Err: &Error{Kind: Input, Message: "the call has no program"}}
	}
	main, err := p.main()
	if err != nil {
		return Result{Err: runError(err)}
	}
	values, err := p.values(args)
	if err != nil {
		return Result{Err: err}
	}
	thread := &starlark.Thread{Name: fileName}
	thread.SetMaxExecutionSteps(MaxSteps)
	if i := slices.Index(p.names, listsName); i >= 0 {
		thread.SetLocal(listsName, values[i])
	}
	v, err := starlark.Call(thread, main, values, nil)
	if err != nil {
		return Result{Err: runError(err)}
	}
	out := &output{left: MaxOutput}
	value, err := out.value(v, 0)
	if err != nil {
		return Result{Err: runError(err)}
	}
	return Result{Value: value}
}

// values gives the arguments of main, in the order of the program's names.
func (p Program) values(args map[string]any) (starlark.Tuple, error) {
	values := make(starlark.Tuple, len(p.names))
	for i, name := range p.names {
		v, err := toStarlark(args[name], 0)
		if err != nil {
			return nil, &Error{Kind: Input, Message: fmt.Sprintf("argument %s: %v", name, err)}
		}
		values[i] = v
	}
	return values, nil
}
