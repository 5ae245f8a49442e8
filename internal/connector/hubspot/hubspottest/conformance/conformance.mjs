// HubSpot's own client, unchanged, against a portal given by its base URL.
//
//   HUBSPOT_BASE_URL=http://127.0.0.1:8200 node conformance.mjs
//
// Every answer passes through the client's own deserialisers; what they give is
// compared with what the call means. It leaves the portal's other records alone
// and makes its own under a fresh name. The last line is
// "conformance: N calls of the official client checked"; any mismatch exits 1.
import assert from 'node:assert/strict'
import http from 'node:http'
import { Client, Signature } from '@hubspot/api-client'

const env = (name, fallback) => process.env[name] || fallback
const basePath = env('HUBSPOT_BASE_URL', '')
if (!basePath) {
  console.error('conformance: set HUBSPOT_BASE_URL to the base URL of the portal, for example http://127.0.0.1:8200')
  process.exit(2)
}
const accessToken = env('HUBSPOT_TOKEN', 'pat-sim1-crosswalk-private-app')
const developerApiKey = env('HUBSPOT_DEVELOPER_KEY', 'sim-developer-key')
const clientId = env('HUBSPOT_CLIENT_ID', 'sim-client-id')
const clientSecret = env('HUBSPOT_CLIENT_SECRET', 'sim-client-secret')
const appId = Number(env('HUBSPOT_APP_ID', '7700101'))
const redirectUri = env('HUBSPOT_REDIRECT_URI', 'http://localhost:8080/oauth/hubspot/callback')

// The webhook API takes the developer key only, so it has a client of its own.
const hubspot = new Client({ basePath, accessToken, numberOfApiCallRetries: 0 })
const developer = new Client({ basePath, developerApiKey, numberOfApiCallRetries: 0 })
const run = Date.now().toString(36)
let calls = 0

// call counts one call of the client.
const call = (promise) => { calls++; return promise }
// refused expects the client's ApiException with this code, and gives its body.
const refused = async (code, promise, category) => {
  try {
    await call(promise)
  } catch (e) {
    assert.equal(e.code, code, `status ${e.code}: ${JSON.stringify(e.body)}`)
    if (category) assert.equal(e.body.category, category)
    return e.body
  }
  assert.fail(`expected ${code}`)
}
const byId = (results) => new Map(results.map((r) => [r.id, r]))
const sleep = (ms) => new Promise((done) => setTimeout(done, ms))
// eventually repeats a search until the index has caught up.
const eventually = async (look, good) => {
  for (let i = 0; ; i++) {
    const answer = await call(look())
    if (good(answer) || i === 30) return answer
    await sleep(250)
  }
}

