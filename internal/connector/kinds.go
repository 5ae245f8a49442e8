package connector

// Kinds is what a connector has whose ids tell what they are ids of, so that a reference to several kinds of record (a task's person may
// be a contact or a lead) is not asked for in vain.
type Kinds interface {
	// KindOf gives the object of an id, "" where the id does not tell. It asks nobody.
	KindOf(id string) (object string)
}
