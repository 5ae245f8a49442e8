package salesforce

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosswalk/internal/rest"
)

// AppName is the developer name of the External Client App, of the permission set and of all that goes with them.
const AppName = "Crosswalk"

// AppSpec says what an org must be given for a connection. Everything in it is written into files that a person deploys;
// it holds no secret, but for the address of outbound messages.
type AppSpec struct {
	Contact  string   // e-mail address of whoever looks after the app; required
	Callback string   // of the web-server flow; required by Salesforce even where only the other flows are used
	Flow     Flow     // which grants are switched on
	RunAs    string   // user name, of FlowClientCredentials
	X509     string   // certificate in PEM, of FlowJWT
	Version  string   // DefaultVersion when empty
	Objects  []Access // exactly what is in use
	Roads    Roads    // how Salesforce tells of changes, beside polling
}

// Flow is how the connection gets its tokens (fact sheet 3).
type Flow string

const (
	FlowWeb               Flow = "web"
	FlowJWT               Flow = "jwt"
	FlowClientCredentials Flow = "client_credentials"
)

// Access to one object. Read is always given. Fields are those in use; one that is written has Edit.
type Access struct {
	Object               string
	Create, Edit, Delete bool
	Insert               bool            // create without a marker: rows that join two records
	Fields               map[string]bool // name -> whether it is edited; associations too, by the names of connector/association.go
}

// Roads of change that the org is set up for (fact sheet 17).
type Roads struct {
	// Outbound messages: the address they go to, with the secret as its last element, and the user they run as.
	OutboundURL  string
	OutboundUser string
	// Change data capture through Event Relay: the AWS account and region that the events go to.
	RelayAccount string
	RelayRegion  string
}

// home of the files: an SFDX project.
const home = "force-app/main/default/"

// MarkerFile is where the files of AppFiles define an object's marker field.
func MarkerFile(object string) string {
	return home + "objects/" + fieldHome(object) + "/fields/" + MarkerField + ".field-meta.xml"
}

// fieldHome is the object whose custom fields an object has: tasks and events share theirs.
func fieldHome(object string) string {
	if object == "Task" || object == "Event" {
		return "Activity"
	}
	return object
}

// AppFiles gives the files of an SFDX project, by path: the External Client App, a permission set with exactly the
// objects and fields named, the marker fields, and what the chosen roads of change need. Deployed again after the use
// has grown it adds what is new; it never takes a field away.
func AppFiles(spec AppSpec) (map[string][]byte, error) {
	spec.Objects = withBonds(spec.Objects)
	if err := spec.check(); err != nil {
		return nil, err
	}
	if spec.Version == "" {
		spec.Version = DefaultVersion
	}
	files := map[string][]byte{}
	spec.app(files)
	spec.permissions(files)
	spec.outbound(files)
	spec.relay(files)
	project, err := json.MarshalIndent(map[string]any{"packageDirectories": []any{map[string]any{"path": "force-app", "default": true}}, "sourceApiVersion": spec.Version, "namespace": ""}, "", "  ")
	if err != nil {
		return nil, err
	}
	files["sfdx-project.json"] = append(project, '\n')
	files["README.md"] = spec.readme(files)
	return files, nil
}

