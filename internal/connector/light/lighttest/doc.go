// Package lighttest is a small Light (light.inc) held in memory: an http.Handler with the part of Light's API that
// Crosswalk uses, honest about what makes it hard - prices that include tax unless told otherwise, idempotency keys
// only where Light has them, opening that ends later, lists that lag, limits, two shapes of error.
//
// It shares no code with any client and imports the standard library only. Start reading at Sim (sim.go) and the list
// of operations (route.go); a test makes one with New, reaches it with Transport or net/http, breaks it with SetFault
// (fault.go), acts as people do (people.go) and looks at the truth (inspect.go).
//
// The facts behind it are the fact sheet light.md, sections 1 to 9, and Light's OpenAPI document, which a test holds
// every answer against. Not simulated: customer credits, attachments, payables, cards, journal entries.
//
// # What is our inference
//
// Light does not publish the following; the sheet marks such places (?). The simulator picks the answer that a wrong
// client notices first.
//
//	place                     behaviour here
//	success status            200; 204 for DELETE and send-email, which have no body
//	unknown body field        400 BAD_REQUEST, errors[].path names it
//	wrong media type          415 in the gateway's shape; body over 1 MiB 413
//	null in a create          the same as absent; where the document says not nullable, 400
//	id that names nothing     404 in the path, 422 in a body
//	names                     customer and product names cannot be emptied; they need not be unique
//	filter                    unknown field or operator 400; text compares exactly, case too; a comma always ends a part,
//	                          the first two colons divide it; null sorts first and is never gt or lt
//	sort                      createdAt ascending without sort; equal values by id; at most three fields
//	cursor                    a position (sort values and id), so inserts shift nothing; of another list, filter or sort
//	                          400; with a cursor an offset is ignored; limit over 200 or under 1 400
//	searchTerm                name, email, domain, vatNumber of customers
//	contracts filter          no field is documented, so every filter is 400
//	updatedAt                 the millisecond of the change; two changes of one record never share one
//	idempotency key           one name space per company, kept 24 h; the first answer is replayed, refusals too; another
//	                          method, path or body 409
//	limits                    a minute starts with a key's first call after the last one ended; 401 is not counted
//	OAuth                     any absolute redirect_uri; codes live 10 minutes and work once; 400 INVALID_GRANT for a dead
//	                          code or refresh token, 401 for a wrong client; access tokens survive a refresh
//	currency absent           the entity's
//	tax code absent           the product's default, else the entity's (DE01 19 %, US01 8 %); cleared by PATCH: no tax
//	line amounts              price x quantity half up to the minor unit, then discount, then tax, each half up (halves away
//	                          from zero) on exact numbers; with tax included, net = rest - tax
//	discount                  at most the line; percentage 0 to 100; a dated contract discount counts when the period
//	                          starts between its dates
//	quantity                  must be greater than 0; prices may be negative, but a negative total cannot be opened
//	dates                     postingDate follows invoiceDate until given, else is the day of creation; netTerms sets
//	                          dueDate; a dueDate given alone ends netTerms
//	invoiceNumber             the next of the entity's sequence, at opening; a number already used there 409
//	PATCH after opening       description, poNumber, reference, template and its text, dates of payment, payment type, bank,
//	                          custom properties; anything else 409
//	open                      from DRAFT; without customer, line or a required property 422 at once; an e-invoice for a
//	                          customer without an e-invoice address fails later, with failureContext
//	e-mail at opening         without emailInfo to recipientEmails, else email, else 422
//	reset of an invoice       OPEN -> DRAFT, the number stays; else 409
//	archive, unarchive        DRAFT or OPEN -> ARCHIVED, else 409; unarchive elsewhere 400
//	payments                  OPEN, PAYMENT_PENDING or PARTIALLY_PAID, at most the open amount
//	document                  GENERATING for 2 s, its address good for 10 minutes, served by the simulator itself
//	contract PATCH            CREATED and DRAFT: all; later description, custom properties, renewal date, estimated amount,
//	                          template, bank, payment type
//	contract billing          drafts; one invoice for the lines whose period starts on one day, dated invoiceLeadDays
//	                          before; the first period of each line at publishing, the next ones on their day
//	reset of a contract       archives its drafts; 409 when one is beyond draft
//	DELETE of a contract      CREATED and DRAFT only
//	archived customer         may still be changed; refused on documents
//	archived product          cannot be put on a line or changed
//	custom property text      values[0].label, its id fixed by group and text; a deleted choice disappears from records
//	stale reads               three reads in ten inside Config.StaleRead; a new record has no older version
//	exchange rates            made-up round numbers; a weekend has Friday's
package lighttest
