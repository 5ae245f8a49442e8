// Webhook is the Lambda function that vendors call: HubSpot's webhooks, Salesforce's outbound messages.
package main

import "crosswalk/internal/app/cloud"

func main() {
	cloud.Start(cloud.Webhook, cloud.Options{Late: true})
}
