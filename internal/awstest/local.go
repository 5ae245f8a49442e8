package awstest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// serveLocal serves a handler on a port of 127.0.0.1 until stop is called or ctx ends.
func serveLocal(ctx context.Context, name string, handler http.Handler) (url string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("awstest: %s: %w", name, err)
	}
	s := &http.Server{Handler: handler}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Sprintf("awstest: %s: %v", name, err)) // the listener is ours alone: nothing else can end it
		}
	}()
	stop = sync.OnceFunc(func() {
		s.Close()
		<-ended
	})
	context.AfterFunc(ctx, stop)
	return "http://" + listener.Addr().String(), stop, nil
}

var signature = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=[^/, ]+/\d{8}/[a-z0-9-]+/([a-z]+)/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=[0-9a-f]{64}$`)

// unsigned says what is wrong with a request's Signature Version 4, "" when its form is right: for the service, with the host
// and the date among what is signed. The signature itself is not recomputed here; Gateway does that.
func unsigned(r *http.Request, service string) string {
	m := signature.FindStringSubmatch(r.Header.Get("Authorization"))
	switch {
	case m == nil:
		return "Authorization is no AWS Signature Version 4"
	case m[1] != service:
		return "the credential's scope is " + m[1] + ", not " + service
	case r.Header.Get("X-Amz-Date") == "":
		return "X-Amz-Date is missing"
	}
	signed := ";" + m[2] + ";"
	for _, name := range []string{"host", "x-amz-date"} {
		if !strings.Contains(signed, ";"+name+";") {
			return name + " is not signed"
		}
	}
	return ""
}