func (s AppSpec) check() error {
	if !strings.Contains(s.Contact, "@") || strings.ContainsAny(s.Contact, " <>\n") {
		return fmt.Errorf("app files: contact: write the e-mail address of whoever looks after the app")
	}
	if err := rest.CheckBase(s.Callback); err != nil {
		return fmt.Errorf("app files: callback: %w", err)
	}
	switch s.Flow {
	case FlowWeb:
	case FlowJWT:
		if certificate(s.X509) == "" {
			return fmt.Errorf("app files: certificate: the JWT flow needs a certificate in PEM form, whose private key stays here")
		}
	case FlowClientCredentials:
		if s.RunAs == "" {
			return fmt.Errorf("app files: run as: client credentials need the name of the user to act as")
		}
	default:
		return fmt.Errorf("app files: flow %q: use %s, %s or %s", s.Flow, FlowWeb, FlowJWT, FlowClientCredentials)
	}
	if s.Version != "" && !versionForm().MatchString(s.Version) {
		return fmt.Errorf("app files: version %q: write it as %s", s.Version, DefaultVersion)
	}
	if len(s.Objects) == 0 {
		return fmt.Errorf("app files: objects: name at least one object")
	}
	for _, o := range s.Objects {
		if word(o.Object) == "" {
			return fmt.Errorf("app files: object %q is not an API name", o.Object)
		}
		for name := range o.Fields {
			if word(name) == "" {
				return fmt.Errorf("app files: field %q of %s is not an API name", name, o.Object)
			}
		}
	}
	return s.Roads.check()
}

func (r Roads) check() error {
	if r.OutboundURL != "" {
		if err := rest.CheckBase(r.OutboundURL); err != nil {
			return fmt.Errorf("app files: outbound address: %w", err)
		}
		if r.OutboundUser == "" {
			return fmt.Errorf("app files: outbound user: name the user whose view of a record decides that a message is sent")
		}
	}
	if (r.RelayAccount == "") != (r.RelayRegion == "") {
		return fmt.Errorf("app files: relay: give both the AWS account and its region")
	}
	if r.RelayAccount != "" && (len(r.RelayAccount) != 12 || strings.Trim(r.RelayAccount, "0123456789") != "") {
		return fmt.Errorf("app files: relay account: write the twelve digits of the AWS account")
	}
	if strings.Trim(r.RelayRegion, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fmt.Errorf("app files: relay region: write it as AWS does, for example eu-central-1")
	}
	return nil
}

// app writes the External Client App: what developers set and what administrators set are files of their own (fact
// sheet 3.1). Addresses are not restricted, since a Lambda function has no fixed one; who may use the app is.
func (s AppSpec) app(files map[string][]byte) {
	files[home+"externalClientApps/"+AppName+".eca-meta.xml"] = document("ExternalClientApplication",
		text("contactEmail", s.Contact), text("description", "Keeps records in agreement with other systems. Acts as one integration user."),
		text("distributionState", "Local"), text("isProtected", "false"), text("label", AppName))
	files[home+"extlClntAppOauthSettings/"+AppName+"_oauth.ecaOauth-meta.xml"] = document("ExtlClntAppOauthSettings",
		text("commaSeparatedOauthScopes", "Api, RefreshToken"), text("externalClientApplication", AppName), text("label", AppName+" OAuth"))
	global := []node{text("callbackUrl", s.Callback)}
	if s.Flow == FlowJWT {
		global = append(global, text("certificate", certificate(s.X509)))
	}
	global = append(global, text("externalClientApplication", AppName), text("isClientCredentialsFlowEnabled", yesNo(s.Flow == FlowClientCredentials)),
		text("isConsumerSecretOptional", "false"), text("isIntrospectAllTokens", "false"), text("isPkceRequired", "true"),
		text("isSecretRequiredForRefreshToken", "true"), text("label", AppName+" global OAuth"), text("shouldRotateConsumerKey", "false"), text("shouldRotateConsumerSecret", "false"))
	files[home+"extlClntAppGlobalOauthSets/"+AppName+"_glbloauth.ecaGlblOauth-meta.xml"] = document("ExtlClntAppGlobalOauthSettings", global...)
	policy := []node{}
	if s.Flow == FlowClientCredentials {
		policy = append(policy, text("clientCredentialsFlowUser", s.RunAs))
	}
	policy = append(policy, text("commaSeparatedPermissionSet", AppName), text("externalClientApplication", AppName), text("ipRelaxationPolicyType", "Bypass"),
		text("isClientCredentialsFlowEnabled", yesNo(s.Flow == FlowClientCredentials)), text("label", AppName+" policies"),
		text("permittedUsersPolicyType", "AdminApprovedPreAuthorized"), text("refreshTokenPolicyType", "Infinite"))
	files[home+"extlClntAppOauthPolicies/"+AppName+"_oauthPlcy.ecaOauthPlcy-meta.xml"] = document("ExtlClntAppOauthConfigurablePolicies", policy...)
}

