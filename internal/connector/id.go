package connector

// Namer is a connector whose records' ids can be written in more than one way, as other systems keep them.
type Namer interface {
	// CanonicalID gives the id as this connector writes it in a Ref; false for a text that cannot be an id.
	CanonicalID(text string) (string, bool)
}
