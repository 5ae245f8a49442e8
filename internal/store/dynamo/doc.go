// Package dynamo is the table.Table on Amazon DynamoDB: one table, on demand, no index, no transaction. Every put is one
// request under its own condition; a condition that failed is read back and judged as in every store, so that a write whose
// answer was lost is found to be our own (T13). Reads are consistent. An item whose ttl has passed counts as absent by the
// function's clock, though DynamoDB removes it days later. No error's text has a key or data.
//
// Start with New; put.go has the conditions, attribute.go the attributes. It passes storetest against dynalite, minidyn (which
// lacks empty binaries and REMOVE: the demo had better use dynalite) and whatever DYNAMODB_ENDPOINT names.
//
// # Access patterns
//
// The items are the engine's (internal/engine/keys.go); what they hold is data to this package. h is one of 32 shards by a keyed
// hash of the ref. A write costs 1 WRU for each KB begun of the larger of the item before and after, a failed condition as much; a
// read 1 RRU for each 4 KB begun of each item got, or of all items of a query's page together. "get" is a BatchGetItem of up
// to 100 keys, "list" a Query of one partition, in the order of sk, in pages of 1,000 items or 1 MB. The figures are
// for items of a usual size.
//
//	item             pk                       sk                 read and written by                                      cost
//	link             L#slot#h                 a-ref              work: get by source, put under its revision               get 1, put 1
//	                                                             links, reconcile: list the slot, 32 partitions            1 per 4 KB
//	pointer          P#slot#h                 b-ref              work: get by target, put if absent                        get 1, put 1
//	match key        K#conn/object#rule#mac   k                  work: get before a create; poll: put where it changed     get 1, put 1
//	money body       D#claim                  body#attempt       work: put if absent before the send, get on a retry       get 1, put 1-3
//	                                                             erase: list one claim's
//	audit page       J#run                    batch#part         work: put before each batch; audit, undo, erase: list     put per KB, shared
//	                                                                                                                       by its batch
//	its values       J#run                    batch#part#values  the same; a shorter ttl                                   the same
//	its outcomes     J#run                    batch#class#out    work: put after each batch; audit: list                   the same
//	trail index      J                        run                work: put once a run or hour; audit: list                 put 1
//	sync error       E                        category#mapping#  work: change when it opens, delete when it closes;        get 1, put 1
//	                                          ref                errors, status: list, also by category
//	errors of a ref  E#ref                    link key#ref       work: get with the link, put and delete with the error    get 1, put 1
//	parked task      W                        due#task           poll: list up to now; work: put, delete                   put 1, delete 1
//	its place        W#task#id                t                  work: get before it parks, put, delete                    get 1, put 1,
//	                                                                                                                       delete 1
//	what waits       W#on#ref                 task               work: put, delete, list when the ref is done              put 1, delete 1
//	feed             F#conn/object            feed               poll: get, put under its revision a page                  get 1, put 1
//	                                          seen#SIGHT#N       poll: what the overlap showed, 500 pairs an item          query 1, put 1 to 2 a page with news
//	run              R                        run                runs, work: change; runs: list                            get 1, put 1
//	its pages        R#run                    page#n             work: change the bits once a batch; status: list          get 1, put 1
//	plan             N                        plan               preview: change; approve, plans: get, list                get 1, put 1
//	its pages        N#plan                   page#n, zneed#ref  preview: put; run, export: list                           put per KB
//	mapping version  M#name                   v#n                apply: put if absent; work: get (kept by version)         get 1, put 1-8
//	its standing     M#name                   standing#n         submit, approve: change; list by prefix                   get 1, put 1
//	mapping head     M                        name               operator: change; all: list at the start of a cycle       1 per 4 KB
//	connection       C                        name               connect: change; work: get                                get 1, put 1
//	last contact     C#contact                name               poll, work: change when it changes                        get 1, put 1
//	decision         A                        time#mapping#..    operator: put, kept for ever; history: list               put 1
//	brake            B#slot                   hour, linked       work: change once a batch that creates or updates         get 1, put 1
//	usage            U#conn                   hour               work: add once a minute and function; usage: list         get 1, put 1
//	lately           U                        connection#,       work: change once a minute; status: get                   get 1, put 1
//	                                          mapping#
//	told, concern    T#told, T#concern        audience, event#.. notify: get, put under its revision                       get 1, put 1
//	reconciliation   Q, Q#id, Q#seen#mapping  id, part#, row#,   reconcile: put pages, list parts; ttl                     put per KB
//	                                          ref
//	  of pairs       Q#id                     visit#n, pair#n    the same: what was looked at, and what differs             put per KB
//	  first seen     Q#pairs#mapping          ref#field          the same                                               get 1, put 1
//	erasure          X, X#head, X#jobs        mark, h, job       erase: change; work: get where somebody was erased        get 1, put 1
//	epoch            Y                        epoch              start: get once; rebuild: put twice a step                get 1, put 1
//	mark read back   Y#byte                   mark               rebuild: put, list; work: get before a create, for        get 1, put 1
//	                                                             100 days after a rebuild; ttl
//	its report       Y#rows#epoch             place#ref          rebuild: put, list; ttl                                   put 1
//	request once     O#mac                    once               operator API: put if absent, ttl of a day                 put 2
//
// A partition takes 1,000 WRU and 3,000 RRU a second. Links, pointers, match keys, bodies and trails are spread by
// their keys; W, E, R and the other lists are one partition each, which bounds parking and unparking to about 500 tasks a
// second: beyond that writes are throttled, tried again and in the end come back with their task.
package dynamo
