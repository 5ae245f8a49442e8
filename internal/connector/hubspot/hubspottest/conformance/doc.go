// Package conformance drives the HubSpot simulator with HubSpot's own Node client
// (@hubspot/api-client, pinned in package-lock.json): an opinion of the API that
// nobody here wrote. conformance.mjs is the script, for any portal given by
// HUBSPOT_BASE_URL; the test starts a simulator and runs it.
package conformance
