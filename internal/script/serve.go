package script

import (
	"bufio"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"sync"
	"time"
)

// The environment of a child process: these and nothing else, so that no secret of the parent is within its reach.
const (
	envChild  = "CROSSWALK_SCRIPT_CHILD"
	envTime   = "CROSSWALK_SCRIPT_TIME_MS"
	envMemory = "CROSSWALK_SCRIPT_MEMORY"
)

// ChildMain is called first thing in main, and in TestMain of packages that use NewChild. In a process that NewChild
// started it serves and never returns; in any other it returns false at once.
func ChildMain() bool {
	if os.Getenv(envChild) != "1" {
		return false
	}
	if err := serve(os.Stdin, os.Stdout); err != nil && !errors.Is(err, io.EOF) {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	os.Exit(0)
	return true
}

// A server is the child's side: it runs batches until its input ends.
type server struct {
	in       *bufio.Reader
	programs map[string]Program
	time     time.Duration
	memory   uint64
	base     uint64 // bytes in use before any script ran

	mu      sync.Mutex // guards what follows: the watchdog writes too
	out     io.Writer
	current int // index of the running call, -1 for none
}

const watchEvery = 5 * time.Millisecond

func serve(in io.Reader, out io.Writer) error {
	limitMS, err := strconv.Atoi(os.Getenv(envTime))
	if err != nil {
		return errors.New("script child: " + envTime + " is not set; only the product starts this process")
	}
	memory, err := strconv.ParseInt(os.Getenv(envMemory), 10, 64)
	if err != nil {
		return errors.New("script child: " + envMemory + " is not set; only the product starts this process")
	}
	s := &server{in: bufio.NewReader(in), out: out, programs: map[string]Program{}, current: -1,
		time: time.Duration(limitMS) * time.Millisecond, memory: uint64(memory)}
	debug.FreeOSMemory()
	s.base = used()
	debug.SetMemoryLimit(int64(s.base) + memory*3/4) // collect harder before the watchdog has to act
	if err := boundMemory(memory); err != nil {
		return err
	}
	if err := s.send(reply{Event: replyReady}); err != nil {
		return err
	}
	for {
		var req request
		if err := readFrame(s.in, &req); err != nil {
			return err
		}
		if err := s.batch(req); err != nil {
			return err
		}
	}
}

func (s *server) batch(req request) error {
	for _, src := range req.Programs {
		p, err := compile(src)
		if err != nil {
			return err // it compiled at the parent
		}
		s.programs[p.ID()] = p
	}
	stop := make(chan struct{})
	defer close(stop)
	go s.watch(stop)
	for i, c := range req.Calls {
		s.begin(i)
		if err := s.send(replyOf(i, s.call(c))); err != nil {
			return err
		}
	}
	s.begin(-1)
	return s.send(reply{Event: replyDone})
}

func (s *server) call(c requestCall) Result {
	args, err := decodeValue(c.Args)
	if err != nil {
		return Result{Err: &Error{Kind: Input, Message: "the arguments cannot be read"}}
	}
	values, _ := args.(map[string]any)
	return s.programs[c.Program].eval(values)
}

func (s *server) begin(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = i
}

func (s *server) send(r reply) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return writeFrame(s.out, r)
}

// watch ends the process when a call goes beyond its bounds. What is running cannot be stopped otherwise: one
// multiplication may take minutes.
func (s *server) watch(stop chan struct{}) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	seen := running{index: -1}
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		s.mu.Lock()
		if s.current != seen.index {
			seen = running{index: s.current, since: time.Now(), cpu: cpuTime()}
		}
		kind := s.exceeded(seen)
		if kind != "" {
			writeFrame(s.out, reply{Event: replyStopped, Index: s.current, Kind: kind}) //nolint:errcheck // the parent sees the end too
			os.Exit(0)
		}
		s.mu.Unlock()
	}
}

// running is what the watchdog knows of the call that runs.
type running struct {
	index int
	since time.Time
	cpu   time.Duration
}

// exceeded tells which bound the running call is beyond. A process that gets little of the processor is given up to
// four times the time: a script never waits, so time that it did not compute in was taken from it by others.
func (s *server) exceeded(c running) Kind {
	if c.index < 0 {
		return ""
	}
	wall := time.Since(c.since)
	switch {
	case used() > s.base+s.memory:
		return Memory
	case wall > 4*s.time, wall > s.time && cpuTime()-c.cpu > s.time/2:
		return Timeout
	}
	return ""
}

// used gives the bytes of heap and stacks in use.
func used() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64() + sample[1].Value.Uint64()
}
