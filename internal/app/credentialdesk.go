package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"crosswalk/internal/connector"
	"crosswalk/internal/engine"
	"crosswalk/internal/engine/table"
	"crosswalk/internal/mapping"
	"crosswalk/internal/rest"
	"crosswalk/internal/secret"
	"crosswalk/internal/token"
)

// Desk is where credentials come in and go out: by a key that is handed over, or by a person's consent at the vendor. Each is
// tried before it is kept, and must open the account that its connection is bound to (T18). It is web.Desk.
type Desk struct{ app *App }

// Desk gives the deployment's.
func (a *App) Desk() Desk { return Desk{a} }

// Named gives the connection that a word means: by its name, or by its system's where that system has one connection only.
func (d Desk) Named(word string) (engine.Way, bool) {
	w, ok := d.app.wires[word]
	if !ok {
		for _, name := range slices.Sorted(maps.Keys(d.app.wires)) {
			if d.app.wires[name].System != word {
				continue
			}
			if w != nil {
				return engine.Way{}, false
			}
			w = d.app.wires[name]
		}
	}
	if w == nil {
		return engine.Way{}, false
	}
	return engine.Way{Connection: w.name, System: w.System, Consent: w.byConsent()}, true
}

func (d Desk) wire(connection string) (*wire, error) {
	if w, ok := d.app.wires[connection]; ok {
		return w, nil
	}
	return nil, &engine.NotFoundError{What: "connection", Name: connection}
}

// consenting is wire for what needs a person's consent.
func (d Desk) consenting(connection string) (*wire, error) {
	w, err := d.wire(connection)
	if err == nil && (!w.byConsent() || w.system.consent == nil) {
		err = &engine.RefusedError{Why: "the configuration says that " + connection + " is connected with a key (auth: " + w.Auth + ")",
			Fix: "hand the key over: crosswalk connect " + connection + " --key < KEYFILE"}
	}
	return w, err
}

// held is what the secret store has of a connection; nothing is no error.
func (d Desk) held(ctx context.Context, connection string) (Credential, bool, error) {
	var c Credential
	raw, err := d.app.secrets.Get(ctx, connection)
	if errors.Is(err, secret.ErrMissing) {
		return c, false, nil
	}
	if err != nil {
		return c, false, err
	}
	if json.Unmarshal(raw, &c) != nil {
		return Credential{}, true, nil // it cannot be used, and is replaced
	}
	return c, true, nil
}

func (d Desk) keep(ctx context.Context, connection string, c Credential) error {
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return d.app.secrets.Put(ctx, connection, raw)
}

// Consent gives the address at which a person agrees. The app that asks must have been given before: Prepare.
func (d Desk) Consent(ctx context.Context, connection string, ask engine.ConsentAsk) (engine.Consent, error) {
	w, err := d.consenting(connection)
	if err != nil {
		return engine.Consent{}, err
	}
	held, _, err := d.held(ctx, connection)
	if err != nil {
		return engine.Consent{}, err
	}
	app := held.asks()
	if app.ID == "" {
		return engine.Consent{}, noApp(connection)
	}
	required, optional, err := d.scopes(ctx, w)
	if err != nil {
		return engine.Consent{}, err
	}
	q := url.Values{"client_id": {app.ID}, "redirect_uri": {ask.Redirect}, "state": {ask.State}}
	maps.Copy(q, w.system.consent.extra)
	if len(required) > 0 {
		q.Set("scope", strings.Join(required, " "))
	}
	if len(optional) > 0 {
		q.Set("optional_scope", strings.Join(optional, " "))
	}
	if w.system.consent.pkce && ask.Challenge != "" {
		q.Set("code_challenge", ask.Challenge)
		q.Set("code_challenge_method", "S256")
	}
	return engine.Consent{Address: w.login() + w.system.consent.authorize + "?" + q.Encode(), Client: app.ID, Scopes: append(slices.Clone(required), optional...)}, nil
}

