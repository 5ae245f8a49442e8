package salesforcetest

// The field tables of this file are the recorded describes of the fact sheet
// (section 16, [R]): name | type | flags | label | more. See table.go for the form.

const accountFields = `
Id | id(18) | dl | Account ID
IsDeleted
MasterRecordId | reference(Account) | n | Master Record ID | rel=MasterRecord
Name | string(255) | cuN | Account Name | in=Name | extra=switchablepersonname
Type | picklist(40) | cun | Account Type | pick=Prospect;Customer - Direct;Customer - Channel;Channel Partner / Reseller;Installation Partner;Technology Partner;Other
ParentId | reference(Account) | cun | Parent Account ID | rel=Parent | child=ChildAccounts
BillingStreet | textarea(255) | cun | Billing Street | in=BillingAddress | extra=plaintextarea
BillingCity | string(40) | cun | Billing City | in=BillingAddress
BillingState | string(80) | cun | Billing State/Province | in=BillingAddress
BillingPostalCode | string(20) | cun | Billing Zip/Postal Code | in=BillingAddress
BillingCountry | string(80) | cun | Billing Country | in=BillingAddress
BillingLatitude | double(18,15) | cun | Billing Latitude | in=BillingAddress
BillingLongitude | double(18,15) | cun | Billing Longitude | in=BillingAddress
BillingGeocodeAccuracy | picklist(40) | cunr | Billing Geocode Accuracy | in=BillingAddress | pick=Address;NearAddress;Block;Street;ExtendedZip;Zip;Neighborhood;City;County;State;Unknown
BillingAddress | address | n | Billing Address
ShippingStreet | textarea(255) | cun | Shipping Street | in=ShippingAddress | extra=plaintextarea
ShippingCity | string(40) | cun | Shipping City | in=ShippingAddress
ShippingState | string(80) | cun | Shipping State/Province | in=ShippingAddress
ShippingPostalCode | string(20) | cun | Shipping Zip/Postal Code | in=ShippingAddress
ShippingCountry | string(80) | cun | Shipping Country | in=ShippingAddress
ShippingLatitude | double(18,15) | cun | Shipping Latitude | in=ShippingAddress
ShippingLongitude | double(18,15) | cun | Shipping Longitude | in=ShippingAddress
ShippingGeocodeAccuracy | picklist(40) | cunr | Shipping Geocode Accuracy | in=ShippingAddress | pick=Address;NearAddress;Block;Street;ExtendedZip;Zip;Neighborhood;City;County;State;Unknown
ShippingAddress | address | n | Shipping Address
Phone | phone(40) | cun | Account Phone
Fax | phone(40) | cun | Account Fax
AccountNumber | string(40) | cun | Account Number
Website | url(255) | cun | Website
PhotoUrl | url(255) | n | Photo URL | extra=imageurl
Sic | string(20) | cun | SIC Code
Industry | picklist(40) | cun | Industry | pick=Agriculture;Apparel;Banking;Biotechnology;Chemicals;Communications;Construction;Consulting;Education;Electronics;Energy;Engineering;Entertainment;Environmental;Finance;Food & Beverage;Government;Healthcare;Hospitality;Insurance;Machinery;Manufacturing;Media;Not For Profit;Recreation;Retail;Shipping;Technology;Telecommunications;Transportation;Utilities;Other
AnnualRevenue | currency(18,0) | cun | Annual Revenue
NumberOfEmployees | int(8) | cun | Employees
Ownership | picklist(40) | cun | Ownership | pick=Public;Private;Subsidiary;Other
TickerSymbol | string(20) | cun | Ticker Symbol
Description | textarea(32000) | cunF | Account Description | extra=plaintextarea
Rating | picklist(40) | cun | Account Rating | pick=Hot;Warm;Cold
Site | string(80) | cun | Account Site
OwnerId | reference(User) | cud | Owner ID | rel=Owner
CreatedDate
CreatedById
LastModifiedDate
LastModifiedById
SystemModstamp
LastActivityDate | date | n | Last Activity
LastViewedDate | datetime | n | Last Viewed Date
LastReferencedDate | datetime | n | Last Referenced Date
IsPartner | boolean | ud | Partner Account
IsCustomerPortal | boolean | ud | Customer Portal Account
ChannelProgramName | string(255) | nF | Channel Program Name
ChannelProgramLevelName | string(255) | nF | Channel Program Level Name
Jigsaw | string(20) | cun | Data.com Key
JigsawCompanyId | string(20) | n | Jigsaw Company ID | rel=JigsawCompany
CleanStatus | picklist(40) | cunr | Clean Status | pick=Matched;Different;Acknowledged;NotFound;Inactive;Pending;SelectMatch;Skipped
AccountSource | picklist(40) | cun | Account Source | pick=Web;Phone Inquiry;Partner Referral;Purchased List;Other
DunsNumber | string(9) | cun | D-U-N-S Number
Tradestyle | string(255) | cun | Tradestyle
NaicsCode | string(8) | cun | NAICS Code
NaicsDesc | string(120) | cun | NAICS Description
YearStarted | string(4) | cun | Year Started
SicDesc | string(80) | cun | SIC Description
DandbCompanyId | reference(DandBCompany) | cun | D&B Company ID | rel=DandbCompany
OperatingHoursId | reference(OperatingHours) | cun | Operating Hour ID | rel=OperatingHours
`

