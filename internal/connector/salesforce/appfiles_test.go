package salesforce_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"

	"crosswalk/internal/connector"
	"crosswalk/internal/connector/salesforce"
)

func spec() salesforce.AppSpec {
	return salesforce.AppSpec{Contact: "it@acme.example", Callback: "https://sync.acme.example/oauth/callback", Flow: salesforce.FlowJWT,
		X509: "-----BEGIN CERTIFICATE-----\nMIIB\nQUJD\n-----END CERTIFICATE-----\n",
		Objects: []salesforce.Access{
			{Object: "Opportunity", Fields: map[string]bool{"Name": false, "Amount": false, "StageName": false, "AccountId": false, "Light_Invoice__c": true}, Edit: true},
			{Object: "Account", Create: true, Fields: map[string]bool{"Name": true, "Phone": true, "BillingCity": false}},
			{Object: "Task", Create: true, Fields: map[string]bool{"Subject": true, "Status": true}},
			{Object: "Project__c"},
			{Object: "User", Fields: map[string]bool{"Email": false}},
		},
		Roads: salesforce.Roads{OutboundURL: "https://sync.acme.example/webhooks/crm/secret&x", OutboundUser: "admin@acme.example", RelayAccount: "123456789012", RelayRegion: "eu-central-1"}}
}

func TestAppFiles(t *testing.T) {
	files, err := salesforce.AppFiles(spec())
	if err != nil {
		t.Fatal(err)
	}
	root := "force-app/main/default/"
	for name, raw := range files {
		if !strings.HasSuffix(name, ".xml") {
			continue
		}
		d := xml.NewDecoder(bytes.NewReader(raw))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v\n%s", name, err, raw)
			}
		}
	}
	for _, c := range []struct{ file, want string }{
		{"externalClientApps/Crosswalk.eca-meta.xml", "<contactEmail>it@acme.example</contactEmail>"},
		{"extlClntAppOauthSettings/Crosswalk_oauth.ecaOauth-meta.xml", "<commaSeparatedOauthScopes>Api, RefreshToken</commaSeparatedOauthScopes>"},
		{"extlClntAppGlobalOauthSets/Crosswalk_glbloauth.ecaGlblOauth-meta.xml", "<isPkceRequired>true</isPkceRequired>"},
		{"extlClntAppGlobalOauthSets/Crosswalk_glbloauth.ecaGlblOauth-meta.xml", "<certificate>MIIBQUJD</certificate>"},
		{"extlClntAppOauthPolicies/Crosswalk_oauthPlcy.ecaOauthPlcy-meta.xml", "<permittedUsersPolicyType>AdminApprovedPreAuthorized</permittedUsersPolicyType>"},
		{"objects/Account/fields/crosswalk_key__c.field-meta.xml", "<unique>true</unique>"},
		{"objects/Activity/fields/crosswalk_key__c.field-meta.xml", "<externalId>true</externalId>"},
		{"workflows/Account.workflow-meta.xml", "<endpointUrl>https://sync.acme.example/webhooks/crm/secret&amp;x</endpointUrl>"},
		{"flows/Crosswalk_Account.flow-meta.xml", "<actionName>Account.Crosswalk_Account</actionName>"},
		{"platformEventChannelMembers/Crosswalk_Project_ChangeEvent.platformEventChannelMember-meta.xml", "<selectedEntity>Project__ChangeEvent</selectedEntity>"},
		{"eventRelays/Crosswalk_Relay.eventRelay-meta.xml", "<state>STOP</state>"},
	} {
		if !strings.Contains(string(files[root+c.file]), c.want) {
			t.Errorf("%s lacks %s:\n%s", c.file, c.want, files[root+c.file])
		}
	}
	set := string(files[root+"permissionsets/Crosswalk.permissionset-meta.xml"])
	var granted []string
	for _, part := range strings.Split(set, "<fieldPermissions>")[1:] {
		field := part[strings.Index(part, "<field>")+7 : strings.Index(part, "</field>")]
		granted = append(granted, field+" "+part[strings.Index(part, "<editable>")+10:strings.Index(part, "</editable>")])
	}
	want := []string{"Account.BillingCity false", "Account.Phone true", "Account.crosswalk_key__c true", "Opportunity.AccountId false", "Opportunity.Amount false", "Opportunity.Light_Invoice__c true",
		"Task.Subject true", "Task.crosswalk_key__c true"}
	if !slices.Equal(granted, want) {
		t.Errorf("field permissions\n%q want\n%q", granted, want)
	}
	if _, made := files[root+"objects/Opportunity/fields/crosswalk_key__c.field-meta.xml"]; made {
		t.Error("a marker field on an object that nothing is created on")
	}
	again, err := salesforce.AppFiles(spec())
	if err != nil || len(again) != len(files) {
		t.Fatal(err)
	}
	for name := range files {
		if !bytes.Equal(files[name], again[name]) {
			t.Errorf("%s differs from one time to the next", name)
		}
	}
}