// login is where the connection's consent page is.
func (w *wire) login() string {
	base := w.Login
	if base == "" {
		base = w.Base
		if w.system.consent.login != nil {
			base = w.system.consent.login(base)
		}
	}
	return strings.TrimRight(base, "/")
}

func noApp(connection string) error {
	return &engine.RefusedError{Why: "nobody has said yet by which app " + connection + " is connected",
		Fix: "write the app's client id and client secret into a file, separated by a space, and give it: crosswalk connect " + connection + " --client-file FILE"}
}

// Prepare keeps the app, and the webhook secrets, that come with a link. The app takes over with the next grant; until then
// the one in force goes on.
func (d Desk) Prepare(ctx context.Context, connection string, s engine.Supply) (engine.Consent, error) {
	w, err := d.consenting(connection)
	if err != nil {
		return engine.Consent{}, err
	}
	held, _, err := d.held(ctx, connection)
	if err != nil {
		return engine.Consent{}, err
	}
	if (s.ClientID == "") != (s.ClientSecret == "") {
		return engine.Consent{}, &engine.RefusedError{Why: "an app is its client id and its client secret", Fix: "give both"}
	}
	if s.ClientID != "" || len(s.WebhookSecrets) > 0 {
		if s.ClientID != "" {
			held.Next = &Client{s.ClientID, s.ClientSecret}
		}
		if len(s.WebhookSecrets) > 0 {
			held.WebhookSecret = s.WebhookSecrets
		}
		if err := d.keep(ctx, connection, held); err != nil {
			return engine.Consent{}, err
		}
		w.credential.forget()
	}
	if held.asks().ID == "" {
		return engine.Consent{}, noApp(connection)
	}
	required, optional, err := d.scopes(ctx, w)
	return engine.Consent{Client: held.asks().ID, Scopes: append(slices.Clone(required), optional...)}, err
}

// Redeem trades the code of a consent for tokens, asks which account they open, and keeps them. Before that nothing else uses
// them; what opens another account is revoked.
func (d Desk) Redeem(ctx context.Context, connection string, code engine.Code) (engine.Opened, error) {
	w, err := d.consenting(connection)
	if err != nil {
		return engine.Opened{}, err
	}
	held, _, err := d.held(ctx, connection)
	if err != nil {
		return engine.Opened{}, err
	}
	app := held.asks()
	if app.ID != code.Client {
		app = held.Client() // another app was given meanwhile
	}
	if app.ID != code.Client {
		return engine.Opened{}, noApp(connection)
	}
	endpoint := w.endpoint(app)
	verifier := code.Verifier
	if !w.system.consent.pkce {
		verifier = ""
	}
	pair, err := endpoint.Exchange(ctx, code.Code, code.Redirect, verifier)
	if err != nil {
		return engine.Opened{}, d.explain(w, code.Redirect, token.CodeOf(err), err)
	}
	opened, err := d.opens(ctx, w, token.Static(pair.Access), code.Replace, nil)
	if err != nil {
		if failed := endpoint.Revoke(ctx, pair.Refresh); failed != nil {
			d.app.Log.Warn("a grant that is not used could not be revoked", "connection", connection, "error", failed)
		}
		return engine.Opened{}, err
	}
	opened.Missing = d.notGranted(ctx, w, pair.Scopes)
	held.ClientID, held.ClientSecret, held.Next, held.Key, held.Since = app.ID, app.Secret, nil, "", time.Now()
	if err := d.install(ctx, w, held, &pair); err != nil {
		return engine.Opened{}, err
	}
	d.goOn(ctx, w, opened.Account, code.Actor)
	return opened, nil
}

// install keeps a new pair and then what goes with it, apart from anybody who renews the old one at this moment.
func (d Desk) install(ctx context.Context, w *wire, held Credential, pair *token.Pair) error {
	raw, err := pair.Bytes()
	if err != nil {
		return err
	}
	if w.renewals != nil {
		unlock, err := w.renewals.Lock(ctx)
		if err != nil {
			return err
		}
		defer unlock()
	}
	if err := d.app.secrets.Put(ctx, pairName(w.name), raw); err != nil {
		return err
	}
	return d.keep(ctx, w.name, held)
}

