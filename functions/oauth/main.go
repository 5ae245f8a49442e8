// OAuth is the Lambda function that connects accounts: start and callback.
package main

import "crosswalk/internal/app/cloud"

func main() {
	cloud.Start(cloud.OAuth, cloud.Options{Late: true})
}
