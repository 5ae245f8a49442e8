package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
)

// agentQueues are the mail of one agent.
type agentQueues struct{ requests, answers awssqs.Queue }

// agentSeconds is how long a letter is kept: none is worth anything longer.
const agentSeconds = 300

// addAgents makes, for each connection with reach: agent, a queue of requests, a queue of answers, and a user who may take from the one
// and put into the other and nothing else. Letters are sealed with a key that only the product and the agent have, so that the
// queues need none of ours: the agent's user has no right on the customer's key. Nobody gets the user's access key from here: a person
// makes it (aws iam create-access-key) and takes it to the agent.
func (d *deployment) addAgents() {
	d.agents = map[string]agentQueues{}
	for _, name := range d.customer.agents() {
		q := agentQueues{d.agentQueue(name, "requests"), d.agentQueue(name, "answers")}
		d.agents[name] = q
		may := []awsiam.PolicyStatement{
			allow([]string{"sqs:DeleteMessage", "sqs:ReceiveMessage"}, *q.requests.QueueArn()),
			allow(queueSend, *q.answers.QueueArn()),
		}
		user := d.customer.named("agent-" + name)
		group := awsiam.NewCfnGroup(d.Stack, str("AgentGroup"+logical(name)), &awsiam.CfnGroupProps{GroupName: str(user), Policies: []any{
			&awsiam.CfnGroup_PolicyProperty{PolicyName: str("own"), PolicyDocument: awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &may})}}})
		awsiam.NewCfnUser(d.Stack, str("AgentPrincipal"+logical(name)), &awsiam.CfnUserProps{UserName: str(user), Groups: &[]any{group.Ref()}})
		d.output("AgentUser"+logical(name), user, "the agent of "+name+" signs as this user: aws iam create-access-key --user-name THIS")
		d.output("AgentRequests"+logical(name), *q.requests.QueueUrl(), "queue.requests in the file of the agent of "+name)
		d.output("AgentAnswers"+logical(name), *q.answers.QueueUrl(), "queue.answers in the file of the agent of "+name)
	}
}

func (d *deployment) agentQueue(connection, what string) awssqs.Queue {
	q := awssqs.NewQueue(d.Stack, str("AgentMail"+title(what)+logical(connection)), &awssqs.QueueProps{
		QueueName: str(d.customer.named("agent-" + connection + "-" + what)), RetentionPeriod: awscdk.Duration_Seconds(num(agentSeconds)), VisibilityTimeout: awscdk.Duration_Seconds(num(30)),
		Encryption: awssqs.QueueEncryption_SQS_MANAGED, EnforceSSL: yes,
	})
	d.because(q, explanation{"AwsSolutions-SQS3", "A request that nobody took in its time is unknown to its caller, who looks before it asks again; a dead letter of it would be worth nothing to anybody."})
	return q
}

// agentRights are what a function that calls systems may do with the mail of agents.
func (d *deployment) agentRights() []awsiam.PolicyStatement {
	var out []awsiam.PolicyStatement
	for _, name := range d.customer.agents() {
		out = append(out, allow(queueSend, *d.agents[name].requests.QueueArn()),
			allow([]string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"}, *d.agents[name].answers.QueueArn()))
	}
	return out
}

// agentEnvironment is what functions are told of agents, nil where there are none.
func (d *deployment) agentEnvironment() *string {
	if len(d.agents) == 0 {
		return nil
	}
	queues := map[string]any{}
	for name, q := range d.agents {
		queues[name] = map[string]any{"requests": q.requests.QueueUrl(), "answers": q.answers.QueueUrl()}
	}
	return d.ToJsonString(queues, nil)
}
