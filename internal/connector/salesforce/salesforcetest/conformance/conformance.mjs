// jsforce, unchanged, against an org given by its instance URL.
//
//   SALESFORCE_INSTANCE_URL=http://127.0.0.1:8300 node conformance.mjs
//
// Every answer passes through the client's own parsers; what they give is compared
// with what the call means. It leaves the org's other records alone and makes its
// own under a fresh name. Account needs an external id field (see EXTERNAL_ID
// below). The last line is "conformance: N calls of jsforce checked", N being the
// HTTP calls made; any mismatch exits 1.
import assert from 'node:assert/strict'
import jsforce from 'jsforce'

const env = (name, fallback) => process.env[name] || fallback
const instanceUrl = env('SALESFORCE_INSTANCE_URL', '')
if (!instanceUrl) {
  console.error('conformance: set SALESFORCE_INSTANCE_URL to the URL of the org, for example http://127.0.0.1:8300')
  process.exit(2)
}
const clientId = env('SALESFORCE_CLIENT_ID', 'sim-salesforce-client-id')
const clientSecret = env('SALESFORCE_CLIENT_SECRET', 'sim-salesforce-client-secret')
const redirectUri = env('SALESFORCE_REDIRECT_URI', 'http://localhost:8080/oauth/salesforce/callback')
const version = env('SALESFORCE_VERSION', '67.0')
const key = env('SALESFORCE_EXTERNAL_ID', 'Conformance_Key__c')

const run = Date.now().toString(36)
let calls = 0

// counted counts the HTTP calls of a jsforce object's transport.
const counted = (thing) => {
  const send = thing._transport.httpRequest.bind(thing._transport)
  thing._transport = Object.create(thing._transport, { httpRequest: { value: (...args) => { calls++; return send(...args) } } })
  return thing
}
const appOf = (more) => counted(new jsforce.OAuth2({ loginUrl: instanceUrl, clientId, clientSecret, redirectUri, ...more }))
const connect = (options) => counted(new jsforce.Connection({ instanceUrl, version, ...options }))

// refused expects an error with this code.
const refused = async (code, promise) => {
  try {
    await promise
  } catch (e) {
    assert.equal(e.errorCode ?? e.name, code, `${e.name} ${e.errorCode}: ${e.message}`)
    return e
  }
  assert.fail(`expected ${code}`)
}

// authorized goes through the web-server flow with PKCE and gives a connection.
const authorized = async () => {
  const oauth2 = appOf({ useVerifier: true })
  const url = oauth2.getAuthorizationUrl({ scope: 'api refresh_token', state: run })
  calls++
  const page = await fetch(url, { redirect: 'manual' })
  assert.equal(page.status, 302, 'the consent page agrees by itself')
  const back = new URL(page.headers.get('location'))
  assert.equal(back.origin + back.pathname, redirectUri)
  assert.equal(back.searchParams.get('state'), run)
  const conn = connect({ oauth2 })
  const who = await conn.authorize(back.searchParams.get('code'))
  return { conn, oauth2, who }
}

const { conn, who } = await authorized()
const Account = conn.sobject('Account')
const until = async (look, good) => {
  for (let i = 0; i < 60; i++) {
    const answer = await look()
    if (good(answer)) return answer
    await new Promise((done) => setTimeout(done, 100))
  }
  assert.fail('it did not come about in six seconds')
}

