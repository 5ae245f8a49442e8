package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
)

// network is where functions run: outside any, or in one.
type network struct {
	vpc    awsec2.IVpc
	groups *[]awsec2.ISecurityGroup
}

// addNetwork makes or names the network. public: none; functions reach the systems over the internet. vpc: the customer's
// own, or a new one with one NAT gateway, which is what it costs: about 33 USD a month and 0.045 USD a GB (T20). DynamoDB
// and S3 are reached beside the NAT, for nothing.
func (d *deployment) addNetwork() {
	a := d.customer.AWS
	if a.Network != "vpc" {
		return
	}
	if a.VPC != nil {
		d.network.vpc = awsec2.Vpc_FromVpcAttributes(d.Stack, str("Network"), &awsec2.VpcAttributes{
			VpcId: str(a.VPC.ID), PrivateSubnetIds: strs(a.VPC.Subnets),
			AvailabilityZones: strs([]string{a.Region + "a"}), // asked for and never used: a function is given subnets only
		})
	} else {
		d.network.vpc = awsec2.NewVpc(d.Stack, str("Network"), &awsec2.VpcProps{
			VpcName: str(d.customer.stackName()), MaxAzs: num(2), NatGateways: num(1), IpAddresses: awsec2.IpAddresses_Cidr(str("10.71.0.0/24")),
			SubnetConfiguration: &[]*awsec2.SubnetConfiguration{
				{Name: str("nat"), SubnetType: awsec2.SubnetType_PUBLIC, CidrMask: num(28)},
				{Name: str("functions"), SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS, CidrMask: num(26)},
			},
			GatewayEndpoints: &map[string]*awsec2.GatewayVpcEndpointOptions{"DynamoDB": {Service: awsec2.GatewayVpcEndpointAwsService_DYNAMODB()}},
		})
	}
	d.network.groups = &[]awsec2.ISecurityGroup{awsec2.NewSecurityGroup(d.Stack, str("FunctionsGroup"), &awsec2.SecurityGroupProps{
		Vpc: d.network.vpc, Description: str("Functions of " + d.customer.stackName() + ": they call, nobody calls them"),
	})}
}
