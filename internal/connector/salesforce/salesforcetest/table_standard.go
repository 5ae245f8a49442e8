package salesforcetest

// The field tables of this file have no recorded describe: they follow the fact
// sheet's section 16 ([D] Task, OpportunityLineItem, PricebookEntry, Pricebook2;
// [K] the others) and section 15.

const taskFields = `
Id
WhoId | reference(Contact Lead) | cunk | Name ID | rel=Who | child=Tasks
WhatId | reference(Account Campaign Case Opportunity Product2) | cunk | Related To ID | rel=What | child=Tasks
Subject | combobox(255) | cunN | Subject | pick=Call;Email;Send Letter;Send Quote;Other
ActivityDate | date | cun | Due Date Only
Status | picklist(40) | cud | Status | pick=*Not Started;In Progress;Completed;Waiting on someone else;Deferred
Priority | picklist(40) | cud | Priority | pick=High;*Normal;Low
IsHighPriority | boolean | d | High Priority
OwnerId | reference(Group User) | cud | Assigned To ID | rel=Owner
Description | textarea(32000) | cunF | Description | extra=plaintextarea
Type | picklist(40) | cun | Type | pick=Call;Meeting;Other
IsDeleted
AccountId | reference(Account) | n | Account ID | rel=Account
IsClosed | boolean | d | Closed
CreatedDate
CreatedById
LastModifiedDate
LastModifiedById
SystemModstamp
IsArchived | boolean | d | Archived
CallDurationInSeconds | int(8) | cun | Call Duration
CallType | picklist(40) | cun | Call Type | pick=Internal;Inbound;Outbound
CallDisposition | string(255) | cun | Call Result
CallObject | string(255) | cun | Call Object Identifier
ReminderDateTime | datetime | cun | Reminder Date/Time
IsReminderSet | boolean | cud | Reminder Set
CompletedDateTime | datetime | n | Completed Date/Time
TaskSubtype | picklist(40) | cnr | Task Subtype | pick=*Task;Email;List Email;Cadence;Call;LinkedIn
`

const product2Fields = `
Id
Name | string(255) | cuN | Product Name
ProductCode | string(255) | cun | Product Code
Description | textarea(4000) | cunF | Product Description | extra=plaintextarea
IsActive | boolean | cud | Active
CreatedDate
CreatedById
LastModifiedDate
LastModifiedById
SystemModstamp
Family | picklist(255) | cun | Product Family | pick=None
ExternalDataSourceId | reference(ExternalDataSource) | n | External Data Source ID | rel=ExternalDataSource
ExternalId | string(255) | cun | External ID
DisplayUrl | url(1000) | cun | Display URL
QuantityUnitOfMeasure | picklist(255) | cun | Quantity Unit Of Measure | pick=Each
IsDeleted
IsArchived | boolean | d | Archived
LastViewedDate | datetime | n | Last Viewed Date
LastReferencedDate | datetime | n | Last Referenced Date
StockKeepingUnit | string(180) | cun | Product SKU
`

const pricebook2Fields = `
Id
IsDeleted
Name | string(255) | cuN | Price Book Name
CreatedDate
CreatedById
LastModifiedDate
LastModifiedById
SystemModstamp
LastViewedDate | datetime | n | Last Viewed Date
LastReferencedDate | datetime | n | Last Referenced Date
IsActive | boolean | cud | Active
IsArchived | boolean | d | Archived
Description | string(255) | cun | Description
IsStandard | boolean | d | Is Standard Price Book
ValidFrom | datetime | cun | Valid From
ValidTo | datetime | cun | Valid To
`

const pricebookEntryFields = `
Id
Name | string(255) | nN | Product Name
Pricebook2Id | reference(Pricebook2) | ck | Price Book ID | rel=Pricebook2 | child=PricebookEntries
Product2Id | reference(Product2) | ck | Product ID | rel=Product2 | child=PricebookEntries
UnitPrice | currency(18,2) | cun | List Price
IsActive | boolean | cud | Active
UseStandardPrice | boolean | cud | Use Standard Price
CreatedDate
CreatedById
LastModifiedDate
LastModifiedById
SystemModstamp
ProductCode | string(255) | n | Product Code
IsDeleted
IsArchived | boolean | d | Archived
`