// notGranted are the scopes that were asked for and are not among those granted, where the vendor says which are.
func (d Desk) notGranted(ctx context.Context, w *wire, granted []string) []string {
	required, _, err := d.scopes(ctx, w)
	if err != nil || len(granted) == 0 {
		return nil
	}
	return slices.DeleteFunc(required, func(scope string) bool { return slices.Contains(granted, scope) })
}

// opens asks which account a credential opens and makes sure that it is the connection's: the first one binds it. session keeps
// the session of a system that has one.
func (d Desk) opens(ctx context.Context, w *wire, tokens rest.Tokens, replace bool, session token.Keeper) (engine.Opened, error) {
	trial, err := w.trial(tokens, session)
	if err != nil {
		return engine.Opened{}, err
	}
	account, err := trial.Account(ctx)
	if err != nil {
		return engine.Opened{}, err
	}
	before, err := d.app.Engine.BoundTo(ctx, w.name)
	if err != nil {
		return engine.Opened{}, err
	}
	_, err = d.app.Engine.Bind(ctx, w.name, account.ID, w.Account)
	var other *engine.OtherAccountError
	if errors.As(err, &other) && replace && !other.Configured {
		err = d.app.Engine.Rebind(ctx, w.name, account.ID)
	}
	if err != nil {
		return engine.Opened{}, err
	}
	return engine.Opened{Connection: w.name, System: w.System, Account: account.ID, Label: account.Name, Production: account.Production, First: before != account.ID}, nil
}

// goOn has this process take the credential up at once, and lets go on what waited for it. Other processes take it up within
// a minute, and so does what could not be woken now.
func (d Desk) goOn(ctx context.Context, w *wire, account, actor string) {
	w.credential.forget()
	d.app.Log.Info("connected", "connection", w.name, "account", account, "actor", actor)
	if err := d.app.Engine.NoteConnection(ctx, engine.DecidedConnect, w.name, account, actor); err != nil {
		d.app.Log.Warn("who connected could not be kept", "connection", w.name, "error", err)
	}
	if err := d.app.Engine.Reconnected(ctx, w.name); err != nil {
		d.app.Log.Warn("what waited for a connection goes on with the next minute's look", "connection", w.name, "error", err)
	}
}

// Supply takes a key that is handed over, tries it and keeps it; or other webhook secrets alone.
func (d Desk) Supply(ctx context.Context, connection string, s engine.Supply) (engine.Opened, error) {
	w, err := d.wire(connection)
	if err != nil {
		return engine.Opened{}, err
	}
	if s.Key != "" && w.byConsent() {
		return engine.Opened{}, &engine.RefusedError{Why: "the configuration says that " + connection + " is connected by consent (auth: oauth)",
			Fix: "open a link: crosswalk connect " + connection}
	}
	held, _, err := d.held(ctx, connection)
	if err != nil {
		return engine.Opened{}, err
	}
	if err := d.shareKey(ctx, w, held, s); err != nil {
		return engine.Opened{}, err
	}
	if s.Key != "" {
		held.Key = s.Key
	}
	if len(s.WebhookSecrets) > 0 {
		held.WebhookSecret = s.WebhookSecrets
	}
	if s.Key == "" && len(s.WebhookSecrets) == 0 {
		return engine.Opened{}, &engine.RefusedError{Why: "there is neither a key nor a webhook secret", Fix: "send one: crosswalk connect " + connection + " --key < KEYFILE"}
	}
	opened := engine.Opened{Connection: connection, System: w.System}
	if s.Key != "" {
		if err := w.usable(s.Key); err != nil {
			return engine.Opened{}, err
		}
		unlock, err := w.alone(ctx)
		if err != nil {
			return engine.Opened{}, err
		}
		defer unlock()
		var tried scratch
		if opened, err = d.opens(ctx, w, w.byKey(s.Key), s.Replace, &tried); err != nil {
			return engine.Opened{}, w.unfit(err)
		}
		if w.system.session { // the one before has ended with the trial
			if err := w.session.Save(ctx, tried.session); err != nil {
				return engine.Opened{}, err
			}
		}
	} else if opened.Account, err = d.app.boundTo(ctx, connection); err != nil {
		return engine.Opened{}, err
	}
	held.Since = time.Now()
	if err := d.keep(ctx, connection, held); err != nil {
		return engine.Opened{}, err
	}
	d.goOn(ctx, w, opened.Account, s.Actor)
	return opened, nil
}