// withoutPermission are fields to which no permission is given because everybody has it: Salesforce refuses to deploy a
// permission set that names one. Recorded describes say so (permissionable is false), for these and for all that the
// system alone sets.
var withoutPermission = map[string][]string{
	"":                       {"Id", "Name", "IsDeleted", "OwnerId", "RecordTypeId", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp", "MasterRecordId", "LastViewedDate", "LastReferencedDate", "LastActivityDate", "CurrencyIsoCode"},
	"Contact":                {"LastName", "FirstName", "Salutation"},
	"Lead":                   {"LastName", "FirstName", "Salutation", "Company", "Status", "IsConverted", "ConvertedDate", "ConvertedAccountId", "ConvertedContactId", "ConvertedOpportunityId", "IsUnreadByOwner"},
	"Opportunity":            {"StageName", "CloseDate", "IsClosed", "IsWon", "ForecastCategory", "ForecastCategoryName", "HasOpportunityLineItem", "Pricebook2Id", "LastStageChangeDate", "Fiscal", "FiscalYear", "FiscalQuarter", "ContactId", "HasOpenActivity", "HasOverdueTask"},
	"OpportunityContactRole": {"OpportunityId", "ContactId", "Role", "IsPrimary"},
	"OpportunityLineItem":    {"OpportunityId", "PricebookEntryId", "Product2Id", "Quantity", "UnitPrice", "SortOrder", "ProductCode"},
	"PricebookEntry":         {"Pricebook2Id", "Product2Id", "UnitPrice", "IsActive", "UseStandardPrice", "ProductCode"},
	"Pricebook2":             {"IsStandard", "IsArchived"},
	"Task":                   {"Status", "Priority", "IsClosed", "IsArchived", "AccountId"},
	"Event":                  {"Subject", "StartDateTime", "EndDateTime", "DurationInMinutes", "ActivityDateTime", "ActivityDate", "IsPrivate", "ShowAs", "AccountId", "EventSubtype", "IsArchived"},
	"CampaignMember":         {"CampaignId", "ContactId", "LeadId", "Status"},
	"Case":                   {"CaseNumber", "Status", "IsClosed"},
	"User":                   {},
}

// Permissible leaves out of a spec the fields that need no permission, as the org itself describes them: a custom field
// that was made required, for example. Without it AppFiles goes by what is known of standard fields.
func (c *Connector) Permissible(spec AppSpec) AppSpec {
	objects := slices.Clone(spec.Objects)
	for i, o := range objects {
		s := c.described(o.Object)
		if s == nil {
			continue
		}
		objects[i].Fields = maps.Clone(o.Fields)
		maps.DeleteFunc(objects[i].Fields, func(name string, _ bool) bool {
			p, ok := s.field(name)
			return ok && !p.Permissible
		})
	}
	spec.Objects = objects
	return spec
}

// permissions writes the permission set and the marker fields. Users' records are read by everybody and need none.
func (s AppSpec) permissions(files map[string][]byte) {
	var fields, objects []node
	markers := map[string]bool{}
	for _, o := range s.sorted() {
		if o.Object == "User" {
			continue
		}
		if o.Create {
			markers[o.Object] = true
			o.Fields = maps.Clone(o.Fields)
			if o.Fields == nil {
				o.Fields = map[string]bool{}
			}
			o.Fields[MarkerField] = true
		}
		for _, name := range slices.Sorted(maps.Keys(o.Fields)) {
			if slices.Contains(withoutPermission[""], name) || slices.Contains(withoutPermission[o.Object], name) {
				continue
			}
			fields = append(fields, parent("fieldPermissions", text("editable", yesNo(o.Fields[name])), text("field", o.Object+"."+name), text("readable", "true")))
		}
		objects = append(objects, parent("objectPermissions", text("allowCreate", yesNo(o.Create || o.Insert)), text("allowDelete", yesNo(o.Delete)),
			text("allowEdit", yesNo(o.Edit || o.Create || o.Insert || o.Delete)), text("allowRead", "true"), text("modifyAllRecords", "false"), text("object", o.Object), text("viewAllRecords", yesNo(viewable(o.Object)))))
	}
	nodes := append([]node{text("description", "What Crosswalk reads and writes: these objects and fields and no others."), text("label", AppName), text("hasActivationRequired", "false")}, fields...)
	nodes = append(nodes, objects...)
	nodes = append(nodes, parent("userPermissions", text("enabled", "true"), text("name", "ApiEnabled")))
	files[home+"permissionsets/"+AppName+".permissionset-meta.xml"] = document("PermissionSet", nodes...)
	for object := range markers {
		files[MarkerFile(object)] = document("CustomField",
			text("fullName", MarkerField), text("caseSensitive", "true"), text("description", "Set by Crosswalk on records it creates, so that nothing is created twice. Do not edit."),
			text("externalId", "true"), text("label", "Crosswalk key"), text("length", "255"), text("required", "false"), text("trackTrending", "false"), text("type", "Text"), text("unique", "true"))
	}
}

// viewable tells whether View All may be given: objects whose access follows a parent's have no such right.
func viewable(object string) bool {
	return !slices.Contains([]string{"OpportunityLineItem", "OpportunityContactRole", "PricebookEntry", "CampaignMember", "Task", "Event"}, object)
}

func (s AppSpec) sorted() []Access {
	return slices.SortedFunc(slices.Values(s.Objects), func(a, b Access) int { return strings.Compare(a.Object, b.Object) })
}

// messaged are the objects of a road of change: users and what hangs on others have no events of their own worth having.
func (s AppSpec) messaged() []string {
	var out []string
	for _, o := range s.sorted() {
		if o.Object != "User" && o.Object != "OpportunityContactRole" && o.Object != "PricebookEntry" {
			out = append(out, o.Object)
		}
	}
	return out
}

// outbound writes, for each object, an outbound message with the id and the stamps, and a flow that sends it after every
// create and update. Nothing of a message but the id is used (fact sheet 17.1), so it carries nothing else.
func (s AppSpec) outbound(files map[string][]byte) {
	if s.Roads.OutboundURL == "" {
		return
	}
	for _, object := range s.messaged() {
		name := AppName + "_" + object
		files[home+"workflows/"+object+".workflow-meta.xml"] = document("Workflow", parent("outboundMessages",
			text("fullName", name), text("apiVersion", s.Version), text("description", "Tells Crosswalk that a record changed."), text("endpointUrl", s.Roads.OutboundURL),
			text("fields", "Id"), text("fields", "LastModifiedById"), text("includeSessionId", "false"), text("integrationUser", s.Roads.OutboundUser),
			text("name", name), text("protected", "false"), text("useDeadLetterQueue", "false")))
		files[home+"flows/"+name+".flow-meta.xml"] = document("Flow",
			parent("actionCalls", text("name", "Tell"), text("label", "Tell Crosswalk"), text("locationX", "176"), text("locationY", "287"),
				text("actionName", object+"."+name), text("actionType", "outboundMessage"), text("flowTransactionModel", "CurrentTransaction")),
			text("apiVersion", s.Version), text("interviewLabel", name), text("label", name), text("processType", "AutoLaunchedFlow"),
			parent("start", text("locationX", "50"), text("locationY", "0"), parent("connector", text("targetReference", "Tell")),
				text("object", object), text("recordTriggerType", "CreateAndUpdate"), text("triggerType", "RecordAfterSave")),
			text("status", "Active"))
	}
}

// relay writes the channel of change events, its members, and the relay to EventBridge. A relay is made stopped; it is
// told to run by hand, once the partner event source is taken at AWS (fact sheet 17.4). EARLIEST sends again rather than
// leave out.
func (s AppSpec) relay(files map[string][]byte) {
	if s.Roads.RelayAccount == "" {
		return
	}
	channel := AppName + "__chn"
	files[home+"platformEventChannels/"+channel+".platformEventChannel-meta.xml"] = document("PlatformEventChannel", text("channelType", "data"), text("label", AppName))
	for _, object := range s.messaged() {
		event := object + "ChangeEvent"
		if base, custom := strings.CutSuffix(object, "__c"); custom {
			event = base + "__ChangeEvent"
		}
		member := AppName + "_" + strings.ReplaceAll(event, "__", "_")
		files[home+"platformEventChannelMembers/"+member+".platformEventChannelMember-meta.xml"] = document("PlatformEventChannelMember", text("eventChannel", channel), text("selectedEntity", event))
	}
	credential := AppName + "_AWS"
	files[home+"namedCredentials/"+credential+".namedCredential-meta.xml"] = document("NamedCredential", text("allowMergeFieldsInBody", "false"), text("allowMergeFieldsInHeader", "false"),
		text("endpoint", "arn:aws:"+strings.ToUpper(s.Roads.RelayRegion)+":"+s.Roads.RelayAccount), text("generateAuthorizationHeader", "false"), text("label", credential),
		text("principalType", "Anonymous"), text("protocol", "NoAuthentication"))
	files[home+"eventRelays/"+AppName+"_Relay.eventRelay-meta.xml"] = document("EventRelayConfig", text("destinationResourceName", "callout:"+credential),
		text("eventChannel", channel), text("label", AppName+" relay"), text("relayOption", `{"ReplayRecovery":"EARLIEST"}`), text("state", "STOP"))
}

// readme says what to do with the files.
func (s AppSpec) readme(files map[string][]byte) []byte {
	var b strings.Builder
	b.WriteString("# Files for Salesforce\n\nDeploy them with the Salesforce CLI, as an administrator:\n\n    sf project deploy start --source-dir force-app --target-org ORG\n\n")
	b.WriteString("1. Assign the permission set " + AppName + " to the integration user: `sf org assign permset --name " + AppName + " --on-behalf-of USER`. Use a user of its own with the licence Salesforce Integration; such a user is API-only and cannot log in to a browser, so connect by JWT or client credentials.\n")
	b.WriteString("2. Copy the consumer key and secret from Setup, External Client App Manager, " + AppName + ", Settings, OAuth, into the secret store.\n")
	b.WriteString("3. The app's IP relaxation is Bypass: a Lambda function has no fixed address. With a fixed one (network: vpc) set it to Enforce.\n")
	b.WriteString("4. One user can authorise an app five times; a sixth time ends the oldest without a word. Use one user per environment.\n")
	if s.Roads.OutboundURL != "" {
		b.WriteString("5. The address in workflows/ ends in the connection's secret: treat these files as one. To be spared echoes, take Send Outbound Messages from the integration user's profile.\n")
	}
	if s.Roads.RelayAccount != "" {
		b.WriteString("5. At AWS, EventBridge, Partner event sources: associate the source with an event bus of the same name. Then set the relay to run: Setup, Event Relays, " + AppName + " relay, RUN. Five objects are free; more need the Change Data Capture add-on.\n")
	}
	b.WriteString("\nDeploy again whenever the objects or fields in use grow. Files:\n\n")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		b.WriteString("- " + name + "\n")
	}
	return []byte(b.String())
}

// certificate gives the base64 body of a PEM certificate, "" when it is none.
func certificate(pem string) string {
	_, rest, ok := strings.Cut(pem, "-----BEGIN CERTIFICATE-----")
	body, _, ok2 := strings.Cut(rest, "-----END CERTIFICATE-----")
	if !ok || !ok2 {
		return ""
	}
	return strings.Join(strings.Fields(body), "")
}

func yesNo(b bool) string { return map[bool]string{true: "true", false: "false"}[b] }
