package awstest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode/utf8"
)

// Gateway is an HTTP API in front of functions, as API Gateway is: payload format 2.0 in and out, and IAM before the routes
// that say so. It knows no more of AWS than the tests need; its signatures are checked by the published algorithm (AWS
// Signature Version 4), not by the SDK that made them.
type Gateway struct {
	Routes []Route
	// Principals by access key: what IAM would find behind it.
	Principals map[string]Principal
}

// Route sends paths with a prefix to a function; the first that fits counts.
type Route struct {
	Prefix   string
	Function *Lambda
	IAM      bool
}

// Principal is somebody with an access key.
type Principal struct{ Secret, ARN string }

const maxRequest = 10 << 20 // of API Gateway

// ServeHTTP makes an event of the request and an answer of what the function gives.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := slices.IndexFunc(g.Routes, func(rt Route) bool { return strings.HasPrefix(r.URL.Path, rt.Prefix) })
	if at < 0 {
		gatewaySays(w, http.StatusNotFound, "Not Found")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		gatewaySays(w, http.StatusRequestEntityTooLarge, "Request Too Long")
		return
	}
	rt, arn := g.Routes[at], ""
	if rt.IAM {
		if arn = g.caller(r, body); arn == "" {
			gatewaySays(w, http.StatusForbidden, "Forbidden")
			return
		}
	}
	out, err := rt.Function.Invoke(r.Context(), httpEvent(r, body, arn))
	if err != nil {
		gatewaySays(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	writeAnswer(w, out)
}

func gatewaySays(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Apigw-Requestid", "local")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"message": message}) // the caller may have gone
}

// httpEvent is what the documented sample of payload format 2.0 has.
func httpEvent(r *http.Request, body []byte, arn string) map[string]any {
	headers := map[string]string{"host": r.Host}
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	source, _, _ := net.SplitHostPort(r.RemoteAddr)
	context := map[string]any{
		"accountId": "111122223333", "apiId": "local", "domainName": r.Host, "stage": "$default", "requestId": "local", "routeKey": "$default",
		"http":      map[string]any{"method": r.Method, "path": r.URL.Path, "protocol": r.Proto, "sourceIp": source, "userAgent": r.UserAgent()},
		"timeEpoch": time.Now().UnixMilli(),
	}
	if arn != "" {
		context["authorizer"] = map[string]any{"iam": map[string]any{"accountId": "111122223333", "userArn": arn, "callerId": "AIDALOCAL"}}
	}
	e := map[string]any{"version": "2.0", "routeKey": "$default", "rawPath": r.URL.EscapedPath(), "rawQueryString": r.URL.RawQuery, "headers": headers, "requestContext": context}
	if cookies := r.Header.Values("Cookie"); len(cookies) > 0 {
		e["cookies"] = strings.Split(strings.Join(cookies, "; "), "; ")
		delete(headers, "cookie")
	}
	if len(body) > 0 {
		if utf8.Valid(body) && strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			e["body"] = string(body)
		} else {
			e["body"], e["isBase64Encoded"] = base64.StdEncoding.EncodeToString(body), true
		}
	}
	return e
}

func writeAnswer(w http.ResponseWriter, out []byte) {
	var a struct {
		StatusCode      int               `json:"statusCode"`
		Headers         map[string]string `json:"headers"`
		Cookies         []string          `json:"cookies"`
		Body            string            `json:"body"`
		IsBase64Encoded bool              `json:"isBase64Encoded"`
	}
	if json.Unmarshal(out, &a) != nil || a.StatusCode == 0 {
		gatewaySays(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	for name, value := range a.Headers {
		w.Header().Set(name, value)
	}
	for _, c := range a.Cookies {
		w.Header().Add("Set-Cookie", c)
	}
	body := []byte(a.Body)
	if a.IsBase64Encoded {
		body, _ = base64.StdEncoding.DecodeString(a.Body)
	}
	w.WriteHeader(a.StatusCode)
	w.Write(body)
}

// caller checks the signature and gives the ARN behind the key, or "".
func (g *Gateway) caller(r *http.Request, body []byte) string {
	const algorithm = "AWS4-HMAC-SHA256 "
	fields := map[string]string{}
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), algorithm)
	for _, part := range strings.Split(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[name] = value
	}
	scope := strings.Split(fields["Credential"], "/")
	if !ok || len(scope) != 5 || scope[3] != "execute-api" || scope[4] != "aws4_request" {
		return ""
	}
	who, known := g.Principals[scope[0]]
	signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if !known || err != nil || time.Since(signed).Abs() > 5*time.Minute || signed.Format("20060102") != scope[1] {
		return ""
	}
	hash := sha256.Sum256(body)
	names := strings.Split(fields["SignedHeaders"], ";")
	var headers strings.Builder
	for _, name := range names {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = r.Header.Get("Content-Length")
			if value == "" {
				value = itoa(r.ContentLength)
			}
		}
		headers.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	query := strings.Split(strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20"), "&")
	sort.Strings(query)
	path := r.URL.EscapedPath()
	canonical := strings.Join([]string{r.Method, escapeOnce(path), strings.Join(query, "&"), headers.String(), fields["SignedHeaders"], hex.EncodeToString(hash[:])}, "\n")
	digest := sha256.Sum256([]byte(canonical))
	text := strings.Join([]string{"AWS4-HMAC-SHA256", r.Header.Get("X-Amz-Date"), strings.Join(scope[1:], "/"), hex.EncodeToString(digest[:])}, "\n")
	key := []byte("AWS4" + who.Secret)
	for _, part := range scope[1:] {
		key = mac(key, part)
	}
	want := hex.EncodeToString(mac(key, text))
	if !slices.Contains(names, "host") || !hmac.Equal([]byte(want), []byte(fields["Signature"])) {
		return ""
	}
	return who.ARN
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func itoa(n int64) string { b, _ := json.Marshal(n); return string(b) }

// escapeOnce encodes a path's escapes once more, as the algorithm asks of every service but S3.
func escapeOnce(path string) string {
	return strings.ReplaceAll(path, "%", "%25")
}

// Serve answers on the listener until ctx ends.
func (g *Gateway) Serve(ctx context.Context, at net.Listener) {
	server := &http.Server{Handler: g, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(at) // ends with ctx
	context.AfterFunc(ctx, func() { server.Close() })
}
