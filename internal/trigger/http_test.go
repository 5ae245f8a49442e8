package trigger_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosswalk/internal/trigger"
)

func event(t *testing.T, text string) trigger.HTTPEvent {
	t.Helper()
	var e trigger.HTTPEvent
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// What vendors sign must reach the handler byte by byte: escaped paths, the order of the query, bodies that are not text.
func TestHTTPKeepsEveryByte(t *testing.T) {
	raw := "\x00\xff{\"a\": \"\xc3\xa9\"}\n"
	e := event(t, `{"version":"2.0","rawPath":"/webhooks/hub%20spot/a%2Fb","rawQueryString":"b=2&a=1&a=%20x+y","cookies":["a=1","b=2"],
		"headers":{"x-hubspot-signature-v3":"sig","x-two":"1,2","content-type":"application/json"},"isBase64Encoded":true,
		"body":"`+base64.StdEncoding.EncodeToString([]byte(raw))+`","requestContext":{"domainName":"api.example.com","http":{"method":"POST","sourceIp":"192.0.2.1"}}}`)
	answer, err := trigger.HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		for _, c := range [][2]string{
			{string(body), raw}, {r.RequestURI, "/webhooks/hub%20spot/a%2Fb?b=2&a=1&a=%20x+y"}, {r.URL.RequestURI(), r.RequestURI},
			{r.Method, "POST"}, {r.Host, "api.example.com"}, {r.Header.Get("X-HubSpot-Signature-v3"), "sig"}, {r.Header.Get("X-Two"), "1,2"},
			{r.Header.Get("Cookie"), "a=1; b=2"}, {r.RemoteAddr, "192.0.2.1:0"}, {trigger.Principal(r), ""},
		} {
			if c[0] != c[1] {
				t.Errorf("%q, want %q", c[0], c[1])
			}
		}
		http.SetCookie(w, &http.Cookie{Name: "state", Value: "x"})
		http.SetCookie(w, &http.Cookie{Name: "other", Value: "y"})
		w.Header().Add("Vary", "a")
		w.Header().Add("Vary", "b")
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK) // too late
		io.WriteString(w, "\xff\x00")
	}))(context.Background(), e)
	if err != nil || answer.StatusCode != http.StatusTeapot || answer.Body != "/wA=" || !answer.IsBase64Encoded || answer.Headers["vary"] != "a, b" {
		t.Errorf("%+v, %v", answer, err)
	}
	if strings.Join(answer.Cookies, " ") != "state=x other=y" || answer.Headers["set-cookie"] != "" {
		t.Errorf("cookies %q", answer.Cookies)
	}
}

func TestHTTPPrincipal(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:iam::111122223333:user/finance":                 "user/finance",
		"arn:aws:iam::111122223333:user/team/finance":            "user/team/finance",
		"arn:aws:sts::111122223333:assumed-role/Approver/month":  "Approver/month",
		"arn:aws-us-gov:sts::111122223333:assumed-role/Editor/x": "Editor/x",
		"": "", "nonsense": "",
	} {
		e := event(t, `{"rawPath":"/","requestContext":{"authorizer":{"iam":{"userArn":"`+arn+`"}},"http":{"method":"GET"}}}`)
		trigger.HTTP(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if got := trigger.Principal(r); got != want {
				t.Errorf("%s: %q, want %q", arn, got, want)
			}
		}))(context.Background(), e)
	}
}

// The certificate that API Gateway took with mutual TLS reaches the handler as one that a server of our own had taken.
func TestHTTPClientCertificate(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		authentication string
		want           []byte
	}{
		{`{"clientCert":{"clientCertPem":` + string(text) + `}}`, der}, {`{}`, nil}, {`{"clientCert":{"clientCertPem":"nonsense"}}`, nil},
		{`{"clientCert":{"clientCertPem":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}}`, nil},
	} {
		e := event(t, `{"rawPath":"/","requestContext":{"authentication":`+c.authentication+`,"http":{"method":"POST"}}}`)
		trigger.HTTP(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			var got []byte
			if r.TLS != nil {
				got = r.TLS.PeerCertificates[0].Raw
			}
			if !bytes.Equal(got, c.want) {
				t.Errorf("%s: %x", c.authentication, got)
			}
		}))(context.Background(), e)
	}
}

func TestHTTPBadEvents(t *testing.T) {
	never := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was asked") })
	for name, text := range map[string]string{
		"base64": `{"rawPath":"/","isBase64Encoded":true,"body":"%%%","requestContext":{"http":{"method":"GET"}}}`,
		"path":   `{"rawPath":"nonsense","requestContext":{"http":{"method":"GET"}}}`,
		"method": `{"rawPath":"/","requestContext":{"http":{"method":"GE T"}}}`,
	} {
		answer, err := trigger.HTTP(never)(context.Background(), event(t, text))
		if err != nil || answer.StatusCode != http.StatusBadRequest || !strings.Contains(answer.Body, name) {
			t.Errorf("%s: %+v, %v", name, answer, err)
		}
	}
}

// A request's time is over before the function's, so that its caller hears why.
func TestHTTPAnswersInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 29*time.Second)
		defer cancel()
		answer, err := trigger.HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			w.WriteHeader(http.StatusGatewayTimeout)
		}))(ctx, event(t, `{"rawPath":"/","requestContext":{"http":{"method":"GET"}}}`))
		if err != nil || answer.StatusCode != http.StatusGatewayTimeout || ctx.Err() != nil {
			t.Errorf("%+v, %v, and the function's own time: %v", answer, err, ctx.Err())
		}
	})
}

func TestHTTPAnswerTooLarge(t *testing.T) {
	answer, err := trigger.HTTP(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(make([]byte, 5<<20))
	}))(context.Background(), event(t, `{"rawPath":"/","requestContext":{"http":{"method":"GET"}}}`))
	if err != nil || answer.StatusCode != http.StatusInternalServerError || !strings.Contains(answer.Body, "ask for less") {
		t.Errorf("%d, %v", answer.StatusCode, err)
	}
}
