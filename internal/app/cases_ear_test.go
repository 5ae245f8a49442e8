package app

import (
	"context"

	"crosswalk/internal/budget"
	"crosswalk/internal/connector"
	"crosswalk/internal/record"
)

// ear is a connection that counts calls by their label.
type ear struct {
	connector.Connector
	calls map[budget.Label]int
}

func (e ear) hear(ctx context.Context) { e.calls[budget.Of(ctx)]++ }

func (e ear) Read(ctx context.Context, r connector.ReadRequest) ([]record.Read, error) {
	e.hear(ctx)
	return e.Connector.Read(ctx, r)
}

func (e ear) Changes(ctx context.Context, r connector.FeedRequest) (connector.Page, error) {
	e.hear(ctx)
	return e.Connector.Changes(ctx, r)
}

func (e ear) writer() connector.Writer { return e.Connector.(connector.Writer) }

func (e ear) Traits(object string) connector.Traits    { return e.writer().Traits(object) }
func (e ear) Encode(w connector.Write) ([]byte, error) { return e.writer().Encode(w) }
func (e ear) Write(ctx context.Context, w []connector.Write) []connector.Outcome {
	e.hear(ctx)
	return e.writer().Write(ctx, w)
}

func (e ear) Find(ctx context.Context, object string, asks []connector.Ask, fields []string) ([]connector.Answer, error) {
	e.hear(ctx)
	return e.Connector.(connector.Finder).Find(ctx, object, asks, fields)
}

func (e ear) Findable(object string) []string { return e.Connector.(connector.Finder).Findable(object) }

func (e ear) Look(ctx context.Context, r connector.LookRequest) ([]record.Record, error) {
	e.hear(ctx)
	return e.Connector.(connector.Looker).Look(ctx, r)
}
