package infra

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Kept is one thing that stays when the stack is deleted.
type Kept struct {
	What, Name string
	// Costs is what it costs from then on; Remove is the command that ends it.
	Costs, Remove string
}

// kept lists what stays, in the order in which it may be removed: the key last, for nothing can be read without it.
func kept(c Customer) []Kept {
	table := func(name string) Kept {
		return Kept{"table", name, "0.25 USD a GB-month, and its backups 0.20 USD a GB-month",
			"aws dynamodb update-table --table-name " + name + " --no-deletion-protection-enabled && aws dynamodb delete-table --table-name " + name}
	}
	out := []Kept{table(c.stackName())}
	if c.AWS.RestoredTable != "" {
		out = append(out, table(c.AWS.RestoredTable))
	}
	secrets := []string{DeploymentKey}
	for _, name := range c.connections() {
		secrets = append(secrets, secretsOf(name, c.Connections[name])...)
	}
	for _, name := range secrets {
		name = c.secretPrefix() + name
		out = append(out, Kept{"secret", name, "0.40 USD a month", "aws secretsmanager delete-secret --secret-id " + name + " --recovery-window-in-days 30"})
	}
	return append(out, Kept{"key", "alias/" + c.stackName() + " (the alias goes; output KeyArn)", "1 USD a month, and 1 more for each of the first two yearly rotations",
		"aws kms schedule-key-deletion --key-id KEY_ARN --pending-window-in-days 30"})
}

// Left says what deleting the stack leaves, what of it still costs, and how each is ended.
func Left(c Customer) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Left of %s in %s, on purpose; remove it when nobody needs the records any more (list prices of us-east-1):\n", c.stackName(), c.AWS.Region)
	for _, k := range kept(c) {
		fmt.Fprintf(&b, "\n  %-7s %s\n          costs: %s\n          ends with: %s --region %s\n", k.What, k.Name, k.Costs, strings.ReplaceAll(k.Remove, " && ", " --region "+c.AWS.Region+" && "), c.AWS.Region)
	}
	b.WriteString("\nDeploying again under the same name needs these names to be free, or the stack to import them: crosswalk help deploy.\n")
	return b.String()
}

// DeployedURL reads the address of a deployment from the file of outputs that `make deploy` wrote.
func DeployedURL(file string, c Customer) (string, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("there is no %s: run make deploy CUSTOMER=%s here, or name the address with API=https://...", file, c.AWS.Customer)
	}
	if err != nil {
		return "", err
	}
	var outputs map[string]map[string]string
	if err := json.Unmarshal(data, &outputs); err != nil {
		return "", fmt.Errorf("%s is not what make deploy writes: run it again: %w", file, err)
	}
	url := outputs[c.stackName()]["ApiUrl"]
	if url == "" {
		return "", fmt.Errorf("%s has no ApiUrl of %s: run make deploy CUSTOMER=%s again", file, c.stackName(), c.AWS.Customer)
	}
	return url, nil
}
