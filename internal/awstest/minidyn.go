package awstest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/truora/minidyn/server"
)

// StartMinidyn serves minidyn, a DynamoDB in Go of another hand than dynalite, in this process, empty and in memory, over real
// HTTP. It serves url until stop is called or ctx ends.
func StartMinidyn(ctx context.Context) (url string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("awstest: minidyn: %w", err)
	}
	s := &http.Server{Handler: server.NewServer()}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Sprintf("awstest: minidyn: %v", err)) // the listener is ours alone: nothing else can end it
		}
	}()
	stop = func() {
		s.Close()
		<-ended
	}
	context.AfterFunc(ctx, stop)
	return "http://" + listener.Addr().String(), stop, nil
}

// Minidyn is StartMinidyn for the time of a test.
func Minidyn(t testing.TB) (url string) {
	t.Helper()
	return serve(t, "minidyn", StartMinidyn)
}
