package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"crosswalk/internal/app"
	"crosswalk/internal/app/laptop"
	"crosswalk/internal/secret"
	"crosswalk/internal/web"
)

func (c *cli) up() *cobra.Command {
	config, data := "", ""
	cmd := c.command("up", "run the product: operator API, webhooks, polling and work", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		if config == "" {
			return wrongUse("name the configuration with --config FILE")
		}
		cfg, err := app.Load(config)
		if err != nil {
			return wrongUse("%v", err)
		}
		cfg.Data = data
		p, err := startTelling(ctx, cfg, slog.New(slog.NewTextHandler(c.err, nil)), "operator", c.err)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "crosswalk answers at http://%s; webhooks go to %s/webhooks/CONNECTION; tokens are in %s\n", p.address, p.PublicURL, p.tokens.Path)
		return p.wait()
	})
	cmd.Flags().StringVar(&config, "config", "", "configuration file (YAML)")
	cmd.Flags().StringVar(&data, "data", "data", "folder of store, queue, secrets and tokens")
	return cmd
}

// product is a running deployment and the server before it.
type product struct {
	*laptop.App
	address string // where it listens
	tokens  web.TokenFile
	ended   chan error
	stop    context.CancelFunc
}

// tokenBytes is the length of a token that we make.
const tokenBytes = 24

// startProduct opens the data folder, makes a token for the first person when there is none, and serves until ctx ends.
func startProduct(ctx context.Context, cfg app.Config, log *slog.Logger, firstPerson string) (*product, error) {
	return startTelling(ctx, cfg, log, firstPerson, nil)
}

// startTelling is startProduct with a terminal on which people are told what happens.
func startTelling(ctx context.Context, cfg app.Config, log *slog.Logger, firstPerson string, terminal io.Writer) (*product, error) {
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen: %w; set another address with listen: in the configuration", err)
	}
	address := listener.Addr().String()
	if cfg.PublicURL == "http://"+cfg.Listen {
		cfg.PublicURL = "http://" + address // port 0 became a real one
	}
	a, err := laptop.New(ctx, cfg, laptop.Options{Options: app.Options{Log: log}, Terminal: terminal})
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	p := &product{App: a, address: address, tokens: web.TokenFile{Path: filepath.Join(cfg.Data, "token")}, ended: make(chan error, 1)}
	if err := p.tokens.Ensure(web.Token{Name: firstPerson, Token: newToken()}); err != nil {
		return nil, errors.Join(err, a.Close(), listener.Close())
	}
	ctx, p.stop = context.WithCancel(ctx)
	go p.serve(ctx, listener)
	return p, nil
}

// wait ends when the product has ended; being told to stop is no error.
func (p *product) wait() error {
	err := <-p.ended
	p.stop()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// close stops the product and waits for it.
func (p *product) close() error {
	p.stop()
	return p.wait()
}

// graceful is how long answers under way may take when the program is told to stop.
const graceful = 3 * time.Second

func (p *product) serve(ctx context.Context, listener net.Listener) {
	ctx, cancel := context.WithCancelCause(ctx)
	server := httpServer(p.handler())
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			cancel(fmt.Errorf("serve: %w", err))
		}
	}()
	err := p.Run(ctx)
	cancel(nil)
	shutting, done := context.WithTimeout(context.Background(), graceful)
	defer done()
	_ = server.Shutdown(shutting) // what is cut off is asked again by its caller
	<-served
	p.ended <- errors.Join(err, p.Close())
}

// httpServer has limits against callers that send slowly or never end (a webhook is answered within seconds).
func httpServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
}

// handler is the operator API, for this machine; the webhook routes, for vendors; the pages of connecting, for browsers; and where
// agents call that stand beside a server (they show a key that only they have).
func (p *product) handler() http.Handler {
	refused := &web.Refusals{}
	mux := http.NewServeMux()
	mux.Handle("/webhooks/", p.Webhooks(refused))
	mux.Handle("/oauth/", p.OAuth())
	mux.Handle("/agent/", p.Agents())
	mux.Handle("/", p.Operator(web.Deps{Identity: p.tokens, Refused: refused}))
	return mux
}

// putCredential puts a credential into a data folder that no product runs on yet.
func putCredential(ctx context.Context, data, connection string, credential app.Credential) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	secrets, err := secret.OpenFile(app.Config{Data: data}.SecretsPath())
	if err != nil {
		return err
	}
	raw, err := json.Marshal(credential)
	if err != nil {
		return err
	}
	return secrets.Put(ctx, connection, raw)
}
