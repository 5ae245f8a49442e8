package hubspot

import "crosswalk/internal/connector"

// Who can do what, in the refusals below (fact sheet 2, OAuth).
const (
	installer = "A super admin of the HubSpot account, or a user with App Marketplace Access who holds the scopes asked for"
	appOwner  = "Whoever made the app at HubSpot (Development > Projects)"
	giveApp   = "Give the app's client id and client secret again: crosswalk connect {connection} --client-file FILE"
)

// ConsentRefusals are the ways in which HubSpot refuses a consent or its code (fact sheet 2, OAuth errors). Refusals that
// HubSpot shows on its own page never come back; the help page connecting has them.
func ConsentRefusals() []connector.ConsentRefusal {
	return []connector.ConsentRefusal{
		{Code: "access_denied", What: "The consent was refused on HubSpot's page, or the person there may not install apps.", Who: installer + "."},
		{Code: "BAD_AUTH_CODE", What: "HubSpot's code was too old or used already. It lives for half a minute.", Who: installer + "; nothing has to be granted anew."},
		{Code: "BAD_REDIRECT_URI", What: "The redirect address is not the one that the app has: {redirect}", Who: appOwner + ": write exactly this address into the app's redirectUrls and upload it."},
		{Code: "BAD_CLIENT_ID", What: "HubSpot does not know the app's client id.", Who: appOwner + " has the right one on its Auth tab.", Again: giveApp},
		{Code: "BAD_CLIENT_SECRET", What: "HubSpot does not accept the app's client secret. It may have been rotated.", Who: appOwner + " has the right one on its Auth tab.", Again: giveApp},
		{Code: "BAD_CODE_VERIFIER", What: "The proof that the same program asked and traded was not accepted. Another consent may have been in between.", Who: installer + "; nothing has to be granted anew."},
		{Code: "BAD_GRANT_TYPE", What: "HubSpot does not take this kind of grant from the app: it is not an OAuth app.", Who: appOwner + ": give it auth type oauth, or connect with its token: crosswalk connect {connection} --key"},
		{Code: "BAD_SCOPES", What: "The scopes asked for are not those of the app.", Who: appOwner + ": write the files anew and upload them: crosswalk connect {connection} --app-files DIR"},
		{Code: "BAD_HUB", What: "This HubSpot account may not install the app: it is not on the app's list of accounts, or the app has its full number of installs.", Who: appOwner + ": add the account on the app's Distribution tab."},
		{Code: "BAD_REFRESH_TOKEN", What: "The grant was taken back while it was being made: the app was uninstalled.", Who: installer + "."},
	}
}
