package awstest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Lambda is one deployed function: its bootstrap, run as Lambda runs it, behind the runtime API (invocation/next, response,
// error, init/error). Instances are processes of their own and serve one event at a time; more are started while all are
// busy, up to Most. It is safe for concurrent use.
type Lambda struct {
	Name    string
	Command []string      // the bootstrap and its arguments
	Env     []string      // of the process, besides what the runtime sets
	Timeout time.Duration // of one invocation
	Most    int           // instances at once; 0 is 1
	Log     io.Writer     // where the processes' output goes; may be nil

	mu        sync.Mutex
	idle      []*instance
	count     int
	freed     chan struct{}
	instances sync.WaitGroup
	closed    bool
	figures   Figures
}

// Figures are what a function's instances did. CPU and memory are read from /proc: zero where there is none.
type Figures struct {
	Invocations int
	Took        time.Duration // of all invocations together, as Lambda bills them: from the event to its answer
	Instances   []Use
}

// Use is what one instance took.
type Use struct {
	Init    time.Duration // from exec until it asked for its first event; zero if it never did
	InitCPU time.Duration // user and system, until then
	CPU     time.Duration // until its end
	Peak    int64         // bytes: the largest resident set
}

// instance is one process and the runtime API that it asks.
type instance struct {
	server   *http.Server
	events   chan invocation
	answered chan outcome
	process  *exec.Cmd
	ended    chan struct{}

	began time.Time
	asks  sync.Once // the first event that it asks for
	use   Use       // until it asked
	peak  atomic.Int64
}

type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
}

type outcome struct {
	body []byte
	err  error
}

// Invoke has an instance serve one event and gives its answer. A function that answers with an error, dies or runs out of
// time is an error.
func (l *Lambda) Invoke(ctx context.Context, event any) ([]byte, error) {
	payload, err := json.Marshal(event)
	if err != nil {
		return nil, err
	}
	i, err := l.take(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	body, err, alive := i.serve(ctx, invocation{id: fmt.Sprintf("%s-%d", l.Name, began.UnixNano()), payload: payload, deadline: began.Add(l.Timeout)})
	l.give(i, alive, time.Since(began))
	if err != nil {
		return nil, fmt.Errorf("function %s: %w", l.Name, err)
	}
	return body, nil
}

// Invoked tells how many events were served and how long that took.
func (l *Lambda) Invoked() (int, time.Duration) {
	f := l.Figures()
	return f.Invocations, f.Took
}

// Figures tells what was done so far, by instances that have ended or wait for an event.
func (l *Lambda) Figures() Figures {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.figures
	f.Instances = slices.Clone(f.Instances)
	for _, i := range l.idle {
		u := i.use
		u.CPU, u.Peak = cpuOf(i.process.Process.Pid), peakOf(i.process.Process.Pid)
		f.Instances = append(f.Instances, u)
	}
	return f
}

func (l *Lambda) take(ctx context.Context) (*instance, error) {
	for {
		l.mu.Lock()
		if l.freed == nil {
			l.freed = make(chan struct{}, 1)
		}
		if l.closed {
			l.mu.Unlock()
			return nil, errors.New("closed")
		}
		if n := len(l.idle); n > 0 {
			i := l.idle[n-1]
			l.idle = l.idle[:n-1]
			l.mu.Unlock()
			return i, nil
		}
		if l.count < max(1, l.Most) {
			l.count++
			l.mu.Unlock()
			i, err := l.start()
			if err != nil {
				l.mu.Lock()
				l.count--
				l.mu.Unlock()
			}
			return i, err
		}
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-l.freed:
		}
	}
}

func (l *Lambda) give(i *instance, alive bool, took time.Duration) {
	l.mu.Lock()
	l.figures.Invocations, l.figures.Took = l.figures.Invocations+1, l.figures.Took+took
	alive = alive && !l.closed
	if alive {
		l.idle = append(l.idle, i)
	} else {
		l.count--
	}
	l.mu.Unlock()
	if !alive {
		i.stop()
	}
	select {
	case l.freed <- struct{}{}:
	default:
	}
}

