package sqs

import (
	"encoding/base64"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// EncodingAttribute is the message attribute that says how a body is written: Base64, or it is not there and the body is
// the text itself. It travels with the message to the dead letters, and in a Lambda event under messageAttributes.
const (
	EncodingAttribute = "encoding"
	Base64            = "base64"
)

// writeBody gives the body as SQS takes it. What the engine sends is JSON and stays readable; only bytes that SQS would
// refuse are encoded.
func writeBody(body []byte) (text string, attributes map[string]types.MessageAttributeValue) {
	if isText(body) {
		return string(body), nil
	}
	return base64.StdEncoding.EncodeToString(body), map[string]types.MessageAttributeValue{
		EncodingAttribute: {DataType: aws.String("String"), StringValue: aws.String(Base64)}}
}

// ReadBody gives the bytes that were sent, from a message's body and the value of its EncodingAttribute ("" when absent). A body
// that does not hold to it was not sent by Crosswalk; it is given as it is, so that the engine refuses it as any
// other message that it cannot read, and it ends as a dead letter.
func ReadBody(text, encoding string) []byte {
	if encoding != Base64 {
		return []byte(text)
	}
	body, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return []byte(text)
	}
	return body
}

// isText tells whether SQS takes the bytes as they are: UTF-8 of #x9, #xA, #xD, #x20 to #xD7FF and #xE000 to #xFFFD. The API page
// adds #x10000 to #x10FFFF; the error that SQS answers with does not, and neither do servers built after it.
func isText(body []byte) bool {
	for len(body) > 0 {
		r, size := utf8.DecodeRune(body)
		switch {
		case r == utf8.RuneError && size <= 1:
			return false
		case r == '\t', r == '\n', r == '\r':
		case r < 0x20, r > 0xFFFD:
			return false
		}
		body = body[size:]
	}
	return true
}
