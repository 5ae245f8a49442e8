package salesforcetest_test

import (
	"context"
	"encoding/json"
	"fmt"

	"crosswalk/internal/connector/salesforce/salesforcetest"
)

// A relay hands each change event to a function, as Event Relay and EventBridge
// hand it to a Lambda.
func ExampleSim_StartRelay() {
	org := salesforcetest.New(salesforcetest.Config{Seed: 1})
	org.StartRelay(salesforcetest.RelayConfig{Objects: []string{"Account"}}, func(event []byte) {
		var e struct {
			Type   string `json:"detail-type"`
			Detail struct {
				Payload struct {
					Header struct {
						ChangeType    string   `json:"changeType"`
						ChangedFields []string `json:"changedFields"`
					} `json:"ChangeEventHeader"`
				} `json:"payload"`
			} `json:"detail"`
		}
		if err := json.Unmarshal(event, &e); err != nil {
			fmt.Println(err)
		}
		fmt.Println(e.Type, e.Detail.Payload.Header.ChangeType, e.Detail.Payload.Header.ChangedFields)
	})
	id, err := org.Person().Create("Account", map[string]any{"Name": "Acme"})
	if err != nil {
		fmt.Println(err)
	}
	org.DeliverDue(context.Background(), nil)
	if err := org.Person().Update("Account", id, map[string]any{"Phone": "+1 555 0100"}); err != nil {
		fmt.Println(err)
	}
	org.DeliverDue(context.Background(), nil)
	// Output:
	// AccountChangeEvent CREATE []
	// AccountChangeEvent UPDATE [LastModifiedDate Phone]
}
