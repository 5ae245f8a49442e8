package plan

// Categories of held and skipped records and of sync errors. Each has one entry in help/errors.md; a test keeps the two
// equal. They are stored and counted: never rename one.
const (
	// Skips: nothing is wrong.
	NotWon        = "not_won"
	BeforeSince   = "before_since"
	Filtered      = "filtered"
	OtherDocument = "other_document" // the other mapping of the slot makes this one (recurring or not)
	NotNeeded     = "not_needed"     // created only when a document needs it
	CreateOff     = "create_off"
	SkippedByHook = "skipped_by_hook"
	AliasOf       = "alias"
	WasUndone     = "tombstone"
	Erased        = "erased" // a person was erased on request
	OwnRecord     = "own_record"
	Waits         = "waits"       // the system could not take it yet
	Ignored       = "ignored"     // a person said so
	Yields        = "yields"      // another mapping writes the record it is linked to
	HandedOver    = "handed_over" // the same deal in another CRM has its document now
	// CounterpartDeleted: one of a pair was deleted, and the other is what the mapping's delete: makes of it.
	CounterpartDeleted = "counterpart_deleted"

	// Held: somebody must mend or decide.
	NoCompany         = "no_company"
	SeveralCompanies  = "several_companies"
	NoCloseDate       = "no_close_date"
	UnknownStage      = "unknown_stage"
	NoAmount          = "no_amount"
	NegativeAmount    = "negative_amount"
	ZeroAmount        = "zero_amount"
	AmountTooLarge    = "amount_too_large"
	AmountsDiffer     = "amounts_differ"
	BadNumber         = "bad_number"
	UnknownCurrency   = "unknown_currency"
	CurrencyMismatch  = "currency_mismatch"
	NoPriceInCurrency = "no_price_in_currency"
	NoProduct         = "no_product"
	BadDiscount       = "bad_discount"
	UnknownFrequency  = "unknown_frequency"
	ParentHeld        = "parent_held"
	MissingValue      = "missing_value"
	BadValue          = "bad_value"
	UnmappedValue     = "unmapped_value"
	UnknownLabel      = "unknown_label"
	UnreadableField   = "unreadable_field"
	ScriptFailed      = "script_failed"
	HeldByHook        = "held_by_hook"
	NameHit           = "name_hit"
	Unmatched         = "unmatched" // of a mapping that only links, and wants to be told
	SeveralHits       = "several_hits"
	TargetArchived    = "target_archived"
	TargetGone        = "target_gone"
	Taken             = "taken"
	ValueTaken        = "value_taken" // another record has the value, and only one may
	Uncertain         = "uncertain"
	DuplicateMarker   = "duplicate_marker"
	Brake             = "brake"
	NoDocumentMapping = "no_document_mapping"
	NoParentMapping   = "no_parent_mapping"
	MirrorUnclear     = "mirror_unclear" // whether the same deal in another CRM is billed cannot be told
	Unlinked          = "unlinked"       // a person took its counterpart away

	// After billing, and faults.
	NoLongerWon   = "no_longer_won"
	PostedDiffers = "posted_differs"
	KindChanged   = "kind_changed"
	MergedTwice   = "merged_twice"
	SourceGone    = "source_gone"
	AmountWrong   = "amount_wrong"
	OpenFailed    = "open_failed"
	RefusedCall   = "refused"
	NoRights      = "no_rights"
	Disconnected  = "disconnected"
	IgnoredWrite  = "ignored_write"
	TugOfWar      = "tug_of_war"
	Overwritten   = "overwritten_in_flight" // an edit between our read and our write of its field (A13)
	Poison        = "poison"
	EMailUnsure   = "email_unsure"
	ForwardUnsure = "forward_unsure" // whether a document was forwarded in its workflow is not known, and it was changed or put back since
	HandDiffers   = "hand_differs"   // a document that a person linked comes to something else than the deal

	// Of the whole deployment.
	Restored = "restored" // the table is an older one

	// Of a whole mapping.
	FieldsChanged = "fields_changed" // what its accounts have is not what it says any more
	NoList        = "no_list"        // a list that it names is not there

	// Found by reconciliation alone.
	NotBilledYet = "not_billed_yet"
	NetDiffers   = "net_differs"
)

// Harmless tells whether a category is a skip, of which nothing is wrong: no sync error is opened for it.
func Harmless(category string) bool {
	switch category {
	case NotWon, BeforeSince, Filtered, OtherDocument, NotNeeded, CreateOff, SkippedByHook, AliasOf, WasUndone, Erased, OwnRecord, Waits, Ignored, Yields, HandedOver, CounterpartDeleted:
		return true
	}
	return false
}
