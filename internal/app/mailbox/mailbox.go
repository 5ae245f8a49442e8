// Package mailbox is a reach.Mail on a pair of SQS queues: one for requests to an agent, one for its answers. Letters are sealed before
// they come here; the queues' own encryption, and who may use them, are what the stack made. Start with Product and Agent.
package mailbox

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"crosswalk/internal/reach"
)

// Mailbox is one end. It is safe for concurrent use.
type Mailbox struct {
	client  *sqs.Client
	out, in string // URLs
	hide    time.Duration
}

var _ reach.Mail = (*Mailbox)(nil)

const (
	longPoll = 20 * time.Second
	atOnce   = 5
	// hideAnswer is how long an answer that somebody took and did not give back is hidden from who waits for it.
	hideAnswer = 5 * time.Second
	// hideRequest is longer than it takes to take a request off the queue, which happens before it is begun.
	hideRequest = 30 * time.Second
	// Answers that were passed on this often are passed on slower: nobody may be waiting for them any more.
	passings   = 8
	slowly     = time.Second
	credential = "sign in to AWS, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the agent's user"
)

// Product is the product's end: requests go out, answers come in.
func Product(client *sqs.Client, requests, answers string) *Mailbox {
	return &Mailbox{client, requests, answers, hideAnswer}
}

// Agent is the other end.
func Agent(client *sqs.Client, requests, answers string) *Mailbox {
	return &Mailbox{client, answers, requests, hideRequest}
}

// Client is for an agent: credentials as the SDK finds them on its machine.
func Client(ctx context.Context, region string) (*sqs.Client, error) {
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(region))
	if err != nil {
		return nil, fmt.Errorf("credentials of AWS: %w; %s", err, credential)
	}
	if _, err := loaded.Credentials.Retrieve(ctx); err != nil {
		return nil, fmt.Errorf("no credentials of AWS: %s", credential)
	}
	return sqs.NewFromConfig(loaded), nil
}

// Send is reach.Mail's. What SQS refused was not taken; anything else may have been.
func (m *Mailbox) Send(ctx context.Context, letter []byte) error {
	body := string(letter)
	_, err := m.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &m.out, MessageBody: &body})
	var refused smithy.APIError
	if errors.As(err, &refused) && refused.ErrorFault() == smithy.FaultClient {
		return &reach.UnsentError{Err: said("SendMessage", err)}
	}
	return said("SendMessage", err)
}

// Receive is reach.Mail's: it waits on the server.
func (m *Mailbox) Receive(ctx context.Context) ([]reach.Letter, error) {
	out, err := m.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &m.in, MaxNumberOfMessages: atOnce, VisibilityTimeout: int32(m.hide / time.Second),
		WaitTimeSeconds: int32(longPoll / time.Second), MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameApproximateReceiveCount}})
	if err != nil {
		return nil, said("ReceiveMessage", err)
	}
	var letters []reach.Letter
	for _, one := range out.Messages {
		if one.Body == nil || one.ReceiptHandle == nil {
			continue
		}
		tries, err := strconv.Atoi(one.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
		if err != nil {
			tries = 1 // it only says how fast it is passed on
		}
		letters = append(letters, reach.Letter{Body: []byte(*one.Body), Receipt: *one.ReceiptHandle, Tries: tries})
	}
	return letters, nil
}

// Done is reach.Mail's.
func (m *Mailbox) Done(ctx context.Context, l reach.Letter) error {
	_, err := m.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &m.in, ReceiptHandle: &l.Receipt})
	return said("DeleteMessage", err)
}

// Back is reach.Mail's: the letter is there at once for another process, and a little later once it went round often.
func (m *Mailbox) Back(ctx context.Context, l reach.Letter) error {
	after := time.Duration(0)
	if l.Tries > passings {
		after = slowly
	}
	_, err := m.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &m.in, ReceiptHandle: &l.Receipt, VisibilityTimeout: int32(after / time.Second)})
	return said("ChangeMessageVisibility", err)
}

// said is an error in our words: what SQS says may quote what was sent.
func said(op string, err error) error {
	if err == nil {
		return nil
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return fmt.Errorf("sqs %s: %s", op, api.ErrorCode())
	}
	return fmt.Errorf("sqs %s: %w", op, err)
}