// unfit says of a key that the vendor refuses that it was not kept.
func (w *wire) unfit(err error) error {
	switch connector.FaultOf(err) {
	case connector.Unauthorized:
		return &engine.RefusedError{Why: w.System + " refuses this key; nothing was changed", Fix: "look whether it was copied whole and is alive; what it needs: crosswalk help " + w.System}
	case connector.Forbidden:
		return &engine.RefusedError{Why: w.System + " does not let this key say which account it opens (" + err.Error() + "); nothing was changed", Fix: "give it the rights that the page names: crosswalk help " + w.System}
	}
	return err
}

// Drop revokes a connection's grant where the vendor lets us, and forgets the credential. With force it is forgotten although
// it could not be revoked. The connection stays bound to its account, with everything that is kept about its records.
func (d Desk) Drop(ctx context.Context, connection, actor string, force bool) (engine.Dropped, error) {
	w, err := d.wire(connection)
	if err != nil {
		return engine.Dropped{}, err
	}
	held, is, err := d.held(ctx, connection)
	if err != nil {
		return engine.Dropped{}, err
	}
	if !is {
		return engine.Dropped{}, &engine.RefusedError{Why: connection + " is not connected", Fix: "to connect it: crosswalk connect " + connection}
	}
	out := engine.Dropped{Connection: connection, System: w.System, ByHand: w.system.keys}
	if out.Account, err = d.app.boundTo(ctx, connection); err != nil {
		return out, err
	}
	if out.Stops, err = d.app.Engine.WritersOver(ctx, connection); err != nil {
		return out, err
	}
	if w.byConsent() {
		if out.Revoked, err = d.revoke(ctx, w, held, force); err != nil {
			return out, err
		}
		out.ByHand = w.system.consent.byHand
		if !out.Revoked && out.ByHand == "" {
			out.ByHand = "uninstall the app at " + w.System
		}
	}
	if err := d.app.Engine.NoteConnection(ctx, engine.DecidedDisconnect, connection, out.Account, actor); err != nil {
		return out, err
	}
	unlock, err := w.alone(ctx)
	if err != nil {
		return out, err
	}
	defer unlock()
	// The pair first: what is left of an app without a grant is a connection that nobody agreed to yet.
	if err := errors.Join(d.app.secrets.Delete(ctx, pairName(connection)), d.app.secrets.Delete(ctx, connection)); err != nil {
		return out, err
	}
	w.credential.forget()
	d.app.Log.Info("disconnected", "connection", connection, "actor", actor, "revoked", out.Revoked)
	return out, nil
}

// revoke ends the grant at the vendor. Nobody renews it meanwhile.
func (d Desk) revoke(ctx context.Context, w *wire, held Credential, force bool) (bool, error) {
	if w.system.consent.revoke == "" {
		return false, nil
	}
	if w.renewals != nil {
		unlock, err := w.renewals.Lock(ctx)
		if err != nil {
			return false, err
		}
		defer unlock()
	}
	raw, err := d.app.secrets.Get(ctx, pairName(w.name))
	if errors.Is(err, secret.ErrMissing) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	pair, err := token.ParsePair(raw)
	if err != nil {
		return false, nil // it can be used for nothing, so for no revoking
	}
	err = w.endpoint(held.Client()).Revoke(ctx, pair.Refresh)
	if err != nil && !force {
		return false, &engine.RefusedError{Why: fmt.Sprintf("%s did not revoke the grant (%v); nothing was changed", w.System, err),
			Fix: "try again; or forget it here and uninstall the app there by hand: crosswalk disconnect " + w.name + " --force"}
	}
	return err == nil, nil
}

