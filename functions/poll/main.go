// Poll is the Lambda function of the schedule: feeds that are due, parked tasks that are due.
package main

import "crosswalk/internal/app/cloud"

func main() {
	cloud.Start(cloud.Poll, cloud.Options{})
}