const opportunityLineItemFields = `
Id
OpportunityId | reference(Opportunity) | ck | Opportunity ID | rel=Opportunity | child=OpportunityLineItems
SortOrder | int(9) | cun | Sort Order
PricebookEntryId | reference(PricebookEntry) | cn | Price Book Entry ID | rel=PricebookEntry | child=OpportunityLineItems
Product2Id | reference(Product2) | cn | Product ID | rel=Product2
ProductCode | string(255) | n | Product Code
Name | string(376) | nN | Opportunity Product Name
Quantity | double(12,2) | cu | Quantity
TotalPrice | currency(18,2) | cun | Total Price
UnitPrice | currency(18,2) | cun | Sales Price
ListPrice | currency(18,2) | n | List Price
ServiceDate | date | cun | Date
Description | string(255) | cun | Line Description
CreatedDate
CreatedById
LastModifiedDate
LastModifiedById
SystemModstamp
IsDeleted
LastViewedDate | datetime | n | Last Viewed Date
LastReferencedDate | datetime | n | Last Referenced Date
`

// lineDiscountFields exist only where the feature is enabled (section 15.4).
const lineDiscountFields = `
Subtotal | currency(18,2) | n | Subtotal
Discount | percent(5,2) | cun | Discount
`

const campaignFields = `
Id
IsDeleted
Name | string(80) | cuN | Name
ParentId | reference(Campaign) | cun | Parent Campaign ID | rel=Parent | child=ChildCampaigns
Type | picklist(40) | cun | Type | pick=Conference;Webinar;Trade Show;Public Relations;Partners;Referral Program;Advertisement;Banner Ads;Direct Mail;Email;Telemarketing;Other
Status | picklist(40) | cund | Status | pick=*Planned;In Progress;Completed;Aborted
StartDate | date | cun | Start Date
EndDate | date | cun | End Date
ExpectedRevenue | currency(18,0) | cun | Expected Revenue
BudgetedCost | currency(18,0) | cun | Budgeted Cost
ActualCost | currency(18,0) | cun | Actual Cost
IsActive | boolean | cud | Active
Description | textarea(32000) | cunF | Description | extra=plaintextarea
NumberOfLeads | int(8) | d | Leads in Campaign
NumberOfContacts | int(8) | d | Contacts in Campaign
OwnerId | reference(User) | cud | Owner ID | rel=Owner
CreatedDate
CreatedById
LastModifiedDate
LastModifiedById
SystemModstamp
`

const campaignMemberFields = `
Id
IsDeleted
CampaignId | reference(Campaign) | ck | Campaign ID | rel=Campaign | child=CampaignMembers
LeadId | reference(Lead) | cnk | Lead ID | rel=Lead | child=CampaignMembers
ContactId | reference(Contact) | cnk | Contact ID | rel=Contact | child=CampaignMembers
Status | picklist(40) | cund | Status | pick=*Sent;Responded
HasResponded | boolean | d | Responded
CreatedDate
CreatedById
LastModifiedDate
LastModifiedById
SystemModstamp
FirstRespondedDate | date | n | First Responded Date
Name | string(121) | nN | Full Name
Type | string(40) | n | Type
LeadOrContactId | reference(Contact Lead) | n | Related Record ID
`

const campaignMemberStatusFields = `
Id
IsDeleted
Label | string(765) | cuN | Label
SortOrder | int(9) | cun | Sort Order
IsDefault | boolean | cud | Default
HasResponded | boolean | cud | Responded
CampaignId | reference(Campaign) | ck | Campaign ID | rel=Campaign | child=CampaignMemberStatuses
CreatedDate
CreatedById
LastModifiedDate
LastModifiedById
SystemModstamp
`