func (l *Lambda) start() (*instance, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	i := &instance{events: make(chan invocation), answered: make(chan outcome), ended: make(chan struct{}), began: time.Now()}
	i.server = &http.Server{Handler: i, ReadHeaderTimeout: time.Minute}
	i.process = exec.Command(l.Command[0], l.Command[1:]...)
	i.process.Env = append(l.Env, "AWS_LAMBDA_RUNTIME_API="+listener.Addr().String(), "AWS_LAMBDA_FUNCTION_NAME="+l.Name, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1024", "AWS_REGION="+Region)
	i.process.Stdout, i.process.Stderr = l.Log, l.Log
	if err := i.process.Start(); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	go i.server.Serve(listener) // ends with stop; what the process asked before waits in the listener
	l.instances.Go(func() {
		i.process.Wait() // how it ended shows in what it did not answer
		close(i.ended)
		l.used(i)
	})
	return i, nil
}

// used keeps what an instance that has ended took.
func (l *Lambda) used(i *instance) {
	i.asks.Do(func() {}) // an event that it asked for is past
	u := i.use
	u.CPU = i.process.ProcessState.UserTime() + i.process.ProcessState.SystemTime()
	u.Peak = i.peak.Load()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.figures.Instances = append(l.figures.Instances, u)
}

// Close ends every instance and waits for it.
func (l *Lambda) Close() {
	l.mu.Lock()
	l.closed = true
	idle := l.idle
	l.idle = nil
	l.mu.Unlock()
	for _, i := range idle {
		i.stop()
	}
	l.instances.Wait()
}

func (i *instance) stop() {
	i.peak.Store(peakOf(i.process.Process.Pid))
	i.process.Process.Kill() // one that has ended already is no matter
	i.server.Close()
}

// serve hands one event to the process; alive tells whether it may serve another.
func (i *instance) serve(ctx context.Context, v invocation) (body []byte, err error, alive bool) {
	end := time.NewTimer(time.Until(v.deadline))
	defer end.Stop()
	select {
	case i.events <- v:
	case <-i.ended:
		return nil, errors.New("the process ended at its start; its log says why"), false
	case o := <-i.answered:
		return nil, o.err, false
	case <-end.C:
		return nil, errors.New("the process did not ask for an event in time"), false
	case <-ctx.Done():
		return nil, ctx.Err(), false
	}
	select {
	case o := <-i.answered:
		return o.body, o.err, true
	case <-i.ended:
		return nil, errors.New("the process ended in the middle of an event"), false
	case <-end.C:
		return nil, errors.New("timed out"), false
	case <-ctx.Done():
		return nil, ctx.Err(), false
	}
}

const runtimeAPI = "/2018-06-01/runtime/"

// ServeHTTP is the runtime API.
func (i *instance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call, ok := strings.CutPrefix(r.URL.Path, runtimeAPI)
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method == http.MethodGet && call == "invocation/next" {
		i.next(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "the body was cut short", http.StatusBadRequest)
		return
	}
	switch {
	case r.Method == http.MethodPost && call == "init/error", r.Method == http.MethodPost && strings.HasSuffix(call, "/error"):
		i.answered <- outcome{err: fmt.Errorf("answered with an error: %s", bytes.TrimSpace(body))}
	case r.Method == http.MethodPost && strings.HasSuffix(call, "/response"):
		i.answered <- outcome{body: body}
	default:
		http.NotFound(w, r)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

func (i *instance) next(w http.ResponseWriter, r *http.Request) {
	i.asks.Do(func() { i.use.Init, i.use.InitCPU = time.Since(i.began), cpuOf(i.process.Process.Pid) })
	select {
	case v := <-i.events:
		h := w.Header()
		h.Set("Lambda-Runtime-Aws-Request-Id", v.id)
		h.Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(v.deadline.UnixMilli()))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:"+Region+":111122223333:function:local")
		h.Set("Content-Type", "application/json")
		w.Write(v.payload)
	case <-r.Context().Done():
	case <-i.ended:
	}
}