const contactFields = `
Id | id(18) | dl | Contact ID
IsDeleted
MasterRecordId | reference(Contact) | n | Master Record ID | rel=MasterRecord
AccountId | reference(Account) | cunk | Account ID | rel=Account | child=Contacts
LastName | string(80) | cu | Last Name | in=Name | extra=personname
FirstName | string(40) | cun | First Name | in=Name | extra=personname
Salutation | picklist(40) | cun | Salutation | in=Name | extra=personname | pick=Mr.;Ms.;Mrs.;Dr.;Prof.
Name | string(121) | N | Full Name | extra=personname
OtherStreet | textarea(255) | cun | Other Street | in=OtherAddress | extra=plaintextarea
OtherCity | string(40) | cun | Other City | in=OtherAddress
OtherState | string(80) | cun | Other State/Province | in=OtherAddress
OtherPostalCode | string(20) | cun | Other Zip/Postal Code | in=OtherAddress
OtherCountry | string(80) | cun | Other Country | in=OtherAddress
OtherLatitude | double(18,15) | cun | Other Latitude | in=OtherAddress
OtherLongitude | double(18,15) | cun | Other Longitude | in=OtherAddress
OtherGeocodeAccuracy | picklist(40) | cunr | Other Geocode Accuracy | in=OtherAddress | pick=Address;NearAddress;Block;Street;ExtendedZip;Zip;Neighborhood;City;County;State;Unknown
OtherAddress | address | n | Other Address
MailingStreet | textarea(255) | cun | Mailing Street | in=MailingAddress | extra=plaintextarea
MailingCity | string(40) | cun | Mailing City | in=MailingAddress
MailingState | string(80) | cun | Mailing State/Province | in=MailingAddress
MailingPostalCode | string(20) | cun | Mailing Zip/Postal Code | in=MailingAddress
MailingCountry | string(80) | cun | Mailing Country | in=MailingAddress
MailingLatitude | double(18,15) | cun | Mailing Latitude | in=MailingAddress
MailingLongitude | double(18,15) | cun | Mailing Longitude | in=MailingAddress
MailingGeocodeAccuracy | picklist(40) | cunr | Mailing Geocode Accuracy | in=MailingAddress | pick=Address;NearAddress;Block;Street;ExtendedZip;Zip;Neighborhood;City;County;State;Unknown
MailingAddress | address | n | Mailing Address
Phone | phone(40) | cun | Business Phone
Fax | phone(40) | cun | Business Fax
MobilePhone | phone(40) | cun | Mobile Phone
HomePhone | phone(40) | cun | Home Phone
OtherPhone | phone(40) | cun | Other Phone
AssistantPhone | phone(40) | cun | Asst. Phone
ReportsToId | reference(Contact) | cun | Reports To ID | rel=ReportsTo
Email | email(80) | cunl | Email
Title | string(128) | cun | Title
Department | string(80) | cun | Department
AssistantName | string(40) | cun | Assistant's Name
LeadSource | picklist(255) | cun | Lead Source | pick=Web;Phone Inquiry;Partner Referral;Purchased List;Other
Birthdate | date | cun | Birthdate
Description | textarea(32000) | cunF | Contact Description | extra=plaintextarea
OwnerId | reference(User) | cud | Owner ID | rel=Owner
CreatedDate
CreatedById
LastModifiedDate
LastModifiedById
SystemModstamp
LastActivityDate | date | n | Last Activity
LastCURequestDate | datetime | n | Last Stay-in-Touch Request Date
LastCUUpdateDate | datetime | n | Last Stay-in-Touch Save Date
LastViewedDate | datetime | n | Last Viewed Date
LastReferencedDate | datetime | n | Last Referenced Date
EmailBouncedReason | string(255) | cun | Email Bounced Reason
EmailBouncedDate | datetime | cun | Email Bounced Date
IsEmailBounced | boolean | d | Is Email Bounced
PhotoUrl | url(255) | n | Photo URL | extra=imageurl
Jigsaw | string(20) | cun | Data.com Key
JigsawContactId | string(20) | n | Jigsaw Contact ID | rel=JigsawContact
CleanStatus | picklist(40) | cunr | Clean Status | pick=Matched;Different;Acknowledged;NotFound;Inactive;Pending;SelectMatch;Skipped
IndividualId | reference(Individual) | cun | Individual ID | rel=Individual
`

