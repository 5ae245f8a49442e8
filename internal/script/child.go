package script

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"
)

// Options bound a child process; a zero field is its default.
type Options struct {
	Executable string        // the program to start; it must call ChildMain. Default: this one
	Time       time.Duration // for one call: 250 ms
	Memory     int64         // bytes beyond what an idle child uses: 64 MB
	Start      time.Duration // for a process to get ready: 10 s
}

// A Child runs calls in a process of its own, which it starts with the first batch, keeps for the next ones, and
// replaces when a call had to be stopped. Batches run one after another. It is safe for concurrent use.
type Child struct {
	opts Options
	busy chan struct{} // holds one token; a channel, so that waiting for it can end with the context
	proc *process      // guarded by busy
}

// maxStops is how often a program may be stopped in one batch; after that its other calls fail without being run. A bad
// filter over a batch of 200 records must not cost 200 time limits.
const maxStops = 2

// maxPrograms is how many compiled programs a process keeps before it is replaced.
const maxPrograms = 1000

// NewChild gives a Runner for scripts of users. Close it when it is no longer needed.
func NewChild(opts Options) *Child {
	if opts.Time <= 0 {
		opts.Time = 250 * time.Millisecond
	}
	if opts.Memory <= 0 {
		opts.Memory = 64 << 20
	}
	if opts.Start <= 0 {
		opts.Start = 10 * time.Second
	}
	return &Child{opts: opts, busy: make(chan struct{}, 1)}
}

// Close ends the child process. A Run that is under way is waited for.
func (c *Child) Close() error {
	c.busy <- struct{}{}
	defer func() { <-c.busy }()
	c.discard()
	return nil
}

func (c *Child) discard() {
	if c.proc != nil {
		c.proc.kill()
		c.proc = nil
	}
}

// Run runs a batch; see Runner. A call that is stopped costs its own result only: the rest is run in a new process.
func (c *Child) Run(ctx context.Context, calls []Call) ([]Result, error) {
	select {
	case c.busy <- struct{}{}:
		defer func() { <-c.busy }()
	case <-ctx.Done():
		return nil, fmt.Errorf("script: %w", ctx.Err())
	}
	b := newBatch(calls)
	for len(b.pending) > 0 {
		if err := c.start(ctx); err != nil {
			return nil, err
		}
		stop, err := c.proc.run(ctx, b)
		if err != nil {
			c.discard()
			return nil, err
		}
		if stop.kind != "" {
			c.discard()
			b.blame(stop)
		}
	}
	return b.results, nil
}

func (c *Child) start(ctx context.Context) error {
	if c.proc != nil && len(c.proc.known) > maxPrograms {
		c.discard()
	}
	if c.proc != nil {
		return nil
	}
	p, err := startProcess(ctx, c.opts)
	if err != nil {
		return fmt.Errorf("script: start child process: %w", err)
	}
	c.proc = p
	return nil
}

// A batch is what is known of a Run's calls. Calls are encoded once and answered in order.
type batch struct {
	calls   []Call
	args    [][]byte
	results []Result
	pending []int // indexes of calls without a result, ascending
	suspect int   // the call that was running when a process ended for no reason that is known; -1 for none
	stops   map[string]int
}

func newBatch(calls []Call) *batch {
	b := &batch{calls: calls, args: make([][]byte, len(calls)), results: make([]Result, len(calls)), suspect: -1, stops: map[string]int{}}
	for i, c := range calls {
		args, err := encodeArgs(c)
		if err != nil {
			b.results[i] = Result{Err: err}
			continue
		}
		b.args[i] = args
		b.pending = append(b.pending, i)
	}
	return b
}

// encodeArgs encodes the arguments that the program uses, and no others.
func encodeArgs(c Call) ([]byte, error) {
	if c.Program.IsZero() {
		return nil, &Error{Kind: Input, Message: "the call has no program"}
	}
	args := make(map[string]any, len(c.Program.names))
	for _, name := range c.Program.names {
		v, err := tag(c.Args[name])
		if err != nil {
			return nil, &Error{Kind: Input, Message: fmt.Sprintf("argument %s: %v", name, err)}
		}
		if v != nil {
			args[name] = v
		}
	}
	text, err := json.Marshal(args)
	if err != nil || len(text) > maxArguments {
		return nil, &Error{Kind: Input, Message: fmt.Sprintf("the arguments are larger than %d bytes or no text", maxArguments)}
	}
	return text, nil
}

// next gives the calls of the next request.
func (b *batch) next() []int {
	size := 0
	for n, i := range b.pending {
		if size += len(b.args[i]); n > 0 && size > maxBatch {
			return b.pending[:n]
		}
	}
	return b.pending
}

// answer takes the result of the first pending call.
func (b *batch) answer(res Result) {
	b.results[b.pending[0]] = res
	b.pending = b.pending[1:]
}

// An end is why a process must be replaced; the zero end is that it need not be.
type end struct {
	kind Kind
	sure bool // the running call is to blame; otherwise the process may have been killed from outside, or frozen
}

// blame makes the running call answer for the end of its process: that is the first pending one, since the child sends
// every reply before it begins the next call. Where the cause is not certain, it is tried once more.
func (b *batch) blame(e end) {
	if running := b.pending[0]; !e.sure && b.suspect != running {
		b.suspect = running
		return
	}
	program := b.calls[b.pending[0]].Program.ID()
	b.answer(Result{Err: stopped(e.kind)})
	if b.stops[program]++; b.stops[program] < maxStops {
		return
	}
	var rest []int
	for _, i := range b.pending {
		if b.calls[i].Program.ID() != program {
			rest = append(rest, i)
			continue
		}
		why := stopped(e.kind)
		why.Message += fmt.Sprintf("; not run, after this script was stopped %d times in one batch", maxStops)
		b.results[i] = Result{Err: why}
	}
	b.pending = rest
}

