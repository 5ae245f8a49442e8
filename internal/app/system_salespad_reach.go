package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"time"

	"crosswalk/internal/engine"
	"crosswalk/internal/reach"
)

// How a server is reached that stands inside the customer's network: direct (over the internet, with a certificate of the customer's own
// authority if need be), vpc (the same, from functions that run in a network: infra/ puts them there), or agent (package reach).
const (
	reachDirect = "direct"
	reachVPC    = "vpc"
	reachAgent  = "agent"
)

// agentDeadline is how long a request through an agent may take, unless the configuration says otherwise: less than a function has whom
// a person waits for, so that an agent that is not there is seen as that.
const agentDeadline = 25 * time.Second

// checkReach looks at how a server is reached.
func (c Connection) checkReach() []string {
	var out []string
	switch c.Reach {
	case "", reachDirect, reachVPC, reachAgent:
	default:
		out = append(out, fmt.Sprintf("reach: %q; write direct, vpc or agent", c.Reach))
	}
	switch {
	case c.CA == "":
	case c.Reach == reachAgent:
		out = append(out, "ca: with reach: agent it is the agent who looks at the server's certificate; write it into the agent's file")
	case !x509.NewCertPool().AppendCertsFromPEM([]byte(c.CA)):
		out = append(out, "ca: this is no certificate; write it in PEM, -----BEGIN CERTIFICATE----- and so on")
	}
	return out
}

// onlySalesPad names what is said of a connection whose system is always reached over the internet.
func (c Connection) onlySalesPad() []string {
	var out []string
	if c.System != "salespad" && (c.Reach != "" && c.Reach != reachDirect || c.CA != "") {
		out = append(out, "reach, ca: "+c.System+" is reached over the internet; leave them out")
	}
	return out
}

// transport is how the requests of a connection travel; nil: the network as it is. The agent's key is the connection's secret, handed
// over by crosswalk agent key.
func (w *wire) transport(out outside) http.RoundTripper {
	switch {
	case w.Reach == reachAgent && out.mail != nil:
		return reach.NewRoad(reach.RoadConfig{Connection: w.name, Mail: out.mail(w.name, w.agentKeys), Keys: w.agentKeys, Log: out.log})
	case out.transport != nil:
		return out.transport(w.name)
	case w.CA != "":
		return Trusting(w.CA)
	}
	return nil
}

// agentKeys are what the connection shares with its agent.
func (w *wire) agentKeys(ctx context.Context) ([]reach.Key, error) {
	secrets, _ := w.credential.trust(ctx)
	if len(secrets) == 0 {
		return nil, nil
	}
	return reach.ParseKeys(strings.Join(secrets, "\n"))
}

// shareKey looks at an agent's key that is handed over, and keeps it before a credential that comes with it is tried through the agent.
func (d Desk) shareKey(ctx context.Context, w *wire, held Credential, s engine.Supply) error {
	if w.Reach != reachAgent || len(s.WebhookSecrets) == 0 {
		return nil
	}
	if _, err := reach.ParseKeys(strings.Join(s.WebhookSecrets, "\n")); err != nil {
		return &engine.RefusedError{Why: err.Error() + "; nothing was changed", Fix: "make one and hand it over: crosswalk agent key " + w.name + " --file FILE"}
	}
	if s.Key == "" {
		return nil
	}
	held.WebhookSecret = s.WebhookSecrets
	defer w.credential.forget()
	return d.keep(ctx, w.name, held)
}

// Trusting is a transport that takes a server's certificate when this authority signed it, and no other. ca is PEM.
func Trusting(ca string) http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 16
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(ca)) // looked at before
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t
}

// mail gives the mail of a connection: what the deployment was given, else an office in this process, which agents reach at Agents.
func (a *App) mail(given map[string]reach.Mail) func(connection string, keys func(context.Context) ([]reach.Key, error)) reach.Mail {
	return func(connection string, keys func(context.Context) ([]reach.Key, error)) reach.Mail {
		if m, ok := given[connection]; ok {
			return m
		}
		office := reach.NewOffice(keys)
		a.offices.Add(connection, office)
		return office
	}
}

// Agents is where the agents of this deployment call, below /agent/: of connections that were given no other mail.
func (a *App) Agents() http.Handler { return &a.offices }