const leadFields = `
Id | id(18) | dl | Lead ID
IsDeleted
MasterRecordId | reference(Lead) | n | Master Record ID | rel=MasterRecord
LastName | string(80) | cu | Last Name | in=Name | extra=personname
FirstName | string(40) | cun | First Name | in=Name | extra=personname
Salutation | picklist(40) | cun | Salutation | in=Name | extra=personname | pick=Mr.;Ms.;Mrs.;Dr.;Prof.;Mx.
Name | string(121) | N | Full Name | extra=personname
Title | string(128) | cun | Title
Company | string(255) | cu | Company
Street | textarea(255) | cun | Street | in=Address | extra=plaintextarea
City | string(40) | cun | City | in=Address
State | string(80) | cun | State/Province | in=Address
PostalCode | string(20) | cun | Zip/Postal Code | in=Address
Country | string(80) | cun | Country | in=Address
Latitude | double(18,15) | cun | Latitude | in=Address
Longitude | double(18,15) | cun | Longitude | in=Address
GeocodeAccuracy | picklist(40) | cunr | Geocode Accuracy | in=Address | pick=Address;NearAddress;Block;Street;ExtendedZip;Zip;Neighborhood;City;County;State;Unknown
Address | address | n | Address
Phone | phone(40) | cun | Phone
MobilePhone | phone(40) | cun | Mobile Phone
Fax | phone(40) | cun | Fax
Email | email(80) | cunl | Email
Website | url(255) | cun | Website
PhotoUrl | url(255) | n | Photo URL | extra=imageurl
Description | textarea(32000) | cunF | Description | extra=plaintextarea
LeadSource | picklist(255) | cun | Lead Source | pick=Web;Phone Inquiry;Partner Referral;Purchased List;Other
Status | picklist(255) | cud | Status | pick=*Open - Not Contacted;Working - Contacted;Closed - Converted;Closed - Not Converted
Industry | picklist(255) | cun | Industry | pick=Agriculture;Apparel;Banking;Biotechnology;Chemicals;Communications;Construction;Consulting;Education;Electronics;Energy;Engineering;Entertainment;Environmental;Finance;Food & Beverage;Government;Healthcare;Hospitality;Insurance;Machinery;Manufacturing;Media;Not For Profit;Recreation;Retail;Shipping;Technology;Telecommunications;Transportation;Utilities;Other
Rating | picklist(255) | cun | Rating | pick=Hot;Warm;Cold
AnnualRevenue | currency(18,0) | cun | Annual Revenue
NumberOfEmployees | int(8) | cun | Employees
OwnerId | reference(Group User) | cud | Owner ID | rel=Owner
IsConverted | boolean | cd | Converted
ConvertedDate | date | n | Converted Date
ConvertedAccountId | reference(Account) | n | Converted Account ID | rel=ConvertedAccount
ConvertedContactId | reference(Contact) | n | Converted Contact ID | rel=ConvertedContact
ConvertedOpportunityId | reference(Opportunity) | n | Converted Opportunity ID | rel=ConvertedOpportunity
IsUnreadByOwner | boolean | cud | Unread By Owner
CreatedDate
CreatedById
LastModifiedDate
LastModifiedById
SystemModstamp
LastActivityDate | date | n | Last Activity
LastViewedDate | datetime | n | Last Viewed Date
LastReferencedDate | datetime | n | Last Referenced Date
Jigsaw | string(20) | cun | Data.com Key
JigsawContactId | string(20) | n | Jigsaw Contact ID | rel=JigsawContact
CleanStatus | picklist(40) | cunr | Clean Status | pick=Matched;Different;Acknowledged;NotFound;Inactive;Pending;SelectMatch;Skipped
CompanyDunsNumber | string(9) | cun | Company D-U-N-S Number
DandbCompanyId | reference(DandBCompany) | cun | D&B Company ID | rel=DandbCompany
EmailBouncedReason | string(255) | un | Email Bounced Reason
EmailBouncedDate | datetime | un | Email Bounced Date
IndividualId | reference(Individual) | cun | Individual ID | rel=Individual
`

