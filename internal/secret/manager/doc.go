// Package manager is the secret.Store over AWS Secrets Manager: one secret for each name, below a prefix that belongs to one
// customer's deployment (crosswalk/acme/). A Put that returned nil is a version of its own that Secrets Manager keeps, and
// the SDK's repeats make no second one. Start with Store.
//
// Secrets Manager answers reads from replicas that may be a moment late, and so may a cache here. That is dangerous for one
// kind of secret: a pair of tokens that another worker has just renewed, of which the old one is dead and, at some vendors,
// kills the new one when it is shown again. So a Put notes the version it made in the deployment's table, whose reads are
// consistent, and a Get compares (Marks); what is older is read again by the version's own id. Without Marks one process
// alone may put secrets.
package manager
