package cloud

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"

	"crosswalk/internal/engine"
)

// Teller is an engine.Teller over SNS: what concerns operations goes to their topic, what concerns the business of a mapping to
// that mapping's, or to operations where it has none. Addresses are subscribed to the topics by the stack; a message says no
// more of a record than engine.Message does. It is safe for concurrent use.
type Teller struct {
	client     *sns.Client
	operations string
	topics     map[string]string

	mu   sync.Mutex
	told map[string]bool // ids that this process has published
}

// NewTeller publishes to the topic of operations and to those of single mappings, by name; all are ARNs.
func NewTeller(config aws.Config, operations string, topics map[string]string) *Teller {
	return &Teller{client: sns.NewFromConfig(config), operations: operations, topics: topics, told: map[string]bool{}}
}

// Limits of SNS: a subject has less than 100 characters, a message at most 256 KB with its attributes.
const (
	maxSubject = 99
	maxMessage = 250 << 10
	maxTold    = 1000 // ids kept in memory; a message is repeated within minutes or never
)

// Tell publishes one message. Its id travels as an attribute, so that a message which another process sent already, and could
// not note, can be told apart by whoever receives both.
func (t *Teller) Tell(ctx context.Context, m engine.Message) error {
	if t.wasTold(m.ID) {
		return nil
	}
	text := m.Text()
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "\n... and more: crosswalk errors\n"
	}
	topic := t.topicOf(m)
	_, err := t.client.Publish(ctx, &sns.PublishInput{TopicArn: &topic, Subject: aws.String(subject(text)), Message: &text, MessageAttributes: attributes(m)})
	if err != nil {
		return publishFault(topic, err)
	}
	t.note(m.ID)
	return nil
}

func (t *Teller) topicOf(m engine.Message) string {
	if topic := t.topics[m.Mapping]; m.Audience == engine.Business && topic != "" {
		return topic
	}
	return t.operations
}

func (t *Teller) wasTold(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.told[id]
}

func (t *Teller) note(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.told) >= maxTold {
		clear(t.told)
	}
	t.told[id] = true
}

// subject is a message's first line as an e-mail's subject may be: ASCII, one line, short.
func subject(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	line = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, line)
	if len(line) > maxSubject {
		line = line[:maxSubject-3] + "..."
	}
	return line
}

// attributes are what a subscription can filter by.
func attributes(m engine.Message) map[string]types.MessageAttributeValue {
	out := map[string]types.MessageAttributeValue{}
	for name, value := range map[string]string{"id": m.ID, "kind": m.Kind, "audience": m.Audience, "mapping": m.Mapping} {
		if value != "" {
			out[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
		}
	}
	return out
}

// publishFault says what to do, without AWS's words, which name the principal.
func publishFault(topic string, err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("topic %s: %w", topic, err)
		}
		return fmt.Errorf("topic %s: no answer from SNS", topic)
	}
	switch code := api.ErrorCode(); code {
	case "AuthorizationError", "AuthorizationErrorException", "AccessDenied", "AccessDeniedException":
		return fmt.Errorf("topic %s: permission is missing: allow sns:Publish on it to this function's role, and the use of its key", topic)
	case "NotFound", "NotFoundException":
		return fmt.Errorf("topic %s: there is no such topic; deploy the stack again, or correct CROSSWALK_TOPICS", topic)
	default:
		return fmt.Errorf("topic %s: SNS refused the message with %s", topic, code)
	}
}
