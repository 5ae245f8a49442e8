package infra

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
)

// topics are where people are told: operations of everything, business addresses of what concerns their mapping.
type topics struct {
	operations awssns.Topic
	business   map[string]awssns.Topic // by mapping
}

// all gives every topic's ARN.
func (t topics) all() []string {
	out := []string{*t.operations.TopicArn()}
	for _, topic := range t.business {
		out = append(out, *topic.TopicArn())
	}
	slices.Sort(out)
	return out
}

// publishers are the services that tell operations something, beside the functions.
var publishers = []struct{ id, service string }{{"Alarms", "cloudwatch.amazonaws.com"}, {"Costs", "budgets.amazonaws.com"}}

// addTopics makes the topics and subscribes the addresses of the file. Each address must confirm once.
func (d *deployment) addTopics() {
	c := d.customer
	d.topics = topics{business: map[string]awssns.Topic{}}
	d.topics.operations = d.topic("Operations", "operations", "Crosswalk "+c.AWS.Customer, c.Tell)
	for _, p := range publishers {
		d.topics.operations.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Sid: str(p.id), Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(str(p.service), nil)},
			Actions: strs([]string{"sns:Publish"}), Resources: &[]*string{d.topics.operations.TopicArn()}, Conditions: d.ownAccount(),
		}))
	}
	for _, name := range c.told() {
		d.topics.business[name] = d.topic("Told"+logical(name), "told-"+name, "Crosswalk: "+name, c.Mappings[name].Tell)
	}
}

func (d *deployment) topic(id, name, shown string, addresses []string) awssns.Topic {
	topic := awssns.NewTopic(d.Stack, str(id), &awssns.TopicProps{TopicName: str(d.customer.named(name)), DisplayName: str(cut(shown, 100)), MasterKey: d.key, EnforceSSL: yes})
	for _, a := range addresses {
		awssns.NewCfnSubscription(d.Stack, str(id+"To"+logical(a)), &awssns.CfnSubscriptionProps{TopicArn: topic.TopicArn(), Protocol: str("email"), Endpoint: str(a)})
	}
	return topic
}

// cut shortens what AWS limits; display names hold no more than 100 characters.
func cut(s string, most int) string {
	if len(s) > most {
		return s[:most]
	}
	return s
}
