// Work is the Lambda function that works tasks: one binary, and one function for each lane, which CROSSWALK_LANE names.
package main

import (
	"cmp"
	"os"

	"crosswalk/internal/app/cloud"
	"crosswalk/internal/app/phones"
	"crosswalk/internal/engine/lane"
	"crosswalk/internal/script"
)

func main() {
	if script.ChildMain() { // scripts run in a child process of this same binary
		return
	}
	transforms := phones.Transforms()
	from := lane.Lane(cmp.Or(os.Getenv("CROSSWALK_LANE"), string(lane.Live)))
	cloud.Start(cloud.Work(from), cloud.Options{Transforms: &transforms})
}