const opportunityFields = `
Id | id(18) | dl | Opportunity ID
IsDeleted
AccountId | reference(Account) | cunk | Account ID | rel=Account | child=Opportunities
IsPrivate | boolean | cud | Private
Name | string(120) | culN | Name
Description | textarea(32000) | cunF | Description | extra=plaintextarea
StageName | picklist(255) | cu | Stage | pick=Prospecting;Qualification;Needs Analysis;Value Proposition;Id. Decision Makers;Perception Analysis;Proposal/Price Quote;Negotiation/Review;Closed Won;Closed Lost
Amount | currency(18,2) | cun | Amount
Probability | percent(3,0) | cund | Probability (%)
ExpectedRevenue | currency(18,2) | n | Expected Amount
TotalOpportunityQuantity | double(18,2) | cun | Quantity
CloseDate | date | cu | Close Date
Type | picklist(255) | cun | Opportunity Type | pick=Existing Customer - Upgrade;Existing Customer - Replacement;Existing Customer - Downgrade;New Customer
NextStep | string(255) | cun | Next Step
LeadSource | picklist(255) | cun | Lead Source | pick=Web;Phone Inquiry;Partner Referral;Purchased List;Other
IsClosed | boolean | d | Closed
IsWon | boolean | d | Won
ForecastCategory | picklist(40) | r | Forecast Category | pick=Omitted;Pipeline;BestCase;MostLikely;Forecast;Closed
ForecastCategoryName | picklist(255) | cundr | Forecast Category | pick=Omitted;Pipeline;Best Case;Commit;Closed
CampaignId | reference(Campaign) | cun | Campaign ID | rel=Campaign | child=Opportunities
HasOpportunityLineItem | boolean | d | Has Line Item
Pricebook2Id | reference(Pricebook2) | cund | Price Book ID | rel=Pricebook2 | child=Opportunities
OwnerId | reference(User) | cud | Owner ID | rel=Owner
CreatedDate
CreatedById
LastModifiedDate
LastModifiedById
SystemModstamp
LastActivityDate | date | n | Last Activity
LastStageChangeDate | datetime | n | Last Stage Change Date
FiscalQuarter | int(8) | n | Fiscal Quarter | in=Fiscal
FiscalYear | int(8) | n | Fiscal Year | in=Fiscal
Fiscal | string(6) | n | Fiscal Period
ContactId | reference(Contact) | cn | Contact ID | child=Opportunities
LastViewedDate | datetime | n | Last Viewed Date
LastReferencedDate | datetime | n | Last Referenced Date
HasOpenActivity | boolean | dF | Has Open Activity
HasOverdueTask | boolean | dF | Has Overdue Task
`

