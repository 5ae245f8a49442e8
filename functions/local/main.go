// Command crosswalk (bin/crosswalk) is the whole product in one process, the vendors' simulators, and the command line.
// `up` owns a data folder; every other command asks it over the operator API, so that the embedded store has one owner.
// Start with root.go, which lists the commands; exit.go says what the exit status means.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"crosswalk/internal/script"
)

func main() {
	script.ChildMain() // this program is its own child for running scripts
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}