func stopped(kind Kind) *Error {
	switch kind {
	case Timeout:
		return &Error{Kind: kind, Message: "stopped at its time limit; do less in one record"}
	case Memory:
		return &Error{Kind: kind, Message: "stopped at its memory limit; build smaller values"}
	}
	return &Error{Kind: Crash, Message: "its process ended"}
}

// A process is a running child.
type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	replies chan reply
	exited  chan struct{} // closed when the process has ended
	base    int64         // resident bytes when it was ready; 0 when not known
	known   map[string]bool
	opts    Options
}

func startProcess(ctx context.Context, opts Options) (*process, error) {
	path, err := executable(opts)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(path), replies: make(chan reply, 64), exited: make(chan struct{}), known: map[string]bool{}, opts: opts}
	p.cmd.Env = []string{envChild + "=1", envTime + "=" + strconv.FormatInt(opts.Time.Milliseconds(), 10), envMemory + "=" + strconv.FormatInt(opts.Memory, 10), "GOMAXPROCS=2", "GOTRACEBACK=none"}
	p.cmd.Dir, p.cmd.SysProcAttr = string(os.PathSeparator), ownGroup() // what it says when it dies goes nowhere
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go p.read(out)
	return p, p.ready(ctx)
}

// executable: on Linux the running file itself, even if it was replaced since.
func executable(opts Options) (string, error) {
	switch {
	case opts.Executable != "":
		return opts.Executable, nil
	case runtime.GOOS == "linux":
		return "/proc/self/exe", nil
	}
	return os.Executable()
}

// read passes replies on until the process ends.
func (p *process) read(out io.Reader) {
	r := bufio.NewReader(out)
	for {
		var rep reply
		if readFrame(r, &rep) != nil {
			break
		}
		p.replies <- rep
	}
	close(p.replies)
	p.cmd.Wait() //nolint:errcheck // how it ended is read from its replies and its state
	close(p.exited)
}

func (p *process) ready(ctx context.Context) error {
	timer := time.NewTimer(p.opts.Start)
	defer timer.Stop()
	var err error
	select {
	case rep, ok := <-p.replies:
		if ok && rep.Event == replyReady {
			p.base, _ = residentSize(p.cmd.Process.Pid)
			return nil
		}
		err = fmt.Errorf("it is no script child (does its main call script.ChildMain first?)")
	case <-timer.C:
		err = fmt.Errorf("it was not ready after %s", p.opts.Start)
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.kill()
	return err
}

// kill makes sure that the process is gone.
func (p *process) kill() {
	p.in.Close()         //nolint:errcheck // it is being thrown away
	p.cmd.Process.Kill() //nolint:errcheck // it may have ended by itself
	for range p.replies {
	}
	<-p.exited
}

// run sends one request and collects its replies. It returns why the process must be replaced, if it must, and an error
// only when the context ended.
func (p *process) run(ctx context.Context, b *batch) (end, error) {
	if err := p.send(ctx, b); err != nil {
		if ctx.Err() != nil {
			return end{}, fmt.Errorf("script: %w", ctx.Err())
		}
		return p.ended(), nil
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	progress := time.Now()
	for {
		select {
		case rep, ok := <-p.replies:
			progress = time.Now()
			switch {
			case !ok:
				return p.ended(), nil
			case rep.Event == replyDone:
				return end{}, nil
			case rep.Event == replyStopped:
				return end{kind: rep.Kind, sure: true}, nil
			case rep.Event == replyResult && len(b.pending) > 0:
				b.answer(rep.result())
			}
		case <-tick.C:
			if e := p.overdue(time.Since(progress)); e.kind != "" {
				return e, nil
			}
		case <-ctx.Done():
			return end{}, fmt.Errorf("script: %w", ctx.Err())
		}
	}
}

// overdue is the parent's own watch, for a child that cannot watch itself any more. Its limits are wider, so that the
// child, which knows what it is running, acts first.
func (p *process) overdue(silent time.Duration) end {
	if silent > 5*p.opts.Time {
		return end{kind: Timeout}
	}
	if size, ok := residentSize(p.cmd.Process.Pid); ok && p.base > 0 && size > p.base+2*p.opts.Memory {
		return end{kind: Memory, sure: true}
	}
	return end{}
}

func (p *process) send(ctx context.Context, b *batch) error {
	calls := b.next()
	req := request{Calls: make([]requestCall, len(calls))}
	for n, i := range calls {
		program := b.calls[i].Program
		req.Calls[n] = requestCall{Program: program.ID(), Args: b.args[i]}
		if !p.known[program.ID()] {
			p.known[program.ID()] = true
			req.Programs = append(req.Programs, program.source)
		}
	}
	// A child that does not read is ended with the context; the write then fails.
	stop := context.AfterFunc(ctx, func() { p.cmd.Process.Kill() }) //nolint:errcheck // it may have ended by itself
	defer stop()
	return writeFrame(p.in, req)
}

// ended tells why a process that closed its output did so. Go's runtime, when the kernel refuses it memory, ends in one
// of several ways, all of them with its own exit code; a script cannot make it fail otherwise.
func (p *process) ended() end {
	for range p.replies {
	}
	<-p.exited
	const runtimeFailed = 2
	state := p.cmd.ProcessState
	switch {
	case state != nil && state.ExitCode() == runtimeFailed:
		return end{kind: Memory, sure: true}
	case state != nil && !state.Exited():
		return end{kind: Memory} // killed and not by us: often the kernel, out of memory
	}
	return end{kind: Crash}
}
