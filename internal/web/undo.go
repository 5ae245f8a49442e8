package web

import (
	"context"
	"net/http"

	"crosswalk/internal/engine"
)

// Undoer previews the undoing of runs; its plans are approved and carried out like any other.
type Undoer interface {
	StartUndo(ctx context.Context, run string, archive bool, actor string) (engine.Run, error)
}

// undoBody says what becomes of what the run made.
type undoBody struct {
	ArchiveCreated bool `json:"archive_created" doc:"archive the records that the run made; their links become tombstones"`
}

// undo previews what undoing a run would put back. The answer's plan is what to approve and to carry out.
func (a *api) undo(r *http.Request) (any, error) {
	var body undoBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	return a.started(a.Engine.StartUndo(r.Context(), r.PathValue("id"), body.ArchiveCreated, actorOf(r.Context())))
}
