package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// Checks puts the pack of rules AwsSolutions over an app. What it finds and is not explained below is an error of the stack.
func Checks(app awscdk.App) {
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Verbose: yes}), nil)
}

// explanation is why a rule does not hold for something. A test sees that no rule is silenced for a whole stack.
type explanation struct{ rule, reason string }

// explain says for each finding that stays why it does.
func (d *deployment) explain() {
	for _, f := range d.work {
		d.because(f.role, explanation{"AwsSolutions-IAM5", "The star is the streams of this function's own log" + d.inNetwork() + "; nothing on data, queues or secrets has one (tested)."})
	}
	for _, name := range d.secrets {
		reason := "The vendor's credential: it is rotated at the vendor, or by its own refresh, and stored before use; AWS cannot rotate it."
		if name == DeploymentKey {
			reason = "It keys digests of everything that is stored: another key would make every record look changed. It is never rotated."
		}
		d.because(d.Node().FindChild(str(secretID(name))), explanation{"AwsSolutions-SMG4", reason})
	}
	for _, id := range []string{"WebhookRoute", "WebhookSecretRoute"} {
		d.because(d.Node().FindChild(str(id)), explanation{"AwsSolutions-APIG4", "Vendors cannot sign with IAM; each webhook's own signature or secret is verified before anything is done."})
	}
	for _, id := range []string{"OauthStartRoute", "OauthCallbackRoute"} {
		d.because(d.Node().FindChild(str(id)), explanation{"AwsSolutions-APIG4", "A browser cannot sign with IAM; start asks for a ticket of ten minutes that is good once, callback for the state that start made."})
	}
	for _, duty := range duties {
		d.because(d.Node().FindChild(str(title(duty)+"Policy")), explanation{"AwsSolutions-IAM5", "The star stands for ids in paths of this one API; which routes it covers is compared with the operator API's own list (tested)."})
	}
	if d.network.made != nil {
		d.because(d.network.made, explanation{"AwsSolutions-VPC7", "Nothing but our functions is in this network and nothing can reach it; flow logs would record vendors' addresses and cost more than the rest."})
	}
}

func (d *deployment) inNetwork() string {
	if d.network.group == nil {
		return ""
	}
	return ", and the network interfaces that Lambda makes, for which EC2 knows no narrower resource"
}

func (d *deployment) because(of constructs.IConstruct, e explanation) {
	cdknag.NagSuppressions_AddResourceSuppressions(of, &[]*cdknag.NagPackSuppression{{Id: str(e.rule), Reason: str(e.reason)}}, yes)
}