func TestAppFilesNameWhatIsWrong(t *testing.T) {
	for want, change := range map[string]func(*salesforce.AppSpec){
		"contact":          func(s *salesforce.AppSpec) { s.Contact = "nobody" },
		"callback":         func(s *salesforce.AppSpec) { s.Callback = "http://acme.example" },
		"certificate":      func(s *salesforce.AppSpec) { s.X509 = "" },
		"run as":           func(s *salesforce.AppSpec) { s.Flow = salesforce.FlowClientCredentials },
		"flow":             func(s *salesforce.AppSpec) { s.Flow = "password" },
		"objects":          func(s *salesforce.AppSpec) { s.Objects = nil },
		"object":           func(s *salesforce.AppSpec) { s.Objects[0].Object = "../x" },
		"field":            func(s *salesforce.AppSpec) { s.Objects[0].Fields["a<b"] = true },
		"outbound address": func(s *salesforce.AppSpec) { s.Roads.OutboundURL = "http://acme.example" },
		"outbound user":    func(s *salesforce.AppSpec) { s.Roads.OutboundUser = "" },
		"relay account":    func(s *salesforce.AppSpec) { s.Roads.RelayAccount = "12" },
		"relay":            func(s *salesforce.AppSpec) { s.Roads.RelayRegion = "" },
		"version":          func(s *salesforce.AppSpec) { s.Version = "67" },
	} {
		s := spec()
		change(&s)
		if _, err := salesforce.AppFiles(s); err == nil || !strings.HasPrefix(err.Error(), "app files: "+want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestAuthorizeAndExplain(t *testing.T) {
	e, err := salesforce.EndpointsOf("https://acme.my.salesforce.com/")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(e.AuthorizeURL(salesforce.Authorization{ClientID: "id", Redirect: "https://sync.acme.example/cb", State: "s", Challenge: salesforce.Challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")}))
	q := u.Query()
	// the challenge is the example of RFC 7636, appendix B
	if err != nil || u.Host != "acme.my.salesforce.com" || u.Path != "/services/oauth2/authorize" || q.Get("code_challenge") != "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" ||
		q.Get("code_challenge_method") != "S256" || q.Get("scope") != "api refresh_token" || q.Get("response_type") != "code" {
		t.Errorf("%s %v", u, err)
	}
	if _, err := salesforce.EndpointsOf("https://evil.example"); err == nil {
		t.Error("another host was taken")
	}
	for _, c := range []struct{ code, description, want string }{
		{"invalid_grant", "user hasn't approved this consumer", "authorised for the app beforehand"},
		{"invalid_grant", "expired access/refresh token", "withdrawn"},
		{"invalid_grant", "audience is invalid", "another address"},
		{"invalid_client", "app must be installed into org", "not installed"},
		{"app_not_found", "External client app is not installed in this org", "not known at this address"},
		{"access_denied", "end-user denied authorization", "denied"},
		{"OAUTH_APPROVAL_ERROR_GENERIC", "", "not installed"},
		{"invented", "canary", "refused the connection"},
	} {
		got := salesforce.Explain(c.code, c.description)
		if !strings.Contains(got.Refused, c.want) || got.Who == "" || got.Again == "" || strings.Contains(got.Refused+got.Who+got.Again, "canary") {
			t.Errorf("%s %s: %+v", c.code, c.description, got)
		}
	}
	if salesforce.OtherOrg("00D5f000005KcCn", connector.Account{ID: "00D5f000005KcCnEAK"}) != "" ||
		!strings.Contains(salesforce.OtherOrg("00D5f000005KcCn", connector.Account{ID: "00D5f000005KcCmEAK"}), "refreshed") {
		t.Error("a refreshed sandbox is not told from the same org")
	}
}

// Associations in use bring the rights they need, and no right for a field that does not exist.
func TestAppFilesOfAssociations(t *testing.T) {
	files := must(salesforce.AppFiles(salesforce.AppSpec{Contact: "ops@portal.example", Callback: "https://portal.example/oauth", Flow: salesforce.FlowWeb, Objects: []salesforce.Access{
		{Object: "Opportunity", Create: true, Fields: map[string]bool{"Amount": true, "associations.Contact": true, "primary.Account": true}},
		{Object: "Contact", Edit: true, Fields: map[string]bool{"associations.Campaign": false}}}}))
	for path, body := range files {
		if !strings.HasSuffix(path, ".permissionset-meta.xml") {
			continue
		}
		text := strings.Join(strings.Fields(string(body)), "")
		for _, want := range []string{
			"<allowCreate>true</allowCreate><allowDelete>true</allowDelete><allowEdit>true</allowEdit><allowRead>true</allowRead><modifyAllRecords>false</modifyAllRecords><object>OpportunityContactRole</object>",
			"<allowCreate>false</allowCreate><allowDelete>false</allowDelete><allowEdit>false</allowEdit><allowRead>true</allowRead><modifyAllRecords>false</modifyAllRecords><object>CampaignMember</object>",
			"<editable>true</editable><field>Opportunity.AccountId</field>",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("the permission set lacks %s", want)
			}
		}
		if strings.Contains(text, "associations.") || strings.Contains(text, "primary.") {
			t.Error("the permission set names an association as if it were a field")
		}
	}
}