const userFields = `
Id
Username | string(80) | cuU | Username
LastName | string(80) | cu | Last Name | in=Name | extra=personname
FirstName | string(40) | cun | First Name | in=Name | extra=personname
Name | string(121) | N | Full Name | extra=personname
CompanyName | string(80) | cun | Company Name
Division | string(80) | cun | Division
Department | string(80) | cun | Department
Title | string(80) | cun | Title
Email | email(128) | cul | Email
Phone | phone(40) | cun | Phone
Alias | string(8) | cu | Alias
IsActive | boolean | cud | Active
TimeZoneSidKey | picklist(40) | cur | Time Zone | pick=America/Los_Angeles;Europe/London;UTC
LocaleSidKey | picklist(40) | cur | Locale | pick=en_US;en_GB;de_DE
EmailEncodingKey | picklist(40) | cur | Email Encoding | pick=UTF-8;ISO-8859-1
LanguageLocaleKey | picklist(40) | cur | Language | pick=en_US;de
UserType | picklist(40) | nr | User Type | pick=Standard;CsnOnly;AutomatedProcess
ProfileId | reference(Profile) | cu | Profile ID | rel=Profile
FederationIdentifier | string(512) | cun | SAML Federation ID
CreatedDate
CreatedById
LastModifiedDate
LastModifiedById
SystemModstamp
`

const groupFields = `
Id
Name | string(40) | cuN | Name
DeveloperName | string(80) | cun | Developer Name
RelatedId | reference(User) | n | Related ID | rel=Related
Type | picklist(40) | cr | Type | pick=Regular;Queue;Role;Organization
Email | email(255) | cun | Email
CreatedDate
CreatedById
LastModifiedDate
LastModifiedById
SystemModstamp
`

const organizationFields = `
Id
Name | string(80) | N | Name
Division | string(80) | n | Division
Street | textarea(255) | n | Street | in=Address | extra=plaintextarea
City | string(40) | n | City | in=Address
State | string(80) | n | State/Province | in=Address
PostalCode | string(20) | n | Zip/Postal Code | in=Address
Country | string(80) | n | Country | in=Address
Latitude | double(18,15) | n | Latitude | in=Address
Longitude | double(18,15) | n | Longitude | in=Address
GeocodeAccuracy | picklist(40) | nr | Geocode Accuracy | in=Address
Address | address | n | Address
Phone | phone(40) | n | Phone
Fax | phone(40) | n | Fax
PrimaryContact | string(80) | n | Primary Contact
DefaultLocaleSidKey | picklist(40) | dr | Locale | pick=en_US
TimeZoneSidKey | picklist(40) | dr | Time Zone | pick=America/Los_Angeles;UTC
LanguageLocaleKey | picklist(40) | dr | Language | pick=en_US
ReceivesInfoEmails | boolean | d | Info Emails
ReceivesAdminInfoEmails | boolean | d | Info Emails Admin
PreferencesRequireOpportunityProducts | boolean | d | RequireOpportunityProducts
PreferencesTransactionSecurityPolicy | boolean | d | TransactionSecurityPolicy
PreferencesTerminateOldestSession | boolean | d | TerminateOldestSession
PreferencesConsentManagementEnabled | boolean | d | ConsentManagementEnabled
PreferencesAutoSelectIndividualOnMerge | boolean | d | AutoSelectIndividualOnMerge
PreferencesLightningLoginEnabled | boolean | d | LightningLoginEnabled
PreferencesOnlyLLPermUserAllowed | boolean | d | OnlyLLPermUserAllowed
FiscalYearStartMonth | int(9) | d | Fiscal Year Starts In
UsesStartDateAsFiscalYearName | boolean | d | Fiscal Year Name by Start
DefaultAccountAccess | picklist(40) | nr | Default Account Access | pick=Edit
DefaultContactAccess | picklist(40) | nr | Default Contact Access | pick=ControlledByParent
DefaultOpportunityAccess | picklist(40) | nr | Default Opportunity Access | pick=Edit
DefaultLeadAccess | picklist(40) | nr | Default Lead Access | pick=ReadEditTransfer
DefaultCaseAccess | picklist(40) | nr | Default Case Access | pick=ReadEditTransfer
DefaultCalendarAccess | picklist(40) | nr | Default Calendar Access | pick=HideDetailsInsert
DefaultPricebookAccess | picklist(40) | nr | Default Price Book Access | pick=ReadSelect
DefaultCampaignAccess | picklist(40) | nr | Default Campaign Access | pick=All
DelegatedAuthenticationServiceUrl | url(1000) | n | Delegated Authentication Service URL
SystemModstamp
ComplianceBccEmail | email(80) | n | Compliance BCC Email
UiSkin | picklist(40) | nr | UI Skin | pick=Theme3
SignupCountryIsoCode | string(2) | n | Signup Country
TrialExpirationDate | datetime | n | Trial Expiration Date
NumKnowledgeService | int(9) | n | Knowledge Licenses
OrganizationType | picklist(40) | nr | Edition | pick=Team Edition;Professional Edition;Enterprise Edition;Developer Edition;Unlimited Edition
NamespacePrefix | string(15) | n | Namespace Prefix
InstanceName | string(5) | n | Instance Name
IsSandbox | boolean | d | Is Sandbox
WebToCaseDefaultOrigin | string(40) | n | Web to Cases Default Origin
MonthlyPageViewsUsed | int(9) | n | Monthly Page Views Used
MonthlyPageViewsEntitlement | int(9) | n | Monthly Page Views Allowed
IsReadOnly | boolean | d | Is Read Only
CreatedDate
CreatedById
LastModifiedDate
LastModifiedById
`