const eventFields = `
Id | id(18) | dl | Activity ID
WhoId | reference(Contact Lead) | cun | Name ID | rel=Who | child=Events
WhatId | reference(Account Campaign Case Opportunity Product2) | cunk | Related To ID | rel=What | child=Events
Subject | combobox(255) | cunN | Subject | pick=Call;Email;Meeting;Send Letter/Quote;Other
Location | string(255) | cun | Location
IsAllDayEvent | boolean | cud | All-Day Event
ActivityDateTime | datetime | cun | Due Date Time
ActivityDate | date | cun | Due Date Only
DurationInMinutes | int(8) | cun | Duration
StartDateTime | datetime | cun | Start Date Time
EndDateTime | datetime | cun | End Date Time
EndDate | date | n | End Date
Description | textarea(32000) | cunF | Description | extra=plaintextarea
AccountId | reference(Account) | n | Account ID | rel=Account
OwnerId | reference(Calendar User) | cud | Assigned To ID | rel=Owner
IsPrivate | boolean | cud | Private
ShowAs | picklist(40) | cundr | Show Time As | pick=*Busy;OutOfOffice;Free
IsDeleted
CreatedDate
CreatedById
LastModifiedDate
LastModifiedById
SystemModstamp
IsArchived | boolean | d | Archived
ReminderDateTime | datetime | cun | Reminder Date/Time
IsReminderSet | boolean | cud | Reminder Set
EventSubtype | picklist(40) | cnr | Event Subtype | pick=Event
`

const opportunityContactRoleFields = `
Id | id(18) | dl | Contact Role ID
OpportunityId | reference(Opportunity) | ck | Opportunity ID | rel=Opportunity | child=OpportunityContactRoles
ContactId | reference(Contact) | cuk | Contact ID | rel=Contact | child=OpportunityContactRoles
Role | picklist(40) | cun | Role | pick=Business User;Decision Maker;Economic Buyer;Economic Decision Maker;Evaluator;Executive Sponsor;Influencer;Technical Buyer;Other
IsPrimary | boolean | cud | Primary
CreatedDate
CreatedById
LastModifiedDate
LastModifiedById
SystemModstamp
IsDeleted
`

const caseFields = `
Id | id(18) | dl | Case ID
IsDeleted
MasterRecordId | reference(Case) | n | Master Record ID | rel=MasterRecord
CaseNumber | string(30) | dlN# | Case Number
ContactId | reference(Contact) | cun | Contact ID | rel=Contact | child=Cases
AccountId | reference(Account) | cunR | Account ID | rel=Account | child=Cases
AssetId | reference(Asset) | cun | Asset ID | rel=Asset
ParentId | reference(Case) | cun | Parent Case ID | rel=Parent | child=Cases
SuppliedName | string(80) | cun | Name
SuppliedEmail | email(80) | cun | Email Address
SuppliedPhone | string(40) | cun | Phone
SuppliedCompany | string(80) | cun | Company
Type | picklist(40) | cun | Case Type | pick=Mechanical;Electrical;Electronic;Structural;Other
Status | picklist(40) | cund | Status | pick=*New;Working;Escalated;Closed
Reason | picklist(40) | cun | Case Reason | pick=Installation;Equipment Complexity;Performance;Breakdown;Equipment Design;Feedback;Other
Origin | picklist(40) | cun | Case Origin | pick=Phone;Email;Web
Subject | string(255) | cun | Subject
Priority | picklist(40) | cund | Priority | pick=High;*Medium;Low
Description | textarea(32000) | cunF | Description | extra=plaintextarea
IsClosed | boolean | d | Closed
ClosedDate | datetime | n | Closed Date
IsEscalated | boolean | cud | Escalated
OwnerId | reference(Group User) | cud | Owner ID | rel=Owner
CreatedDate
CreatedById
LastModifiedDate
LastModifiedById
SystemModstamp
ContactPhone | phone(40) | n | Contact Phone
ContactMobile | phone(40) | n | Contact Mobile
ContactEmail | email(80) | n | Contact Email
ContactFax | phone(40) | n | Contact Fax
Comments | textarea(4000) | cunF | Internal Comments | extra=plaintextarea
LastViewedDate | datetime | n | Last Viewed Date
LastReferencedDate | datetime | n | Last Referenced Date
`

