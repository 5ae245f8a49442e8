// Package salespadtest is a small SalesPad Web API (Cavallo, on Dynamics GP) held in memory: an http.Handler with the
// part of the API that Crosswalk uses, honest about what makes it hard - sessions that somebody else can end, seats,
// texts padded with spaces, 1900 for no date, GP's odd widths, no idempotency, user fields that no filter sees, pages of
// IIS where JSON was expected.
//
// It shares no code with any client and imports the standard library only. Start reading at Sim (sim.go) and the list of
// operations (route.go); a test makes one with New, reaches it with Transport, Mount or net/http, breaks it with Fail,
// SetFault, Down, Stopped, Steal, TakeSeats, Recycle (fault.go, session.go), acts as people do (people.go) and looks at
// the truth (inspect.go, effect.go).
//
// The facts behind it are the fact sheet salespad.md and the working contract openapi.yaml beside it, which a test holds
// every operation, field, width and answer against. One Sim is one install with one GP company; several companies are
// several Sims behind Mount. Not simulated: PayFabricTransaction, log-off (nobody has seen one), scripts themselves
// (ForwardRule stands for their verdict), posting's own arithmetic, taxes, prices from price levels.
//
// # What is our inference
//
// What no public source says is data: Profile switches an operation off, moves it, renames its fields, narrows the query
// language. AllOperations tells how sure we are of each. Where neither sheet nor contract says anything the simulator
// picks the answer that a wrong client notices first:
//
//	place                       behaviour here
//	unknown query parameter     400, 3010; on calls without a list too
//	unknown or read-only field  400, 3010, by name; a user field sent as a field likewise
//	null                        only where the contract has nullable, and in UserFieldData; else 400, 3001
//	a name twice in JSON        400, 3001; bytes that are not UTF-8 too
//	media type                  415 unless application/json (or text/json) in UTF-8; Accept without JSON 406
//	value over its width        422, 3010, by name and width, counted in UTF-16 units; Profile.Cut cuts it
//	money                       at most 5 decimals, more are 422; GET shows all five
//	code page                   kept as sent; Profile.CodePage1252 turns foreign characters into question marks
//	key with a space            404 envelope; with a slash or a dot IIS's HTML 404; with one of <>*%&:\?| an HTML 400
//	long query string           over 2,048 bytes IIS's HTML 404.15 (Profile.MaxQuery)
//	$top                        default 100, more than 1,000 gives 1,000; 0 is 400
//	order without $orderby      changes with every write to the resource; ties likewise
//	Count                       null without $inlinecount=allpages
//	filter on empty dates       they compare as 1900-01-01
//	DEX_ROW_TS                  SQL Server's thirds of a hundredth (.000, .003, .007); never twice the same on a record
//	Changed_On, Created_On      the UTC day; an echo shows the server's day (the sheet's recorded pair)
//	write of user fields alone  moves no stamp (Profile.StampUDF)
//	malformed Session-ID        500, 1000 with .NET's own message
//	second log-in of a user     ends the first one's session: 1014 for ever after (Config.SharedLogins)
//	seats                       a permanent session has none; a plain one until it has idled 15 minutes or was stolen
//	class defaults              customer class and price level must exist: 422; currency Z-US$
//	Address_Code                lower case is 422
//	DELETE of a customer        with its addresses; 422 when it has documents
//	DELETE of other records     404 or 405 unless Profile.Present names the operation
//	prospect conversion         postal fields become address PRIMARY, contacts CONTACT1, CONTACT2 ...; the prospect stays,
//	                            points at the customer and takes no more writes (422)
//	new document                customer must exist and be active (422), Sales_Doc_ID must be the install's (422); values of
//	                            customer and ship-to address fill what was not sent; queue: the workflow's first
//	lines                       item must exist (422); Subtotal and Total follow the lines; Extended_Price half away from zero
//	Transfer                    the quote goes to history, the order gets its lines and its Master_Num
//	document open on a desk     writes and Forward 422 (Lock)
//	Forward                     writes an audit of its own; 422 from a batch that is no queue
//	link table export           CSV with the columns of LinkColumns, keys padded, GUIDs upper case
package salespadtest
