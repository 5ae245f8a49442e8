package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
)

// network is where functions run: outside any, or in one.
type network struct {
	made    awsec2.Vpc // by us; nil else
	subnets *[]*string
	group   *string
}

// addNetwork makes or names the network. public: none; functions reach the systems over the internet. vpc: the customer's
// own, or a new one with one NAT gateway, which is what it costs: about 33 USD a month and 0.045 USD a GB (T20). DynamoDB
// is reached beside the NAT, for nothing.
func (d *deployment) addNetwork() {
	a := d.customer.AWS
	if a.Network != "vpc" {
		return
	}
	var id *string
	if a.VPC != nil {
		id, d.network.subnets = str(a.VPC.ID), strs(a.VPC.Subnets)
	} else {
		d.network.made = d.addVPC()
		id, d.network.subnets = d.network.made.VpcId(), &[]*string{}
		for _, s := range *d.network.made.PrivateSubnets() {
			*d.network.subnets = append(*d.network.subnets, s.SubnetId())
		}
	}
	d.network.group = awsec2.NewCfnSecurityGroup(d.Stack, str("FunctionsGroup"), &awsec2.CfnSecurityGroupProps{
		VpcId: id, GroupName: str(d.customer.named("functions")), GroupDescription: str("Functions of " + d.customer.stackName() + ": they call, nobody calls them"),
		SecurityGroupEgress: []any{&awsec2.CfnSecurityGroup_EgressProperty{IpProtocol: str("-1"), CidrIp: str("0.0.0.0/0"), Description: str("to the systems and to AWS")}},
	}).AttrGroupId()
}

func (d *deployment) addVPC() awsec2.Vpc {
	return awsec2.NewVpc(d.Stack, str("Network"), &awsec2.VpcProps{
		VpcName: str(d.customer.stackName()), MaxAzs: num(2), NatGateways: num(1), IpAddresses: awsec2.IpAddresses_Cidr(str("10.71.0.0/24")),
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{
			{Name: str("nat"), SubnetType: awsec2.SubnetType_PUBLIC, CidrMask: num(28)},
			{Name: str("functions"), SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS, CidrMask: num(26)},
		},
		GatewayEndpoints: &map[string]*awsec2.GatewayVpcEndpointOptions{"DynamoDB": {Service: awsec2.GatewayVpcEndpointAwsService_DYNAMODB()}},
	})
}

// join puts a function into the network, if there is one.
func (d *deployment) join(f awslambda.Function) {
	if d.network.group != nil {
		f.Node().DefaultChild().(awslambda.CfnFunction).SetVpcConfig(&awslambda.CfnFunction_VpcConfigProperty{
			SubnetIds: d.network.subnets, SecurityGroupIds: &[]*string{d.network.group}})
	}
}