const checks = {
  async 'oauth: web-server flow with PKCE, identity'() {
    assert.match(who.organizationId, /^00D\w{15}$/)
    assert.match(who.id, /^005\w{15}$/)
    assert.ok(conn.accessToken.startsWith(who.organizationId.slice(0, 15) + '!'))
    assert.equal(conn.instanceUrl, instanceUrl)
    const me = await conn.identity()
    assert.equal(me.user_id, who.id)
    assert.equal(me.organization_id, who.organizationId)
    assert.ok(me.username.includes('@'))
    assert.ok(me.urls.rest.includes('{version}'))
    const plain = connect({ accessToken: conn.accessToken })
    assert.equal((await plain.identity()).user_id, who.id)
  },

  async 'oauth: an ended session is refreshed, a revoked authorisation is not'() {
    const { conn: other, oauth2 } = await authorized()
    const old = other.accessToken
    const seen = []
    other.on('refresh', (token, answer) => seen.push([token, answer]))
    await oauth2.revokeToken(old)
    await other.query('SELECT Id FROM Account LIMIT 1')
    assert.equal(seen.length, 1)
    assert.notEqual(other.accessToken, old)
    assert.equal(seen[0][1].instance_url, instanceUrl)
    assert.ok(!('expires_in' in seen[0][1]))
    const app = appOf()
    const again = await app.refreshToken(other.refreshToken)
    assert.match(again.issued_at, /^\d{13}$/)
    await app.revokeToken(other.refreshToken)
    await refused('invalid_grant', app.refreshToken(other.refreshToken))
    await refused('INVALID_SESSION_ID', connect({ accessToken: again.access_token }).query('SELECT Id FROM Account LIMIT 1'))
  },

  async 'oauth: client credentials and refusals'() {
    const app = appOf()
    const robot = connect({ oauth2: app })
    await robot.authorize({ grant_type: 'client_credentials' })
    assert.equal((await robot.identity()).organization_id, who.organizationId)
    assert.equal(robot.refreshToken, undefined)
    await refused('invalid_client', appOf({ clientSecret: 'wrong' }).requestToken({ grant_type: 'client_credentials' }))
    await refused('invalid_grant', app.requestToken('no-such-code'))
    await refused('unsupported_grant_type', app.requestToken({ grant_type: 'magic' }))
    await robot.logout()
    await refused('INVALID_SESSION_ID', connect({ accessToken: 'none' }).limits())
  },

  async 'describe: the org, an object, limits'() {
    const all = await conn.describeGlobal()
    assert.equal(all.maxBatchSize, 200)
    assert.ok(all.sobjects.some((o) => o.name === 'Opportunity' && o.keyPrefix === '006' && o.queryable))
    const account = await conn.describe('Account')
    const name = account.fields.find((f) => f.name === 'Name')
    assert.equal(name.length, 255)
    assert.equal(name.nillable, false)
    assert.ok(account.fields.find((f) => f.name === key).externalId)
    assert.ok(account.childRelationships.some((c) => c.childSObject === 'Contact' && c.field === 'AccountId'))
    assert.equal((await Account.describe()).keyPrefix, '001')
    const limits = await conn.limits()
    assert.ok(limits.DailyApiRequests.Max >= limits.DailyApiRequests.Remaining)
    assert.ok(conn.limitInfo.apiUsage.used > 0)
    await refused('NOT_FOUND', conn.describe('Nothing'))
  },

  async 'one record: create, retrieve, update, delete'() {
    const made = await Account.create({ Name: ` One ${run} `, Phone: '1', NumberOfEmployees: 5 })
    assert.equal(made.success, true)
    assert.match(made.id, /^001\w{15}$/)
    const read = await Account.retrieve(made.id)
    assert.equal(read.Name, `One ${run}`)
    assert.equal(read.NumberOfEmployees, 5)
    assert.equal(read.attributes.type, 'Account')
    assert.match(read.CreatedDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000$/)
    assert.deepEqual(await Account.retrieve(made.id.slice(0, 15), { fields: ['Id'] }).then((r) => r.Id), made.id)
    assert.deepEqual(await Account.update({ Id: made.id, Phone: null }), { id: made.id, success: true, errors: [] })
    assert.equal((await Account.retrieve(made.id)).Phone, null)
    await refused('INVALID_FIELD', Account.update({ Id: made.id, No_Such__c: 1 }))
    await refused('REQUIRED_FIELD_MISSING', Account.create({ Phone: '1' }))
    const long = await refused('STRING_TOO_LONG', Account.create({ Name: 'x'.repeat(256) }))
    assert.match(long.message, /max length=255/)
    assert.equal((await Account.destroy(made.id)).success, true)
    await refused('ENTITY_IS_DELETED', Account.destroy(made.id))
    await refused('ENTITY_IS_DELETED', Account.retrieve(made.id))
  },

  async 'upsert: 201, 200, 300'() {
    const first = await Account.upsert({ [key]: `u-${run}`, Name: `Upsert ${run}` }, key)
    assert.equal(first.created, true)
    const second = await Account.upsert({ [key]: `u-${run}`, Phone: '2' }, key)
    assert.equal(second.id, first.id)
    assert.equal(second.created, false)
    const email = `two.${run}@example.com`
    await conn.create('Contact', [1, 2].map((i) => ({ LastName: `Twin ${i}`, Email: email })))
    const many = await refused('MULTIPLE_CHOICES', conn.upsert('Contact', { Email: email, Phone: '3' }, 'Email'))
    assert.equal(many.data?.length ?? many.content?.length, 2)
    await Account.destroy(first.id)
  },

  async 'collections: rows succeed and fail on their own, or together'() {
    const made = await conn.create('Account', Array.from({ length: 5 }, (_, i) => (i === 3 ? { Phone: 'no name' } : { Name: `Many ${run} ${i}` })))
    assert.deepEqual(made.map((r) => r.success), [true, true, true, false, true])
    assert.equal(made[3].errors[0].statusCode, 'REQUIRED_FIELD_MISSING')
    assert.deepEqual(made[3].errors[0].fields, ['Name'])
    const ids = made.filter((r) => r.success).map((r) => r.id)
    const none = await conn.update('Account', ids.map((Id, i) => ({ Id, Name: i ? `Renamed ${run}` : 'x'.repeat(300) })), { allOrNone: true })
    assert.deepEqual([...new Set(none.slice(1).map((r) => r.errors[0].statusCode))], ['ALL_OR_NONE_OPERATION_ROLLED_BACK'])
    const read = await conn.retrieve('Account', [...ids, '001000000000000AAA'], { fields: ['Id', 'Name'] })
    assert.equal(read[0].Name, `Many ${run} 0`)
    assert.equal(read[4], null)
    const upserted = await conn.upsert('Account', [{ [key]: `c-${run}`, Name: `Keyed ${run}` }, { [key]: `d-${run}`, Name: '' }], key)
    assert.equal(upserted[0].created, true)
    assert.equal(upserted[1].success, false)
    const gone = await conn.destroy('Account', [...ids, upserted[0].id])
    assert.ok(gone.every((r) => r.success))
  },

  async 'composite: one call, one record after the other'() {
    const answer = await conn.requestPost('/composite', { allOrNone: true, compositeRequest: [
      { method: 'POST', url: `/services/data/v${version}/sobjects/Account`, referenceId: 'parent', body: { Name: `Composite ${run}` } },
      { method: 'POST', url: `/services/data/v${version}/sobjects/Contact`, referenceId: 'child', body: { LastName: 'Child', AccountId: '@{parent.id}' } },
    ] })
    assert.deepEqual(answer.compositeResponse.map((r) => r.httpStatusCode), [201, 201])
    const child = await conn.retrieve('Contact', answer.compositeResponse[1].body.id)
    assert.equal(child.AccountId, answer.compositeResponse[0].body.id)
    const halted = await conn.requestPost('/composite', { allOrNone: true, compositeRequest: [
      { method: 'POST', url: `/services/data/v${version}/sobjects/Account`, referenceId: 'good', body: { Name: `Halted ${run}` } },
      { method: 'POST', url: `/services/data/v${version}/sobjects/Account`, referenceId: 'bad', body: {} },
    ] })
    assert.deepEqual(halted.compositeResponse.map((r) => [r.httpStatusCode, r.body[0].errorCode]), [[400, 'PROCESSING_HALTED'], [400, 'REQUIRED_FIELD_MISSING']])
    assert.equal((await conn.query(`SELECT COUNT() FROM Account WHERE Name = 'Halted ${run}'`)).totalSize, 0)
    await conn.destroy('Account', child.AccountId)
  },

  async 'query: pages, parents, children, conditions'() {
    const made = await conn.create('Account', Array.from({ length: 200 }, (_, i) => ({ Name: `Paged ${run} ${String(i).padStart(4, '0')}`, NumberOfEmployees: i })))
    const more = await conn.create('Account', Array.from({ length: 50 }, (_, i) => ({ Name: `Paged ${run} ${i + 200}`.padEnd(12, 'x') })))
    const ids = [...made, ...more].map((r) => r.id)
    const small = { headers: { 'Sforce-Query-Options': 'batchSize=200' } }
    const soql = `SELECT Id, Name FROM Account WHERE Name LIKE 'Paged ${run}%' ORDER BY Name`
    const page = await conn.query(soql, small)
    assert.equal(page.totalSize, 250)
    assert.equal(page.done, false)
    assert.equal(page.records.length, 200)
    const rest = await conn.queryMore(page.nextRecordsUrl)
    assert.equal(rest.done, true)
    assert.equal(new Set([...page.records, ...rest.records].map((r) => r.Id)).size, 250)
    const all = await conn.query(soql, { ...small, autoFetch: true, maxFetch: 1000 })
    assert.equal(all.records.length, 250)
    const some = await Account.find({ Id: { $in: ids.slice(0, 3) }, NumberOfEmployees: { $gte: 1 } }, ['Id', 'NumberOfEmployees']).sort({ NumberOfEmployees: -1 })
    assert.deepEqual(some.map((r) => r.NumberOfEmployees), [2, 1])
    assert.equal(await Account.count({ Name: { $like: `Paged ${run}%` } }), 250)
    await conn.create('Contact', [{ LastName: `Kid ${run}`, AccountId: ids[0] }])
    const up = await conn.query(`SELECT Account.Name FROM Contact WHERE LastName = 'Kid ${run}'`)
    assert.equal(up.records[0].Account.Name, made.length ? page.records[0].Name : '')
    const down = await conn.query(`SELECT Id, (SELECT LastName FROM Contacts) FROM Account WHERE Id = '${ids[0]}'`)
    assert.equal(down.records[0].Contacts.records[0].LastName, `Kid ${run}`)
    await refused('MALFORMED_QUERY', conn.query('SELECT FROM Account'))
    await refused('INVALID_FIELD', conn.query('SELECT Nothing FROM Account'))
    await refused('INVALID_TYPE', conn.query('SELECT Id FROM Nothing'))
    for (let i = 0; i < ids.length; i += 200) await conn.destroy('Account', ids.slice(i, i + 200))
    const bin = await conn.query(`SELECT Id, IsDeleted FROM Account WHERE Id = '${ids[1]}'`, { scanAll: true })
    assert.equal(bin.records[0].IsDeleted, true)
  },

  async 'replication: updated and deleted'() {
    const made = await conn.create('Account', [{ Name: `Moved ${run}` }, { Name: `Gone ${run}` }])
    await conn.destroy('Account', made[1].id)
    const from = new Date(Date.now() - 600_000)
    const to = new Date(Date.now() + 120_000)
    const updated = await Account.updated(from, to)
    assert.ok(updated.ids.includes(made[0].id))
    assert.match(updated.latestDateCovered, /\+0000$/)
    const deleted = await Account.deleted(from, to)
    assert.ok(deleted.deletedRecords.some((r) => r.id === made[1].id))
    assert.ok(deleted.earliestDateAvailable)
    await refused('INVALID_REPLICATION_DATE', Account.updated(to, from))
    await conn.destroy('Account', made[0].id)
  },

  async 'bulk: ingest with good and bad rows'() {
    const rows = Array.from({ length: 30 }, (_, i) => ({ Name: i % 10 === 9 ? '' : `Bulk ${run} ${i}`, [key]: `b-${run}-${i}`, NumberOfEmployees: String(i) }))
    const out = await conn.bulk2.loadAndWaitForResults({ object: 'Account', operation: 'upsert', externalIdFieldName: key, input: rows, pollInterval: 50, pollTimeout: 20_000 })
    assert.equal(out.successfulResults.length, 27)
    assert.equal(out.failedResults.length, 3)
    assert.equal(out.unprocessedRecords.length, 0)
    assert.ok(out.successfulResults.every((r) => r.sf__Created === 'true' && /^001/.test(r.sf__Id)))
    assert.match(out.failedResults[0].sf__Error, /^REQUIRED_FIELD_MISSING:.*Name/)
    const again = await conn.bulk2.loadAndWaitForResults({ object: 'Account', operation: 'upsert', externalIdFieldName: key, input: rows.slice(0, 5).map((r) => ({ ...r, NumberOfEmployees: null })), pollInterval: 50, pollTimeout: 20_000 })
    assert.ok(again.successfulResults.every((r) => r.sf__Created === 'false'))
    const cleared = await conn.query(`SELECT NumberOfEmployees FROM Account WHERE ${key} = 'b-${run}-3'`)
    assert.equal(cleared.records[0].NumberOfEmployees, null)
    const job = conn.bulk2.createJob({ object: 'Account', operation: 'insert' })
    await job.open()
    assert.equal(job.getInfo().contentUrl, `services/data/v${version}/jobs/ingest/${job.id}/batches`)
    await job.uploadData('Name,Nonsense__c\nx,y\n')
    await job.close()
    job.on('error', () => {})
    await assert.rejects(job.poll(50, 20_000), /InvalidBatch : Field name not found : Nonsense__c/)
    await job.delete()
    const aborted = conn.bulk2.createJob({ object: 'Account', operation: 'insert' })
    await aborted.open()
    await aborted.abort()
    assert.equal((await aborted.check()).state, 'Aborted')
    await refused('INVALIDENTITY', conn.bulk2.createJob({ object: 'Nothing', operation: 'insert' }).open())
    const gone = await conn.bulk2.loadAndWaitForResults({ object: 'Account', operation: 'delete', input: out.successfulResults.map((r) => ({ Id: r.sf__Id })), pollInterval: 50, pollTimeout: 20_000 })
    assert.equal(gone.successfulResults.length, 27)
  },

  async 'bulk: query'() {
    const made = await conn.create('Account', [0, 1, 2].map((i) => ({ Name: `Export "${run}", ${i}`, Phone: i ? String(i) : null })))
    const stream = await conn.bulk2.query(`SELECT Id, Name, Phone, Owner.Name FROM Account WHERE Name LIKE 'Export "${run}"%'`, { pollInterval: 50, pollTimeout: 20_000 })
    const records = await stream.toArray()
    assert.deepEqual(records.map((r) => r.Name).sort(), [0, 1, 2].map((i) => `Export "${run}", ${i}`))
    assert.deepEqual(Object.keys(records[0]), ['Id', 'Name', 'Phone', 'Owner.Name'])
    assert.deepEqual(records.map((r) => r.Phone).sort(), ['', '1', '2'])
    const job = await conn.requestPost('/jobs/query', { operation: 'query', query: `SELECT Id FROM Account WHERE Name LIKE 'Export "${run}"%'` })
    await until(() => conn.requestGet(`/jobs/query/${job.id}`), (j) => j.state === 'JobComplete')
    const locators = []
    const watched = (await import('jsforce/lib/http-api.js')).default.HttpApi
    const ask = (query) => {
      const api = new watched(conn, { responseType: 'text/plain' })
      api.on('response', (r) => locators.push([r.headers['sforce-locator'], r.headers['sforce-numberofrecords']]))
      return api.request({ method: 'GET', url: `${conn._baseUrl()}/jobs/query/${job.id}/results?${query}` })
    }
    await ask('maxRecords=2')
    await ask(`maxRecords=2&locator=${locators[0][0]}`)
    assert.deepEqual(locators.map((l) => l[1]), ['2', '1'])
    assert.equal(locators[1][0], 'null')
    await conn.destroy('Account', made.map((r) => r.id))
  },
}

let failed = 0
for (const [name, check] of Object.entries(checks)) {
  try {
    await check()
  } catch (e) {
    failed++
    console.error(`FAIL ${name}: ${e.stack ?? e}`)
  }
}
console.log(`conformance: ${calls} calls of jsforce checked`)
process.exit(failed ? 1 : 0)
