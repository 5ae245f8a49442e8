package infra

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/cxapi"
)

// Strict makes the CloudFormation validator that ships with the CDK fail the synthesis on a finding. cdk.json says so for the
// CDK's command line; it is said here for a synthesis without it.
const Strict = "@aws-cdk/core:validateAgainstDefaultRules"

// Synthesize makes the cloud assembly of one customer in folder out and gives the template's path. It fails on whatever the
// validator or the pack of rules finds.
func Synthesize(c Customer, dist, out string) (template string, err error) {
	defer func() { // the CDK panics, also for what a file of a customer can cause
		if p := recover(); p != nil {
			err = fmt.Errorf("synthesis: %v", p)
		}
	}()
	stage, err := os.MkdirTemp("", "crosswalk-bundles-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(stage)
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: str(out), AnalyticsReporting: no, Context: &map[string]any{Strict: true}})
	if _, err := Stack(app, c, dist, stage); err != nil {
		return "", err
	}
	Checks(app)
	assembly := app.Synth(nil)
	if found := findings(assembly); len(found) > 0 {
		return "", fmt.Errorf("synthesis: %d findings:\n%s", len(found), strings.Join(found, "\n"))
	}
	return filepath.Join(out, *assembly.GetStackByName(str(c.stackName())).TemplateFile()), nil
}

// findings are errors and warnings that constructs and rules left on the stack.
func findings(assembly cxapi.CloudAssembly) []string {
	var out []string
	for _, stack := range *assembly.Stacks() {
		for _, m := range *stack.Messages() {
			if m.Level != cxapi.SynthesisMessageLevel_INFO {
				out = append(out, fmt.Sprintf("%s: %v", *m.Id, m.Entry.Data))
			}
		}
	}
	return out
}
