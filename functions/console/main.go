// Console is the Lambda function of the operator API.
package main

import (
	"crosswalk/internal/app/cloud"
	"crosswalk/internal/app/phones"
	"crosswalk/internal/script"
)

func main() {
	if script.ChildMain() { // scripts run in a child process of this same binary
		return
	}
	transforms := phones.Transforms()
	cloud.Start(cloud.Console, cloud.Options{Transforms: &transforms})
}
