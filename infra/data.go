package infra

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
)

// What cannot be made again is kept when the stack goes, or when its place in the stack does; only where its very creation
// is rolled back it goes, so that a first deployment that failed can be tried again under the same names. Logical ids of all
// of it are in stateful.txt: another id would be another resource, and the old one left behind.
const keep = awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE

// addKey makes the customer's key, which encrypts the table, the secrets, the queues and the topics.
func (d *deployment) addKey() {
	d.key = awskms.NewKey(d.Stack, str("Key"), &awskms.KeyProps{
		Description:       str(d.customer.stackName() + ": table, secrets, queues and topics"),
		EnableKeyRotation: yes, RemovalPolicy: keep, PendingWindow: awscdk.Duration_Days(num(30)),
	})
	awskms.NewAlias(d.Stack, str("KeyAlias"), &awskms.AliasProps{AliasName: str("alias/" + d.customer.stackName()), TargetKey: d.key})
	// Alarms and the cost budget publish to topics that are encrypted with this key.
	for _, p := range publishers {
		d.key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Sid: str(p.id), Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(str(p.service), nil)},
			Actions: strs([]string{"kms:Decrypt", "kms:GenerateDataKey"}), Resources: strs([]string{"*"}), // in a key's policy: this key
			Conditions: d.ownAccount(),
		}), nil)
	}
}

// ownAccount lets a service act for this account only.
func (d *deployment) ownAccount() *map[string]any {
	return &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": d.Account()}}
}

// tableNamed is the table that the functions use: the stack's own, or one that a restore made.
type tableNamed struct{ name, arn string }

// addTable makes the table. After a restore it stays where it is, and the functions use the restored one.
func (d *deployment) addTable() {
	own := d.customer.stackName()
	awsdynamodb.NewTableV2(d.Stack, str("Table"), &awsdynamodb.TablePropsV2{
		TableName:    str(own),
		PartitionKey: &awsdynamodb.Attribute{Name: str(PartitionKey), Type: awsdynamodb.AttributeType_STRING},
		SortKey:      &awsdynamodb.Attribute{Name: str(SortKey), Type: awsdynamodb.AttributeType_STRING},
		Billing:      awsdynamodb.Billing_OnDemand(nil), TimeToLiveAttribute: str(TTL),
		Encryption:                       awsdynamodb.TableEncryptionV2_CustomerManagedKey(d.key, nil),
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: yes},
		DeletionProtection:               yes, RemovalPolicy: keep,
	})
	name := d.customer.table()
	d.table = tableNamed{name, d.arn("dynamodb", "table/"+name)}
}

// lanes are the two queues' settings: how long a message that is being worked stays hidden (B1), and how many records are
// taken at once. Workers stop well before it ends, so that what they did not finish is not worked twice at a time.
var lanes = []struct {
	name       string
	visibility int // minutes
	batch      int
}{{"live", 6, 10}, {"bulk", 30, 10}}

// Messages are kept so long, in both lanes and their dead letters (T25).
const messageDays = 4

// receives is how often a message is tried before it is a dead letter.
const receives = 5

// addQueues makes two lanes and their dead letters.
func (d *deployment) addQueues() {
	d.queues = map[string]awssqs.Queue{}
	for _, lane := range lanes {
		dead := d.queue("Dead"+title(lane.name), "dead-"+lane.name, awssqs.QueueProps{VisibilityTimeout: awscdk.Duration_Minutes(num(1))})
		d.queues["dead-"+lane.name] = dead
		d.queues[lane.name] = d.queue("Queue"+title(lane.name), lane.name, awssqs.QueueProps{
			VisibilityTimeout: awscdk.Duration_Minutes(num(lane.visibility)),
			DeadLetterQueue:   &awssqs.DeadLetterQueue{Queue: dead, MaxReceiveCount: num(receives)},
		})
	}
}

func (d *deployment) queue(id, name string, p awssqs.QueueProps) awssqs.Queue {
	p.QueueName = str(d.customer.named(name))
	p.RetentionPeriod = awscdk.Duration_Days(num(messageDays))
	p.EncryptionMasterKey, p.Encryption, p.EnforceSSL = d.key, awssqs.QueueEncryption_KMS, yes
	p.DataKeyReuse = awscdk.Duration_Hours(num(1)) // else idle pollers ask the key every five minutes, which costs
	return awssqs.NewQueue(d.Stack, str(id), &p)
}

// addSecrets declares every secret, so that roles name exact ones. They have no value
// until `crosswalk connect` gives them one; only the deployment's own key is made here, once.
func (d *deployment) addSecrets() {
	add := func(id, name, says string, generate any) {
		secret := awssecretsmanager.NewCfnSecret(d.Stack, str(id), &awssecretsmanager.CfnSecretProps{
			Name: str(d.customer.secretPrefix() + name), Description: str(says), KmsKeyId: d.key.KeyArn(), GenerateSecretString: generate,
		})
		secret.ApplyRemovalPolicy(keep, nil)
		d.secrets = append(d.secrets, name)
	}
	add(secretID(DeploymentKey), DeploymentKey, "keys digests, markers and match keys; without it the table is worth nothing",
		&awssecretsmanager.CfnSecret_GenerateSecretStringProperty{PasswordLength: num(64), ExcludePunctuation: yes})
	for _, name := range d.customer.connections() {
		for _, secret := range secretsOf(name, d.customer.Connections[name]) {
			add(secretID(secret), secret, "credential of the connection "+name, nil)
		}
	}
}

// secretID is a secret's logical id.
func secretID(name string) string {
	if name == DeploymentKey {
		return "DeploymentKey"
	}
	if connection, ok := strings.CutSuffix(name, pairOf); ok {
		return "SecretPair" + logical(connection)
	}
	return "Secret" + logical(name)
}