// personFields are what person accounts add to Account (section 15.8).
const personFields = `
LastName | string(80) | cunN | Last Name | in=Name | extra=switchablepersonname
FirstName | string(40) | cunN | First Name | in=Name | extra=switchablepersonname
Salutation | picklist(40) | cun | Salutation | in=Name | extra=switchablepersonname | pick=Mr.;Ms.;Mrs.;Dr.;Prof.;Mx.
PersonContactId | reference(Contact) | n | Contact ID | rel=PersonContact
IsPersonAccount | boolean | d | Is Person Account
PersonMailingStreet | textarea(255) | cun | Mailing Street | in=PersonMailingAddress | extra=plaintextarea
PersonMailingCity | string(40) | cun | Mailing City | in=PersonMailingAddress
PersonMailingState | string(80) | cun | Mailing State/Province | in=PersonMailingAddress
PersonMailingPostalCode | string(20) | cun | Mailing Zip/Postal Code | in=PersonMailingAddress
PersonMailingCountry | string(80) | cun | Mailing Country | in=PersonMailingAddress
PersonMailingLatitude | double(18,15) | cun | Mailing Latitude | in=PersonMailingAddress
PersonMailingLongitude | double(18,15) | cun | Mailing Longitude | in=PersonMailingAddress
PersonMailingGeocodeAccuracy | picklist(40) | cunr | Mailing Geocode Accuracy | in=PersonMailingAddress | pick=Address;NearAddress;Block;Street;ExtendedZip;Zip;Neighborhood;City;County;State;Unknown
PersonMailingAddress | address | n | Mailing Address
PersonOtherStreet | textarea(255) | cun | Other Street | in=PersonOtherAddress | extra=plaintextarea
PersonOtherCity | string(40) | cun | Other City | in=PersonOtherAddress
PersonOtherState | string(80) | cun | Other State/Province | in=PersonOtherAddress
PersonOtherPostalCode | string(20) | cun | Other Zip/Postal Code | in=PersonOtherAddress
PersonOtherCountry | string(80) | cun | Other Country | in=PersonOtherAddress
PersonOtherLatitude | double(18,15) | cun | Other Latitude | in=PersonOtherAddress
PersonOtherLongitude | double(18,15) | cun | Other Longitude | in=PersonOtherAddress
PersonOtherGeocodeAccuracy | picklist(40) | cunr | Other Geocode Accuracy | in=PersonOtherAddress | pick=Address;NearAddress;Block;Street;ExtendedZip;Zip;Neighborhood;City;County;State;Unknown
PersonOtherAddress | address | n | Other Address
PersonMobilePhone | phone(40) | cun | Mobile
PersonHomePhone | phone(40) | cun | Home Phone
PersonOtherPhone | phone(40) | cun | Other Phone
PersonAssistantPhone | phone(40) | cun | Asst. Phone
PersonEmail | email(80) | cun | Email
PersonTitle | string(80) | cun | Title
PersonDepartment | string(80) | cun | Department
PersonAssistantName | string(40) | cun | Assistant
PersonLeadSource | picklist(255) | cun | Lead Source | pick=Web;Phone Inquiry;Partner Referral;Purchased List;Other
PersonBirthdate | date | cun | Birthdate
PersonHasOptedOutOfEmail | boolean | cud | Email Opt Out
PersonHasOptedOutOfFax | boolean | cud | Fax Opt Out
PersonDoNotCall | boolean | cud | Do Not Call
PersonLastCURequestDate | datetime | n | Last Stay-in-Touch Request Date
PersonLastCUUpdateDate | datetime | n | Last Stay-in-Touch Save Date
PersonEmailBouncedReason | string(255) | cun | Email Bounced Reason
PersonEmailBouncedDate | datetime | cun | Email Bounced Date
`