const recordTypeFields = `
Id
Name | string(80) | uN | Name
DeveloperName | string(80) | u | Record Type Name
NamespacePrefix | string(15) | n | Namespace Prefix
Description | string(255) | n | Description
SobjectType | picklist(40) | r | SObject Type Name
IsActive | boolean | d | Active
IsPersonType | boolean | d | Is Person Type
CreatedById
CreatedDate
LastModifiedById
LastModifiedDate
SystemModstamp
`

const opportunityStageFields = `
Id
MasterLabel | string(255) | nN | Master Label
ApiName | string(255) | n | API Name
IsActive | boolean | d | Is Active
SortOrder | int(9) | n | Sort Order
IsClosed | boolean | d | Closed
IsWon | boolean | d | Won
ForecastCategory | picklist(40) | r | Forecast Category | pick=Omitted;Pipeline;BestCase;MostLikely;Forecast;Closed
ForecastCategoryName | picklist(255) | nr | Forecast Category Name | pick=Omitted;Pipeline;Best Case;Commit;Closed
DefaultProbability | percent(3,0) | n | Probability (%)
Description | string(255) | n | Description
CreatedById
CreatedDate
LastModifiedById
LastModifiedDate
SystemModstamp
`

const taskStatusFields = `
Id
MasterLabel | string(255) | nN | Master Label
ApiName | string(255) | n | API Name
SortOrder | int(9) | n | Sort Order
IsDefault | boolean | d | Is Default
IsClosed | boolean | d | Is Closed
CreatedById
CreatedDate
LastModifiedById
LastModifiedDate
SystemModstamp
`

const leadStatusFields = `
Id
MasterLabel | string(255) | nN | Master Label
ApiName | string(255) | n | API Name
SortOrder | int(9) | n | Sort Order
IsDefault | boolean | d | Is Default
IsConverted | boolean | d | Converted
CreatedById
CreatedDate
LastModifiedById
LastModifiedDate
SystemModstamp
`

// The two currency objects exist with multi-currency only (section 15.9).
const currencyTypeFields = `
Id
IsoCode | picklist(3) | cr | Currency ISO Code
ConversionRate | double(18,6) | cu | Conversion Rate
DecimalPlaces | int(9) | cu | Decimal Places
IsActive | boolean | cud | Active
IsCorporate | boolean | d | Corporate Currency
CreatedById
CreatedDate
LastModifiedById
LastModifiedDate
SystemModstamp
`

const datedConversionRateFields = `
Id
IsoCode | picklist(3) | cr | Currency ISO Code
StartDate | date | c | Start Date
NextStartDate | date | n | Next Start Date
ConversionRate | double(18,6) | cu | Conversion Rate
CreatedById
CreatedDate
LastModifiedById
LastModifiedDate
SystemModstamp
`
