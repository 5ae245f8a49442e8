// Change is the Lambda function of change events: what Salesforce's Event Relay puts on the partner event bus.
package main

import "crosswalk/internal/app/cloud"

func main() {
	cloud.Start(cloud.Change, cloud.Options{Late: true})
}