// Refused explains a consent that the vendor's page sent back without a code.
func (d Desk) Refused(connection, redirect, code string) *engine.GrantError {
	w, err := d.wire(connection)
	if err != nil {
		return engine.ExplainGrant(code, nil)
	}
	return d.explain(w, redirect, code, nil)
}

func (d Desk) explain(w *wire, redirect, code string, err error) *engine.GrantError {
	e := engine.ExplainGrant(code, w.system.consent.refusals)
	fill := strings.NewReplacer("{connection}", w.name, "{redirect}", redirect)
	e.What, e.Who, e.Again, e.Err = fill.Replace(e.What), fill.Replace(e.Who), fill.Replace(e.Again), err
	return e
}

// registered is what was last written for an app of a connection: HubSpot wants exactly its scopes at each consent.
type registered struct {
	Required []string `json:"required"`
	Optional []string `json:"optional"`
}

func registeredKey(connection string) table.Key { return table.Key{PK: "C#app", SK: connection} }

// scopes are what a consent names: those of the app's files when they were written here, else what the mappings need.
func (d Desk) scopes(ctx context.Context, w *wire) (required, optional []string, err error) {
	if w.system.consent.scopes == nil {
		return nil, nil, nil
	}
	key := registeredKey(w.name)
	items, err := d.app.Engine.Table.Get(ctx, []table.Key{key})
	if err != nil {
		return nil, nil, err
	}
	if item, ok := items[key]; ok {
		var r registered
		if err := json.Unmarshal(item.Data, &r); err != nil {
			return nil, nil, fmt.Errorf("store: item %s / %s does not read: %w", key.PK, key.SK, err)
		}
		return r.Required, r.Optional, nil
	}
	needs, err := d.needs(ctx, w.name)
	if err != nil {
		return nil, nil, err
	}
	required, optional = w.system.consent.scopes(needs)
	return required, optional, nil
}

// needs are those of the mappings that were applied, or, while there are none, of the presets.
func (d Desk) needs(ctx context.Context, connection string) ([]connector.Need, error) {
	needs, err := d.app.Engine.Needs(ctx, connection)
	if err != nil || len(needs) > 0 {
		return needs, err
	}
	var presets [][]byte
	for _, p := range mapping.Presets() {
		if _, err := d.app.Engine.Compile(p.YAML); err == nil { // one that asks for a field of the customer's own does not say yet what it needs
			presets = append(presets, p.YAML)
		}
	}
	return d.app.Engine.NeedsOf(ctx, connection, presets)
}

// Register writes the files of an app that has what the mappings need, and remembers their scopes for the consent.
func (d Desk) Register(ctx context.Context, connection, redirect, webhook string) (engine.App, error) {
	w, err := d.wire(connection)
	if err != nil {
		return engine.App{}, err
	}
	if w.system.registered == nil {
		return engine.App{}, &engine.RefusedError{Why: "an app at " + w.System + " is not made from files", Fix: "see how it is connected: crosswalk help " + w.System}
	}
	needs, err := d.needs(ctx, connection)
	if err != nil {
		return engine.App{}, err
	}
	oauth := w.byConsent()
	callback := redirect
	if !oauth {
		redirect = ""
	}
	contact := ""
	if len(d.app.Tell) > 0 {
		contact = d.app.Tell[0]
	}
	out, err := w.system.registered(registering{name: connection, conn: w.Connection, contact: contact, oauth: oauth, callback: callback, redirect: redirect, webhook: webhook, needs: needs})
	if err != nil {
		return engine.App{}, &engine.RefusedError{Why: err.Error(), Fix: "mend the configuration, start again, and ask for the files once more: crosswalk help " + w.System}
	}
	if !oauth {
		return out, nil
	}
	required, optional := w.system.consent.scopes(needs)
	raw, err := json.Marshal(registered{required, optional})
	if err != nil {
		return engine.App{}, err
	}
	return out, d.app.Engine.Table.Put(ctx, []table.Put{{Key: registeredKey(connection), Data: raw}})[0]
}
