package app

import (
	"strings"
	"testing"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine"
)

func appFile(a engine.App, end string) string {
	for _, f := range a.Files {
		if strings.HasSuffix(f.Path, end) {
			return f.Text
		}
	}
	return ""
}

// The files of an app at Salesforce have exactly the objects and fields that mappings use, and the roads that were chosen.
func TestSalesforceAppFiles(t *testing.T) {
	o := registering{
		name: "salesforce", contact: "ops@example.com", callback: "https://api.example.com/oauth/salesforce/callback", webhook: "https://api.example.com/webhooks/salesforce",
		conn:  Connection{Auth: "client_credentials", Username: "integration@example.com"},
		needs: []connector.Need{{Object: "Account", Reads: []string{"BillingCity", "Name", "Owner.Email"}}, {Object: "Opportunity", Write: true, Reads: []string{"Amount"}, Writes: []string{"Invoice_Number__c"}}},
	}
	a, err := salesforceApp(o)
	if err != nil {
		t.Fatal(err)
	}
	set := appFile(a, ".permissionset-meta.xml")
	for _, want := range []string{"<object>Account</object>", "<object>Opportunity</object>", "Account.BillingCity", "Opportunity.Invoice_Number__c"} {
		if !strings.Contains(set, want) {
			t.Errorf("the permission set has no %s:\n%s", want, set)
		}
	}
	if strings.Contains(set, "Owner.Email") || strings.Contains(set, "Contact</object>") {
		t.Errorf("the permission set has more than is used:\n%s", set)
	}
	if appFile(a, ".workflow-meta.xml") != "" {
		t.Error("a road that nobody chose is set up")
	}
	o.conn.OutboundUser = "integration@example.com"
	if a, err = salesforceApp(o); err != nil {
		t.Fatal(err)
	}
	all := ""
	for _, f := range a.Files {
		all += f.Path + "\n" + f.Text
	}
	if !strings.Contains(all, "https://api.example.com/webhooks/salesforce/"+secretPlace) || !strings.Contains(a.Next[0], secretPlace) {
		t.Errorf("outbound messages have no address, or nobody is told of the secret: %v", a.Next)
	}
	for name, mend := range map[string]func(*registering){
		"tell":        func(o *registering) { o.contact = "" },
		"certificate": func(o *registering) { o.conn.Auth = "jwt" },
		"run as":      func(o *registering) { o.conn.Username = "" },
		"relay":       func(o *registering) { o.conn.Relay.Account = "123456789012" },
	} {
		bad := o
		mend(&bad)
		if _, err := salesforceApp(bad); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