const checks = {
  async 'records: create, read, update, archive'() {
    const { contacts } = hubspot.crm
    const made = await call(contacts.basicApi.create({ properties: { email: `One.${run}@Example.com `, firstname: 'One' }, associations: [] }))
    assert.match(made.id, /^\d+$/)
    assert.equal(made.properties.email, `one.${run}@example.com`)
    assert.ok(made.createdAt instanceof Date)
    const read = await call(contacts.basicApi.getById(made.id, ['email', 'lastname', 'no_such_property'], ['firstname']))
    assert.equal(read.properties.email, made.properties.email)
    assert.equal(read.properties.lastname, null)
    assert.ok(!('no_such_property' in read.properties))
    assert.equal(read.propertiesWithHistory.firstname[0].value, 'One')
    const byMail = await call(contacts.basicApi.getById(made.properties.email, undefined, undefined, undefined, false, 'email'))
    assert.equal(byMail.id, made.id)
    const changed = await call(contacts.basicApi.update(made.id, { properties: { lastname: 'Sample' } }))
    assert.equal(changed.properties.lastname, 'Sample')
    assert.ok(changed.updatedAt > made.updatedAt)
    const twin = await refused(409, contacts.basicApi.create({ properties: { email: made.properties.email }, associations: [] }), 'CONFLICT')
    assert.equal(twin.message, `Contact already exists. Existing ID: ${made.id}`)
    await call(contacts.basicApi.archive(made.id))
    await refused(404, contacts.basicApi.getById(made.id))
    const gone = await call(contacts.basicApi.getById(made.id, undefined, undefined, undefined, true))
    assert.equal(gone.archived, true)
    assert.ok(gone.archivedAt instanceof Date)
  },

  async 'records: lists by cursor'() {
    const { products } = hubspot.crm
    const made = []
    for (let i = 0; i < 3; i++) made.push(await call(products.basicApi.create({ properties: { name: `Listed ${run} ${i}`, price: '1.50' }, associations: [] })))
    const seen = []
    let after
    do {
      const page = await call(products.basicApi.getPage(2, after, ['name']))
      assert.ok(page.results.length <= 2)
      seen.push(...page.results.map((r) => r.id))
      after = page.paging?.next?.after
    } while (after)
    for (const m of made) assert.ok(seen.includes(m.id))
    assert.equal(new Set(seen).size, seen.length)
    await refused(400, products.basicApi.getPage(101))
  },

  async 'batches: create, read, update, upsert, archive'() {
    const { companies } = hubspot.crm
    await this.property('companies', 'conformance_key', { hasUniqueValue: true })
    const inputs = [0, 1, 2].map((i) => ({ properties: { name: `Batch ${run} ${i}`, conformance_key: `${run}-${i}` }, objectWriteTraceId: `t${i}`, associations: [] }))
    const made = await call(companies.batchApi.create({ inputs }))
    assert.equal(made.status, 'COMPLETE')
    assert.equal(made.results.length, 3)
    const ids = made.results.map((r) => r.id)
    const read = await call(companies.batchApi.read({ inputs: [...ids, '1'].map((id) => ({ id })), properties: ['name'], propertiesWithHistory: [] }))
    assert.equal(read.results.length, 3)
    assert.equal(read.numErrors, 1)
    assert.equal(read.errors[0].category, 'OBJECT_NOT_FOUND')
    assert.deepEqual(read.errors[0].context.ids, ['1'])
    const keyed = await call(companies.batchApi.read({ inputs: [{ id: `${run}-0` }], idProperty: 'conformance_key', properties: ['conformance_key'], propertiesWithHistory: [] }))
    assert.equal(keyed.results[0].properties.conformance_key, `${run}-0`)
    const updated = await call(companies.batchApi.update({ inputs: ids.map((id, i) => ({ id, properties: { city: `City ${i}` } })) }))
    const at = byId(updated.results)
    ids.forEach((id, i) => assert.equal(at.get(id).properties.city, `City ${i}`))
    const upserted = await call(companies.batchApi.upsert({ inputs: [
      { id: `${run}-0`, idProperty: 'conformance_key', properties: { city: 'Again' } },
      { id: `${run}-9`, idProperty: 'conformance_key', properties: { name: 'New' } },
    ] }))
    assert.deepEqual(upserted.results.map((r) => r._new).sort(), [false, true])
    ids.push(upserted.results.find((r) => r._new).id)
    const twice = await refused(400, companies.batchApi.update({ inputs: [ids[0], ids[0]].map((id) => ({ id, properties: {} })) }), 'VALIDATION_ERROR')
    assert.deepEqual(twice.context.ids, [ids[0]])
    await refused(400, companies.batchApi.read({ inputs: Array.from({ length: 101 }, (_, i) => ({ id: String(i + 1) })), properties: [], propertiesWithHistory: [] }))
    await refused(409, companies.batchApi.create({ inputs: [{ properties: { name: 'Clash', conformance_key: `${run}-1` }, associations: [] }] }))
    const half = await call(companies.batchApi.create({ inputs: [
      { objectWriteTraceId: 'bad', properties: { name: 'Clash', conformance_key: `${run}-1` }, associations: [] },
      { objectWriteTraceId: 'good', properties: { name: 'Fine', conformance_key: `${run}-10` }, associations: [] },
    ] }))
    assert.equal(half.results.length, 1)
    assert.deepEqual(half.errors[0].context.objectWriteTraceId, ['bad'])
    ids.push(half.results[0].id)
    await call(companies.batchApi.archive({ inputs: ids.map((id) => ({ id })) }))
    const none = await call(companies.batchApi.read({ inputs: ids.map((id) => ({ id })), properties: [], propertiesWithHistory: [] }))
    assert.equal(none.results.length, 0)
  },

  async 'search: filters, sorts, paging'() {
    const { deals } = hubspot.crm
    const inputs = Array.from({ length: 7 }, (_, i) => ({ properties: { dealname: `Found ${run} ${i}`, dealstage: 'qualifiedtobuy', amount: String(100 + i) }, associations: [] }))
    await call(deals.batchApi.create({ inputs }))
    const ask = (more) => deals.searchApi.doSearch({
      filterGroups: [{ filters: [{ propertyName: 'dealname', operator: 'CONTAINS_TOKEN', value: run }, { propertyName: 'amount', operator: 'GTE', value: '102' }] }],
      sorts: [{ propertyName: 'amount', direction: 'DESCENDING' }], properties: ['amount'], limit: 3, after: '0', ...more })
    const first = await eventually(() => ask({}), (a) => a.total === 5)
    assert.equal(first.total, 5)
    assert.deepEqual(first.results.map((r) => r.properties.amount), ['106', '105', '104'])
    assert.equal(first.paging.next.after, '3')
    const second = await call(ask({ after: first.paging.next.after }))
    assert.deepEqual(second.results.map((r) => r.properties.amount), ['103', '102'])
    assert.equal(second.paging, undefined)
    await sleep(1100) // the search limit is per second
    await refused(400, ask({ after: '10001' }), 'VALIDATION_ERROR')
    await refused(400, ask({ limit: 201 }), 'VALIDATION_ERROR')
    await refused(400, deals.searchApi.doSearch({ filterGroups: [{ filters: [{ propertyName: 'nope', operator: 'EQ', value: '1' }] }], sorts: [], properties: [], limit: 1, after: '0' }), 'VALIDATION_ERROR')
  },

  async 'associations: default, labelled, batch'() {
    const { crm } = hubspot
    const v4 = crm.associations.v4
    const company = await call(crm.companies.basicApi.create({ properties: { name: `Linked ${run}` }, associations: [] }))
    const other = await call(crm.companies.basicApi.create({ properties: { name: `Linked ${run} too` }, associations: [] }))
    const deal = await call(crm.deals.basicApi.create({ properties: { dealname: `Linked ${run}`, dealstage: 'qualifiedtobuy' },
      associations: [{ to: { id: company.id }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 341 }] }] }))
    const types = (page) => new Map(page.results.map((r) => [String(r.toObjectId), r.associationTypes.map((t) => t.typeId).sort((a, b) => a - b)]))
    const page = await call(v4.basicApi.getPage('deals', deal.id, 'companies'))
    assert.deepEqual(types(page).get(company.id), [5, 341]) // the first company becomes primary
    const both = await call(v4.basicApi.createDefault('deals', deal.id, 'companies', other.id))
    assert.equal(both.results.length, 2)
    const swapped = await call(v4.basicApi.create('deals', deal.id, 'companies', other.id, [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 5 }]))
    assert.deepEqual(swapped.labels, ['Primary'])
    const now = types(await call(v4.basicApi.getPage('deals', deal.id, 'companies')))
    assert.deepEqual(now.get(company.id), [341])
    assert.deepEqual(now.get(other.id), [5, 341])
    await refused(400, v4.basicApi.create('deals', deal.id, 'companies', other.id, [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 342 }]))
    const inline = await call(crm.deals.basicApi.getById(deal.id, undefined, undefined, ['companies']))
    assert.deepEqual(new Set(inline.associations.companies.results.map((r) => r.type)), new Set(['deal_to_company', 'deal_to_company_unlabeled']))
    const item = await call(crm.lineItems.basicApi.create({ properties: { name: 'Line', quantity: '3', price: '0.335' },
      associations: [{ to: { id: deal.id }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 20 }] }] }))
    assert.equal(item.properties.amount, '1.005')
    const contact = await call(crm.contacts.basicApi.create({ properties: { firstname: `Linked ${run}` }, associations: [] }))
    const linked = await call(v4.batchApi.create('contacts', 'deals', { inputs: [
      { _from: { id: contact.id }, to: { id: deal.id }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 4 }] },
      { _from: { id: contact.id }, to: { id: '1' }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 4 }] }] }))
    assert.equal(linked.results.length, 1)
    assert.equal(linked.errors[0].message, 'DEAL=1 is not valid')
    const lines = await call(v4.batchApi.getPage('deals', 'line_items', { inputs: [{ id: deal.id }] }))
    assert.equal(String(lines.results[0].to[0].toObjectId), item.id)
    const none = await call(v4.batchApi.getPage('companies', 'contacts', { inputs: [{ id: company.id }] }))
    assert.equal(none.errors[0].subCategory, 'crm.associations.NO_ASSOCIATIONS_FOUND')
    await call(v4.batchApi.archive('contacts', 'deals', { inputs: [{ _from: { id: contact.id }, to: [{ id: deal.id }] }] }))
    assert.equal((await call(v4.basicApi.getPage('contacts', contact.id, 'deals'))).results.length, 0)
    await call(v4.basicApi.archive('deals', deal.id, 'companies', other.id))
    assert.equal((await call(v4.basicApi.getPage('deals', deal.id, 'companies'))).results.length, 1)
    const labels = await call(v4.schema.definitionsApi.getAll('deals', 'companies'))
    assert.ok(labels.results.some((l) => l.typeId === 5 && l.label === 'Primary'))
  },

  async 'merge: a new id, the old ones are aliases'() {
    const { companies } = hubspot.crm
    const one = await call(companies.basicApi.create({ properties: { name: `Merged ${run}`, city: 'Here' }, associations: [] }))
    const two = await call(companies.basicApi.create({ properties: { name: 'Other', city: 'There', phone: '1' }, associations: [] }))
    const merged = await call(companies.basicApi.merge({ primaryObjectId: one.id, objectIdToMerge: two.id }))
    assert.ok(![one.id, two.id].includes(merged.id))
    const alias = await call(companies.basicApi.getById(two.id, ['city', 'phone', 'hs_merged_object_ids']))
    assert.equal(alias.id, merged.id)
    assert.equal(alias.properties.city, 'Here')
    assert.equal(alias.properties.phone, '1')
    assert.deepEqual(alias.properties.hs_merged_object_ids.split(';').sort(), [one.id, two.id].sort())
    const batch = await call(companies.batchApi.update({ inputs: [{ id: two.id, properties: { city: 'X' } }] }))
    assert.equal(batch.results.length, 0)
  },

  async 'privacy: gdpr-delete'() {
    const { contacts } = hubspot.crm
    const email = `forget.${run}@example.com`
    const made = await call(contacts.basicApi.create({ properties: { email }, associations: [] }))
    await call(contacts.basicApi.purge({ objectId: made.id }))
    await refused(404, contacts.basicApi.getById(made.id, undefined, undefined, undefined, true))
  },

  async 'owners, pipelines'() {
    const owners = await call(hubspot.crm.owners.ownersApi.getPage())
    assert.ok(owners.results.length > 0)
    const owner = await call(hubspot.crm.owners.ownersApi.getById(Number(owners.results[0].id)))
    assert.equal(owner.email, owners.results[0].email)
    await refused(404, hubspot.crm.owners.ownersApi.getById(1))
    const { pipelinesApi, pipelineStagesApi } = hubspot.crm.pipelines
    const all = await call(pipelinesApi.getAll('deals'))
    const won = all.results.flatMap((p) => p.stages.filter((s) => s.metadata.isClosed === 'true' && Number(s.metadata.probability) === 1).map((s) => s.id))
    assert.ok(won.includes('closedwon'))
    assert.ok(won.some((id) => /^\d+$/.test(id)), 'a second pipeline has a numeric won stage')
    const made = await call(pipelinesApi.create('deals', { label: `Pipe ${run}`, displayOrder: 9, stages: [
      { label: 'Open', displayOrder: 0, metadata: { probability: '0.5' } }, { label: 'Won', displayOrder: 1, metadata: { probability: '1.0', isClosed: 'true' } }] }))
    assert.equal(made.stages.length, 2)
    const stage = await call(pipelineStagesApi.create('deals', made.id, { label: 'Lost', displayOrder: 2, metadata: { probability: '0.0', isClosed: 'true' } }))
    assert.equal((await call(pipelineStagesApi.getAll('deals', made.id))).results.length, 3)
    const deal = await call(hubspot.crm.deals.basicApi.create({ properties: { dealname: `Pipe ${run}`, pipeline: made.id, dealstage: made.stages[1].id }, associations: [] }))
    assert.equal(deal.properties.hs_is_closed_won, 'true')
    assert.ok(deal.properties.closedate)
    const inUse = await refused(400, pipelinesApi.archive('deals', made.id, true))
    assert.equal(inUse.subCategory, 'PipelineError.PIPELINE_ID_IN_USE')
    await call(hubspot.crm.deals.basicApi.archive(deal.id))
    await call(pipelineStagesApi.archive('deals', made.id, stage.id))
    await call(pipelinesApi.archive('deals', made.id, true))
    await refused(404, pipelinesApi.getById('deals', made.id))
  },

  async 'properties: definitions and groups'() {
    const { coreApi, batchApi, groupsApi } = hubspot.crm.properties
    const all = await call(coreApi.getAll('deals'))
    assert.ok(all.results.find((p) => p.name === 'hs_is_closed_won').modificationMetadata.readOnlyValue)
    const name = `conformance_${run}`
    await call(groupsApi.create('deals', { name, label: name, displayOrder: -1 }))
    const made = await call(coreApi.create('deals', { name, label: 'Made', type: 'enumeration', fieldType: 'select', groupName: name, options: [{ label: 'A', value: 'a', displayOrder: 0, hidden: false }] }))
    assert.equal(made.options[0].value, 'a')
    const clash = await refused(409, coreApi.create('deals', { name, label: 'Made', type: 'string', fieldType: 'text', groupName: name }), 'OBJECT_ALREADY_EXISTS')
    assert.equal(clash.subCategory, 'Properties.PROPERTY_WITH_NAME_EXISTS')
    const changed = await call(coreApi.update('deals', name, { label: 'Changed', options: [{ label: 'B', value: 'b', displayOrder: 0, hidden: false }] }))
    assert.deepEqual(changed.options.map((o) => o.value), ['b'])
    const bad = await refused(400, hubspot.crm.deals.basicApi.create({ properties: { dealname: 'x', dealstage: 'qualifiedtobuy', [name]: 'a', nope: '1' }, associations: [] }), 'VALIDATION_ERROR')
    assert.deepEqual(bad.errors.map((e) => e.code).sort(), ['INVALID_OPTION', 'PROPERTY_DOESNT_EXIST'])
    const read = await call(batchApi.read('deals', { archived: false, dataSensitivity: 'non_sensitive', inputs: [{ name }, { name: 'dealname' }] }))
    assert.equal(read.results.length, 2)
    await call(coreApi.archive('deals', name))
    await refused(404, coreApi.getByName('deals', name))
    await call(groupsApi.archive('deals', name))
  },

  async 'lifecycle goes forward only'() {
    const { contacts } = hubspot.crm
    const made = await call(contacts.basicApi.create({ properties: { firstname: 'Stage', lifecyclestage: 'customer' }, associations: [] }))
    await call(contacts.basicApi.update(made.id, { properties: { lifecyclestage: 'lead' } }))
    assert.equal((await call(contacts.basicApi.getById(made.id, ['lifecyclestage']))).properties.lifecyclestage, 'customer')
    await call(contacts.basicApi.update(made.id, { properties: { lifecyclestage: '' } }))
    await call(contacts.basicApi.update(made.id, { properties: { lifecyclestage: 'lead' } }))
    assert.equal((await call(contacts.basicApi.getById(made.id, ['lifecyclestage']))).properties.lifecyclestage, 'lead')
  },

  async 'errors: classes that the client tells apart'() {
    const { contacts } = hubspot.crm
    await refused(404, contacts.basicApi.getById('1'))
    const type = await refused(400, hubspot.crm.objects.basicApi.getPage('butterflies'))
    assert.equal(type.message, 'Unable to infer object type from: butterflies')
    const readOnly = await refused(400, contacts.basicApi.create({ properties: { firstname: 'x', hs_object_id: '1' }, associations: [] }), 'VALIDATION_ERROR')
    assert.equal(readOnly.errors[0].code, 'READ_ONLY_VALUE')
    await refused(401, new Client({ basePath, accessToken: 'wrong', numberOfApiCallRetries: 0 }).crm.contacts.basicApi.getPage(), 'INVALID_AUTHENTICATION')
  },

  async 'oauth: code, token, introspect, refresh, revoke'() {
    const tokens = hubspot.oauth.tokensApi
    const page = hubspot.oauth.getAuthorizationUrl(clientId, redirectUri, 'oauth crm.objects.contacts.read', undefined, 'state-1')
    const consent = await fetch(basePath + new URL(page).pathname + new URL(page).search, { redirect: 'manual' })
    const back = new URL(consent.headers.get('location'))
    assert.equal(back.searchParams.get('state'), 'state-1')
    const code = back.searchParams.get('code')
    const granted = await call(tokens.create('authorization_code', code, redirectUri, clientId, clientSecret))
    assert.equal(granted.expiresIn, 1800)
    const again = await refused(400, tokens.create('authorization_code', code, redirectUri, clientId, clientSecret))
    assert.equal(again.status, 'BAD_AUTH_CODE')
    const info = await call(hubspot.oauth.accessTokensApi.get(granted.accessToken))
    assert.equal(info.appId, appId)
    const ours = new Client({ basePath, accessToken: granted.accessToken, numberOfApiCallRetries: 0 })
    await call(ours.crm.contacts.basicApi.getPage(1))
    const scopes = await refused(403, ours.crm.companies.basicApi.getPage(1), 'MISSING_SCOPES')
    assert.deepEqual(scopes.errors[0].context.requiredGranularScopes, ['crm.objects.companies.read'])
    const renewed = await call(tokens.create('refresh_token', undefined, undefined, clientId, clientSecret, granted.refreshToken))
    assert.equal(renewed.refreshToken, granted.refreshToken)
    for (const version of ['v3', '2026-09']) {
      const form = (path, fields) => fetch(`${basePath}/oauth/${version}/token${path}`, { method: 'POST', body: new URLSearchParams({ client_id: clientId, client_secret: clientSecret, ...fields }) })
      const seen = await (await form('/introspect', { token: renewed.accessToken, token_type_hint: 'access_token' })).json()
      assert.equal(seen.active, true)
      assert.equal(seen.hub_id, info.hubId)
      assert.deepEqual(await (await form('/introspect', { token: 'nothing' })).json(), { active: false })
    }
    await call(hubspot.oauth.refreshTokensApi.archive(granted.refreshToken))
    const dead = await refused(400, tokens.create('refresh_token', undefined, undefined, clientId, clientSecret, granted.refreshToken))
    assert.equal(dead.status, 'BAD_REFRESH_TOKEN')
  },

  async 'dated versions through the client: account, writes with rules'() {
    const account = await (await call(hubspot.apiRequest({ path: '/account-info/2026-09/details' }))).json()
    assert.equal(typeof account.portalId, 'number')
    for (const version of ['2026-03', '2026-09']) {
      const made = await (await call(hubspot.apiRequest({ method: 'POST', path: `/crm/objects/${version}/0-7`, body: { properties: { name: `Dated ${run}` } } }))).json()
      const read = await (await call(hubspot.apiRequest({ path: `/crm/objects/${version}/products/${made.id}` }))).json()
      assert.equal(read.properties.name, `Dated ${run}`)
    }
  },

  async 'webhooks: settings, subscriptions, a signed delivery'() {
    const { settingsApi, subscriptionsApi } = developer.webhooks
    const got = []
    const server = http.createServer((request, response) => {
      let body = ''
      request.on('data', (d) => { body += d })
      request.on('end', () => { got.push({ headers: request.headers, body }); response.end() })
    })
    await new Promise((done) => server.listen(0, '127.0.0.1', done))
    const url = `http://127.0.0.1:${server.address().port}/hook`
    let before
    try {
      before = await settingsApi.getAll(appId)
    } catch (e) {
      assert.equal(e.code, 404)
    }
    try {
      const set = await call(settingsApi.configure(appId, { targetUrl: url, throttling: { maxConcurrentRequests: 10 } }))
      assert.equal(set.targetUrl, url)
      assert.equal((await call(settingsApi.getAll(appId))).throttling.maxConcurrentRequests, 10)
      const sub = await call(subscriptionsApi.create(appId, { eventType: 'contact.propertyChange', propertyName: 'jobtitle' }))
      assert.equal(sub.active, false)
      await call(subscriptionsApi.update(Number(sub.id), appId, { active: true }))
      assert.ok((await call(subscriptionsApi.getAll(appId))).results.some((r) => r.id === sub.id && r.active))
      const contact = await call(hubspot.crm.contacts.basicApi.create({ properties: { firstname: 'Hook', jobtitle: run }, associations: [] }))
      const mine = () => got.find((g) => JSON.parse(g.body).some((e) => String(e.objectId) === contact.id))
      for (let i = 0; i < 100 && !mine(); i++) await sleep(100)
      const hit = mine()
      assert.ok(hit, 'the webhook arrives')
      const event = JSON.parse(hit.body).find((e) => String(e.objectId) === contact.id)
      assert.equal(event.subscriptionType, 'contact.propertyChange')
      assert.equal(event.propertyValue, run)
      assert.equal(event.appId, appId)
      const check = (more) => Signature.isValid({ clientSecret, requestBody: hit.body, url, ...more })
      assert.ok(call(check({ signature: hit.headers['x-hubspot-signature'], signatureVersion: 'v1' })))
      const v3 = { signature: hit.headers['x-hubspot-signature-v3'], signatureVersion: 'v3', method: 'POST', timestamp: Number(hit.headers['x-hubspot-request-timestamp']) }
      assert.ok(call(check(v3)))
      assert.ok(!call(check({ ...v3, signature: 'A' + v3.signature.slice(1) })))
      await call(subscriptionsApi.archive(Number(sub.id), appId))
      await refused(404, subscriptionsApi.getById(Number(sub.id), appId))
    } finally {
      if (before) await settingsApi.configure(appId, { targetUrl: before.targetUrl, throttling: before.throttling })
      else await settingsApi.clear(appId)
      server.close()
    }
  },
}

// property makes a property unless the portal has it.
const helpers = {
  async property(type, name, more) {
    const { coreApi, groupsApi } = hubspot.crm.properties
    try {
      await call(coreApi.getByName(type, name))
    } catch (e) {
      assert.equal(e.code, 404)
      const groups = await call(groupsApi.getAll(type))
      await call(coreApi.create(type, { name, label: name, type: 'string', fieldType: 'text', groupName: groups.results[0].name, ...more }))
    }
  },
}

let failed = 0
for (const [name, check] of Object.entries(checks)) {
  try {
    await check.call(helpers)
  } catch (e) {
    failed++
    console.error(`FAIL ${name}: ${e.stack ?? e}`)
  }
}
console.log(`conformance: ${calls} calls of the official client checked`)
process.exit(failed ? 1 : 0)
