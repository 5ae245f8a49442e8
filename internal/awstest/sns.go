package awstest

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// Topics is a small SNS of our own that knows one action of the query protocol, Publish, and keeps what was published. It is
// strict: subject, size, attributes and signature are looked at as the real one does. The zero Topics is ready.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
type Topics struct {
	mu        sync.Mutex
	published []Published
	denied    map[string]bool
	missing   map[string]bool
	faults    []string
}

// Published is one message as it was sent.
type Published struct {
	Topic, Subject, Message, ID string
	Attributes                  map[string]string
}

// StartTopics serves SNS at url until stop is called or ctx ends; Topics tells what was published.
func StartTopics(ctx context.Context) (t *Topics, url string, stop func(), err error) {
	t = &Topics{}
	url, stop, err = serveLocal(ctx, "sns", t)
	return t, url, stop, err
}

// SNS is one for the time of a test.
func SNS(t testing.TB) (topics *Topics, url string) {
	t.Helper()
	topics = &Topics{}
	return topics, serve(t, "sns", func(ctx context.Context) (string, func(), error) { return serveLocal(ctx, "sns", topics) })
}

// Published is what was published, in order.
func (t *Topics) Published() []Published {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.published)
}

// Deny refuses to publish to a topic, as IAM does.
func (t *Topics) Deny(arn string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.denied == nil {
		t.denied = map[string]bool{}
	}
	t.denied[arn] = true
}

// Remove has a topic not be there.
func (t *Topics) Remove(arn string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.missing == nil {
		t.missing = map[string]bool{}
	}
	t.missing[arn] = true
}

// Fail has the next requests answered with errors of these codes, one each, nothing being published.
func (t *Topics) Fail(codes ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = append(t.faults, codes...)
}

type topicFault struct {
	status        int
	code, message string
}

// ServeHTTP answers one request.
func (t *Topics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, fault := t.publish(r)
	w.Header().Set("Content-Type", "text/xml")
	const request = "00000000-0000-0000-0000-000000000000"
	if fault != nil {
		w.WriteHeader(fault.status)
		fmt.Fprintf(w, `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>%s</Code><Message>`, fault.code)
		_ = xml.EscapeText(w, []byte(fault.message)) // a writer that fails is a caller who is gone
		fmt.Fprintf(w, `</Message></Error><RequestId>%s</RequestId></ErrorResponse>`, request)
		return
	}
	fmt.Fprintf(w, `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>%s</MessageId></PublishResult><ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></PublishResponse>`, id, request)
}

func (t *Topics) publish(r *http.Request) (id string, fault *topicFault) {
	invalid := func(text string) *topicFault { return &topicFault{http.StatusBadRequest, "InvalidParameter", text} }
	if wrong := unsigned(r, "sns"); wrong != "" {
		return "", &topicFault{http.StatusForbidden, "IncompleteSignature", wrong}
	}
	if r.Method != http.MethodPost || r.ParseForm() != nil || r.PostForm.Get("Version") != "2010-03-31" {
		return "", &topicFault{http.StatusBadRequest, "MalformedQueryString", "post a form of version 2010-03-31"}
	}
	if action := r.PostForm.Get("Action"); action != "Publish" {
		return "", &topicFault{http.StatusBadRequest, "InvalidAction", "the action " + action + " is not known here"}
	}
	p, wrong := readPublished(r.PostForm)
	if wrong != "" {
		return "", invalid("Invalid parameter: " + wrong)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case len(t.faults) > 0:
		code := t.faults[0]
		t.faults = t.faults[1:]
		return "", &topicFault{http.StatusInternalServerError, code, "as the test asked"}
	case t.denied[p.Topic]:
		return "", &topicFault{http.StatusForbidden, "AuthorizationError", "User: arn:aws:sts::000000000000:assumed-role/work is not authorized to perform: SNS:Publish on resource: " + p.Topic}
	case t.missing[p.Topic]:
		return "", &topicFault{http.StatusNotFound, "NotFound", "Topic does not exist"}
	}
	p.ID = fmt.Sprintf("00000000-0000-4000-8000-%012d", len(t.published)+1)
	t.published = append(t.published, p)
	return p.ID, nil
}

var (
	topicARN      = regexp.MustCompile(`^arn:aws:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$`)
	attributeName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,256}$`)
	publishMember = regexp.MustCompile(`^(Action|Version|TopicArn|Subject|Message|MessageAttributes\.entry\.\d+\.(Name|Value\.(DataType|StringValue)))$`)
)

const (
	maxSubject   = 100
	maxPublished = 256 << 10
)

// readPublished gives what is to be published, or what is wrong with it.
func readPublished(form url.Values) (p Published, wrong string) {
	for name := range form {
		if !publishMember.MatchString(name) {
			return p, name
		}
	}
	p = Published{Topic: form.Get("TopicArn"), Subject: form.Get("Subject"), Message: form.Get("Message"), Attributes: map[string]string{}}
	for n := 1; form.Has(fmt.Sprintf("MessageAttributes.entry.%d.Name", n)); n++ {
		at := fmt.Sprintf("MessageAttributes.entry.%d.", n)
		name, value := form.Get(at+"Name"), form.Get(at+"Value.StringValue")
		if !attributeName.MatchString(name) || form.Get(at+"Value.DataType") != "String" || value == "" {
			return p, "MessageAttributes"
		}
		p.Attributes[name] = value
	}
	switch {
	case !topicARN.MatchString(p.Topic):
		return p, "TopicArn"
	case p.Message == "" || len(p.Message) > maxPublished || !utf8.ValidString(p.Message):
		return p, "Message"
	case form.Has("Subject") && !goodSubject(p.Subject):
		return p, "Subject"
	}
	return p, ""
}

// goodSubject: ASCII text that begins with a letter, number or punctuation mark, without line breaks or control characters, under
// 100 characters.
func goodSubject(s string) bool {
	return s != "" && len(s) <= maxSubject && s[0] != ' ' && !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' })
}
